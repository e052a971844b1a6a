//! The status of an execution or a scrape run as a word, a shape and a colour.

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, ScrapePhase};

use super::{Glyph, Icon};

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
