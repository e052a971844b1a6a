//! What the run took out of pages: the latest of it as a table, and all of it as files.
//!
//! Frames tell only how many items there are. So they are fetched, at most once a second, when there are more.

use leptos::prelude::*;
use switchboard_protocol::Timestamp;

use super::{Shared, export::Export};
use crate::{
    api::{ApiError, use_queries},
    components::{Failure, ItemTable, ItemValues, grouped, use_ticker},
};

/// How many items are shown.
const SHOWN: usize = 50;

/// The least time between two requests, in milliseconds. The page's clock ticks that often, give or take a little.
const PAUSE_MS: u64 = 900;

#[derive(Clone, Copy)]
struct Fetched {
    items: RwSignal<Vec<ItemValues>>,
    error: RwSignal<Option<ApiError>>,
    /// Whether an answer has come.
    is_answered: RwSignal<bool>,
    /// Asks again, though nothing has changed.
    again: Trigger,
}

#[component]
pub(super) fn Items(shared: Shared) -> impl IntoView {
    let count = Memo::new(move |_| shared.summary.with(|run| run.items));
    let fetched = use_items(shared, count);
    let has_items = Memo::new(move |_| fetched.items.with(|items| !items.is_empty()));
    let shown = move || {
        let shown = fetched.items.with(Vec::len) as u64;
        match count.get() {
            _ if shown == 0 => None,
            count if shown < count => Some(format!("the latest {shown} of {}", grouped(count))),
            count => Some(grouped(count)),
        }
    };
    let nothing = move || {
        match (count.get() > 0, fetched.is_answered.get()) {
            (true, true) => return "Items were counted, but none of them was sent here.",
            (true, false) => return "Loading items…",
            (false, _) => {}
        }
        // Only a snapshot tells what is taken out.
        shared.generation.track();
        match shared.hook.view.with_untracked(|run| run.limits().is_some() && run.extract().is_none()) {
            Some(true) => "This run takes no items out of its pages: it was started without selectors.",
            _ if shared.phase.get().is_final() => "No items were found.",
            _ => "No items yet. They appear here as they are found.",
        }
    };
    let failure = move || {
        fetched.error.get().map(|error| {
            view! { <Failure what="The items" error on_retry=move |()| fetched.again.notify() /> }
        })
    };
    view! {
        <section class="card" aria-label="Items">
            <div class="card-head">
                <h2>"Items"</h2>
                <span class="card-count">{shown}</span>
                <div class="card-tools">
                    <Export shared />
                </div>
            </div>
            {failure}
            <Show
                when=move || has_items.get()
                fallback=move || view! { <p class="section-note muted">{nothing}</p> }
            >
                <ItemTable label="Items" items=fetched.items />
            </Show>
        </section>
    }
}

/// Keeps the latest items at what the run has.
fn use_items(shared: Shared, count: Memo<u64>) -> Fetched {
    let queries = use_queries();
    let ticker = use_ticker();
    let fetched = Fetched {
        items: RwSignal::new(Vec::new()),
        error: RwSignal::new(None),
        is_answered: RwSignal::new(false),
        again: Trigger::new(),
    };
    let is_under_way = StoredValue::new(false);
    // How many there were when they were last asked for, and when that was.
    let asked = StoredValue::new((0_u64, None::<Timestamp>));
    let forget = move || {
        let _ = asked.try_update_value(|(count, _)| *count = 0);
    };
    // Again, and the run's end: what comes last is shown in any case.
    Effect::new(move |is_later: Option<()>| {
        fetched.again.track();
        shared.ended.track();
        if is_later.is_some() {
            forget();
        }
    });
    Effect::new(move || {
        fetched.again.track();
        let (now, count) = (ticker.wall.get(), count.get());
        let (before, at) = asked.get_value();
        let is_soon = at.is_some_and(|at| now.millis_since(at) < PAUSE_MS && now >= at);
        if count == before || count == 0 || is_soon || is_under_way.get_value() {
            return;
        }
        let Some(api) = queries.api() else { return };
        let (organization, id) = (shared.organization.get_value(), shared.id.get_value());
        asked.set_value((count, Some(now)));
        is_under_way.set_value(true);
        leptos::task::spawn_local(async move {
            let answer = api.scrape_items(&organization, &id, SHOWN).await;
            let _ = is_under_way.try_update_value(|is| *is = false);
            match answer {
                Ok(list) => {
                    let items = list.items.iter().map(|item| ItemValues::read(&item.fields)).collect();
                    let _ = fetched.items.try_set(items);
                    let _ = fetched.is_answered.try_set(true);
                    let _ = fetched.error.try_set(None);
                }
                Err(error) => {
                    let _ = fetched.error.try_set(Some(error));
                }
            }
        });
    });
    fetched
}
