//! `/scrape-runs`: the list, with filter and search in the address.

use leptos::prelude::*;
use switchboard_protocol::ScrapePhase;

use crate::{
    api::ScrapeRunListQuery,
    components::{
        AddressQuery, Chips, Empty, Failure, Glyph, LoadMore, NoScrapeRuns, ScrapeTable, SearchField,
        SkeletonRows, StaleNote, StartScrapeButton, TransportNote, grouped, use_address_query, use_title,
    },
    realtime::{LoadPhase, Transport, UseScrapeRuns, use_scrape_runs, use_websocket_context},
};

/// The choice that filters nothing.
const ALL: &str = "all";

/// The list's settings, read from the address and written to it.
#[derive(Clone, Copy)]
struct Address {
    phase: Memo<Option<ScrapePhase>>,
    search: Memo<String>,
    query: AddressQuery,
}

impl Address {
    fn set_phase(self, phase: Option<ScrapePhase>) {
        self.query.set("phase", phase.map_or("", ScrapePhase::as_str));
    }

    fn clear(self) {
        self.query.set_all(&[("phase", ""), ("q", "")]);
    }
}

/// The list of scrape runs.
#[component]
pub fn ScrapeRunsPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let query = use_address_query();
    let phase = query.member("phase");
    let address = Address {
        phase: Memo::new(move |_| phase.with(|name| ScrapePhase::from_name(name))),
        search: query.member("q"),
        query,
    };
    use_title(move || match address.phase.get() {
        Some(phase) => format!("Scrape runs, {phase}"),
        None => "Scrape runs".to_owned(),
    });
    let runs = use_scrape_runs(Memo::new(move |_| ScrapeRunListQuery {
        organization_id: organization.get(),
        phase: address.phase.get(),
        text: address.search.get(),
    }));
    let is_empty = Memo::new(move |_| runs.rows.with(Vec::is_empty));
    let is_filtered =
        Memo::new(move |_| address.phase.get().is_some() || !address.search.with(String::is_empty));
    let body = move || match (runs.phase.get(), is_empty.get()) {
        (LoadPhase::Failed(error), _) => {
            view! { <Failure what="The list of scrape runs" error on_retry=move |()| runs.retry() /> }
                .into_any()
        }
        (_, false) => view! { <List runs /> }.into_any(),
        (LoadPhase::Loading, true) => {
            view! { <div class="panel"><SkeletonRows label="Loading scrape runs" /></div> }.into_any()
        }
        (LoadPhase::Ready, true) if is_filtered.get() => {
            view! { <div class="panel"><NoMatch address /></div> }.into_any()
        }
        (LoadPhase::Ready, true) => view! { <div class="panel"><NoScrapeRuns /></div> }.into_any(),
    };
    view! {
        <div class="page">
            <div class="page-head">
                <h1>"Scrape runs"</h1>
                <TransportNote transport=runs.transport />
                // Over an event stream the list is live though the socket is down.
                <Show when=move || runs.transport.get() == Transport::None>
                    <StaleNote />
                </Show>
                <StartScrapeButton />
            </div>
            <Filters address />
            {body}
        </div>
    }
}

#[component]
fn Filters(address: Address) -> impl IntoView {
    let phases = [ALL].into_iter().chain(ScrapePhase::ALL.map(ScrapePhase::as_str)).collect();
    let chosen = Signal::derive(move || address.phase.get().map_or(ALL, ScrapePhase::as_str));
    view! {
        <div class="toolbar" role="search">
            <SearchField
                label="Search"
                placeholder="Title, target, platform, id"
                text=address.search
                on_search=move |text: String| address.query.set("q", &text)
            />
            <Chips
                label="Phase"
                names=phases
                chosen
                on_choose=move |name| address.set_phase(ScrapePhase::from_name(name))
            />
        </div>
    }
}

#[component]
fn List(runs: UseScrapeRuns) -> impl IntoView {
    let count = Memo::new(move |_| runs.rows.with(Vec::len));
    let scope = move || match (runs.has_more.get(), count.get()) {
        (false, 1) => "1 scrape run".to_owned(),
        (false, count) => format!("{} scrape runs", grouped(count as u64)),
        (true, count) => format!("The latest {} scrape runs", grouped(count as u64)),
    };
    view! {
        <div class="panel">
            <ScrapeTable rows=runs.rows transport=runs.transport />
            <div class="rows-foot">
                <span>{scope}</span>
                <Show when=move || runs.has_more.get()>
                    <LoadMore error=runs.more_error on_load=move |()| runs.load_more() />
                </Show>
            </div>
        </div>
    }
}

#[component]
fn NoMatch(address: Address) -> impl IntoView {
    let text = move || {
        let phase = address.phase.get().map(|phase| format!("is {phase}"));
        let search = Some(address.search.get()).filter(|text| !text.is_empty());
        let search =
            search.map(|text| format!("holds “{text}” in its title, targets, platforms or identifier"));
        let parts: Vec<_> = phase.into_iter().chain(search).collect();
        format!("No run of this organization {}.", parts.join(" and "))
    };
    move || {
        view! {
            <Empty title="No scrape run matches" text=text() glyph=Glyph::Search>
                <button type="button" class="button" on:click=move |_| address.clear()>
                    "Clear filters"
                </button>
            </Empty>
        }
    }
}
