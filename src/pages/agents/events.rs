//! The latest events, following the stream until somebody reads.
//!
//! The rows are those of an execution's output (pages/execution/output.rs): a column from its end, whose place 0 the browser keeps
//! in sight by itself. Who scrolls away, pauses or opens an event reads undisturbed: the rows are left alone, and what waits is
//! counted.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    Shared,
    event_row::{number_at, toggle},
    events_shown::Shown,
};
use crate::{
    components::{Glyph, Icon, SearchField, Shortcut, grouped, on_shortcut, use_ticker},
    realtime::UseDaemon,
};

/// How far from its end, in CSS pixels, the log still counts as being at its end: less than two rows.
const AT_END_PX: i32 = 32;

/// Whether the view follows the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The end is in view, and stays so.
    Following,
    /// Somebody scrolled away from the end; scrolling back follows again.
    ScrolledAway,
    /// Somebody pressed Pause, or opened an event; only Follow follows again.
    Paused,
}

/// What the log shows, and what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    shown: usize,
    waiting: u64,
}

type Rows = StoredValue<Option<Shown>, LocalStorage>;

#[component]
pub(super) fn Events(shared: Shared) -> impl IntoView {
    let hook = shared.hook;
    let (log, list) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let filter = RwSignal::new(String::new());
    let mode = RwSignal::new(Mode::Following);
    let rows: Rows = StoredValue::new_local(None);
    let counts = show_events(hook, rows, log, list, filter, mode);
    let switch = move || match mode.get_untracked() {
        Mode::Following => mode.set(Mode::Paused),
        Mode::ScrolledAway | Mode::Paused => mode.set(Mode::Following),
    };
    on_shortcut(Shortcut::Follow, switch);
    let scrolled = move |_| {
        let Some(log) = log.get_untracked() else { return };
        // Counted from the end, upwards below zero.
        let at_end = log.scroll_top() > -AT_END_PX;
        match (mode.get_untracked(), at_end) {
            (Mode::Following, false) => mode.set(Mode::ScrolledAway),
            (Mode::ScrolledAway, true) => mode.set(Mode::Following),
            _ => {}
        }
    };
    let clicked = move |event: ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some((row, number)) = target.as_ref().and_then(number_at) else { return };
        let entry = rows.try_with_value(|rows| rows.as_ref()?.event(number)).flatten();
        // What is read must not move, nor be written over.
        if entry.and_then(|entry| toggle(&row, &entry)) == Some(true) {
            mode.set(Mode::Paused);
        }
    };
    let follows = move || mode.get() == Mode::Following;
    view! {
        <section class="card is-events-card" aria-label="Events of agents">
            <div class="card-head">
                <h2>"Events"</h2>
                <span class="card-count">{move || shown_text(hook.total.get(), counts.get(), filter.with(String::is_empty))}</span>
                <div class="card-tools" role="search">
                    <SearchField
                        label="Filter events"
                        placeholder="Type, agent, text"
                        text=filter
                        on_search=move |text: String| {
                            filter.set(text.to_lowercase());
                            mode.set(Mode::Following);
                        }
                    />
                    <button
                        type="button"
                        class="button is-small is-fixed"
                        title="Follow the newest event, or pause (f)"
                        on:click=move |_| switch()
                    >
                        <Icon glyph=Signal::derive(move || if follows() { Glyph::Pause } else { Glyph::Follow }) />
                        {move || if follows() { "Pause" } else { "Follow" }}
                    </button>
                </div>
            </div>
            <LeftOut hook />
            <div class="log-frame">
                // Not announced one by one: a daemon may say thousands a second.
                <div
                    class="log events"
                    role="log"
                    aria-label="Events"
                    aria-live="off"
                    tabindex="0"
                    node_ref=log
                    on:scroll=scrolled
                    on:click=clicked
                >
                    <div class="log-rows" node_ref=list></div>
                </div>
                <Show when=move || counts.get().shown == 0>
                    <p class="log-empty">
                        {move || {
                            if filter.with(String::is_empty) {
                                "Nothing was said yet. Events appear here as they come."
                            } else {
                                "No event matches."
                            }
                        }}
                    </p>
                </Show>
                <Show when=move || { counts.get().waiting > 0 }>
                    <button
                        type="button"
                        class="button is-small log-pending"
                        on:click=move |_| mode.set(Mode::Following)
                    >
                        <Icon glyph=Glyph::Down />
                        {move || match counts.get().waiting {
                            1 => "1 new event".to_owned(),
                            waiting => format!("{} new events", grouped(waiting)),
                        }}
                    </button>
                </Show>
            </div>
        </section>
    }
}

/// Says what is not in view, and why.
#[component]
fn LeftOut(hook: UseDaemon) -> impl IntoView {
    let ticker = use_ticker();
    let text = Memo::new(move |_| {
        ticker.wall.track();
        let unseen = hook.unseen.get();
        let unseen = (unseen > 0).then(|| {
            format!(
                "{} events went by faster than they can be shown; the agents follow them all the same.",
                grouped(unseen)
            )
        });
        let left_out = match hook.left_out() {
            0 => None,
            count => Some(format!(
                "{} more came than this page can read, and were left out: a heartbeat among them may be missing, a start, stop or error hardly.",
                grouped(count)
            )),
        };
        let unreadable = match hook.unreadable() {
            0 => None,
            1 => Some("1 frame could not be read.".to_owned()),
            count => Some(format!("{} frames could not be read.", grouped(count))),
        };
        let parts: Vec<_> = unseen.into_iter().chain(left_out).chain(unreadable).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    });
    move || text.get().map(|text| view! { <p class="log-note">{text}</p> })
}

/// How many events are shown of how many.
fn shown_text(total: u64, counts: Counts, is_whole: bool) -> Option<String> {
    let shown = grouped(counts.shown as u64);
    match (total, is_whole) {
        (0, _) => None,
        (total, true) if counts.shown as u64 >= total => Some(shown),
        (total, true) => Some(format!("the latest {shown} of {}", grouped(total))),
        (total, false) => Some(format!("{shown} match, of {}", grouped(total))),
    }
}

/// Keeps the rows at the latest events, as long as the log follows; answers how many there are.
fn show_events(
    hook: UseDaemon,
    rows: Rows,
    log: NodeRef<html::Div>,
    list: NodeRef<html::Div>,
    filter: RwSignal<String>,
    mode: RwSignal<Mode>,
) -> RwSignal<Counts> {
    let counts = RwSignal::new(Counts::default());
    Effect::new(move |followed: Option<bool>| {
        let following = mode.get() == Mode::Following;
        let (Some(log), Some(list)) = (log.get(), list.get()) else { return following };
        let next = hook.events.with(|events| {
            rows.try_update_value(|rows| {
                if rows.is_none() {
                    *rows = Shown::new(list.clone().into());
                }
                let shown = rows.as_mut()?;
                let waiting = filter.with(|filter| shown.bring(events, filter, following));
                Some(Counts { shown: shown.len(), waiting })
            })
        });
        let next = next.flatten().flatten().unwrap_or_default();
        if counts.get_untracked() != next {
            counts.set(next);
        }
        if following && followed == Some(false) {
            log.set_scroll_top(0);
        }
        following
    });
    counts
}
