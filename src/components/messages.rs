//! Loading, nothing there, something wrong, not up to date.

use leptos::prelude::*;

use super::{Glyph, Icon, clock_text, connection::is_starting};
use crate::{api::ApiError, realtime::use_connection_status};

/// Something is on its way.
#[component]
pub fn Loading(
    /// What, as in `Loading execution`.
    label: &'static str,
) -> impl IntoView {
    view! {
        <div class="empty" role="status" aria-label=label>
            <span class="spinner" aria-hidden="true"></span>
            <span class="muted">{label} "…"</span>
        </div>
    }
}

/// Nothing is here: what would be, and how to get it.
#[component]
pub fn Empty(
    /// What is missing, in a few words.
    title: &'static str,
    /// What would appear here.
    #[prop(into)]
    text: String,
    /// What it looks like.
    #[prop(default = Glyph::Terminal)]
    glyph: Glyph,
    /// How to get it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon glyph=glyph />
            <p class="empty-title">{title}</p>
            <p class="empty-text">{text}</p>
            <div class="empty-action">{children()}</div>
        </div>
    }
}

/// What could not be fetched: why, what to do, and Retry.
#[expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]
#[component]
pub fn Failure(
    /// What could not be shown, as in "Execution e-1".
    #[prop(into)]
    what: String,
    /// Why.
    error: ApiError,
    /// Asks again.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    let title = what
        + match error {
            ApiError::NotFound { .. } => " was not found",
            _ => " could not be loaded",
        };
    view! {
        <div class="problem" role="alert">
            <Icon glyph=Glyph::Warning />
            <div class="problem-body">
                <p class="problem-title">{title}</p>
                <p class="problem-text">{error.to_string()}</p>
            </div>
            <button type="button" class="button" on:click=move |_| on_retry.run(())>
                <Icon glyph=Glyph::Retry />
                "Retry"
            </button>
        </div>
    }
}

/// Since when what is shown is not up to date; nothing while it is.
#[component]
pub fn StaleNote() -> impl IntoView {
    let connection = use_connection_status();
    let late = is_starting(&connection);
    move || {
        connection.stale_since.get().map(|since| {
            view! {
                <span class="stale" class:appears-late=late role="status">
                    <Icon glyph=Glyph::Warning />
                    "Stale since "
                    {clock_text(since)}
                </span>
            }
        })
    }
}
