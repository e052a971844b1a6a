//! The agents as a table: keyed rows, each of which changes only where its agent did.

use leptos::prelude::*;

use super::{SHOWN_AT_FIRST, Shared, row::TableRow};
use crate::components::grouped;

/// The table, with the first agents or with all.
#[component]
pub(super) fn Table(shared: Shared, all: RwSignal<bool>) -> impl IntoView {
    let rows = Memo::new(move |_| {
        let most = if all.get() { usize::MAX } else { SHOWN_AT_FIRST };
        shared.hook.agents.with(|agents| agents.iter().take(most).cloned().collect::<Vec<_>>())
    });
    let heads = [
        ("Status", "is-status"),
        ("Agent", "is-title"),
        ("Last heartbeat", "is-beat"),
        ("Current task", "is-task"),
        ("Department", "is-department"),
        ("Error", "is-error"),
        ("Heartbeats", "is-beats"),
    ];
    let head = |(name, class)| view! { <th role="columnheader" scope="col" class=class>{name}</th> };
    view! {
        <table class="rows agent-rows" role="table" aria-label="Agents">
            <thead role="rowgroup">
                <tr role="row">{heads.map(head)}</tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || rows.get() key=|row| row.id.clone() let:row>
                    <TableRow row shared />
                </For>
            </tbody>
        </table>
    }
}

/// How many agents there are, and the way to all of them.
#[component]
pub(super) fn Foot(
    shared: Shared,
    all: RwSignal<bool>,
    /// Whether the hub's list is there. Without it, these are those that frames have told of, and there may be more.
    has_list: Memo<bool>,
) -> impl IntoView {
    let count = Memo::new(move |_| shared.hook.agents.with(Vec::len));
    let is_cut = Memo::new(move |_| !all.get() && count.get() > SHOWN_AT_FIRST);
    let scope = move || {
        let number = grouped(count.get() as u64);
        if !has_list.get() {
            return format!("{number} heard of so far");
        }
        match count.get() {
            1 => "1 agent".to_owned(),
            _ if is_cut.get() => format!("{} of {number} agents", grouped(SHOWN_AT_FIRST as u64)),
            _ => format!("{number} agents"),
        }
    };
    view! {
        <div class="rows-foot">
            <span>{scope}</span>
            <Show when=move || is_cut.get()>
                <button type="button" class="button is-small" on:click=move |_| all.set(true)>
                    "Show all"
                </button>
            </Show>
        </div>
    }
}
