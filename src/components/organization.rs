//! Whose events are shown.

use leptos::prelude::*;
use switchboard_protocol::OrganizationId;

use super::browser::{recall, remember};
use crate::{api::use_queries, realtime::use_websocket_context};

const KEY: &str = "switchboard-organization";

/// The organization that was chosen last.
pub fn remembered_organization() -> Option<OrganizationId> {
    recall(KEY).map(OrganizationId::from)
}

/// Chooses the organization: one that the server names, or any other by its name.
#[component]
pub fn OrganizationSwitcher() -> impl IntoView {
    let context = use_websocket_context();
    let queries = use_queries();
    let current = context.organization();
    let known = RwSignal::new(Vec::<OrganizationId>::new());
    let field = NodeRef::<leptos::html::Input>::new();
    // Asked for when somebody is about to choose: the list may have grown since.
    let look_up = move |_| {
        let Some(api) = queries.api() else { return };
        leptos::task::spawn_local(async move {
            if let Ok(organizations) = api.organizations().await {
                let _ = known.try_set(organizations);
            }
        });
    };
    let choose = move |name: String| {
        let name = name.trim();
        if name.is_empty() {
            // Nothing was chosen: the field shows again what holds.
            if let Some(field) = field.get_untracked() {
                field.set_value(current.get_untracked().as_str());
            }
            return;
        }
        remember(KEY, Some(name));
        context.set_organization(OrganizationId::from(name));
    };
    view! {
        <input
            class="field organization"
            type="text"
            list="organizations"
            aria-label="Organization"
            title="Organization"
            autocomplete="off"
            spellcheck="false"
            node_ref=field
            prop:value=move || current.get().to_string()
            on:focus=look_up
            on:change=move |event| choose(event_target_value(&event))
        />
        <datalist id="organizations">
            {move || known.get().into_iter().map(|id| view! { <option value=id.to_string() /> }).collect_view()}
        </datalist>
    }
}
