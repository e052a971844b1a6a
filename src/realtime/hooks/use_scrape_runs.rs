//! `use_scrape_runs`: a list of scrape runs, kept current by their progress, whichever way it comes.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use leptos::prelude::*;
use switchboard_link::Scope;
use switchboard_protocol::{
    Frame, OrganizationId, RunId, ScrapePhase,
    rest::{ScrapeRunChanged, ScrapeRunList, ScrapeRunSummary},
};

use super::{
    LiveRow, LoadPhase,
    live_list::{self, Held, ListSignals, Listed, LiveList, Page, use_live_list},
};
use crate::{
    api::{ApiError, Queries, ScrapeRunListQuery},
    realtime::{
        Matched, Subscription, Transport, WebSocketContext,
        fanout::{Notice, Topic},
        use_websocket_context,
    },
};

/// One row. Its identity never changes; what it shows does, alone and in place.
pub type ScrapeRunRow = LiveRow<RunId, ScrapeRunSummary>;

/// What [`use_scrape_runs`] gives back.
#[derive(Clone, Copy)]
pub struct UseScrapeRuns {
    /// The rows, the newest run first. Changes only when rows come, go or move.
    pub rows: Signal<Vec<ScrapeRunRow>>,
    /// How far the list is.
    pub phase: Signal<LoadPhase>,
    /// Whether the server has more than is shown.
    pub has_more: Signal<bool>,
    /// Why more could not be loaded, when it was last asked for.
    pub more_error: Signal<Option<ApiError>>,
    /// Grows whenever any row has changed: what counts or sorts by contents tracks it.
    pub version: Signal<u64>,
    /// Which way progress comes.
    pub transport: Signal<Transport>,
    list: Held<ListedRuns>,
}

impl UseScrapeRuns {
    /// Asks for the next page.
    pub fn load_more(&self) {
        live_list::load_more(self.list);
    }

    /// Asks for the list again.
    pub fn retry(&self) {
        live_list::retry(self.list);
    }
}

/// A list of scrape runs. Each `scrape_progress` moves its row with the next animation frame, over the socket or, while
/// that fails, over the event stream of all runs.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_scrape_runs(query: impl Into<Signal<ScrapeRunListQuery>>) -> UseScrapeRuns {
    let (ListSignals { rows, phase, has_more, version, more_error }, list) = use_live_list(query.into());
    UseScrapeRuns {
        rows: rows.into(),
        phase: phase.into(),
        has_more: has_more.into(),
        more_error: more_error.into(),
        version: version.into(),
        transport: use_websocket_context().scrape_transport(Signal::stored(Scope::All)),
        list,
    }
}

struct ListedRuns;

type List = LiveList<ListedRuns>;

impl Listed for ListedRuns {
    type Query = ScrapeRunListQuery;
    type Id = RunId;
    type Item = ScrapeRunSummary;

    fn organization(query: &ScrapeRunListQuery) -> &OrganizationId {
        &query.organization_id
    }

    fn id(item: &ScrapeRunSummary) -> RunId {
        item.run_id.clone()
    }

    fn is_above(item: &ScrapeRunSummary, other: &ScrapeRunSummary) -> bool {
        other.created_at <= item.created_at
    }

    fn wants(query: &ScrapeRunListQuery, item: &ScrapeRunSummary) -> bool {
        let needle = query.text.to_lowercase();
        let targets = item.targets.iter().map(String::as_str);
        let platforms = item.platforms.iter().map(|platform| platform.platform.as_str());
        let names = [Some(item.run_id.as_str()), item.title.as_deref()];
        let mut texts = names.into_iter().flatten().chain(targets).chain(platforms);
        query.phase.is_none_or(|phase| item.phase == phase)
            && texts.any(|text| text.to_lowercase().contains(&needle))
    }

    fn cached(queries: Queries, query: &ScrapeRunListQuery) -> Option<Page<ScrapeRunSummary>> {
        queries.cached_scrape_runs(query).map(|list| page(&list))
    }

    async fn fetch(
        queries: Queries,
        query: ScrapeRunListQuery,
        before: Option<String>,
    ) -> Result<Page<ScrapeRunSummary>, ApiError> {
        queries.fetch_scrape_runs(&query, before.as_deref()).await.map(|list| page(&list))
    }

    type Held = Vec<Subscription>;

    fn subscribe(list: &Rc<List>, context: WebSocketContext) -> Vec<Subscription> {
        let organization = list.query.organization_id.clone();
        let (for_updates, for_progress, for_notices) =
            (Rc::downgrade(list), Rc::downgrade(list), Rc::downgrade(list));
        let unknown = Unknown::default();
        list.on_known(move |seq| context.know_scrapes(&Scope::All, seq, false));
        let updates = context.subscribe(
            Topic::Updates(organization.clone()),
            "use_scrape_runs",
            move |matched| {
                if let Some(list) = for_updates.upgrade() {
                    hear_updates(&list, matched);
                }
            },
            None,
        );
        let progress = context.subscribe_scrapes(
            Scope::All,
            "use_scrape_runs",
            move |matched| {
                if let Some(list) = for_progress.upgrade() {
                    hear_progress(&list, &unknown, &organization, matched);
                }
            },
            move |notice| {
                if let (Some(list), Notice::Refetch(_) | Notice::StreamBegan) =
                    (for_notices.upgrade(), notice)
                {
                    list.begin_anew();
                }
            },
        );
        updates.into_iter().chain(progress).collect()
    }
}

fn page(list: &ScrapeRunList) -> Page<ScrapeRunSummary> {
    Page { items: list.items.clone(), next_before: list.next_before.clone(), seq: list.seq }
}

fn hear_updates(list: &List, matched: &Matched<'_>) {
    for envelope in matched.iter() {
        let Frame::DashboardUpdate(update) = &envelope.frame else { continue };
        if let Some(changed) = ScrapeRunChanged::read(&update.data) {
            list.receive(envelope.seq, changed.scrape_run);
        }
    }
}

fn hear_progress(list: &List, unknown: &Unknown, organization: &OrganizationId, matched: &Matched<'_>) {
    let received_at = matched.received_at();
    for envelope in matched.iter() {
        let Frame::ScrapeProgress(progress) = &envelope.frame else { continue };
        // Servers of part 1 name no organization: what they send is for this page.
        if envelope.organization().is_some_and(|of| of != organization) {
            continue;
        }
        let is_known = list.change(&progress.run_id, envelope.seq, |summary| {
            switchboard_model::apply_progress(summary, progress, received_at);
            true
        });
        if !is_known {
            unknown.note(list, &progress.run_id, progress.phase);
        }
    }
}

/// Runs that frames tell of and no row shows: new ones, while a stream stands in for the socket or where a server sends no
/// updates, and those that the query leaves out or that are further down. Each is asked for once, and once more when its phase
/// changes, or a busy run further down would have the list fetched without end.
#[derive(Default)]
struct Unknown(RefCell<HashSet<(RunId, Option<ScrapePhase>)>>);

/// How many runs are remembered so.
const MOST_UNKNOWN: usize = 1_000;

impl Unknown {
    fn note(&self, list: &List, run: &RunId, phase: Option<ScrapePhase>) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST_UNKNOWN {
            known.clear();
        }
        // Where the server's updates come, they come with the first frame, and bring the row.
        if known.insert((run.clone(), phase)) && !list.is_told_of_changes() {
            list.refetch_soon();
        }
    }
}
