//! The latest executions.

use leptos::prelude::*;

use crate::{
    components::{ExecutionTable, Failure, SkeletonRows},
    pages::executions::NoExecutions,
    realtime::{LoadPhase, UseExecutions},
};

/// How many executions the overview lists.
const RECENT: usize = 12;

#[component]
pub(super) fn RecentExecutions(executions: UseExecutions) -> impl IntoView {
    let is_empty = Memo::new(move |_| executions.rows.with(Vec::is_empty));
    let recent = Memo::new(move |_| {
        executions.rows.with(|rows| rows.iter().take(RECENT).cloned().collect::<Vec<_>>())
    });
    let body = move || match (executions.phase.get(), is_empty.get()) {
        (LoadPhase::Failed(error), _) => {
            view! { <Failure what="The list of executions" error on_retry=move |()| executions.retry() /> }
                .into_any()
        }
        (_, false) => view! { <div class="panel"><ExecutionTable rows=recent /></div> }.into_any(),
        (LoadPhase::Loading, true) => {
            view! { <div class="panel"><SkeletonRows label="Loading executions" /></div> }.into_any()
        }
        (LoadPhase::Ready, true) => view! { <div class="panel"><NoExecutions /></div> }.into_any(),
    };
    view! {
        <section class="section" aria-label="Recent executions">
            <div class="section-head">
                <h2>"Recent executions"</h2>
                <a href="/executions">"View all"</a>
            </div>
            {body}
        </section>
    }
}
