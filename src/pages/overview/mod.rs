//! `/`: what is going on, at a glance.

use leptos::prelude::*;
use switchboard_protocol::ExecutionStatus;

use super::executions::NoExecutions;
use crate::{
    api::ExecutionListQuery,
    components::{ExecutionTable, Failure, StaleBanner, StatusBadge, set_title},
    realtime::{ExecutionPhase, ExecutionRow, use_connection_status, use_executions, use_websocket_context},
};

/// How many executions the overview lists.
const RECENT: usize = 8;

/// Counts and the latest executions.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let connection = use_connection_status();
    set_title("Overview");
    let query =
        Memo::new(move |_| ExecutionListQuery { organization_id: organization.get(), ..Default::default() });
    let executions = use_executions(query);
    let recent = Memo::new(move |_| {
        executions.rows.with(|rows| rows.iter().take(RECENT).cloned().collect::<Vec<_>>())
    });
    let known = move || executions.rows.with(Vec::len);
    let scope = move || match (executions.has_more.get(), known()) {
        (true, known) => format!("The latest {known} executions"),
        (false, 1) => "One execution".to_owned(),
        (false, known) => format!("All {known} executions"),
    };
    let body = move || {
        match executions.phase.get() {
        ExecutionPhase::Loading => view! {
            <div class="loading" role="status" aria-label="Loading executions">
                <span class="spinner"></span>
                "Loading executions"
            </div>
        }
        .into_any(),
        ExecutionPhase::Failed(error) => {
            view! { <Failure what="The list of executions" error on_retry=move |()| executions.retry() /> }.into_any()
        }
        ExecutionPhase::Ready => view! {
            <Show when=move || known() != 0 fallback=NoExecutions>
                <section class="page-section" aria-label="Counts">
                    <div class="card counts">
                        {COUNTED.map(|status| view! { <Count status executions=executions.rows version=executions.version /> })}
                    </div>
                </section>
                <section class="card" aria-label="Recent executions">
                    <div class="panel-head section-head">
                        <h2>"Recent executions"</h2>
                        <span class="muted">{scope}</span>
                        <a class="button" href="/executions">
                            "All executions"
                        </a>
                    </div>
                    <ExecutionTable rows=recent />
                </section>
            </Show>
        }
        .into_any(),
    }
    };
    view! {
        <div class="page" class:live=move || connection.socket_up.get()>
            <div class="page-head">
                <h1>"Overview"</h1>
            </div>
            <StaleBanner />
            {body}
        </div>
    }
}

/// In the order of what an operator looks for first.
const COUNTED: [ExecutionStatus; 5] = [
    ExecutionStatus::Running,
    ExecutionStatus::Failed,
    ExecutionStatus::Completed,
    ExecutionStatus::Cancelled,
    ExecutionStatus::Pending,
];

#[component]
fn Count(
    status: ExecutionStatus,
    executions: Signal<Vec<ExecutionRow>>,
    version: Signal<u64>,
) -> impl IntoView {
    let count = Memo::new(move |_| {
        version.track();
        executions.with(|rows| {
            let has_status =
                |row: &&ExecutionRow| row.summary.with_untracked(|summary| summary.status == status);
            rows.iter().filter(has_status).count()
        })
    });
    view! {
        <a href=format!("/executions?status={status}")>
            <StatusBadge status=Signal::stored(status) />
            <span class="count">{count}</span>
        </a>
    }
}
