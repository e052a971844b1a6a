//! Whether the HTTP interface answers.

use switchboard_protocol::rest::Health;

use super::{Fetched, Finding, Surroundings, judge_refusal, judge_silence};

/// An answer slower than this is worth a word, in milliseconds: a page asks several times before it shows anything.
const SLOW_MS: u64 = 1_000;

/// Judges the answer to `GET /api/health`.
pub fn judge_health(fetched: &Fetched, here: &Surroundings) -> Finding {
    let answer = match fetched {
        Fetched::Answered(answer) => answer,
        other => return judge_silence(other, here).unwrap_or_else(|| Finding::unknown("Nothing was asked.")),
    };
    let health = serde_json::from_str::<Health>(&answer.body).ok().filter(|_| !answer.is_html());
    let Some(health) = health.filter(|_| (200..300).contains(&answer.status)) else {
        return judge_refusal(answer, "/api/health", here);
    };
    let found = format!(
        "It answers “{}” after {} ms. The hub's version is {}.",
        super::excerpt(&health.status),
        answer.took_ms,
        super::excerpt(&health.version)
    );
    if answer.took_ms > SLOW_MS {
        return Finding::doubtful(found)
            .advise("It works, but slowly: the network is far, or the hub is busy.");
    }
    Finding::well(found)
}
