//! Whether event streams come through, and at once.

use super::{Answer, Fetched, Finding, Surroundings, judge_refusal, judge_silence};

/// So much later than its headers the first line of a stream may come, in milliseconds: the hub sends both together.
const AT_ONCE_MS: u64 = 1_000;

/// What was seen of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSeen {
    /// The server began an answer. `answer.took_ms` is how long its headers took; its body is what came of the stream.
    Began {
        /// What began.
        answer: Answer,
        /// When the first bytes of the body came, in milliseconds after the request; `None` where none did.
        first_ms: Option<u64>,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// It did not.
    Not(Fetched),
}

/// Judges the beginning of `GET /api/scrape/stream`.
pub fn judge_stream(seen: &StreamSeen, api_answers: bool, here: &Surroundings) -> Finding {
    const PATH: &str = "/api/scrape/stream";
    let (answer, first_ms, waited_ms) = match seen {
        StreamSeen::Began { answer, first_ms, waited_ms } => (answer, *first_ms, *waited_ms),
        StreamSeen::Not(Fetched::TimedOut { after_ms }) if api_answers => return held_back(*after_ms),
        StreamSeen::Not(fetched) => {
            return judge_silence(fetched, here).unwrap_or_else(|| Finding::unknown("Nothing was asked."));
        }
    };
    let is_stream = answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/event-stream"));
    match answer.status {
        200 if is_stream => {}
        404 if answer.words().is_some() || !answer.is_html() => {
            return Finding::doubtful(
                "This server has no event streams: it speaks part 1 of the protocol only.",
            )
            .advise("Without them, nothing stands in for the socket while it is down.");
        }
        503 if answer.words().is_some() => {
            return Finding::wrong("The hub has no place for another stream (503).").advise_lines(
                "Too many connections are open. Raise the number, and the limit of open files with it.",
                super::hub("--max-connections 20000"),
            );
        }
        _ => return judge_refusal(answer, PATH, here),
    }
    let Some(first_ms) = first_ms else { return held_back(waited_ms) };
    let later = first_ms.saturating_sub(answer.took_ms);
    if later > AT_ONCE_MS {
        return Finding::doubtful(format!(
            "The stream begins, but its first line came {later} ms after its headers: something on the way collects it."
        ))
        .advise_proxy(BUFFERED);
    }
    Finding::well(format!("The stream begins after {first_ms} ms, and is not held back on the way."))
}

const BUFFERED: &str = "A proxy that collects or compresses answers holds events back. Have it pass them on at once; the hub asks nginx for that by a header, which must not be taken out.";

fn held_back(waited_ms: u64) -> Finding {
    Finding::wrong(format!(
        "The hub sends the first line at once, but nothing of the stream came within {waited_ms} ms: it is buffered on the way."
    ))
    .advise_proxy(BUFFERED)
}
