//! Who is at work, for whom, and how it stands.

use leptos::prelude::*;
use switchboard_protocol::rest::ExecutionSummary;

use crate::components::{ElapsedTime, When, WorkerStatus, grouped, name_of};

#[component]
pub(super) fn Agent(#[prop(into)] summary: Signal<ExecutionSummary>) -> impl IntoView {
    let agent = Memo::new(move |_| summary.with(|row| name_of(row.agent.as_ref())));
    let department = Memo::new(move |_| summary.with(|row| name_of(row.department.as_ref())));
    let started = Memo::new(move |_| summary.with(|row| row.started_at));
    let exit_code = Memo::new(move |_| summary.with(|row| row.exit_code));
    let events = Memo::new(move |_| summary.with(|row| grouped(row.event_count)));
    let exit = move || {
        exit_code.get().map(|code| {
            view! {
                <dt>"Exit code"</dt>
                <dd>{code}</dd>
            }
        })
    };
    view! {
        <section class="card is-agent-card" aria-label="Agent">
            <div class="card-head">
                <h2>"Agent"</h2>
            </div>
            <dl class="facts">
                <dt>"Name"</dt>
                <dd>{agent}</dd>
                <dt>"Department"</dt>
                <dd>{department}</dd>
                <dt>"Status"</dt>
                <dd>
                    <WorkerStatus summary />
                </dd>
                <dt>"Started"</dt>
                <dd>
                    <When at=started />
                </dd>
                <dt>"Duration"</dt>
                <dd>
                    <ElapsedTime summary />
                </dd>
                {exit}
                <dt>"Events"</dt>
                <dd>{events}</dd>
            </dl>
        </section>
    }
}
