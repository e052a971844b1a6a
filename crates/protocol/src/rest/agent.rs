//! Bodies about agents.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{identifier, list, read_members};
use crate::{
    AgentId, AgentStatus, DecodeError, ExecutionId, Json, NamedEntity, Object, OrganizationId, Timestamp,
};

/// What is known of an agent. Everything but the identity may be absent from servers that know only part 1 of the
/// contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSummary {
    /// The agent.
    pub agent_id: AgentId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it said of itself last. That it has fallen silent is nothing that it can say: who watches derives it.
    pub status: AgentStatus,
    /// Since when it is so, by the agent's own clock where it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_since: Option<Timestamp>,
    /// The department that it works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<NamedEntity>,
    /// What it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    /// The execution that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// What went wrong, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it last said that it had started.
    pub started_at: Option<Timestamp>,
    /// When its last heartbeat was, by the agent's own clock where it said so.
    pub last_heartbeat: Option<Timestamp>,
    /// When anything was last heard of it, by the clock of whoever received it. Silence counts from here.
    pub heard_at: Option<Timestamp>,
    /// How often it says that it beats, in seconds; absent, `beats` show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
    /// When its latest heartbeats were received, oldest first.
    pub beats: Vec<Timestamp>,
    /// The executions that are worked on under its name, those last that were heard of last: several runs of a program may
    /// share a name, and the end of one is not the end of the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<AgentExecution>,
}

/// An execution that is worked on under an agent's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentExecution {
    /// The execution.
    pub execution_id: ExecutionId,
    /// When its worker was last heard, by the clock of whoever received it.
    pub heard_at: Timestamp,
    /// How often its worker says that it beats, in seconds: several runs of one name may have different rhythms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
    /// What is being done in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
}

impl<'de> Deserialize<'de> for AgentExecution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, |object| {
            let missing = |field| DecodeError::MissingField { kind: "agent".into(), field };
            Ok(Self {
                execution_id: identifier(object, "executionId").ok_or(missing("executionId"))?.into(),
                heard_at: object.time("heardAt").ok_or(missing("heardAt"))?,
                heartbeat_seconds: object.whole("heartbeatSeconds"),
                current_task: object.text("currentTask").map(Cow::into_owned),
            })
        })
    }
}

impl AgentSummary {
    /// An agent of which nothing is known but that it exists.
    pub fn of(organization_id: OrganizationId, agent_id: AgentId) -> Self {
        Self {
            agent_id,
            organization_id,
            status: AgentStatus::Running,
            status_since: None,
            department: None,
            current_task: None,
            execution_id: None,
            error: None,
            started_at: None,
            last_heartbeat: None,
            heard_at: None,
            heartbeat_seconds: None,
            beats: Vec::new(),
            executions: Vec::new(),
        }
    }

    /// Reads a summary from its members, with the leniency that frames get.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where neither `agentId` nor `id` says which agent it is.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = DecodeError::MissingField { kind: "agent".into(), field: "agentId" };
        let agent_id = identifier(object, "agentId").or_else(|| identifier(object, "id")).ok_or(missing)?;
        let last_heartbeat = object.time("lastHeartbeat");
        Ok(Self {
            status: object
                .text("status")
                .and_then(|name| AgentStatus::from_name(&name))
                .unwrap_or(AgentStatus::Running),
            status_since: object.time("statusSince"),
            department: NamedEntity::read(object, "department"),
            current_task: object.text("currentTask").map(Cow::into_owned),
            execution_id: object.text("executionId").map(ExecutionId::from),
            error: object.text("error").map(Cow::into_owned),
            started_at: object.time("startedAt"),
            last_heartbeat,
            // A server of part 1 says no more than when the last heartbeat was.
            heard_at: object.time("heardAt").or(last_heartbeat),
            heartbeat_seconds: object.whole("heartbeatSeconds"),
            beats: list(object, "beats"),
            executions: list(object, "executions"),
            ..Self::of(
                object.text("organizationId").map(OrganizationId::from).unwrap_or_default(),
                agent_id.into(),
            )
        })
    }
}

impl<'de> Deserialize<'de> for AgentSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, Self::from_object)
    }
}

/// `GET /api/agents`: all agents of an organization, by their names.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentList {
    /// The agents.
    pub items: Vec<AgentSummary>,
    /// The log's head when the list was read: frames up to it are in the list. Absent from servers without a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for AgentList {
    /// Reads the hub's list, a list under the name `agents`, or a bare array.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        if let Ok(items) = json.read::<Vec<Json>>() {
            return Ok(Self { items: items.iter().filter_map(|item| item.read().ok()).collect(), seq: None });
        }
        let object = Object::parse(json.text()).map_err(serde::de::Error::custom)?;
        let items = if object.has("items") { list(&object, "items") } else { list(&object, "agents") };
        Ok(Self { items, seq: object.whole("seq") })
    }
}
