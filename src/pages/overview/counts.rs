//! How many executions there are of each status, and how many scrapes run.

use leptos::prelude::*;
use switchboard_protocol::{ExecutionStatus, ScrapePhase};

use crate::{
    components::{Glyph, Icon, Status, grouped, use_ticker},
    realtime::{ExecutionRow, ScrapeRunRow, UseExecutions, UseScrapeRuns},
};

/// In the order of what an operator looks for first.
const COUNTED: [ExecutionStatus; 5] = [
    ExecutionStatus::Running,
    ExecutionStatus::Failed,
    ExecutionStatus::Completed,
    ExecutionStatus::Pending,
    ExecutionStatus::Cancelled,
];

/// The counts; nothing where there is nothing to count.
#[component]
pub(super) fn Counts(executions: UseExecutions, runs: UseScrapeRuns) -> impl IntoView {
    let known = Memo::new(move |_| executions.rows.with(Vec::len));
    let is_shown = Memo::new(move |_| known.get() != 0 || runs.rows.with(|rows| !rows.is_empty()));
    let scope = move || match (executions.has_more.get(), known.get()) {
        (_, 0) => None,
        (true, known) => Some(format!("Of the latest {} executions", grouped(known as u64))),
        (false, 1) => Some("Of 1 execution".to_owned()),
        (false, known) => Some(format!("Of all {} executions", grouped(known as u64))),
    };
    view! {
        <Show when=move || is_shown.get()>
            <section class="section" aria-label="Counts">
                <div class="counts">
                    {COUNTED.map(|status| view! { <Count status executions /> })} <Scraping runs />
                </div>
                <Silent executions />
                <p class="faint">{scope}</p>
            </section>
        </Show>
    }
}

#[component]
fn Count(status: ExecutionStatus, executions: UseExecutions) -> impl IntoView {
    let count = count_of(status, executions);
    view! {
        <a class="count" href=format!("/executions?status={status}") data-count=count>
            <Status status=Signal::stored(status) />
            <span class="count-number">{move || grouped(count.get() as u64)}</span>
        </a>
    }
}

/// How many workers are silent, where any is: their executions are counted nowhere else.
#[component]
fn Silent(executions: UseExecutions) -> impl IntoView {
    let ticker = use_ticker();
    let count = Memo::new(move |_| {
        executions.version.track();
        let is_silent = |row: &&ExecutionRow| {
            row.summary.with_untracked(|summary| ticker.worker_silence(summary)).is_some()
        };
        executions.rows.with(|rows| rows.iter().filter(is_silent).count())
    });
    move || {
        let text = match count.get() {
            0 => return None,
            1 => "1 worker is silent: nobody knows whether its execution runs".to_owned(),
            count => format!(
                "{} workers are silent: nobody knows whether their executions run",
                grouped(count as u64)
            ),
        };
        Some(view! {
            <a class="silent-note" href="/executions?status=running">
                <Icon glyph=Glyph::Warning />
                {text}
            </a>
        })
    }
}

#[component]
fn Scraping(runs: UseScrapeRuns) -> impl IntoView {
    let count = count_of_phase(ScrapePhase::Running, runs);
    view! {
        <a class="count" href="/scrape-runs?phase=running" data-count=count>
            <span class="status">
                <Icon glyph=Glyph::Globe />
                "scraping"
            </span>
            <span class="count-number">{move || grouped(count.get() as u64)}</span>
        </a>
    }
}

/// How many of the known executions have a status. One whose worker is silent does not run, for all that anybody knows.
pub(super) fn count_of(status: ExecutionStatus, executions: UseExecutions) -> Memo<usize> {
    let ticker = use_ticker();
    Memo::new(move |_| {
        executions.version.track();
        executions.rows.with(|rows| {
            let has_it = |row: &&ExecutionRow| {
                row.summary.with_untracked(|summary| {
                    summary.status == status && ticker.worker_silence(summary).is_none()
                })
            };
            rows.iter().filter(has_it).count()
        })
    })
}

/// How many of the known scrape runs are in a phase.
pub(super) fn count_of_phase(phase: ScrapePhase, runs: UseScrapeRuns) -> Memo<usize> {
    Memo::new(move |_| {
        runs.version.track();
        runs.rows.with(|rows| {
            let is_in = |row: &&ScrapeRunRow| row.summary.with_untracked(|summary| summary.phase == phase);
            rows.iter().filter(is_in).count()
        })
    })
}
