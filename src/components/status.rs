//! The status of an execution or a scrape run as a word, a shape and a colour.

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, ScrapePhase, Timestamp, rest::ExecutionSummary};

use super::{Glyph, Icon, clock_text, full_text, use_ticker};

/// A status: the word of the wire contract, with its shape and its colour.
#[component]
pub fn Status(
    /// The status.
    #[prop(into)]
    status: Signal<ExecutionStatus>,
    /// Whether it stands alone, in a frame.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    view! {
        <span class="status" class:is-large=large data-status=move || status.get().as_str()>
            <Icon glyph=Signal::derive(move || glyph(status.get())) />
            {move || status.get().as_str()}
        </span>
    }
}

/// The status of an execution, or that its worker is silent: then nobody knows whether it runs, and nothing may look as if it
/// did.
#[component]
pub fn WorkerStatus(
    /// The execution.
    #[prop(into)]
    summary: Signal<ExecutionSummary>,
    /// Whether it stands alone, in a frame, and says since when.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let status = Memo::new(move |_| summary.with(|summary| summary.status));
    let silence = use_worker_silence(summary);
    move || match silence.get() {
        None => view! { <Status status large /> }.into_any(),
        Some(since) => {
            let text = if large { silence_text(since) } else { "silent".to_owned() };
            view! {
                <span class="status" class:is-large=large data-status="silent" title=full_text(since)>
                    <Icon glyph=Glyph::Warning />
                    {text}
                </span>
            }
            .into_any()
        }
    }
}

/// Since when the worker of an execution has been silent; `None` while it is not, or nobody can know.
pub fn use_worker_silence(summary: Signal<ExecutionSummary>) -> Memo<Option<Timestamp>> {
    let ticker = use_ticker();
    Memo::new(move |_| summary.with(|summary| ticker.worker_silence(summary)))
}

/// That a worker is silent, in words.
pub fn silence_text(since: Timestamp) -> String {
    format!("worker silent since {}", clock_text(since))
}

/// The phase of a scrape run, or of one of its platforms.
#[component]
pub fn Phase(
    /// The phase.
    #[prop(into)]
    phase: Signal<ScrapePhase>,
    /// Whether it stands alone, in a frame.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let status = Signal::derive(move || match phase.get() {
        ScrapePhase::Pending => ExecutionStatus::Pending,
        ScrapePhase::Running => ExecutionStatus::Running,
        ScrapePhase::Completed => ExecutionStatus::Completed,
        ScrapePhase::Failed => ExecutionStatus::Failed,
        ScrapePhase::Cancelled => ExecutionStatus::Cancelled,
    });
    view! { <Status status large /> }
}

const fn glyph(status: ExecutionStatus) -> Glyph {
    match status {
        ExecutionStatus::Pending => Glyph::Pending,
        ExecutionStatus::Running => Glyph::Running,
        ExecutionStatus::Completed => Glyph::Completed,
        ExecutionStatus::Failed => Glyph::Failed,
        ExecutionStatus::Cancelled => Glyph::Cancelled,
    }
}
