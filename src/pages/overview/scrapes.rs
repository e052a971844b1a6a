//! The scrape that runs now, and the latest ones.

use leptos::prelude::*;
use switchboard_protocol::rest::ScrapeRunSummary;

use crate::{
    api::ApiError,
    components::{
        Failure, NoScrapeRuns, ProgressList, ScrapeTable, SkeletonRows, TransportNote, scrape_title,
    },
    realtime::{LoadPhase, ScrapeRunRow, UseScrapeRuns, overall_of},
};

/// How many scrape runs the overview lists.
const RECENT: usize = 8;

/// The newest run that is not over, live; and in any case which way progress comes.
#[component]
pub(super) fn ActiveScrape(runs: UseScrapeRuns) -> impl IntoView {
    let active = Memo::new(move |_| {
        runs.version.track();
        let is_active = |row: &&ScrapeRunRow| row.summary.with_untracked(|summary| !summary.phase.is_final());
        runs.rows.with(|rows| rows.iter().find(is_active).cloned())
    });
    let body = move || match active.get() {
        Some(row) => view! { <Active row runs /> }.into_any(),
        None => view! {
            <div class="panel">
                <p class="section-note muted">"Nothing is being scraped."</p>
            </div>
        }
        .into_any(),
    };
    view! {
        <section class="section" aria-label="Active scrape">
            <div class="section-head">
                <h2>"Active scrape"</h2>
                <TransportNote transport=runs.transport />
            </div>
            {body}
        </section>
    }
}

#[component]
fn Active(row: ScrapeRunRow, runs: UseScrapeRuns) -> impl IntoView {
    let summary: Signal<ScrapeRunSummary> = row.summary.into();
    let title = Memo::new(move |_| summary.with(scrape_title));
    let overall = Memo::new(move |_| summary.with(overall_of));
    let platforms = Memo::new(move |_| summary.with(|run| run.platforms.clone()));
    let live = Signal::derive(move || runs.transport.get().is_live());
    let href = format!("/scrape-runs/{}", js_sys::encode_uri_component(row.id.as_str()));
    view! {
        <div class="panel">
            <p class="active-title truncate">
                <a href=href>{title}</a>
            </p>
            <ProgressList overall platforms live />
        </div>
    }
}

/// The latest runs.
#[component]
pub(super) fn RecentScrapes(runs: UseScrapeRuns) -> impl IntoView {
    let is_empty = Memo::new(move |_| runs.rows.with(Vec::is_empty));
    let recent =
        Memo::new(move |_| runs.rows.with(|rows| rows.iter().take(RECENT).cloned().collect::<Vec<_>>()));
    let body = move || match (runs.phase.get(), is_empty.get()) {
        // A server that speaks only part 1 of the protocol.
        (LoadPhase::Failed(ApiError::NotFound { .. }), true) => view! {
            <div class="panel">
                <p class="section-note muted">"This server keeps no list of scrape runs."</p>
            </div>
        }
        .into_any(),
        (LoadPhase::Failed(error), _) => {
            view! { <Failure what="The list of scrape runs" error on_retry=move |()| runs.retry() /> }
                .into_any()
        }
        (_, false) => {
            view! { <div class="panel"><ScrapeTable rows=recent transport=runs.transport /></div> }.into_any()
        }
        (LoadPhase::Loading, true) => {
            view! { <div class="panel"><SkeletonRows label="Loading scrape runs" /></div> }.into_any()
        }
        (LoadPhase::Ready, true) => view! { <div class="panel"><NoScrapeRuns /></div> }.into_any(),
    };
    view! {
        <section class="section" aria-label="Recent scrape runs">
            <div class="section-head">
                <h2>"Recent scrape runs"</h2>
                <a href="/scrape-runs">"View all"</a>
            </div>
            {body}
        </section>
    }
}
