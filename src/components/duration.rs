//! How long something ran, or runs.

use leptos::prelude::*;
use switchboard_model::duration_text;
use switchboard_protocol::{ExecutionStatus, Timestamp, rest::ExecutionSummary};

use super::{use_ticker, use_worker_silence};

/// How long an execution ran; ticking while it runs and the page knows that it does. Where its worker is silent, it ran for as
/// long as anybody knows.
#[component]
pub fn ElapsedTime(
    /// The execution.
    #[prop(into)]
    summary: Signal<ExecutionSummary>,
) -> impl IntoView {
    let ticker = use_ticker();
    let times = Memo::new(move |_| {
        summary.with(|summary| {
            let running = summary.status == ExecutionStatus::Running;
            (summary.started_at, summary.finished_at, running)
        })
    });
    let silence = use_worker_silence(summary);
    let now = Signal::derive(move || silence.get().unwrap_or_else(|| ticker.live.get()));
    view! { <Elapsed times now /> }
}

/// How long something took, or takes: when it began, when it ended, and whether it goes on.
#[component]
pub fn Elapsed(
    /// When it began, when it ended, and whether it runs.
    #[prop(into)]
    times: Signal<(Option<Timestamp>, Option<Timestamp>, bool)>,
    /// Up to when the page knows of it.
    #[prop(into)]
    now: Signal<Timestamp>,
) -> impl IntoView {
    let text = Memo::new(move |_| match times.get() {
        (Some(started), Some(finished), _) => duration_text(finished.millis_since(started)),
        (Some(started), None, true) => ticking_text(now.get().millis_since(started)),
        _ => "–".to_owned(),
    });
    view! { <span role="timer">{text}</span> }
}

/// Whole seconds: tenths that change once a second would only flicker.
fn ticking_text(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    if seconds < 60 { format!("{seconds} s") } else { duration_text(milliseconds) }
}
