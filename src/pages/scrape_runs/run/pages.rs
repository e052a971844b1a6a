//! The run's pages, as they are done.
//!
//! The rows follow the newest as the lines of an execution do (pages/execution/output.rs): the frame is a column from its
//! end, whose place 0 the browser keeps in sight by itself. Who scrolls away from it reads undisturbed: the rows are left alone,
//! and the number of pages that wait is told.

use leptos::{html, prelude::*};
use switchboard_model::{Ring, VIEW_CAPACITY};
use switchboard_protocol::ScrapedPage;

use super::{
    Shared,
    page_row::{COLUMNS, PageRow},
    pages_filter::{Filter, Outcome},
};
use crate::components::{
    Chips, Following, NewerRows, RecycledRows, SearchField, Waiting, newer_text, shown_text,
};

/// The choice that filters nothing.
const ALL: &str = "all";

/// How far from its end, in CSS pixels, the list still counts as being at its end: less than a row.
const AT_END_PX: i32 = 24;

/// What the list shows, and what waits while somebody reads further up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    shown: usize,
    total: u64,
    waiting: u64,
}

#[component]
pub(super) fn Pages(shared: Shared) -> impl IntoView {
    let (frame, list) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let filter = RwSignal::new(Filter::default());
    let following = Following::new(AT_END_PX);
    let counts = show_pages(shared, list, filter, following);
    let typed = Memo::new(move |_| filter.with(|filter| filter.text.clone()));
    let chosen = Signal::derive(move || filter.with(|filter| filter.outcome).map_or(ALL, Outcome::as_str));
    let change = move |change: &dyn Fn(&mut Filter)| {
        filter.update(change);
        following.follow();
    };
    let to_end = move |()| {
        following.follow();
        if let Some(frame) = frame.get_untracked() {
            frame.set_scroll_top(0);
        }
    };
    let scrolled = move |_| {
        if let Some(frame) = frame.get_untracked() {
            following.scrolled(&frame);
        }
    };
    let head = |(name, class)| {
        view! {
            <span role="columnheader" class=class>
                {name}
            </span>
        }
    };
    view! {
        <section class="card is-pages-card" aria-label="Pages">
            <div class="card-head">
                <h2>"Pages"</h2>
                <span class="card-count">
                    {move || {
                        let Counts { shown, total, .. } = counts.get();
                        shown_text(shown, total, filter.with(Filter::is_none))
                    }}
                </span>
                <div class="card-tools" role="search">
                    <SearchField
                        label="Filter pages"
                        placeholder="Address, title, type, error"
                        text=typed
                        on_search=move |text: String| change(&|filter| filter.text = text.to_lowercase())
                    />
                    <Chips
                        label="Outcome"
                        names=[ALL].into_iter().chain(Outcome::ALL.map(Outcome::as_str)).collect()
                        chosen
                        on_choose=move |name| change(&|filter| filter.outcome = Outcome::from_name(name))
                    />
                </div>
            </div>
            // Before the rows, above which it lies: whoever goes through their links comes to their end anyway.
            <NewerRows
                text=Signal::derive(move || newer_text(counts.get().waiting, "page"))
                list=frame
                on_follow=to_end
            />
            <div class="pages" role="table" aria-label="Pages">
                <div class="pages-head" role="rowgroup">
                    <div class="page-row" role="row">
                        {COLUMNS.map(head)}
                    </div>
                </div>
                <div
                    class="pages-frame"
                    role="rowgroup"
                    tabindex="0"
                    aria-label="Rows"
                    node_ref=frame
                    on:scroll=scrolled
                >
                    <div class="pages-rows" role="presentation" node_ref=list></div>
                </div>
            </div>
            <Nothing shared counts filter />
        </section>
    }
}

/// Why there are no rows.
#[component]
fn Nothing(shared: Shared, counts: RwSignal<Counts>, filter: RwSignal<Filter>) -> impl IntoView {
    let text = Memo::new(move |_| match counts.get() {
        Counts { shown: 0, total: 0, .. } if shared.phase.get().is_final() => Some("No page was fetched."),
        Counts { shown: 0, total: 0, .. } => Some("No page yet. They appear here as they are done."),
        Counts { shown: 0, .. } if !filter.with(Filter::is_none) => Some("No page matches."),
        _ => None,
    });
    move || text.get().map(|text| view! { <p class="section-note muted">{text}</p> })
}

/// The rows and what they show: those pages that the filter lets through.
struct Shown {
    rows: RecycledRows<PageRow>,
    ring: Ring<ScrapedPage>,
    /// Which ring it is: a new one for each filter and each snapshot.
    generation: u64,
    filter: Filter,
    /// Which snapshot's pages these are, and the next one to look at.
    source: Option<u64>,
    next: u64,
    waiting: Waiting,
}

impl Shown {
    fn new(list: web_sys::HtmlElement) -> Option<Self> {
        Some(Self {
            rows: RecycledRows::new(list)?,
            ring: Ring::new(VIEW_CAPACITY),
            generation: 0,
            filter: Filter::default(),
            source: None,
            next: 0,
            waiting: Waiting::default(),
        })
    }

    /// Brings the rows to what there is, or, where nobody `follows`, only counts what waits.
    fn bring(&mut self, pages: &Ring<ScrapedPage>, source: u64, filter: &Filter, follows: bool) -> u64 {
        if self.source.is_some() && self.filter == *filter && !follows {
            // After a new snapshot all of it waits: which of it was shown cannot be told.
            let from = if self.source == Some(source) { self.next } else { 0 };
            if filter.is_none() {
                // Also those that came and went again.
                return pages.total().saturating_sub(from);
            }
            if self.waiting.source() != source {
                self.waiting.begin(source, from);
            }
            let new = pages.since(self.waiting.next());
            let count = new.filter(|(_, page)| filter.lets_through(page)).count();
            return self.waiting.add(count, pages.total());
        }
        if self.source != Some(source) || self.filter != *filter {
            self.generation += 1;
            self.ring = Ring::new(VIEW_CAPACITY);
            (self.source, self.next) = (Some(source), 0);
            self.filter.clone_from(filter);
        }
        let new = pages.since(self.next).filter(|(_, page)| filter.lets_through(page));
        self.ring.extend(new.map(|(_, page)| page.clone()));
        self.next = pages.total();
        self.waiting.begin(source, self.next);
        self.rows.update(&self.ring, self.generation, false);
        0
    }
}

/// Keeps the rows at the run's pages, as long as the list follows; answers how many there are.
fn show_pages(
    shared: Shared,
    list: NodeRef<html::Div>,
    filter: RwSignal<Filter>,
    following: Following,
) -> RwSignal<Counts> {
    let counts = RwSignal::new(Counts::default());
    let shown = StoredValue::new_local(None::<Shown>);
    Effect::new(move || {
        shared.hook.version.track();
        let follows = following.get();
        let Some(list) = list.get() else { return };
        let source = shared.hook.view.generation();
        let next = shared.hook.view.with_untracked(|run| {
            shown.try_update_value(|shown| {
                if shown.is_none() {
                    *shown = Shown::new(list.clone().into());
                }
                let shown = shown.as_mut()?;
                let waiting = filter.with(|filter| shown.bring(run.pages(), source, filter, follows));
                Some(Counts { shown: shown.ring.len(), total: run.page_count(), waiting })
            })
        });
        let next = next.flatten().flatten().unwrap_or_default();
        if counts.get_untracked() != next {
            counts.set(next);
        }
    });
    counts
}
