//! Bodies about queued tasks, and what their results hold.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{ChatFile, Message, identifier, list, read_members};
use crate::{
    ConversationId, DecodeError, Json, MessageId, Object, OrganizationId, TaskId, TaskOutcome, Timestamp,
};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It has a result.
    Completed,
    /// It ended without one.
    Failed,
}

impl TaskStatus {
    /// The status's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The status of that name, if it is one. Names that other servers use for the same are read too.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "queued" | "pending" | "accepted" | "waiting" => Self::Queued,
            "running" | "started" | "processing" | "in_progress" => Self::Running,
            "completed" | "succeeded" | "success" | "done" => Self::Completed,
            "failed" | "error" | "cancelled" | "canceled" => Self::Failed,
            _ => return None,
        })
    }

    /// Whether nothing will change it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// `GET /api/tasks/{task_id}`. Part 1 of the contract has identity, status, result and error; the rest is the
/// hub's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskState {
    /// Which task.
    pub task_id: TaskId,
    /// Where it stands.
    pub status: TaskStatus,
    /// What it brought, verbatim; see [`Reply`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Json>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The conversation that waits for it.
    #[serde(rename = "conversationId", skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// Who answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// How often it was begun; more than once where a worker was lost with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What it has answered so far, where it answers bit by bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// When it was queued.
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When a worker took it, the last time.
    #[serde(rename = "startedAt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(rename = "finishedAt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

impl TaskState {
    /// Reads a task's state from its members.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where it does not say which task it is, or its status is not known.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let missing = |field| DecodeError::MissingField { kind: "task".into(), field };
        let id = identifier(object, "task_id").or_else(|| identifier(object, "id"));
        let status = object.text("status").and_then(|name| TaskStatus::from_name(&name));
        Ok(Self {
            task_id: id.ok_or(missing("task_id"))?.into(),
            status: status.ok_or(missing("status"))?,
            result: object.json("result"),
            error: object.text("error").map(Cow::into_owned),
            conversation_id: identifier(object, "conversationId").map(ConversationId::from),
            lane: object.text("lane").map(Cow::into_owned),
            attempt: object.whole("attempt").and_then(|attempt| u32::try_from(attempt).ok()),
            partial: object.text("partial").map(Cow::into_owned),
            created_at: object.time("createdAt"),
            started_at: object.time("startedAt"),
            finished_at: object.time("finishedAt"),
        })
    }

    /// How it ended, in the terms of the frame that says the same; `None` while it has not.
    pub fn outcome(&self) -> Option<TaskOutcome> {
        match self.status {
            TaskStatus::Queued | TaskStatus::Running => None,
            TaskStatus::Completed => Some(TaskOutcome::Completed { result: self.result.clone() }),
            TaskStatus::Failed => {
                let in_result = || self.result.as_ref().and_then(Reply::read).map(|reply| reply.content);
                let error = self.error.clone().or_else(in_result).filter(|text| !text.is_empty());
                Some(TaskOutcome::Failed { error, result: self.result.clone() })
            }
        }
    }
}

impl<'de> Deserialize<'de> for TaskState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_members(deserializer, Self::from_object)
    }
}

/// What a task's `result` holds: the reply, and where it belongs. Part 1 of the contract has content, model, cost and
/// files; the rest is the hub's.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Reply {
    /// What is answered, as Markdown.
    pub content: String,
    /// Which lane answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Which model answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The files that belong to it.
    pub files: Vec<ChatFile>,
    /// The message that it has become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// The conversation that it belongs to.
    #[serde(rename = "conversationId", skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// When it came.
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What a reader should know of how it came to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Reply {
    /// Reads a `result`: an object, or a plain string that is the content. `None` for anything else.
    pub fn read(result: &Json) -> Option<Self> {
        if let Ok(content) = result.read::<String>() {
            return Some(Self { content, ..Self::default() });
        }
        let object = result.object()?;
        let owned = |name| object.text(name).map(Cow::into_owned).filter(|text| !text.is_empty());
        Some(Self {
            content: object.text("content").map(Cow::into_owned).unwrap_or_default(),
            lane: owned("lane"),
            model: owned("model"),
            cost_usd: object.number("cost_usd"),
            files: list(&object, "files"),
            id: identifier(&object, "id").map(MessageId::from),
            conversation_id: identifier(&object, "conversationId").map(ConversationId::from),
            created_at: object.time("createdAt"),
            note: owned("note"),
        })
    }
}

/// The `data` of a `progress` job event that brings a part of an answer while it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskDelta {
    /// The part.
    pub delta: String,
    /// How many characters (Unicode scalar values) came before it: what is known already is not appended twice,
    /// and a hole is noticed.
    pub offset: u64,
    /// Which attempt this belongs to. A new attempt begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

impl TaskDelta {
    /// Reads the `data` of a `progress` event; `None` where it is a progress of another kind.
    pub fn read(data: &Json) -> Option<Self> {
        let object = data.object()?;
        Some(Self {
            delta: object.text("delta")?.into_owned(),
            offset: object.whole("offset")?,
            attempt: object.whole("attempt").and_then(|attempt| u32::try_from(attempt).ok()),
        })
    }
}

/// The body of `POST /api/tasks/claim`. Every member is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimTask {
    /// Whose tasks; absent, the key's organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Only tasks of these lanes; empty, of any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<String>,
    /// Who takes it: a name for people, which also renews the lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// For how long, in seconds. A task whose lease runs out is given to another worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u64>,
}

/// The answer of `POST /api/tasks/claim`: a task that is now this worker's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedTask {
    /// Which task.
    #[serde(rename = "task_id")]
    pub task_id: TaskId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The conversation that waits for it.
    pub conversation_id: ConversationId,
    /// Which lane it is for.
    pub lane: String,
    /// How often it has been begun, this time included.
    pub attempt: u32,
    /// Who has it.
    pub worker: String,
    /// When the lease runs out.
    pub lease_until: Timestamp,
    /// What the person said.
    pub content: String,
    /// The conversation up to and with that, oldest first; at most the latest 100 messages.
    pub messages: Vec<Message>,
}
