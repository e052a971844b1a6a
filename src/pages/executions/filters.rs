//! Search, status and order.

use std::time::Duration;

use leptos::{html, leptos_dom::helpers::debounce, prelude::*};
use switchboard_protocol::ExecutionStatus;

use super::address::Address;
use crate::components::{Glyph, Icon, Shortcut, Sort, on_shortcut};

/// How long typing rests before the server is asked, in milliseconds.
const REST_MS: u64 = 160;

/// The orders that the select box offers: how each stands in an address, and in words. The table's heads offer
/// both directions of each; a phone shows no heads.
const ORDERS: [(&str, &str); 5] = [
    ("-started", "Newest first"),
    ("started", "Oldest first"),
    ("-duration", "Longest first"),
    ("status", "By status"),
    ("agent", "By agent"),
];

#[component]
pub(super) fn Filters(address: Address) -> impl IntoView {
    view! {
        <div class="toolbar" role="search">
            <Search address />
            <div class="chips" role="group" aria-label="Status">
                <Chip address status=None />
                {ExecutionStatus::ALL.map(|status| view! { <Chip address status=Some(status) /> })}
            </div>
            <Order address />
        </div>
    }
}

#[component]
fn Search(address: Address) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
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
    view! {
        <div class="search">
            <Icon glyph=Glyph::Search />
            <input
                class="field"
                type="search"
                aria-label="Search"
                placeholder="Title, agent, department, id"
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                on:input=move |event| {
                    let text = event_target_value(&event);
                    search.update_value(|search| search(text));
                }
            />
            <kbd aria-hidden="true">"/"</kbd>
        </div>
    }
}

#[component]
fn Chip(address: Address, status: Option<ExecutionStatus>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="chip"
            aria-pressed=move || (address.status.get() == status).to_string()
            on:click=move |_| address.set_status(status)
        >
            {status.map_or("all", ExecutionStatus::as_str)}
        </button>
    }
}

#[component]
fn Order(address: Address) -> impl IntoView {
    let current = Memo::new(move |_| address.sort.get().to_address());
    // An order that only the heads offer is named as the address has it.
    let other = move || {
        let current = current.get();
        let known = ORDERS.iter().any(|(order, _)| *order == current);
        (!known).then(|| view! { <option prop:selected=true>{current}</option> })
    };
    let choose = move |name: String| {
        if let Some(sort) = Sort::from_address(&name) {
            address.set_sort(sort);
        }
    };
    view! {
        <label class="select" title="Order">
            <select aria-label="Sort" on:change=move |event| choose(event_target_value(&event))>
                {ORDERS
                    .map(|(order, words)| {
                        view! {
                            <option value=order prop:selected=move || current.with(|current| current == order)>
                                {words}
                            </option>
                        }
                    })} {other}
            </select>
            <Icon glyph=Glyph::Down />
        </label>
    }
}
