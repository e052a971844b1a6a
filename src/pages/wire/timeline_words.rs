//! What happened to the connection, in words.

use switchboard_link::{Entry, Happening, LinkState, RefetchReason, Why};
use switchboard_model::duration_text;

/// Why a state was entered and what follows, or what came of it.
pub(super) fn of(entry: &Entry) -> String {
    let text = match &entry.what {
        Happening::State { state, why, attempt, retry_in_ms, .. } => {
            let why = why.as_ref().map(why_text);
            let next = next_text(*state, *attempt, *retry_in_ms);
            return [why, next].into_iter().flatten().collect::<Vec<_>>().join("; ");
        }
        Happening::Resumed { from: Some(from), to: Some(to) } if from <= to => {
            format!("went on where the last connection stopped, and replayed seq {from} to {to}")
        }
        Happening::Resumed { from: Some(_), to: Some(_) } => {
            "went on where the last connection stopped; nothing was missed".to_owned()
        }
        Happening::Resumed { .. } => "went on where the last connection stopped".to_owned(),
        Happening::Refetched(reason) => refetch_text(reason),
    };
    if entry.times > 1 { format!("{text} ({} times)", entry.times) } else { text }
}

fn why_text(why: &Why) -> String {
    match why {
        Why::Error(error) => error.to_string(),
        Why::Replaced => "replaced by a new connection".to_owned(),
        Why::Disconnected => "nobody wanted it any more".to_owned(),
    }
}

fn next_text(state: LinkState, attempt: u32, retry_in_ms: Option<u64>) -> Option<String> {
    let failed = match attempt {
        0 => None,
        1 => Some("1 attempt failed".to_owned()),
        attempts => Some(format!("{attempts} attempts failed in a row")),
    };
    match (state, retry_in_ms) {
        (LinkState::Connecting, _) => Some(format!("attempt {attempt}")),
        (LinkState::Connected, _) => None,
        (LinkState::Disconnected, Some(0)) => Some("next attempt at once".to_owned()),
        (LinkState::Disconnected, Some(wait)) => {
            let wait = format!("next attempt after {}", duration_text(wait));
            Some([failed, Some(wait)].into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        (LinkState::Disconnected, None) => Some("no attempt follows".to_owned()),
        (LinkState::Error, _) => Some("no attempt follows until you reconnect".to_owned()),
    }
}

fn refetch_text(reason: &RefetchReason) -> String {
    let why = match reason {
        RefetchReason::Resync(reason) => {
            return format!("resync ({}): what was shown was fetched anew", reason.as_str());
        }
        RefetchReason::NoSequence => "the server keeps no log",
        RefetchReason::OrganizationChanged => "another organization is followed",
        RefetchReason::Gap => "frames were lost",
    };
    format!("{why}: what was shown was fetched anew")
}
