//! The recent frames, as they come.
//!
//! The list follows the newest as the lines of an execution do (pages/execution/output.rs). Who pauses it, scrolls away from its end or
//! chooses a frame reads undisturbed: the rows are left alone, and the number of frames that wait is told. A chosen frame is shown
//! whole below the list. Frames are read only when they are shown: at a rate that nobody can follow most never are.

use leptos::{ev, html, prelude::*};
use switchboard_model::{FrameFilter, FrameSort, WireRecording};
use wasm_bindgen::JsCast;

use super::{
    Shared,
    frame_row::{COLUMNS, ShownFrame, row_id},
    frames_shown::Shown,
};
use crate::components::{
    Chips, CopyButton, Following, Glyph, Icon, NewerRows, SearchField, Shortcut, focus, full_text, grouped,
    has_modifier, indented, newer_text, on_shortcut, shown_text,
};

/// How far from its end, in CSS pixels, the list still counts as being at its end: less than a row.
const AT_END_PX: i32 = 24;

/// What the list shows, and what waits while it stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    shown: usize,
    total: u64,
    waiting: u64,
}

/// What the parts of the list share.
#[derive(Clone, Copy)]
struct List {
    grid: NodeRef<html::Div>,
    frame: NodeRef<html::Div>,
    rows: NodeRef<html::Div>,
    filter: RwSignal<FrameFilter>,
    following: Following,
    chosen: RwSignal<Option<ShownFrame>>,
    shown: StoredValue<Option<Shown>, LocalStorage>,
}

#[component]
pub(super) fn Frames(shared: Shared) -> impl IntoView {
    let list = List {
        grid: NodeRef::new(),
        frame: NodeRef::new(),
        rows: NodeRef::new(),
        filter: RwSignal::new(FrameFilter::default()),
        following: Following::new(AT_END_PX),
        chosen: RwSignal::new(None),
        shown: StoredValue::new_local(None),
    };
    let counts = show_frames(shared, list);
    on_shortcut(Shortcut::Follow, move || list.toggle());
    let head = |(name, class)| {
        view! {
            <span role="columnheader" class=class>
                {name}
            </span>
        }
    };
    let text = Memo::new(move |_| match counts.get() {
        Counts { shown: 0, total: 0, .. } => {
            Some("No frame since this page was opened. The next ping and its answer will be here.")
        }
        Counts { shown: 0, .. } => Some("No frame matches."),
        _ => None,
    });
    view! {
        <section
            class="card is-wire-frames"
            aria-label="Frames"
            on:keydown=move |event| list.let_go(&event)
        >
            <Head list counts />
            <div
                class="frames"
                role="grid"
                aria-label="Recent frames"
                aria-activedescendant=move || list.chosen.with(|chosen| chosen.as_ref().map(|it| row_id(it.number)))
                tabindex="0"
                node_ref=list.grid
                on:keydown=move |event| list.key(&event)
            >
                <div class="frames-head" role="rowgroup">
                    <div class="frame-row" role="row">
                        {COLUMNS.map(head)}
                    </div>
                </div>
                <div
                    class="frames-frame"
                    role="rowgroup"
                    node_ref=list.frame
                    on:scroll=move |_| list.scrolled()
                    on:click=move |event| list.clicked(&event)
                >
                    <div class="frames-rows" role="presentation" node_ref=list.rows></div>
                </div>
            </div>
            {move || text.get().map(|text| view! { <p class="section-note muted">{text}</p> })}
            <NewerRows
                text=Signal::derive(move || newer_text(counts.get().waiting, "frame"))
                list=list.grid
                on_follow=move |()| list.follow()
            />
            {move || list.chosen.get().map(|chosen| view! { <Chosen chosen list /> })}
        </section>
    }
}

