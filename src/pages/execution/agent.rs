//! Who is at work, for whom, and how it stands.

use leptos::prelude::*;
use switchboard_protocol::{NamedEntity, OrganizationId, rest::ExecutionSummary};

use crate::components::{ElapsedTime, StatusBadge, date_and_time};

#[component]
pub(super) fn Agent(summary: Signal<Option<ExecutionSummary>>) -> impl IntoView {
    // The page shows this only once there is a summary; the stand-in is never seen.
    let summary = Memo::new(move |_| {
        summary
            .get()
            .unwrap_or_else(|| switchboard_model::new_summary(&OrganizationId::default(), &"".into()))
    });
    let name = |entity: &Option<NamedEntity>| entity.as_ref().map(|entity| entity.name.clone());
    let fact = |term: &'static str, value: Memo<Option<String>>| {
        move || {
            value.get().map(|value| {
                view! {
                    <dt>{term}</dt>
                    <dd>{value}</dd>
                }
            })
        }
    };
    let agent =
        Memo::new(move |_| summary.with(|row| name(&row.agent)).or_else(|| Some("not reported".into())));
    let department = Memo::new(move |_| summary.with(|row| name(&row.department)));
    let started = Memo::new(move |_| summary.with(|row| row.started_at.map(date_and_time)));
    let finished = Memo::new(move |_| summary.with(|row| row.finished_at.map(date_and_time)));
    let exit_code = Memo::new(move |_| summary.with(|row| row.exit_code.map(|code| code.to_string())));
    let events = Memo::new(move |_| Some(summary.with(|row| row.event_count.to_string())));
    let id = Memo::new(move |_| Some(summary.with(|row| row.execution_id.to_string())));
    let status = Memo::new(move |_| summary.with(|row| row.status));
    view! {
        <section class="card" aria-label="Agent">
            <div class="panel-head">
                <h2>"Agent"</h2>
            </div>
            <dl class="facts">
                {fact("Agent", agent)} {fact("Department", department)} <dt>"Status"</dt>
                <dd>
                    <StatusBadge status />
                </dd> {fact("Started", started)} {fact("Finished", finished)} <dt>"Duration"</dt>
                <dd>
                    <ElapsedTime summary />
                </dd> {fact("Exit code", exit_code)} {fact("Events", events)} {fact("Execution", id)}
            </dl>
        </section>
    }
}
