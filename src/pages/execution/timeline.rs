//! What happened, apart from what was written.

use leptos::prelude::*;
use switchboard_model::{Execution, TimelineItem};
use web_sys::{Document, HtmlElement};

use super::output::{child, element};
use crate::{
    components::{LocalClock, RecycledRows, Row},
    realtime::UseExecution,
};

#[component]
pub(super) fn Timeline(hook: UseExecution) -> impl IntoView {
    let list = NodeRef::<leptos::html::Ol>::new();
    let rows = StoredValue::new_local(None::<RecycledRows<TimelineRow>>);
    let shown = StoredValue::new(None::<u64>);
    Effect::new(move || {
        hook.version.track();
        let Some(list) = list.get() else { return };
        let generation = hook.execution.generation();
        hook.execution.with_untracked(|execution: &Execution| {
            rows.update_value(|rows| {
                if rows.is_none() {
                    *rows = RecycledRows::new(list.clone().into());
                }
                let Some(rows) = rows else { return };
                let revision = execution.timeline_revision();
                if shown.get_value() != Some(revision) || rows.generation() != generation {
                    rows.update(execution.timeline(), generation, true);
                    shown.set_value(Some(revision));
                    list.set_scroll_top(list.scroll_height());
                }
            });
        });
    });
    let is_empty = Memo::new(move |_| {
        hook.version.track();
        hook.execution.with_untracked(|execution| execution.timeline().is_empty()).unwrap_or(true)
    });
    view! {
        <section class="card" aria-label="Timeline">
            <div class="panel-head">
                <h2>"Timeline"</h2>
            </div>
            <Show when=move || is_empty.get()>
                <p class="log-empty">"Starts, tool calls, progress and ends appear here."</p>
            </Show>
            <ol class="timeline" node_ref=list tabindex="0" hidden=move || is_empty.get()></ol>
        </section>
    }
}

/// `<li class="timeline-item"><time/><span class="timeline-title"/><span class="timeline-detail"/></li>`
struct TimelineRow {
    item: HtmlElement,
    time: HtmlElement,
    title: HtmlElement,
    detail: HtmlElement,
}

impl Row<TimelineItem> for TimelineRow {
    fn create(document: &Document) -> Option<Self> {
        let item = element(document, "li", "timeline-item")?;
        let time = child(document, &item, "time", "timeline-time")?;
        let title = child(document, &item, "span", "timeline-title")?;
        let detail = child(document, &item, "span", "timeline-detail")?;
        Some(Self { item, time, title, detail })
    }

    fn element(&self) -> &HtmlElement {
        &self.item
    }

    fn write(&mut self, item: &TimelineItem) {
        // Setting a plain attribute fails only for names that are none.
        let _ = self.item.set_attribute("data-kind", item.kind.as_str());
        self.time.set_text_content(Some(&LocalClock::at(item.at).seconds(item.at)));
        self.title.set_text_content(Some(&item.title));
        self.detail.set_text_content(item.detail.as_deref());
    }
}
