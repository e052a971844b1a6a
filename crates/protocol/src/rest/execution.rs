//! Bodies about executions.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

use crate::{
    DecodeError, ExecutionEvent, ExecutionEventKind, ExecutionId, ExecutionStatus, Json, NamedEntity, Object,
    OrganizationId, Timestamp,
};

/// What a list shows of an execution. Everything but the identity may be absent from servers that know only
/// part 1 of the contract, so everything but the identity has a default.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSummary {
    /// The row's identifier: the same as `execution_id` in the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The execution.
    pub execution_id: ExecutionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// The agent at work.
    pub agent: Option<NamedEntity>,
    /// The department that it works for.
    pub department: Option<NamedEntity>,
    /// What it is about.
    pub title: Option<String>,
    /// When its first event or its `agent-start` happened.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The exit code of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What went wrong, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many events it has, those included that retention has deleted.
    pub event_count: u64,
    /// When its worker last gave a sign of life, where that is one that beats: by a heartbeat that names the execution, or
    /// by an event of it since. Absent, nobody knows whether silence means anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_at: Option<Timestamp>,
    /// How often its worker says that it beats, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
}

impl ExecutionSummary {
    /// Reads a summary from its members, with the leniency that frames get: a name may be a string or an
    /// object, a time in any readable form, and a status that nobody here knows counts as pending.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] where neither `executionId` nor `id` says which execution it is.
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let id = object.text("id");
        let missing = DecodeError::MissingField { kind: "execution".into(), field: "executionId" };
        let execution_id = object.text("executionId").or_else(|| id.clone()).ok_or(missing)?;
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        Ok(Self {
            execution_id: ExecutionId::from(execution_id),
            id: id.map(Cow::into_owned),
            organization_id: object.text("organizationId").map(OrganizationId::from).unwrap_or_default(),
            status: object
                .text("status")
                .and_then(|name| ExecutionStatus::from_name(&name))
                .unwrap_or_default(),
            agent: NamedEntity::read(object, "agent"),
            department: NamedEntity::read(object, "department"),
            title: object.text("title").map(Cow::into_owned),
            started_at: object.time("startedAt"),
            finished_at: object.time("finishedAt"),
            exit_code: object.number("exitCode").map(|code| code as i32),
            error: object.text("error").map(Cow::into_owned),
            event_count: object.whole("eventCount").unwrap_or(0),
            heartbeat_at: object.time("heartbeatAt"),
            heartbeat_seconds: object.whole("heartbeatSeconds"),
        })
    }
}

impl<'de> Deserialize<'de> for ExecutionSummary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_object(&read_object::<D>(&Json::deserialize(deserializer)?)?).map_err(D::Error::custom)
    }
}

/// `GET /api/executions`: the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionList {
    /// One page of executions.
    pub items: Vec<ExecutionSummary>,
    /// What to pass as `before` for the next page; absent on the last.
    #[serde(default)]
    pub next_before: Option<String>,
    /// The log's head when the list was read: updates up to it are in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// `GET /api/executions/{id}`: an execution and its latest events, as of `seq`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSnapshot {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    /// Its latest events, oldest first: at most 1,000 of the `event_count` that it has.
    pub events: Vec<SnapshotEvent>,
    /// The log's head when this was read: apply only frames after it. Absent from servers without a log.
    pub seq: Option<u64>,
}

impl<'de> Deserialize<'de> for ExecutionSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let object = read_object::<D>(&json)?;
        let events = object.json("events").map_or_else(|| Ok(Vec::new()), |events| events.read());
        Ok(Self {
            summary: ExecutionSummary::from_object(&object).map_err(D::Error::custom)?,
            events: events.map_err(D::Error::custom)?,
            seq: object.whole("seq"),
        })
    }
}

/// An event in a snapshot: as in a frame, with the frame's `seq` where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotEvent {
    /// Its place in the log.
    pub seq: Option<u64>,
    /// The event.
    pub event: ExecutionEvent,
}

impl SnapshotEvent {
    /// Reads an event from the text of an `event` object with an optional `seq`.
    ///
    /// # Errors
    /// [`DecodeError`] where it is no object or has no `type`.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let object = Object::parse(text)?;
        let missing = DecodeError::MissingField { kind: "event".into(), field: "type" };
        let kind = ExecutionEventKind::from(&*object.text("type").ok_or(missing)?);
        let event = ExecutionEvent {
            id: object.text("id").map(Into::into),
            kind,
            timestamp: object.time("timestamp"),
            data: object.json("data"),
        };
        Ok(Self { seq: object.whole("seq"), event })
    }
}

impl Serialize for SnapshotEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = Json::write(&self.event).map_err(S::Error::custom)?;
        let mut object = Object::parse(event.text()).map_err(S::Error::custom)?;
        if let Some(seq) = self.seq {
            object.set("seq", &Json::write(&seq).map_err(S::Error::custom)?);
        }
        object.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SnapshotEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::decode(Json::deserialize(deserializer)?.text()).map_err(D::Error::custom)
    }
}

/// The payload of the `dashboard:update` frames that the hub derives when an execution comes to exist or changes
/// in what lists show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionChanged {
    /// Whose lists changed.
    pub organization_id: OrganizationId,
    /// `execution`.
    pub kind: String,
    /// The execution as it is now.
    pub execution: ExecutionSummary,
}

impl ExecutionChanged {
    /// The `kind` of these updates.
    pub const KIND: &'static str = "execution";

    /// Reads the payload of a dashboard update; `None` where it is about something else.
    pub fn read(data: &Json) -> Option<Self> {
        data.read::<Self>().ok().filter(|changed| changed.kind == Self::KIND)
    }
}

fn read_object<'j, 'de, D: Deserializer<'de>>(json: &'j Json) -> Result<Object<'j>, D::Error> {
    Object::parse(json.text()).map_err(D::Error::custom)
}
