//! What a reported frame of an agent must keep to, beyond what every frame must, and the hub's own time in it.

use switchboard_protocol::{AgentEvent, Json, Object, Timestamp};

use super::stamp::{broken, check_name};
use crate::problem::Failure;

/// The longest interval between heartbeats that is taken, in seconds. With a longer one a dead agent would look alive for hours.
const LONGEST_HEARTBEAT: u64 = 3_600;

/// Checks the frame, and stamps it with when the hub had it, whatever its reporter says: silence is measured from there, and
/// reporters' clocks may be wrong. Answers the event as it is folded.
pub fn stamp(frame: &mut Object<'_>, event: AgentEvent, now: Timestamp) -> Result<AgentEvent, Failure> {
    if frame.has("heartbeatSeconds")
        && !frame.whole("heartbeatSeconds").is_some_and(|seconds| (1..=LONGEST_HEARTBEAT).contains(&seconds))
    {
        return Err(Failure::bad_request(format!(
            "`heartbeatSeconds` must be a whole number from 1 to {LONGEST_HEARTBEAT}: how often the agent beats. Leave it \
             out where that is not known."
        )));
    }
    if frame.has("executionId") {
        let named = event.execution_id.as_ref().ok_or_else(|| {
            Failure::bad_request("`executionId` must be a string: the execution that the agent works on.")
        })?;
        check_name("executionId", named.as_str())?;
    }
    frame.set("receivedAt", &Json::write(&now).map_err(broken)?);
    Ok(AgentEvent { timestamp: frame.time("timestamp"), received_at: Some(now), ..event })
}
