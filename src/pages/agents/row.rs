//! One agent. A cell of its own for each thing that can change: the others stay as they are.

use leptos::prelude::*;
use switchboard_model::{AgentCondition, agent_condition_beyond, agent_condition_since};
use switchboard_protocol::rest::AgentSummary;

use super::{Shared, beats::Beats, condition::Condition, heartbeat::LastHeartbeat, shortened};
use crate::{
    components::{clock_text, name_of},
    realtime::AgentRow,
};

/// How much of a name or a task a cell holds: more than fits, and not ten thousand characters.
const CELL: usize = 200;

/// How much a title holds.
const TITLE: usize = 2_000;

#[component]
pub(super) fn TableRow(row: AgentRow, shared: Shared) -> impl IntoView {
    let summary: Signal<AgentSummary> = row.summary.into();
    let (now, since, outage) = (shared.now, shared.hook.listening_since, shared.outage);
    let condition = Memo::new(move |_| {
        summary.with(|agent| match since.get() {
            Some(since) => agent_condition_since(agent, now.get(), since),
            None => agent_condition_beyond(agent, now.get(), outage.get()),
        })
    });
    let task =
        Memo::new(move |_| summary.with(|agent| (agent.current_task.clone(), agent.execution_id.clone())));
    let department =
        Memo::new(move |_| summary.with(|agent| shortened(&name_of(agent.department.as_ref()), CELL)));
    let trouble = Memo::new(move |_| {
        let is_stale = condition.get() == AgentCondition::Stale;
        summary.with(|agent| match (&agent.error, agent.heard_at) {
            (Some(error), _) => Some(("bad", error.clone())),
            (None, Some(heard)) if is_stale => Some(("warn", format!("silent since {}", clock_text(heard)))),
            _ => None,
        })
    });
    let task = move || {
        let (task, execution) = task.get();
        let title = task.as_deref().map(|task| shortened(task, TITLE));
        if let Some(execution) = execution {
            let href = format!("/executions/{}", js_sys::encode_uri_component(execution.as_str()));
            let text = task.unwrap_or_else(|| execution.to_string());
            view! { <a class="truncate" href=href title=title>{shortened(&text, CELL)}</a> }.into_any()
        } else {
            let text = task.map_or_else(|| "–".to_owned(), |task| shortened(&task, CELL));
            view! { <span class="truncate" title=title>{text}</span> }.into_any()
        }
    };
    let trouble = move || {
        trouble.get().map(|(tone, text)| {
            view! {
                <span class="truncate" data-tone=tone title=shortened(&text, TITLE)>
                    {shortened(&text, CELL)}
                </span>
            }
        })
    };
    let (name, title) = (shortened(row.id.as_str(), CELL), shortened(row.id.as_str(), TITLE));
    view! {
        <tr role="row" data-condition=move || condition.get().as_str()>
            <td role="cell" class="is-status">
                <Condition condition />
            </td>
            <th role="rowheader" scope="row" class="is-title">
                <span class="truncate" title=title>{name}</span>
            </th>
            <td role="cell" class="is-beat">
                <LastHeartbeat summary now />
            </td>
            <td role="cell" class="is-task">{task}</td>
            <td role="cell" class="is-department truncate muted">{department}</td>
            <td role="cell" class="is-error">{trouble}</td>
            <td role="cell" class="is-beats">
                <Beats summary />
            </td>
        </tr>
    }
}
