//! HTTP bodies.

use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

use crate::{
    DecodeError, ExecutionEvent, ExecutionEventKind, ExecutionId, ExecutionStatus, Json, NamedEntity, Object,
    OrganizationId, Timestamp,
};

/// `GET /api/health`. Any 200 counts as reachable, whatever its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The server's version.
    pub version: String,
}

/// What a list shows of an execution. Everything but the identity may be absent from servers that know only
/// part 1 of the contract, so everything but the identity has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSummary {
    /// The row's identifier: the same as `execution_id` in the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The execution.
    #[serde(alias = "execution_id")]
    pub execution_id: ExecutionId,
    /// Whose it is.
    #[serde(default)]
    pub organization_id: OrganizationId,
    /// Where it stands.
    #[serde(default)]
    pub status: ExecutionStatus,
    /// The agent at work.
    #[serde(default)]
    pub agent: Option<NamedEntity>,
    /// The department that it works for.
    #[serde(default)]
    pub department: Option<NamedEntity>,
    /// What it is about.
    #[serde(default)]
    pub title: Option<String>,
    /// When its first event or its `agent-start` happened.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// The exit code of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What went wrong, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many events it has, those included that retention has deleted.
    #[serde(default)]
    pub event_count: u64,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSnapshot {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    /// Its latest events, oldest first: at most 1,000 of the `event_count` that it has.
    #[serde(default)]
    pub events: Vec<SnapshotEvent>,
    /// The log's head when this was read: apply only frames after it. Absent from servers without a log.
    #[serde(default)]
    pub seq: Option<u64>,
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
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
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

/// The answer of `POST /api/events`: 202, and what it names is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// How many reports were new.
    pub accepted: u64,
    /// How many were known by their `id` and not stored again.
    pub duplicates: u64,
    /// The sequence number of the last report of the batch.
    pub seq: u64,
}

/// An error as RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` where the status says all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The kind of problem in a few words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What is wrong with this request, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Which item of a batch is bad, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

fn about_blank() -> String {
    "about:blank".into()
}

/// `GET /config.json`: the dashboard's runtime configuration. Every member is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DashboardConfig {
    /// The organization to start with; absent, `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The token of the handshake and of HTTP calls; absent, `stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The socket's address; absent, `/api/ws` of the page's origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws_url: Option<String>,
    /// What HTTP paths are appended to; absent, the page's origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// A daemon hub's socket; absent, there is none apart from the hub's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon_hub_ws_url: Option<String>,
}
