//! What stands where something should be that could not be fetched.

use leptos::prelude::*;

use crate::api::ApiError;

/// What went wrong, what to do, and Retry.
#[component]
pub fn Failure(
    /// What could not be shown, as in "This execution".
    #[prop(into)]
    what: String,
    /// Why.
    error: ApiError,
    /// Asks again.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    let title = match &error {
        ApiError::NotFound { .. } => format!("{what} was not found"),
        _ => format!("{what} could not be loaded"),
    };
    view! {
        <div class="notice notice-bad" role="alert">
            <h2>{title}</h2>
            <p>{error.to_string()}</p>
            <button class="button" type="button" on:click=move |_| on_retry.run(())>
                "Retry"
            </button>
        </div>
    }
}
