//! Status and search.

use std::time::Duration;

use leptos::{leptos_dom::helpers::debounce, prelude::*};
use switchboard_protocol::ExecutionStatus;

use super::address::Address;
use crate::components::{Shortcut, on_shortcut};

/// How long typing rests before the server is asked, in milliseconds.
const REST_MS: u64 = 160;

#[component]
pub(super) fn Filters(address: Address) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    on_shortcut(Shortcut::Search, move || {
        if let Some(field) = field.get_untracked() {
            // An element that is shown takes the focus.
            let _ = field.focus();
            field.select();
        }
    });
    let search = StoredValue::new_local(debounce(Duration::from_millis(REST_MS), move |text: String| {
        address.set_search(text.trim());
    }));
    // What is typed is not written over by what the address still says of it.
    Effect::new(move || {
        let written = address.search.get();
        if let Some(field) = field.get()
            && field.value().trim() != written
            && document().active_element().as_ref() != Some(field.as_ref())
        {
            field.set_value(&written);
        }
    });
    let status = move || address.status.get().map_or("", ExecutionStatus::as_str);
    view! {
        <div class="filters" role="search">
            <input
                class="field"
                type="search"
                aria-label="Search"
                placeholder="Search  /"
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                on:input=move |event| {
                    let text = event_target_value(&event);
                    search.update_value(|search| search(text));
                }
            />
            <select
                class="field"
                aria-label="Status"
                prop:value=status
                on:change=move |event| address.set_status(ExecutionStatus::from_name(&event_target_value(&event)))
            >
                <option value="">"Any status"</option>
                {ExecutionStatus::ALL
                    .map(|status| {
                        view! {
                            <option value=status.as_str() selected=move || address.status.get() == Some(status)>
                                {status.as_str()}
                            </option>
                        }
                    })}
            </select>
        </div>
    }
}
