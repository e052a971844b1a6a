//! Search, status and order.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

use super::address::Address;
use crate::components::{Chips, Glyph, Icon, SearchField, Sort};

/// The choice that filters nothing.
const ALL: &str = "all";

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
    let statuses = [ALL].into_iter().chain(ExecutionStatus::ALL.map(ExecutionStatus::as_str)).collect();
    let chosen = Signal::derive(move || address.status.get().map_or(ALL, ExecutionStatus::as_str));
    view! {
        <div class="toolbar" role="search">
            <SearchField
                label="Search"
                placeholder="Title, agent, department, id"
                text=address.search
                on_search=move |text: String| address.set_search(&text)
            />
            <Chips
                label="Status"
                names=statuses
                chosen
                on_choose=move |name| address.set_status(ExecutionStatus::from_name(name))
            />
            <Order address />
        </div>
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
