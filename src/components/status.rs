//! The status of an execution: a shape, a colour and a word.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

/// The shape of a status. It carries no text: the word stands beside it.
#[component]
pub fn StatusIcon(
    /// The status.
    #[prop(into)]
    status: Signal<ExecutionStatus>,
) -> impl IntoView {
    move || {
        let shape = match status.get() {
            ExecutionStatus::Pending => {
                view! { <circle cx="7" cy="7" r="5" stroke-dasharray="2.4 2.2" /> }.into_any()
            }
            ExecutionStatus::Running => view! {
                <circle class="beat" cx="7" cy="7" r="6" stroke-width="1.5" />
                <circle cx="7" cy="7" r="3.2" fill="currentColor" stroke="none" />
            }
            .into_any(),
            ExecutionStatus::Completed => {
                view! { <circle cx="7" cy="7" r="5.6" /><path d="M4.6 7.2 6.3 8.9 9.5 5.4" /> }.into_any()
            }
            ExecutionStatus::Failed => view! { <path d="M3.2 3.2 10.8 10.8M10.8 3.2 3.2 10.8" /> }.into_any(),
            ExecutionStatus::Cancelled => {
                view! { <circle cx="7" cy="7" r="5.6" /><path d="M3.4 10.6 10.6 3.4" /> }.into_any()
            }
        };
        view! {
            <svg
                width="14"
                height="14"
                viewBox="0 0 14 14"
                fill="none"
                stroke="currentColor"
                stroke-width="1.6"
                stroke-linecap="round"
                stroke-linejoin="round"
                aria-hidden="true"
            >
                {shape}
            </svg>
        }
    }
}

/// A status with its word.
#[component]
pub fn StatusBadge(
    /// The status.
    #[prop(into)]
    status: Signal<ExecutionStatus>,
) -> impl IntoView {
    view! {
        <span class="status" data-status=move || status.get().as_str()>
            <StatusIcon status />
            {move || status.get().as_str()}
        </span>
    }
}
