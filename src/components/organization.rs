//! Whose events are shown.

use std::collections::BTreeSet;

use leptos::{html, prelude::*};
use switchboard_protocol::OrganizationId;

use super::{Glyph, Icon, Store, recall, remember};
use crate::{
    api::use_queries,
    realtime::{use_connection_status, use_websocket_context},
};

/// The organization that this tab follows. It survives a reload; a new tab starts with the configured one.
const CHOSEN: &str = "organization";

/// Organizations that a person named, one a line, for servers that don't list any.
const NAMED: &str = "organizations";

/// The option that asks for a name. No organization has an empty one.
const OTHER: &str = "";

/// The organization that this tab was switched to.
pub fn remembered_organization() -> Option<OrganizationId> {
    recall(Store::Session, CHOSEN).filter(|name| !name.is_empty()).map(OrganizationId::from)
}

/// Chooses the organization: one that the server lists, one that was named before, or any other by its name.
#[component]
pub fn OrganizationSwitcher() -> impl IntoView {
    let context = use_websocket_context();
    let queries = use_queries();
    let connection = use_connection_status();
    let current = context.organization();
    let dialog = NodeRef::<html::Dialog>::new();
    let listed = RwSignal::new(Vec::<OrganizationId>::new());
    let named = RwSignal::new(read_named());
    // The configured one stays in the list when another is followed.
    let first = current.get_untracked();

    Effect::new(move || {
        // Asked again with each connection: the list may have grown, or the server may be another one.
        // Read, not just tracked: a memo that nobody reads never looks at its sources.
        connection.socket_up.get();
        let Some(api) = queries.api() else { return };
        leptos::task::spawn_local(async move {
            if let Ok(organizations) = api.organizations().await {
                let _ = listed.try_set(organizations);
            }
        });
    });

    let options = Memo::new(move |_| {
        let mut all: BTreeSet<_> = listed.get().into_iter().chain(named.get()).collect();
        all.insert(first.clone());
        all.insert(current.get());
        all.into_iter().collect::<Vec<_>>()
    });
    let choose = move |name: &str| {
        remember(Store::Session, CHOSEN, Some(name));
        context.set_organization(name.into());
    };
    // The last option opens a dialog and chooses nothing: then the box goes back to what is followed.
    let restore = Trigger::new();
    let changed = move |event| {
        let name = event_target_value(&event);
        if name == OTHER {
            restore.notify();
            if let Some(dialog) = dialog.get_untracked() {
                // Refused only where the dialog is shown already.
                let _ = dialog.show_modal();
            }
        } else {
            choose(&name);
        }
    };
    let enter = move |name: String| {
        named.update(|named| {
            // The one that is left stays in the list too: after a reload nothing else remembers it.
            named.insert(current.get_untracked());
            named.insert(OrganizationId::from(name.as_str()));
        });
        named.with_untracked(write_named);
        choose(&name);
    };
    let option = move |id: OrganizationId| {
        let (name, value) = (id.to_string(), id.to_string());
        let selected = move || {
            restore.track();
            current.get() == id
        };
        view! {
            <option value=value prop:selected=selected>
                {name}
            </option>
        }
    };
    view! {
        <label class="select" title="Organization">
            <Icon glyph=Glyph::Organization />
            <select aria-label="Organization" on:change=changed>
                <For each=move || options.get() key=OrganizationId::to_string children=option />
                <option value=OTHER>"Other…"</option>
            </select>
            <Icon glyph=Glyph::Down />
        </label>
        <NameDialog dialog=dialog on_name=enter />
    }
}

#[component]
fn NameDialog(dialog: NodeRef<html::Dialog>, on_name: impl Fn(String) + 'static) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        let name = field.value().trim().to_owned();
        if !name.is_empty() {
            field.set_value("");
            close();
            on_name(name);
        }
    };
    view! {
        <dialog class="dialog" aria-labelledby="organization-title" node_ref=dialog>
            <form on:submit=submit>
                <div class="dialog-head">
                    <h2 id="organization-title">"Follow another organization"</h2>
                </div>
                <div class="dialog-body">
                    <label for="organization-name" class="muted">
                        "Its identifier, as reporters write it in organizationId"
                    </label>
                    <input
                        id="organization-name"
                        class="field"
                        node_ref=field
                        required=true
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                    />
                    <div class="dialog-actions">
                        <button type="button" class="button" on:click=move |_| close()>
                            "Cancel"
                        </button>
                        <button type="submit" class="button is-primary">
                            "Follow"
                        </button>
                    </div>
                </div>
            </form>
        </dialog>
    }
}

fn read_named() -> BTreeSet<OrganizationId> {
    let names = recall(Store::Local, NAMED).unwrap_or_default();
    names.lines().filter(|name| !name.is_empty()).map(OrganizationId::from).collect()
}

fn write_named(named: &BTreeSet<OrganizationId>) {
    let lines: Vec<&str> = named.iter().map(OrganizationId::as_str).collect();
    remember(Store::Local, NAMED, Some(&lines.join("\n")));
}
