//! HTTP bodies.

mod agent;
mod chat;
mod execution;
mod scrape;
mod task;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};

use crate::{DecodeError, Json, Object, OrganizationId};

pub use agent::{AgentExecution, AgentList, AgentSummary};
pub use chat::{
    ChatFile, Conversation, ConversationChanged, ConversationList, ConversationSummary, Message, PostMessage,
    Posted, Role,
};
pub use execution::{ExecutionChanged, ExecutionList, ExecutionSnapshot, ExecutionSummary, SnapshotEvent};
pub use scrape::{
    Extraction, PlatformProgress, PreviewScrape, ScrapeField, ScrapeItem, ScrapeItemList, ScrapeLimits,
    ScrapePageList, ScrapePreview, ScrapeRunChanged, ScrapeRunList, ScrapeRunSnapshot, ScrapeRunSummary,
    StartScrape, StartedScrape,
};
pub use task::{ClaimTask, ClaimedTask, Reply, TaskDelta, TaskState, TaskStatus};

/// `GET /api/health`. Any 200 counts as reachable, whatever its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The server's version.
    pub version: String,
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

/// Reads `T` from the members of an object, for bodies that are read leniently.
fn read_members<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&Object<'_>) -> Result<T, DecodeError>,
) -> Result<T, D::Error> {
    let json = Json::deserialize(deserializer)?;
    let object = Object::parse(json.text()).map_err(D::Error::custom)?;
    read(&object).map_err(D::Error::custom)
}

/// A string member, or a number taken as one: identifiers of other servers may be numbers.
fn identifier(object: &Object<'_>, name: &str) -> Option<String> {
    object
        .text(name)
        .map(Cow::into_owned)
        .or_else(|| object.number(name).and_then(|_| object.raw(name)).map(|number| number.get().to_owned()))
}

/// A list member, each item read by itself: one that cannot be read is left out and costs no other.
pub(crate) fn list<T: DeserializeOwned>(object: &Object<'_>, name: &str) -> Vec<T> {
    let items = object.json(name).and_then(|items| items.read::<Vec<Json>>().ok()).unwrap_or_default();
    items.iter().filter_map(|item| item.read().ok()).collect()
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
