//! What an execution writes, line by line.

use leptos::prelude::*;
use switchboard_model::{Execution, LineSource, OutputLine};
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, Text};

use crate::{
    components::{LocalClock, RecycledRows, Row, Shortcut, on_shortcut},
    realtime::UseExecution,
};

/// How far from its end, in pixels, a log still counts as being at its end: less than two rows.
const AT_END_PX: i32 = 32;

#[component]
pub(super) fn Output(hook: UseExecution) -> impl IntoView {
    let following = RwSignal::new(true);
    let wrapping = RwSignal::new(false);
    let log = NodeRef::<leptos::html::Div>::new();
    let list = NodeRef::<leptos::html::Div>::new();
    let rows = StoredValue::new_local(None::<RecycledRows<LogRow>>);
    // How many lines there were when following was paused.
    let paused_at = RwSignal::new(0_u64);
    let total = Memo::new(move |_| {
        hook.version.track();
        hook.execution.with_untracked(|execution| execution.output().total()).unwrap_or(0)
    });
    let pause = move || {
        if following.get_untracked() {
            paused_at.set(total.get_untracked());
            following.set(false);
        }
    };
    let toggle = move || if following.get_untracked() { pause() } else { following.set(true) };
    on_shortcut(Shortcut::Follow, toggle);

    Effect::new(move || {
        hook.version.track();
        // Paused, the rows stand still: nothing moves under the eyes of who reads.
        if !following.get() {
            return;
        }
        let (Some(log), Some(list)) = (log.get(), list.get()) else { return };
        let generation = hook.execution.generation();
        hook.execution.with_untracked(|execution: &Execution| {
            rows.update_value(|rows| {
                if rows.is_none() {
                    *rows = RecycledRows::new(list.into());
                }
                if let Some(rows) = rows {
                    rows.update(execution.output(), generation, false);
                }
            });
        });
        log.set_scroll_top(log.scroll_height());
    });
    let scrolled = move |_| {
        if let Some(log) = log.get_untracked()
            && log.scroll_top() + log.client_height() + AT_END_PX < log.scroll_height()
        {
            pause();
        }
    };
    let new_lines = Memo::new(move |_| total.get().saturating_sub(paused_at.get()));
    let has_news = move || !following.get() && new_lines.get() != 0;
    let scope = move || {
        let total = total.get();
        let shown = hook.execution.with(|execution| execution.output().len()).unwrap_or(0);
        let events = hook.summary.with(|summary| summary.as_ref().map_or(0, |summary| summary.event_count));
        if events > shown as u64 && shown >= switchboard_model::VIEW_CAPACITY {
            format!("The latest {shown} lines of {events} events")
        } else if total == 1 {
            "1 line".to_owned()
        } else {
            format!("{total} lines")
        }
    };
    view! {
        <div class="card output">
            <div class="panel-head">
                <h2 id="output-title">"Output"</h2>
                <span class="muted number">{scope}</span>
                <span class="spacer"></span>
                <button
                    class="button"
                    type="button"
                    aria-pressed=move || wrapping.get().to_string()
                    on:click=move |_| wrapping.update(|wrapping| *wrapping = !*wrapping)
                >
                    "Wrap"
                </button>
                <button
                    class="button"
                    type="button"
                    class:button-primary=has_news
                    on:click=move |_| toggle()
                >
                    {move || match (following.get(), new_lines.get()) {
                        (true, _) => "Pause".to_owned(),
                        (false, 0) => "Follow".to_owned(),
                        (false, 1) => "Follow (1 new line)".to_owned(),
                        (false, new) => format!("Follow ({new} new lines)"),
                    }}
                </button>
            </div>
            <div
                class="log"
                class:log-wrap=move || wrapping.get()
                role="log"
                aria-label="Output"
                aria-live="off"
                tabindex="0"
                node_ref=log
                on:scroll=scrolled
            >
                <Show when=move || total.get() == 0>
                    <p class="log-empty">"Nothing was written yet. Lines appear here as they come."</p>
                </Show>
                <div class="log-rows" node_ref=list></div>
            </div>
        </div>
    }
}

/// `<div class="log-line"><time class="log-time"/><span class="log-mark"/><span class="log-text"/></div>`
struct LogRow {
    line: HtmlElement,
    time: Text,
    mark: Text,
    text: Text,
    /// What the row's colour stands for, so that it is set only when it changes.
    source: LineSource,
    clock: Option<LocalClock>,
    written: String,
}

impl Row<OutputLine> for LogRow {
    fn create(document: &Document) -> Option<Self> {
        let line = element(document, "div", "log-line")?;
        let text_of = |parent: HtmlElement| {
            let text = document.create_text_node("");
            parent.append_child(&text).ok()?;
            Some(text)
        };
        let time = text_of(child(document, &line, "time", "log-time")?)?;
        let mark = text_of(child(document, &line, "span", "log-mark")?)?;
        let text = text_of(child(document, &line, "span", "log-text")?)?;
        Some(Self { line, time, mark, text, source: LineSource::Stdout, clock: None, written: String::new() })
    }

    fn element(&self) -> &HtmlElement {
        &self.line
    }

    fn write(&mut self, item: &OutputLine) {
        let clock = *self.clock.get_or_insert_with(|| LocalClock::at(item.at));
        clock.write_millis(item.at, &mut self.written);
        self.time.set_data(&self.written);
        self.text.set_data(&item.text);
        if self.source != item.source {
            let word = match &item.source {
                LineSource::Stdout => "",
                LineSource::Stderr => "err",
                LineSource::Log(level) => level,
            };
            self.mark.set_data(word);
            // Setting a plain attribute fails only for names that are none.
            let _ = self.line.set_attribute("data-source", word);
            self.source = item.source.clone();
        }
    }
}

/// A new element with a class.
pub(super) fn element(document: &Document, name: &str, class: &str) -> Option<HtmlElement> {
    let element: HtmlElement = document.create_element(name).ok()?.dyn_into().ok()?;
    element.set_class_name(class);
    Some(element)
}

/// A new element with a class, as the last child of `parent`.
pub(super) fn child(
    document: &Document,
    parent: &HtmlElement,
    name: &str,
    class: &str,
) -> Option<HtmlElement> {
    let element = element(document, name, class)?;
    parent.append_child(&element).ok()?;
    Some(element)
}
