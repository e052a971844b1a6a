//! An agent's latest heartbeats as bars: each as high as it came late.
//!
//! It is drawn again only when the agent beats, and nothing in it moves by the clock.

use std::fmt::Write;

use leptos::prelude::*;
use switchboard_model::{BEATS_KEPT, heartbeat_ms};
use switchboard_protocol::{Timestamp, rest::AgentSummary};

use crate::components::grouped;

/// The height in its own units; a heartbeat is two wide. A third of it is an interval as usual.
const HEIGHT: u64 = 18;

#[component]
pub(super) fn Beats(summary: Signal<AgentSummary>) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        summary.with(|agent| {
            let usual = heartbeat_ms(agent);
            (bars(&agent.beats), told(agent.beats.len(), usual))
        })
    });
    let path = Memo::new(move |_| drawn.with(|(path, _)| path.clone()));
    let label = Memo::new(move |_| drawn.with(|(_, label)| label.clone()));
    view! {
        <svg
            class="beats"
            role="img"
            aria-label=label
            viewBox=format!("0 0 {} {HEIGHT}", BEATS_KEPT * 2)
            preserveAspectRatio="none"
        >
            <path d=path />
        </svg>
    }
}

/// A bar for each interval, the latest at the right end.
fn bars(beats: &[Timestamp]) -> String {
    let mut sorted: Vec<u64> =
        beats.iter().zip(beats.iter().skip(1)).map(|(earlier, later)| later.millis_since(*earlier)).collect();
    sorted.sort_unstable();
    let usual_ms = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let count = beats.len().saturating_sub(1).min(BEATS_KEPT);
    let intervals =
        beats.iter().zip(beats.iter().skip(1)).map(|(earlier, later)| later.millis_since(*earlier));
    let mut path = String::new();
    for (place, interval) in intervals.skip(beats.len().saturating_sub(1) - count).enumerate() {
        let height = (interval.saturating_mul(HEIGHT) / usual_ms.max(1).saturating_mul(3)).clamp(1, HEIGHT);
        let at = (BEATS_KEPT - count + place) * 2;
        // Writing to a string cannot fail.
        let _ = write!(path, "M{at} {HEIGHT}v-{height}h1.4V{HEIGHT}z");
    }
    path
}

fn told(beats: usize, usual_ms: u64) -> String {
    let rhythm = if usual_ms < 10_000 && !usual_ms.is_multiple_of(1_000) {
        format!("{}.{} s", usual_ms / 1_000, usual_ms % 1_000 / 100)
    } else {
        format!("{} s", grouped(usual_ms / 1_000))
    };
    match beats {
        0 => "No heartbeat".to_owned(),
        1 => "1 heartbeat".to_owned(),
        beats => format!("The latest {beats} heartbeats, about every {rhythm}"),
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
    fn a_late_heartbeat_stands_out() {
        assert_eq!(bars(&[]), "");
        assert_eq!(bars(&[at(0)]), "");
        let late = bars(&[at(0), at(5), at(10), at(15), at(30), at(105)]);
        assert_eq!(
            late,
            "M50 18v-6h1.4V18zM52 18v-6h1.4V18zM54 18v-6h1.4V18zM56 18v-18h1.4V18zM58 18v-18h1.4V18z"
        );
        // Clocks that go back give no negative bar.
        assert_eq!(bars(&[at(10), at(0)]), "M58 18v-1h1.4V18z");
    }
}
