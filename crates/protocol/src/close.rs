//! WebSocket close codes, and what each asks of a client.

use std::time::Duration;

/// The client or the server is done. RFC 6455, section 7.4.1.
pub const NORMAL: u16 = 1000;
/// The server goes away, for a restart say. RFC 6455, section 7.4.1.
pub const GOING_AWAY: u16 = 1001;
/// The connection broke without a close frame. RFC 6455, section 7.4.1; never sent.
pub const ABNORMAL: u16 = 1006;
/// A message was larger than the server takes. RFC 6455, section 7.4.1.
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// The server met a fault of its own. RFC 6455, section 7.4.1.
pub const INTERNAL_ERROR: u16 = 1011;
/// The handshake could not be read.
pub const MALFORMED_HANDSHAKE: u16 = 4400;
/// The token admits nobody.
pub const BAD_TOKEN: u16 = 4401;
/// The token does not admit to this organization, or the page's origin is not allowed.
pub const NOT_ALLOWED: u16 = 4403;
/// The protocol that the client asks for is not spoken here.
pub const PROTOCOL_NOT_SUPPORTED: u16 = 4406;
/// No handshake within five seconds.
pub const HANDSHAKE_TIMEOUT: u16 = 4408;
/// Too many connections or messages; the reason may hold `retry_after=SECONDS`.
pub const TOO_MANY: u16 = 4429;

/// How long a server waits for the handshake before it closes with [`HANDSHAKE_TIMEOUT`].
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// What a close asks of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAction {
    /// Reconnect by backoff.
    Reconnect,
    /// Reconnect by backoff, but not before this long.
    ReconnectAfter(Duration),
    /// Stop until a person reconnects or the token changes: trying again would meet the same answer.
    Stop,
}

/// The longest `retry_after` that a client honours. Longer is a mistake or malice.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What a close with `code` and `reason` asks of a client.
pub fn action(code: u16, reason: &str) -> CloseAction {
    match code {
        MALFORMED_HANDSHAKE | BAD_TOKEN | NOT_ALLOWED | PROTOCOL_NOT_SUPPORTED => CloseAction::Stop,
        TOO_MANY => retry_after(reason).map_or(CloseAction::Reconnect, CloseAction::ReconnectAfter),
        _ => CloseAction::Reconnect,
    }
}

/// What a code means, in words for a person.
pub fn describe(code: u16) -> &'static str {
    match code {
        NORMAL => "closed normally",
        GOING_AWAY => "the server is restarting",
        ABNORMAL => "the connection broke",
        MESSAGE_TOO_BIG => "a message was too big for the server",
        INTERNAL_ERROR => "the server met an error",
        MALFORMED_HANDSHAKE => "the server did not understand the handshake",
        BAD_TOKEN => "the server does not accept this token",
        NOT_ALLOWED => "the server does not allow this organization or origin",
        PROTOCOL_NOT_SUPPORTED => "the server does not speak this protocol",
        HANDSHAKE_TIMEOUT => "the handshake came too late",
        TOO_MANY => "the server has too many connections or messages",
        _ => "the server closed the connection",
    }
}

fn retry_after(reason: &str) -> Option<Duration> {
    let digits = reason.split("retry_after=").nth(1)?;
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let seconds = digits.get(..end)?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_codes_stop_and_all_others_reconnect() {
        for code in [4400, 4401, 4403, 4406] {
            assert_eq!(action(code, ""), CloseAction::Stop, "{code}");
        }
        for code in [1000, 1001, 1006, 1009, 1011, 1012, 1013, 1014, 4408, 4499, 3000] {
            assert_eq!(action(code, ""), CloseAction::Reconnect, "{code}");
        }
    }

    #[test]
    fn too_many_says_how_long_to_wait() {
        let wait = |seconds| CloseAction::ReconnectAfter(Duration::from_secs(seconds));
        assert_eq!(action(4429, "retry_after=7"), wait(7));
        assert_eq!(action(4429, "slow down; retry_after=12, please"), wait(12));
        assert_eq!(action(4429, "retry_after=999999999"), wait(3600));
        assert_eq!(action(4429, "retry_after=soon"), CloseAction::Reconnect);
        assert_eq!(action(4429, "retry_after=99999999999999999999999"), CloseAction::Reconnect);
    }
}
