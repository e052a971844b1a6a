//! What a daemon says, read as an event.

use switchboard_protocol::{DecodeError, Object, UnknownFrame};

use crate::silence::Sign;

/// The longest event that is read, in bytes: 256 KiB, far above what tells of an agent. A hub's frames may be sixty times as long;
/// but a daemon's latest 1,000 events are kept, and it may say what it likes.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// One event, and what it says of the agent that it is about.
pub(crate) struct Event {
    pub(crate) frame: UnknownFrame,
    pub(crate) sign: Option<(String, Sign)>,
}

/// Reads an event: any object that says of which kind it is. It is kept as it was written; what it means is for those to say who
/// get it.
///
/// # Errors
/// Why it is none.
pub(crate) fn read_event(text: &str) -> Result<Event, DecodeError> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(DecodeError::TooLarge { bytes: text.len(), limit: MAX_EVENT_BYTES });
    }
    let object = Object::parse(text)?;
    let kind = object.text("type").or_else(|| object.text("event")).ok_or(DecodeError::NoKind)?;
    let raw = object.to_json().map_err(|error| DecodeError::NotJson { reason: error.to_string() })?;
    let sign = sign(&kind, &object).zip(object.text("agentId")).map(|(sign, agent)| (agent.into(), sign));
    Ok(Event { frame: UnknownFrame { kind: kind.into(), raw }, sign })
}

/// What an event says of whether its agent goes on beating.
fn sign(kind: &str, object: &Object<'_>) -> Option<Sign> {
    match kind {
        "heartbeat" if matches!(object.text("status").as_deref(), Some("stopped" | "error")) => {
            Some(Sign::Ends)
        }
        "heartbeat" => Some(Sign::Beats(object.whole("heartbeatSeconds"))),
        "agent_stopped" | "agent_error" => Some(Sign::Ends),
        _ => None,
    }
}
