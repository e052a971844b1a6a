//! `/`: what is going on, at a glance.

mod counts;
mod executions;
mod scrapes;

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, ScrapePhase};

use self::{
    counts::{Counts, count_of, count_of_phase},
    executions::RecentExecutions,
    scrapes::{ActiveScrape, RecentScrapes},
};
use crate::{
    api::{ExecutionListQuery, ScrapeRunListQuery},
    components::{StaleNote, StartScrapeButton, use_title},
    realtime::{use_executions, use_scrape_runs, use_websocket_context},
};

/// Counts, the active scrape, and the latest executions and scrape runs.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let executions = use_executions(Memo::new(move |_| ExecutionListQuery {
        organization_id: organization.get(),
        ..Default::default()
    }));
    let runs = use_scrape_runs(Memo::new(move |_| ScrapeRunListQuery {
        organization_id: organization.get(),
        ..Default::default()
    }));
    let (running, scraping) =
        (count_of(ExecutionStatus::Running, executions), count_of_phase(ScrapePhase::Running, runs));
    use_title(move || match running.get() + scraping.get() {
        0 => "Overview".to_owned(),
        running => format!("{running} running"),
    });
    view! {
        <div class="page">
            <div class="page-head">
                <h1>"Overview"</h1>
                <StaleNote />
                <StartScrapeButton />
            </div>
            <Counts executions runs />
            <ActiveScrape runs />
            <RecentExecutions executions />
            <RecentScrapes runs />
        </div>
    }
}
