//! An execution's status as a word, a shape and a colour.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

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

const fn glyph(status: ExecutionStatus) -> Glyph {
    match status {
        ExecutionStatus::Pending => Glyph::Pending,
        ExecutionStatus::Running => Glyph::Running,
        ExecutionStatus::Completed => Glyph::Completed,
        ExecutionStatus::Failed => Glyph::Failed,
        ExecutionStatus::Cancelled => Glyph::Cancelled,
    }
}
