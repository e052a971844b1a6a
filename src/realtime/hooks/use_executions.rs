//! `use_executions`: a list of executions, kept current by the updates that the hub derives.

use std::rc::Rc;

use leptos::prelude::*;
use switchboard_model::apply_heartbeat;
use switchboard_protocol::{
    DashboardUpdate, ExecutionId, Frame, JobEvent, JobEventKind, OrganizationId,
    rest::{ExecutionChanged, ExecutionList, ExecutionSummary},
};

use super::{
    LiveRow, LoadPhase,
    live_list::{self, Held, ListSignals, Listed, LiveList, Page, use_live_list},
};
use crate::{
    api::{ApiError, ExecutionListQuery, Queries},
    realtime::{
        Subscription, WebSocketContext,
        fanout::{Notice, Topic},
    },
};

/// One row. Its identity never changes; what it shows does, alone and in place.
pub type ExecutionRow = LiveRow<ExecutionId, ExecutionSummary>;

/// What [`use_executions`] gives back.
#[derive(Clone, Copy)]
pub struct UseExecutions {
    /// The rows, the newest execution first. Changes only when rows come, go or move.
    pub rows: Signal<Vec<ExecutionRow>>,
    /// How far the list is.
    pub phase: Signal<LoadPhase>,
    /// Whether the server has more than is shown.
    pub has_more: Signal<bool>,
    /// Why more could not be loaded, when it was last asked for.
    pub more_error: Signal<Option<ApiError>>,
    /// Grows whenever any row has changed: what sorts by contents tracks it.
    pub version: Signal<u64>,
    list: Held<ListedExecutions>,
}

impl UseExecutions {
    /// Asks for the next page.
    pub fn load_more(&self) {
        live_list::load_more(self.list);
    }

    /// Asks for the list again.
    pub fn retry(&self) {
        live_list::retry(self.list);
    }
}

/// A list of executions. Where the server says in its updates what changed, the row changes with the next
/// animation frame; where it only says that something did, the list is fetched again.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_executions(query: impl Into<Signal<ExecutionListQuery>>) -> UseExecutions {
    let (ListSignals { rows, phase, has_more, version, more_error }, list) = use_live_list(query.into());
    UseExecutions {
        rows: rows.into(),
        phase: phase.into(),
        has_more: has_more.into(),
        more_error: more_error.into(),
        version: version.into(),
        list,
    }
}

struct ListedExecutions;

type List = LiveList<ListedExecutions>;

impl Listed for ListedExecutions {
    type Query = ExecutionListQuery;
    type Id = ExecutionId;
    type Item = ExecutionSummary;

    fn organization(query: &ExecutionListQuery) -> &OrganizationId {
        &query.organization_id
    }

    fn id(item: &ExecutionSummary) -> ExecutionId {
        item.execution_id.clone()
    }

    /// The list is in the order of the executions' starts, the newest first.
    fn is_above(item: &ExecutionSummary, other: &ExecutionSummary) -> bool {
        other.started_at <= item.started_at
    }

    fn wants(query: &ExecutionListQuery, item: &ExecutionSummary) -> bool {
        let needle = query.text.to_lowercase();
        let names = [item.agent.as_ref(), item.department.as_ref()];
        let names = names.into_iter().flatten().map(|entity| entity.name.as_str());
        let texts = [Some(item.execution_id.as_str()), item.title.as_deref()];
        query.status.is_none_or(|status| item.status == status)
            && texts.into_iter().flatten().chain(names).any(|text| text.to_lowercase().contains(&needle))
    }

    fn cached(queries: Queries, query: &ExecutionListQuery) -> Option<Page<ExecutionSummary>> {
        queries.cached_executions(query).map(|list| page(&list))
    }

    async fn fetch(
        queries: Queries,
        query: ExecutionListQuery,
        before: Option<String>,
    ) -> Result<Page<ExecutionSummary>, ApiError> {
        queries.fetch_executions(&query, before.as_deref()).await.map(|list| page(&list))
    }

    type Held = Vec<Subscription>;

    fn subscribe(list: &Rc<List>, context: WebSocketContext) -> Vec<Subscription> {
        let organization = &list.query.organization_id;
        let (for_updates, for_jobs, for_beats, for_notices) =
            (Rc::downgrade(list), Rc::downgrade(list), Rc::downgrade(list), Rc::downgrade(list));
        let on_notice = move |notice: &Notice| {
            if let (Some(list), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                list.begin_anew();
            }
        };
        let updates = context.subscribe(
            Topic::Updates(organization.clone()),
            "use_executions",
            move |matched| {
                let Some(list) = for_updates.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::DashboardUpdate(update) = &envelope.frame {
                        hear(&list, envelope.seq, update);
                    }
                }
            },
            Some(Box::new(on_notice)),
        );
        let jobs = context.subscribe(
            Topic::JobsOf(organization.clone()),
            "use_executions",
            move |matched| {
                let Some(list) = for_jobs.upgrade() else { return };
                let changes_lists =
                    |frame: &Frame| matches!(frame, Frame::JobEvent(job) if is_turning_point(job));
                if !list.says_what_changed.get()
                    && matched.iter().any(|envelope| changes_lists(&envelope.frame))
                {
                    list.refetch_soon();
                }
            },
            None,
        );
        let beats = context.subscribe(
            Topic::Agents,
            "use_executions",
            move |matched| {
                let Some(list) = for_beats.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::AgentEvent(event) = &envelope.frame
                        && let Some(execution) = &event.execution_id
                    {
                        list.change(execution, envelope.seq, |summary| {
                            apply_heartbeat(summary, event, matched.received_by_server())
                        });
                    }
                }
            },
            None,
        );
        updates.into_iter().chain(jobs).chain(beats).collect()
    }
}

fn page(list: &ExecutionList) -> Page<ExecutionSummary> {
    Page { items: list.items.clone(), next_before: list.next_before.clone(), seq: list.seq }
}

fn hear(list: &List, seq: Option<u64>, update: &DashboardUpdate) {
    match ExecutionChanged::read(&update.data) {
        Some(changed) => list.receive(seq, changed.execution),
        // A server that says what changed need not be asked when it is something else.
        None if update.data.object().is_some_and(|data| data.has("kind")) => list.says_what_changed.set(true),
        None => list.refetch_soon(),
    }
}

/// Whether a job's event changes what lists show; its progress and its log do not.
fn is_turning_point(job: &JobEvent) -> bool {
    !matches!(job.kind, JobEventKind::Progress | JobEventKind::Log | JobEventKind::Other(_))
}
