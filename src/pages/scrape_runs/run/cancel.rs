//! Asking a run to end, after asking whether that is meant.

use leptos::{html, prelude::*};

use super::Shared;
use crate::{
    api::use_queries,
    components::{Glyph, Icon},
};

/// "Cancel run", while it runs here.
#[component]
pub(super) fn CancelButton(shared: Shared) -> impl IntoView {
    let can_cancel = Memo::new(move |_| shared.summary.with(|run| run.own && !run.phase.is_final()));
    view! {
        <Show when=move || can_cancel.get()>
            <Cancel shared />
        </Show>
    }
}

#[component]
fn Cancel(shared: Shared) -> impl IntoView {
    let queries = use_queries();
    let dialog = NodeRef::<html::Dialog>::new();
    let is_asked = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let open = move |_| {
        problem.set(None);
        if let Some(dialog) = dialog.get_untracked().filter(|dialog| !dialog.open()) {
            // Refused only where the dialog is shown already.
            let _ = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let cancel = move |_| {
        if is_asked.get_untracked() {
            return;
        }
        let Some(api) = queries.api() else { return };
        let (organization, id) = (shared.organization.get_value(), shared.id.get_value());
        problem.set(None);
        is_asked.set(true);
        leptos::task::spawn_local(async move {
            // The run's frames tell when it has ended; then this button is gone.
            let answer = api.cancel_scrape(&organization, &id).await;
            if is_asked.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(()) => close(),
                Err(error) => problem.set(Some(error.to_string())),
            }
        });
    };
    view! {
        <button type="button" class="button" on:click=open>
            <Icon glyph=Glyph::Stop />
            "Cancel run"
        </button>
        <dialog class="dialog" aria-labelledby="cancel-title" node_ref=dialog>
            <div class="dialog-head">
                <h2 id="cancel-title">"Cancel this run?"</h2>
            </div>
            <div class="dialog-body">
                <p>"It ends now and cannot go on later. What it has found stays."</p>
                {move || {
                    problem.get().map(|text| view! {
                        <p class="form-problem" role="alert">
                            <Icon glyph=Glyph::Warning />
                            <span>{text}</span>
                        </p>
                    })
                }}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| close()>
                        "Keep running"
                    </button>
                    <button
                        type="button"
                        class="button is-primary"
                        aria-disabled=move || is_asked.get().to_string()
                        on:click=cancel
                    >
                        {move || if is_asked.get() { "Cancelling…" } else { "Yes, cancel it" }}
                    </button>
                </div>
            </div>
        </dialog>
    }
}
