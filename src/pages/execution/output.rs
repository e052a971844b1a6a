//! What an execution writes, line by line.
//!
//! While the view follows, each change of the execution brings the new lines, and nothing scrolls: the log is a column
//! from its end (`column-reverse` in style/log.css), whose place 0 is the end, so that a browser keeps it there by itself.
//! Asking for its height and scrolling there would lay the page out twice a frame. While the view stands still, the rows are left alone, so that nothing moves under the eyes of who reads, and only the number
//! of lines that wait is told.

use leptos::{html, prelude::*};
use switchboard_model::{Execution, VIEW_CAPACITY};

use super::{AT_END_PX, line_row::LineRow};
use crate::{
    components::{
        CopyButton, Following, Glyph, Icon, NewerRows, RecycledRows, Shortcut, Store, grouped, newer_text,
        on_shortcut, recall, remember,
    },
    realtime::UseExecution,
};

/// The name under which the browser remembers whether lines wrap.
const WRAP: &str = "wrap";

/// Below this width, in CSS pixels, lines wrap unless a person chose otherwise.
const NARROW: f64 = 768.0;

/// The latest lines, following the stream until somebody reads further up.
#[component]
pub(super) fn Output(hook: UseExecution) -> impl IntoView {
    let (log, rows) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let following = Following::new(AT_END_PX);
    let wrapped = RwSignal::new(wraps_at_first());
    let waiting = show_lines(hook, log, rows, following);
    let toggle = move || {
        following.toggle();
    };
    on_shortcut(Shortcut::Follow, toggle);

    let scrolled = move |_| {
        if let Some(log) = log.get_untracked() {
            following.scrolled(&log);
        }
    };
    let wrap = move |_| {
        wrapped.update(|wrapped| *wrapped = !*wrapped);
        remember(Store::Local, WRAP, Some(if wrapped.get_untracked() { "on" } else { "off" }));
    };
    let follows = move || following.get();
    let is_empty = Memo::new(move |_| hook.execution.with(|execution| execution.output().is_empty()));
    view! {
        <div class="card is-output-card">
            <div class="card-head">
                <h2>"Output"</h2>
                <div class="card-tools">
                    <button
                        type="button"
                        class="button is-plain is-small"
                        title="Wrap long lines"
                        aria-pressed=move || wrapped.get().to_string()
                        on:click=wrap
                    >
                        <Icon glyph=Glyph::Wrap />
                        "Wrap"
                    </button>
                    <CopyButton text=move || all_lines(hook) what="Copy all lines" />
                    <button
                        type="button"
                        class="button is-small is-fixed"
                        title="Follow the newest line, or pause (f)"
                        on:click=move |_| toggle()
                    >
                        <Icon glyph=Signal::derive(move || {
                            if follows() { Glyph::Pause } else { Glyph::Follow }
                        }) />
                        {move || if follows() { "Pause" } else { "Follow" }}
                    </button>
                </div>
            </div>
            <Truncation hook />
            <div class="log-frame">
                // Not announced line by line: at thousands of lines a second nobody could listen, and the browser
                // would have to prepare each of them to be read out.
                <div
                    class="log"
                    class:is-wrapped=wrapped
                    role="log"
                    aria-label="Output"
                    aria-live="off"
                    tabindex="0"
                    node_ref=log
                    on:scroll=scrolled
                >
                    <div class="log-rows" node_ref=rows></div>
                </div>
                <Show when=move || is_empty.get() == Some(true)>
                    <p class="log-empty">"Nothing was written yet. Lines appear here as they come."</p>
                </Show>
                <NewerRows
                    text=Signal::derive(move || waiting.get().and_then(Waiting::text))
                    list=log
                    on_follow=move |()| following.follow()
                />
            </div>
        </div>
    }
}

/// Says how much of the execution is not shown.
#[component]
fn Truncation(hook: UseExecution) -> impl IntoView {
    let events = Memo::new(move |_| {
        hook.summary.with(|summary| summary.as_ref().map_or(0, |summary| summary.event_count))
    });
    let latest = grouped(VIEW_CAPACITY as u64);
    let text = Memo::new(move |_| {
        let events = events.get();
        (events > VIEW_CAPACITY as u64)
            .then(|| format!("Showing the latest {latest} of {} events", grouped(events)))
    });
    let is_truncated = Memo::new(move |_| text.with(Option::is_some));
    view! {
        <Show when=move || is_truncated.get()>
            <p class="log-note">{text}</p>
        </Show>
    }
}

/// How many lines came while the view stood still; `None` where a new snapshot has made that unknowable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting(Option<u64>);

impl Waiting {
    fn text(self) -> Option<String> {
        self.0.map_or_else(|| Some("New lines".to_owned()), |count| newer_text(count, "line"))
    }
}

/// Keeps the rows of `log` at what was written, as long as the view follows; answers what waits while it doesn't.
fn show_lines(
    hook: UseExecution,
    log: NodeRef<html::Div>,
    list: NodeRef<html::Div>,
    following: Following,
) -> RwSignal<Option<Waiting>> {
    let waiting = RwSignal::new(None::<Waiting>);
    let rows = StoredValue::new_local(None::<RecycledRows<LineRow>>);
    Effect::new(move |followed: Option<bool>| {
        hook.version.track();
        let follows = following.get();
        let (Some(log), Some(list)) = (log.get(), list.get()) else { return follows };
        let generation = hook.execution.generation();
        let next = hook.execution.with_untracked(|execution| {
            rows.try_update_value(|rows| {
                if rows.is_none() {
                    *rows = RecycledRows::new(list.clone().into());
                }
                let rows = rows.as_mut()?;
                if follows {
                    rows.update(execution.output(), generation, false);
                    return None;
                }
                let is_same = rows.generation() == generation;
                let count = is_same.then(|| execution.output().total().saturating_sub(rows.next()));
                (count != Some(0)).then_some(Waiting(count))
            })
        });
        let next = next.flatten().flatten();
        if waiting.get_untracked() != next {
            waiting.set(next);
        }
        if follows && followed == Some(false) {
            log.set_scroll_top(0);
        }
        follows
    });
    waiting
}

fn all_lines(hook: UseExecution) -> String {
    let join = |execution: &Execution| {
        let lines: Vec<&str> = execution.output().iter().map(|line| &*line.text).collect();
        lines.join("\n")
    };
    hook.execution.with_untracked(join).unwrap_or_default()
}

fn wraps_at_first() -> bool {
    match recall(Store::Local, WRAP).as_deref() {
        Some("on") => true,
        Some("off") => false,
        _ => window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width < NARROW),
    }
}
