//! When an agent last beat, ticking; and how far its clock is off.

use leptos::prelude::*;
use switchboard_protocol::{Timestamp, rest::AgentSummary};

use crate::components::{ago_text, full_text};

/// How far an agent's clock may be off before it is told, in milliseconds: more than a message is ever on its way.
const CLOCK_TOLERANCE_MS: u64 = 10_000;

/// How far in the future a time counts as now, in milliseconds.
const AHEAD_MS: u64 = 2_000;

#[component]
pub(super) fn LastHeartbeat(summary: Signal<AgentSummary>, now: Signal<Timestamp>) -> impl IntoView {
    let times = Memo::new(move |_| {
        summary.with(|agent| (agent.last_heartbeat, agent.beats.last().copied().or(agent.heard_at)))
    });
    let text = Memo::new(move |_| match times.get().0 {
        Some(at) => time_text(at, now.get()),
        None => "–".to_owned(),
    });
    let clock = Memo::new(move |_| clock_note(times.get()));
    view! {
        <time
            datetime=move || times.get().0.map(|at| at.to_string())
            title=move || times.get().0.map(full_text)
        >
            {text}
        </time>
        {move || clock.get().map(|note| view! { <span class="agent-clock">{note}</span> })}
    }
}

/// How long ago it was; or how long from now on, which only a clock that is wrong can say.
fn time_text(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.millis_since(now);
    if ahead > AHEAD_MS {
        return format!("in {}", span_text(ahead));
    }
    match now.millis_since(at) / 1000 {
        seconds @ 0..60 => format!("{seconds} s ago"),
        _ => ago_text(at, now),
    }
}

/// Whose clock is off: a heartbeat is received when it is sent, or a little later.
fn clock_note((said, heard): (Option<Timestamp>, Option<Timestamp>)) -> Option<String> {
    let (said, heard) = (said?, heard?);
    let (ahead, behind) = (said.millis_since(heard), heard.millis_since(said));
    if ahead > CLOCK_TOLERANCE_MS {
        Some(format!("clock {} ahead", span_text(ahead)))
    } else if behind > CLOCK_TOLERANCE_MS {
        Some(format!("clock {} behind", span_text(behind)))
    } else {
        None
    }
}

fn span_text(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds @ 86_400..34_560_000 => format!("{} d", seconds / 86_400),
        seconds => format!("{} y", seconds / 31_557_600),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[wasm_bindgen_test]
    fn no_time_gives_a_negative_duration() {
        let now = at(1_000_000);
        let texts = [0, 1, -3, -59, -61, 3, 90, 7_200].map(|seconds| time_text(at(1_000_000 + seconds), now));
        assert_eq!(
            texts,
            ["0 s ago", "0 s ago", "3 s ago", "59 s ago", "1 min ago", "in 3 s", "in 1 min", "in 2 h"]
        );
    }

    #[wasm_bindgen_test]
    fn a_clock_that_is_off_is_told() {
        assert_eq!(clock_note((Some(at(0)), Some(at(9)))), None);
        assert_eq!(clock_note((Some(at(0)), Some(at(3_700)))).unwrap(), "clock 1 h behind");
        assert_eq!(clock_note((Some(at(90)), Some(at(0)))).unwrap(), "clock 1 min ahead");
        assert_eq!(clock_note((None, Some(at(0)))), None);
    }
}
