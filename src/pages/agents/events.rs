//! The latest events, following the stream until somebody reads.
//!
//! The rows are those of an execution's output (pages/execution/output.rs): a column from its end, whose place 0 the browser keeps
//! in sight by itself. Who scrolls away, pauses or opens an event reads undisturbed: the rows are left alone, and what waits is
//! counted.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    Shared,
    event_row::{head_at, number_at, toggle},
    events_shown::Shown,
};
use crate::{
    components::{
        Following, Glyph, Icon, NewerRows, RowStep, SearchField, Shortcut, focus_row, grouped, has_modifier,
        newer_text, on_shortcut, shown_text, use_ticker,
    },
    realtime::UseDaemon,
};

/// How far from its end, in CSS pixels, the log still counts as being at its end: less than two rows.
const AT_END_PX: i32 = 32;

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
    let following = Following::new(AT_END_PX);
    let rows: Rows = StoredValue::new_local(None);
    let counts = show_events(hook, rows, log, list, filter, following);
    on_shortcut(Shortcut::Follow, move || {
        following.toggle();
    });
    let scrolled = move |_| {
        if let Some(log) = log.get_untracked() {
            following.scrolled(&log);
        }
    };
    let clicked = move |event: ev::MouseEvent| {
        let Some((row, number)) = element_of(&event).as_ref().and_then(number_at) else { return };
        let entry = rows.try_with_value(|rows| rows.as_ref()?.event(number)).flatten();
        // What is read must not move, nor be written over.
        if entry.and_then(|entry| toggle(&row, &entry)) == Some(true) {
            following.pause();
        }
    };
    let focused = move |event: ev::FocusEvent| {
        if let Some(head) = element_of(&event).as_ref().and_then(head_at) {
            let _ = rows.try_update_value(|rows| rows.as_mut().map(|shown| shown.stop_at(head)));
        }
    };
    // From event to event, as j and k go. Elsewhere in the log the arrows scroll.
    let pressed = move |event: ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => RowStep::Next,
            "ArrowUp" => RowStep::Previous,
            _ => return,
        };
        if !has_modifier(&event) && element_of(&event).as_ref().and_then(head_at).is_some() && focus_row(step)
        {
            event.prevent_default();
        }
    };
    view! {
        <section class="card is-events-card" aria-label="Events of agents">
            <Head hook counts filter following />
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
                    on:focusin=focused
                    on:keydown=pressed
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
                <NewerRows
                    text=Signal::derive(move || newer_text(counts.get().waiting, "event"))
                    list=log
                    on_follow=move |()| following.follow()
                />
            </div>
        </section>
    }
}

/// How many there are, which of them are shown, and whether the newest is followed.
#[component]
fn Head(
    hook: UseDaemon,
    counts: RwSignal<Counts>,
    filter: RwSignal<String>,
    following: Following,
) -> impl IntoView {
    let follows = move || following.get();
    view! {
        <div class="card-head">
            <h2>"Events"</h2>
            <span class="card-count">
                {move || shown_text(counts.get().shown, hook.total.get(), filter.with(String::is_empty))}
            </span>
            <div class="card-tools" role="search">
                <SearchField
                    label="Filter events"
                    placeholder="Type, agent, text"
                    text=filter
                    on_search=move |text: String| {
                        filter.set(text.to_lowercase());
                        following.follow();
                    }
                />
                <button
                    type="button"
                    class="button is-small is-fixed"
                    title="Follow the newest event, or pause (f)"
                    on:click=move |_| {
                        following.toggle();
                    }
                >
                    <Icon glyph=Signal::derive(move || if follows() { Glyph::Pause } else { Glyph::Follow }) />
                    {move || if follows() { "Pause" } else { "Follow" }}
                </button>
            </div>
        </div>
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

/// Keeps the rows at the latest events, as long as the log follows; answers how many there are.
fn show_events(
    hook: UseDaemon,
    rows: Rows,
    log: NodeRef<html::Div>,
    list: NodeRef<html::Div>,
    filter: RwSignal<String>,
    following: Following,
) -> RwSignal<Counts> {
    let counts = RwSignal::new(Counts::default());
    Effect::new(move |followed: Option<bool>| {
        let follows = following.get();
        let (Some(log), Some(list)) = (log.get(), list.get()) else { return follows };
        let next = hook.events.with(|events| {
            rows.try_update_value(|rows| {
                if rows.is_none() {
                    *rows = Shown::new(list.clone().into());
                }
                let shown = rows.as_mut()?;
                let waiting = filter.with(|filter| shown.bring(events, filter, follows));
                Some(Counts { shown: shown.len(), waiting })
            })
        });
        let next = next.flatten().flatten().unwrap_or_default();
        if counts.get_untracked() != next {
            counts.set(next);
        }
        if follows && followed == Some(false) {
            log.set_scroll_top(0);
        }
        follows
    });
    counts
}

fn element_of(event: &ev::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}