#[component]
fn Head(list: List, counts: RwSignal<Counts>) -> impl IntoView {
    let typed = Memo::new(move |_| list.filter.with(|filter| filter.text.clone()));
    let sort = Signal::derive(move || list.filter.with(|filter| filter.sort.as_str()));
    let follows = move || list.following.get();
    view! {
        <div class="card-head">
            <h2>"Recent frames"</h2>
            <span class="card-count">
                {move || {
                    let Counts { shown, total, .. } = counts.get();
                    shown_text(shown, total, list.filter.with(FrameFilter::is_none))
                }}
            </span>
            <div class="card-tools" role="search">
                <SearchField
                    label="Filter frames"
                    placeholder="Kind, id, text"
                    text=typed
                    on_search=move |text: String| list.change(|filter| filter.text = text.to_lowercase())
                />
                <Chips
                    label="Sort of frame"
                    names=FrameSort::EVERY.map(FrameSort::as_str).to_vec()
                    chosen=sort
                    on_choose=move |name| {
                        list.change(|filter| filter.sort = FrameSort::from_name(name).unwrap_or_default());
                    }
                />
                <CopyButton text=move || list.json_lines() what="Copy all shown as JSON Lines" />
                <button
                    type="button"
                    class="button is-small is-fixed"
                    title="Follow the newest frame, or pause (f)"
                    on:click=move |_| list.toggle()
                >
                    <Icon glyph=Signal::derive(move || {
                        if follows() { Glyph::Pause } else { Glyph::Follow }
                    }) />
                    {move || if follows() { "Pause" } else { "Follow" }}
                </button>
            </div>
        </div>
    }
}

/// The chosen frame, whole.
#[component]
fn Chosen(chosen: ShownFrame, list: List) -> impl IntoView {
    let ShownFrame { frame, head, .. } = chosen;
    // As it was sent, every digit and every member in its place; what is no JSON has no lines to be broken into.
    let pretty = if head.problem.is_some() { frame.text.to_string() } else { indented(&frame.text) };
    let text = frame.text.clone();
    let about = format!(
        "{} {}, {} bytes{}",
        frame.direction.as_str(),
        full_text(frame.at),
        grouped(frame.bytes as u64),
        if frame.is_cut() { ", of which the beginning is kept" } else { "" }
    );
    view! {
        <div class="wire-chosen" role="region" aria-label="Chosen frame">
            <div class="card-head">
                <h3>{if head.kind.is_empty() { "unreadable".to_owned() } else { head.kind }}</h3>
                <span class="card-count">{about}</span>
                <div class="card-tools">
                    <CopyButton text=move || text.to_string() what="Copy the frame's text" />
                    <button
                        type="button"
                        class="button is-plain is-square is-small"
                        aria-label="Close the frame"
                        on:click=move |_| list.close()
                    >
                        <Icon glyph=Glyph::Close />
                    </button>
                </div>
            </div>
            {head.problem.map(|problem| view! { <p class="section-note wire-reason">{problem}</p> })}
            <pre tabindex="0">
                <code>{pretty}</code>
            </pre>
        </div>
    }
}

impl List {
    fn follow(self) {
        self.mark(None);
        self.chosen.set(None);
        self.following.follow();
        if let Some(frame) = self.frame.get_untracked() {
            frame.set_scroll_top(0);
        }
    }

    fn toggle(self) {
        if self.following.toggle() {
            self.follow();
        }
    }

    fn change(self, change: impl FnOnce(&mut FrameFilter)) {
        self.filter.update(change);
        self.follow();
    }

    fn scrolled(self) {
        if let Some(frame) = self.frame.get_untracked() {
            self.following.scrolled(&frame);
        }
    }

    fn clicked(self, event: &ev::MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let row = target.and_then(|target| target.closest("[data-number]").ok().flatten());
        let number = row.and_then(|row| row.get_attribute("data-number")?.parse().ok());
        if let Some(number) = number {
            self.choose(Some(number));
        }
    }

