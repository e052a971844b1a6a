//! Whether the socket works.

use switchboard_protocol::close;

use super::{Finding, Surroundings, hub};

/// A round trip longer than this is worth a word, in milliseconds.
const SLOW_MS: u64 = 1_000;

/// What was seen of the page's one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketSeen {
    /// It is up, and a ping came back.
    Answers {
        /// How long that took, in milliseconds.
        round_trip_ms: u64,
        /// Whether it was down before, and came up for the check.
        was_down: bool,
    },
    /// It was up, and a ping did not come back.
    Silent {
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// An attempt failed before it opened, or broke without a word.
    Failed,
    /// An attempt neither opened nor failed.
    TimedOut {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The server closed it before it proved itself.
    Closed {
        /// The close code.
        code: u16,
        /// The server's reason, or nothing.
        reason: String,
    },
}

/// Judges the socket. `api_answers` says whether the HTTP interface does, and `origin_is_refused` whether it refuses the page.
pub fn judge_socket(
    seen: &SocketSeen,
    api_answers: bool,
    origin_is_refused: bool,
    here: &Surroundings,
) -> Finding {
    match seen {
        SocketSeen::Answers { round_trip_ms, was_down } => {
            let again = if *was_down { " It was down before this check, and came back." } else { "" };
            let found = format!("It is up, and a ping came back after {round_trip_ms} ms.{again}");
            if *round_trip_ms > SLOW_MS {
                Finding::doubtful(found).advise("It works, but slowly: the network is far, or something on the way holds messages back.")
            } else {
                Finding::well(found)
            }
        }
        SocketSeen::Silent { waited_ms } => Finding::wrong(format!(
            "It is up, but a ping did not come back within {waited_ms} ms. The page replaces it by itself."
        ))
        .advise_proxy("Where this happens again and again, a proxy cuts connections that are silent for a while. Clients ping every 20 seconds, so it must wait longer than that."),
        SocketSeen::Failed if origin_is_refused => Finding::wrong(format!(
            "{} refuses the socket, as it refuses the page.",
            here.socket
        ))
        .advise_lines("Name the page's origin to the hub.", hub(&format!("--allow-origin {}", here.page))),
        SocketSeen::Failed if api_answers => Finding::wrong(format!(
            "{} cannot be opened, though the HTTP interface answers: something on the way does not pass WebSockets.",
            here.socket
        ))
        .advise_proxy("Have the proxy pass the upgrade on to the hub.")
        .advise("Where there is no proxy, check “wsUrl” in config.json. Firewalls and virus scanners that read along may refuse WebSockets too; over https they mostly let them pass."),
        SocketSeen::Failed => {
            Finding::wrong(format!("{} cannot be opened, and the HTTP interface does not answer either.", here.socket))
                .advise("See there first: the hub does not run, or not at this address.")
        }
        SocketSeen::TimedOut { after_ms } => Finding::wrong(format!(
            "{} neither opened nor failed within {after_ms} ms.",
            here.socket
        ))
        .advise_proxy("Something takes the request for the upgrade and waits: a proxy that does not know WebSockets, or a firewall."),
        SocketSeen::Closed { code, reason } => closed(*code, reason, here),
    }
}

fn closed(code: u16, reason: &str, here: &Surroundings) -> Finding {
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", super::excerpt(reason)) };
    let finding = Finding::wrong(format!(
        "It opened, and was closed before it worked: {} (code {code}{reason}).",
        close::describe(code)
    ));
    match code {
        close::BAD_TOKEN => finding.advise_lines(
            "Give the dashboard a key that the hub knows: “token” in config.json, or",
            hub("--dashboard-token THE-KEY"),
        ),
        close::NOT_ALLOWED => finding.advise_lines(
            "The key does not admit to the organization that this page follows; or the page's origin is not allowed, and has to be named.",
            hub(&format!("--allow-origin {}", here.page)),
        ),
        close::TOO_MANY => finding.advise_lines(
            "Too many connections are open. Raise the number, and the limit of open files with it.",
            hub("--max-connections 20000"),
        ),
        close::HANDSHAKE_TIMEOUT => {
            finding.advise_proxy("The handshake did not arrive: something holds messages towards the hub back.")
        }
        close::MALFORMED_HANDSHAKE | close::PROTOCOL_NOT_SUPPORTED => {
            finding.advise("Page and hub are of different versions. Load the page anew, past the browser's cache.")
        }
        close::GOING_AWAY => finding.advise("The hub is stopping or restarting. Run the checks again in a moment."),
        _ => finding.advise_proxy("A proxy or the network ends connections shortly after they open."),
    }
}
