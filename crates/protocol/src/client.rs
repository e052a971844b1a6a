//! What a client says to a server.

use serde::{Deserialize, Serialize};

use crate::{DecodeError, ExecutionId, Object, OrganizationId};

/// A frame from a client. The socket carries no data in this direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// `{"token":…,…}`: always the first message.
    Handshake(Handshake),
    /// `{"type":"subscribe","executionId":…}`.
    Subscribe(ExecutionId),
    /// `{"type":"unsubscribe","executionId":…}`.
    Unsubscribe(ExecutionId),
    /// `{"type":"ping"}`.
    Ping,
    /// Well-formed, and of a type that nobody here knows: to be ignored.
    Unknown(Box<str>),
}

/// The first message. Everything but the token is optional and ignored by servers that know only part 1.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// What admits the client; `stream` where nothing else is configured.
    pub token: String,
    /// Whose log to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Where an earlier connection stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// Executions to subscribe to before anything is sent, so that a replay includes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subscribe: Vec<ExecutionId>,
    /// Whether one message may hold several frames, separated by newlines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
    /// Whether frames may come as UTF-8 in binary messages.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
}

impl std::fmt::Debug for Handshake {
    /// Leaves the token out: a handshake may be logged, its secret may not.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Handshake")
            .field("organization_id", &self.organization_id)
            .field("resume", &self.resume)
            .field("subscribe", &self.subscribe)
            .field("batch", &self.batch)
            .field("binary", &self.binary)
            .finish_non_exhaustive()
    }
}

/// Where an earlier connection stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Which log the number belongs to.
    pub epoch: String,
    /// The last sequence number that was seen.
    pub seq: u64,
}

impl ClientFrame {
    /// Reads one message of a client.
    ///
    /// # Errors
    /// Every [`DecodeError`]; the message says what to send instead.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let object = Object::parse(text)?;
        let Some(kind) = object.text("type") else {
            return if object.has("token") { handshake(&object) } else { Err(DecodeError::NoKind) };
        };
        let execution = |name: &'static str| {
            let missing = DecodeError::MissingField { kind: name.into(), field: "executionId" };
            object.text("executionId").map(ExecutionId::from).ok_or(missing)
        };
        Ok(match &*kind {
            "ping" => Self::Ping,
            "subscribe" => Self::Subscribe(execution("subscribe")?),
            "unsubscribe" => Self::Unsubscribe(execution("unsubscribe")?),
            other => Self::Unknown(other.into()),
        })
    }

    /// The frame as JSON text.
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Typed<'a> {
            r#type: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            execution_id: Option<&'a ExecutionId>,
        }
        let typed = |r#type, execution_id| serde_json::to_string(&Typed { r#type, execution_id });
        let text = match self {
            Self::Handshake(handshake) => serde_json::to_string(handshake),
            Self::Subscribe(execution) => typed("subscribe", Some(execution)),
            Self::Unsubscribe(execution) => typed("unsubscribe", Some(execution)),
            Self::Ping => typed("ping", None),
            Self::Unknown(kind) => typed(kind, None),
        };
        // Strings, numbers and booleans under string keys: there is nothing here that JSON cannot write.
        text.unwrap_or_default()
    }
}

fn handshake(object: &Object<'_>) -> Result<ClientFrame, DecodeError> {
    let wrong = |field, expected| DecodeError::WrongType { kind: "handshake".into(), field, expected };
    let token = object.text("token").ok_or(wrong("token", "a string"))?.into_owned();
    let resume = match object.json("resume") {
        None => None,
        Some(resume) => {
            Some(resume.read().map_err(|_| wrong("resume", "{\"epoch\":string,\"seq\":number}"))?)
        }
    };
    let subscribe = match object.json("subscribe") {
        None => Vec::new(),
        Some(list) => list.read().map_err(|_| wrong("subscribe", "an array of execution ids"))?,
    };
    Ok(ClientFrame::Handshake(Handshake {
        token,
        organization_id: object.text("organizationId").map(OrganizationId::from),
        resume,
        subscribe,
        batch: object.flag("batch").unwrap_or(false),
        binary: object.flag("binary").unwrap_or(false),
    }))
}