    /// Up and down, Home and End choose. With a modifier they are the browser's, or the system's.
    fn key(self, event: &ev::KeyboardEvent) {
        if has_modifier(event) {
            return;
        }
        let chosen = self.chosen.with_untracked(|chosen| chosen.as_ref().map(|it| it.number));
        let next = self.shown.with_value(|shown| {
            let numbers: Vec<u64> = shown.as_ref()?.frames().map(|it| it.number).collect();
            let place = chosen.and_then(|chosen| numbers.iter().position(|number| *number == chosen));
            let last = numbers.len().checked_sub(1)?;
            let to = match (event.key().as_str(), place) {
                ("ArrowUp" | "k", Some(place)) => place.saturating_sub(1),
                ("ArrowDown" | "j", Some(place)) => place.saturating_add(1).min(last),
                ("ArrowUp" | "ArrowDown" | "k" | "j", None) | ("End", _) => last,
                ("Home", _) => 0,
                _ => return None,
            };
            numbers.get(to).copied()
        });
        if let Some(number) = next {
            event.prevent_default();
            self.choose(Some(number));
        }
    }

    /// Escape lets the chosen frame go, from the list and from the frame itself. In the search it clears that.
    fn let_go(self, event: &ev::KeyboardEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let is_in_field = target.is_some_and(|target| target.matches("input").unwrap_or_default());
        let is_chosen = self.chosen.with_untracked(Option::is_some);
        if event.key() == "Escape" && !has_modifier(event) && !is_in_field && is_chosen {
            self.close();
        }
    }

    /// Lets the chosen frame go, and whoever was at it back into the list.
    fn close(self) {
        let focused = document().active_element();
        let was_at_it = focused.is_some_and(|it| it.closest(".wire-chosen").ok().flatten().is_some());
        self.choose(None);
        if let Some(grid) = self.grid.get_untracked().filter(|_| was_at_it) {
            focus(&grid);
        }
    }

    /// Shows a frame whole, and keeps the list still for it.
    fn choose(self, number: Option<u64>) {
        let of_number =
            |shown: &Option<Shown>| shown.as_ref()?.frames().find(|it| Some(it.number) == number).cloned();
        let chosen = self.shown.with_value(of_number);
        if chosen.is_some() {
            self.following.pause();
        }
        self.mark(chosen.as_ref().map(|it| it.number));
        self.chosen.set(chosen);
    }

    /// Marks the row of a frame, and takes the mark from the one before.
    fn mark(self, number: Option<u64>) {
        let before = self.chosen.with_untracked(|chosen| chosen.as_ref().map(|it| it.number));
        let row = |number: Option<u64>| document().get_element_by_id(&row_id(number?));
        // Setting plain attributes fails only for names that are none.
        if let Some(row) = row(before) {
            let _ = row.set_attribute("aria-selected", "false");
        }
        if let Some(row) = row(number) {
            let _ = row.set_attribute("aria-selected", "true");
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    }

    fn json_lines(self) -> String {
        self.shown.with_value(|shown| {
            let lines = shown.iter().flat_map(Shown::frames).map(|it| it.frame.json_line());
            lines.collect::<Vec<_>>().join("\n")
        })
    }
}

/// Keeps the rows at what was recorded, as long as the list follows; answers how many there are.
fn show_frames(shared: Shared, list: List) -> RwSignal<Counts> {
    let counts = RwSignal::new(Counts::default());
    let wire = shared.wire;
    Effect::new(move || {
        wire.version.track();
        let follows = list.following.get();
        let filter = list.filter.get();
        let Some(rows) = list.rows.get() else { return };
        let bring = |recording: &WireRecording| {
            list.shown.try_update_value(|shown| {
                if shown.is_none() {
                    *shown = Shown::new(rows.clone().into());
                }
                let shown = shown.as_mut()?;
                let waiting = shown.bring(recording.frames(), &filter, follows);
                Some(Counts { shown: shown.frames().len(), total: recording.frames().total(), waiting })
            })
        };
        let next = wire.with_recording(bring).flatten().flatten().unwrap_or_default();
        if counts.get_untracked() != next {
            counts.set(next);
        }
    });
    counts
}
