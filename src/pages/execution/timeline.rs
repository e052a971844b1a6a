//! What happened, apart from what was written.

use leptos::{html, prelude::*};
use switchboard_model::VIEW_CAPACITY;

use super::{AT_END_PX, timeline_row::TimelineRow};
use crate::{
    components::{RecycledRows, grouped},
    realtime::UseExecution,
};

/// What happened, oldest first. It keeps to the end unless somebody scrolled away from it.
#[component]
pub(super) fn Timeline(hook: UseExecution) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let rows = StoredValue::new_local(None::<RecycledRows<TimelineRow>>);
    let shown = StoredValue::new(None::<u64>);
    let at_end = StoredValue::new(true);
    Effect::new(move || {
        hook.version.track();
        let Some(list) = list.get() else { return };
        let generation = hook.execution.generation();
        hook.execution.with_untracked(|execution| {
            rows.update_value(|rows| {
                if rows.is_none() {
                    *rows = RecycledRows::new(list.clone().into());
                }
                let Some(rows) = rows else { return };
                let revision = execution.timeline_revision();
                if shown.get_value() == Some(revision) && rows.generation() == generation {
                    return;
                }
                rows.update(execution.timeline(), generation, true);
                shown.set_value(Some(revision));
                if at_end.get_value() {
                    list.set_scroll_top(list.scroll_height());
                }
            });
        });
    });
    let scrolled = move |_| {
        if let Some(list) = list.get_untracked() {
            at_end.set_value(list.scroll_height() - list.scroll_top() - list.client_height() < AT_END_PX);
        }
    };
    let count = Memo::new(move |_| {
        hook.execution.with(|execution| execution.timeline().len() as u64).unwrap_or_default()
    });
    // A snapshot of a long execution may hold nothing but output.
    let is_cut = Memo::new(move |_| {
        let events = hook.summary.with(|summary| summary.as_ref().map_or(0, |summary| summary.event_count));
        events > VIEW_CAPACITY as u64
    });
    let empty = move || {
        if is_cut.get() {
            format!("The latest {} events are all output.", grouped(VIEW_CAPACITY as u64))
        } else {
            "Starts, tool calls, progress and ends appear here.".to_owned()
        }
    };
    view! {
        <section class="card is-timeline-card" aria-label="Timeline">
            <div class="card-head">
                <h2>"Timeline"</h2>
                <span class="card-count">{move || grouped(count.get())}</span>
            </div>
            <Show when=move || count.get() == 0>
                <p class="timeline-empty">{empty}</p>
            </Show>
            <div class="timeline" role="list" node_ref=list tabindex="0" on:scroll=scrolled></div>
        </section>
    }
}
