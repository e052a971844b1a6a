//! `/`: what is going on, at a glance.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

use super::executions::NoExecutions;
use crate::{
    api::ExecutionListQuery,
    components::{ExecutionTable, Failure, SkeletonRows, StaleNote, Status, grouped, use_title},
    realtime::{ExecutionPhase, UseExecutions, use_executions, use_websocket_context},
};

/// How many executions the overview lists.
const RECENT: usize = 12;

/// In the order of what an operator looks for first.
const COUNTED: [ExecutionStatus; 5] = [
    ExecutionStatus::Running,
    ExecutionStatus::Failed,
    ExecutionStatus::Completed,
    ExecutionStatus::Pending,
    ExecutionStatus::Cancelled,
];

/// Counts and the latest executions.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let query =
        Memo::new(move |_| ExecutionListQuery { organization_id: organization.get(), ..Default::default() });
    let executions = use_executions(query);
    let running = count_of(ExecutionStatus::Running, executions);
    use_title(move || match running.get() {
        0 => "Overview".to_owned(),
        running => format!("{running} running"),
    });
    let body = move || match executions.phase.get() {
        ExecutionPhase::Loading => view! {
            <div class="panel">
                <SkeletonRows />
            </div>
        }
        .into_any(),
        ExecutionPhase::Failed(error) => {
            view! { <Failure what="The list of executions" error on_retry=move |()| executions.retry() /> }
                .into_any()
        }
        ExecutionPhase::Ready => view! { <Body executions /> }.into_any(),
    };
    view! {
        <div class="page">
            <div class="page-head">
                <h1>"Overview"</h1>
                <StaleNote />
            </div>
            {body}
        </div>
    }
}

#[component]
fn Body(executions: UseExecutions) -> impl IntoView {
    let known = Memo::new(move |_| executions.rows.with(Vec::len));
    let recent = Memo::new(move |_| {
        executions.rows.with(|rows| rows.iter().take(RECENT).cloned().collect::<Vec<_>>())
    });
    let scope = move || match (executions.has_more.get(), known.get()) {
        (true, known) => format!("Counted over the latest {} executions", grouped(known as u64)),
        (false, 1) => "Counted over the one execution there is".to_owned(),
        (false, known) => format!("Counted over all {} executions", grouped(known as u64)),
    };
    let empty = || {
        view! {
            <div class="panel">
                <NoExecutions />
            </div>
        }
    };
    view! {
        <Show when=move || known.get() != 0 fallback=empty>
            <section class="section" aria-label="Counts">
                <div class="counts">{COUNTED.map(|status| view! { <Count status executions /> })}</div>
                <p class="faint">{scope}</p>
            </section>
            <section class="section" aria-label="Recent executions">
                <div class="section-head">
                    <h2>"Recent executions"</h2>
                    <a href="/executions">"View all"</a>
                </div>
                <div class="panel">
                    <ExecutionTable rows=recent />
                </div>
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

/// How many of the known executions have a status.
fn count_of(status: ExecutionStatus, executions: UseExecutions) -> Memo<usize> {
    Memo::new(move |_| {
        executions.version.track();
        executions.rows.with(|rows| {
            let has_it = |row: &&crate::realtime::ExecutionRow| {
                row.summary.with_untracked(|summary| summary.status == status)
            };
            rows.iter().filter(has_it).count()
        })
    })
}
