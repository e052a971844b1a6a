//! The way to the next page of a list, and what became of the last attempt.

use leptos::prelude::*;

use crate::api::ApiError;

/// A button that asks for more. Where that failed, it says why beside itself, and is the way to try again.
#[component]
pub fn LoadMore(
    /// What the button says.
    #[prop(default = "Load more")]
    label: &'static str,
    /// Why more could not be loaded, when it was last asked for.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
    /// Asks for more.
    #[prop(into)]
    on_load: Callback<()>,
) -> impl IntoView {
    let text = move || error.with(|error| error.as_ref().map(|error| format!("That failed: {error}")));
    view! {
        <span class="load-more">
            // There from the beginning: only what changes inside of it is read out.
            <span class="load-more-error" role="status">{text}</span>
            <button type="button" class="button is-small" on:click=move |_| on_load.run(())>
                {label}
            </button>
        </span>
    }
}
