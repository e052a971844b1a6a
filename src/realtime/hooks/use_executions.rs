//! `use_executions`: a list of executions, kept current by the updates that the hub derives.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::LinkState;
use switchboard_protocol::{
    DashboardUpdate, ExecutionId, Frame, JobEvent, JobEventKind,
    rest::{ConversationChanged, ExecutionChanged, ExecutionList, ExecutionSummary},
};

use super::{ExecutionPhase as Phase, subscribe_while_mounted};
use crate::{
    api::{ApiError, ExecutionListQuery, Queries, use_queries},
    realtime::{
        Subscription, WebSocketContext,
        fanout::{Notice, Topic},
        use_websocket_context,
    },
};

/// How long refetches are held together, in milliseconds, where updates don't say what changed.
const REFETCH_MS: u32 = 500;

/// How long to wait before a list that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// One row. Its identity never changes; what it shows does, alone and in place.
#[derive(Debug, Clone)]
pub struct ExecutionRow {
    /// Which execution.
    pub id: ExecutionId,
    /// What it shows.
    pub summary: ArcRwSignal<ExecutionSummary>,
    /// The update that it shows, so that an earlier one that comes late is left out.
    seq: Arc<AtomicU64>,
}

impl PartialEq for ExecutionRow {
    /// The same row, whatever it shows: lists are compared by which rows they have, in which order.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.seq, &other.seq)
    }
}

/// What [`use_executions`] gives back.
#[derive(Clone, Copy)]
pub struct UseExecutions {
    /// The rows, the newest execution first. Changes only when rows come, go or move.
    pub rows: Signal<Vec<ExecutionRow>>,
    /// How far the list is.
    pub phase: Signal<Phase>,
    /// Whether the server has more than is shown.
    pub has_more: Signal<bool>,
    /// Grows whenever any row has changed: what sorts by contents tracks it.
    pub version: Signal<u64>,
    list: StoredValue<Option<Rc<List>>, LocalStorage>,
}

impl UseExecutions {
    /// Asks for the next page.
    pub fn load_more(&self) {
        if let Some(list) = self.list.try_get_value().flatten() {
            list.load_more();
        }
    }

    /// Asks for the list again.
    pub fn retry(&self) {
        if let Some(list) = self.list.try_get_value().flatten() {
            list.signals.phase.set(Phase::Loading);
            list.fetch();
        }
    }
}

#[derive(Clone, Copy)]
struct Signals {
    rows: RwSignal<Vec<ExecutionRow>>,
    phase: RwSignal<Phase>,
    has_more: RwSignal<bool>,
    version: RwSignal<u64>,
}

/// From where on a connection brings every update; `None` where the server has no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LiveFrom(Option<u64>);

struct List {
    query: ExecutionListQuery,
    queries: Queries,
    signals: Signals,
    next_before: RefCell<Option<String>>,
    /// How new the first page is, where the server says so.
    seq: Cell<Option<u64>>,
    /// From where updates come, while the list that has to reach that far is on its way.
    waiting_for: Cell<Option<LiveFrom>>,
    request: Cell<u64>,
    timer: RefCell<Option<Timeout>>,
    /// Updates that came while a list was on its way.
    waiting: RefCell<Vec<(Option<u64>, ExecutionSummary)>>,
    in_flight: Cell<bool>,
    /// Whether the rows are this query's: those of the one before are shown until its own come.
    shown: Cell<bool>,
    /// Whether the server's updates say what changed: then jobs tell nothing that they don't.
    says_what_changed: Cell<bool>,
    subscriptions: RefCell<Vec<Subscription>>,
    this: Weak<Self>,
}

/// A list of executions. Where the server says in its updates what changed, the row changes with the next
/// animation frame; where it only says that something did, the list is fetched again.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_executions(query: impl Into<Signal<ExecutionListQuery>>) -> UseExecutions {
    let (context, queries) = (use_websocket_context(), use_queries());
    let signals = Signals {
        rows: RwSignal::new(Vec::new()),
        phase: RwSignal::new(Phase::Loading),
        has_more: RwSignal::new(false),
        version: RwSignal::new(0),
    };
    let list = StoredValue::new_local(None::<Rc<List>>);
    subscribe_while_mounted(query.into(), move |query| {
        // Rows of another filter are shown until the new ones come; rows of another organization are not.
        let before = list.try_get_value().flatten();
        if before.is_some_and(|before| before.query.organization_id != query.organization_id) {
            signals.rows.set(Vec::new());
            signals.phase.set(Phase::Loading);
        }
        let _ = list.try_set_value(Some(List::begin(query, context, queries, signals)));
        None
    });
    // A list that was fetched before the first connection lacks what happened until then.
    let link = context.status();
    let live = Memo::new(move |_| {
        link.with(|link| (link.state == LinkState::Connected).then_some(LiveFrom(link.live_from)))
    });
    Effect::new(move |before: Option<Option<LiveFrom>>| {
        let before = before.flatten();
        let now = live.get();
        if let (Some(list), Some(live_from)) = (list.try_get_value().flatten(), now)
            && before != now
        {
            list.follow_from(live_from);
        }
        now.or(before)
    });
    UseExecutions {
        rows: signals.rows.into(),
        phase: signals.phase.into(),
        has_more: signals.has_more.into(),
        version: signals.version.into(),
        list,
    }
}

impl List {
    fn begin(
        query: &ExecutionListQuery,
        context: WebSocketContext,
        queries: Queries,
        signals: Signals,
    ) -> Rc<Self> {
        let list = Rc::new_cyclic(|this| Self {
            query: query.clone(),
            queries,
            signals,
            next_before: RefCell::default(),
            seq: Cell::new(None),
            waiting_for: Cell::new(None),
            request: Cell::new(0),
            timer: RefCell::default(),
            waiting: RefCell::default(),
            in_flight: Cell::new(false),
            shown: Cell::new(false),
            says_what_changed: Cell::new(false),
            subscriptions: RefCell::default(),
            this: this.clone(),
        });
        match queries.cached_executions(query) {
            Some(cached) => list.show(&cached),
            None => signals.phase.set(Phase::Loading),
        }
        list.fetch();
        list.subscribe(context);
        list
    }

    fn subscribe(self: &Rc<Self>, context: WebSocketContext) {
        let organization = &self.query.organization_id;
        let (for_updates, for_jobs, for_notices) =
            (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let on_notice = move |notice: &Notice| {
            if let (Some(list), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                list.waiting.borrow_mut().clear();
                list.fetch();
            }
        };
        let updates = context.subscribe(
            Topic::Updates(organization.clone()),
            move |matched| {
                let Some(list) = for_updates.upgrade() else { return };
                for envelope in matched.iter() {
                    if let Frame::DashboardUpdate(update) = &envelope.frame {
                        list.receive(envelope.seq, update);
                    }
                }
            },
            Some(Box::new(on_notice)),
        );
        let jobs = context.subscribe(
            Topic::JobsOf(organization.clone()),
            move |matched| {
                let Some(list) = for_jobs.upgrade() else { return };
                let changes_lists =
                    |frame: &Frame| matches!(frame, Frame::JobEvent(job) if is_turning_point(job));
                if !list.says_what_changed.get()
                    && matched.iter().any(|envelope| changes_lists(&envelope.frame))
                {
                    list.refetch_soon(REFETCH_MS);
                }
            },
            None,
        );
        self.subscriptions.replace(updates.into_iter().chain(jobs).collect());
    }

    fn receive(&self, seq: Option<u64>, update: &DashboardUpdate) {
        match ExecutionChanged::read(&update.data) {
            Some(changed) => {
                self.says_what_changed.set(true);
                if self.in_flight.get() {
                    self.waiting.borrow_mut().push((seq, changed.execution.clone()));
                }
                self.fold(seq, changed.execution);
            }
            // A server that says what changed need not be asked when it is something else.
            None if ConversationChanged::read(&update.data).is_some() => self.says_what_changed.set(true),
            None => self.refetch_soon(REFETCH_MS),
        }
    }

    /// Brings one row to what an update says.
    fn fold(&self, seq: Option<u64>, summary: ExecutionSummary) {
        let row = self
            .signals
            .rows
            .with_untracked(|rows| rows.iter().find(|row| row.id == summary.execution_id).cloned());
        let wanted = self.wants(&summary);
        match row {
            Some(row) if seq.is_some_and(|seq| seq <= row.seq.load(Relaxed)) => {}
            Some(row) if wanted => {
                row.seq.store(seq.unwrap_or_default(), Relaxed);
                if row.summary.with_untracked(|current| *current != summary) {
                    row.summary.set(summary);
                    self.signals.version.update(|version| *version += 1);
                }
            }
            Some(row) => self.signals.rows.update(|rows| rows.retain(|other| other.id != row.id)),
            None if wanted => self.insert(summary, seq),
            None => {}
        }
    }

    /// Puts a new row where it belongs: the list is in the order of the executions' starts, the newest first. What
    /// belongs below all that is loaded comes with its page.
    fn insert(&self, summary: ExecutionSummary, seq: Option<u64>) {
        let place = self.signals.rows.with_untracked(|rows| {
            let is_older = |row: &ExecutionRow| {
                row.summary.with_untracked(|shown| shown.started_at <= summary.started_at)
            };
            rows.iter().position(is_older).or((!self.signals.has_more.get_untracked()).then_some(rows.len()))
        });
        if let Some(place) = place {
            self.signals.rows.update(|rows| rows.insert(place.min(rows.len()), new_row(summary, seq)));
        }
    }

    fn wants(&self, summary: &ExecutionSummary) -> bool {
        let needle = self.query.text.to_lowercase();
        let names = [summary.agent.as_ref(), summary.department.as_ref()];
        let names = names.into_iter().flatten().map(|entity| entity.name.as_str());
        let texts = [Some(summary.execution_id.as_str()), summary.title.as_deref()];
        self.query.status.is_none_or(|status| summary.status == status)
            && texts.into_iter().flatten().chain(names).any(|text| text.to_lowercase().contains(&needle))
    }

    fn fetch(&self) {
        let Some(this) = self.this.upgrade() else { return };
        self.timer.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        leptos::task::spawn_local(async move {
            let answer = this.queries.fetch_executions(&this.query).await;
            if this.request.get() != request || Rc::strong_count(&this) == 1 {
                return;
            }
            this.in_flight.set(false);
            match answer {
                Ok(list) => {
                    this.show(&list);
                    if let Some(live_from) = this.waiting_for.take() {
                        this.follow_from(live_from);
                    }
                }
                Err(error) => this.failed(error),
            }
        });
    }

    /// Fetches again unless the list is at least as new as the place from which updates come. One that is on its
    /// way is looked at when it is there.
    fn follow_from(&self, LiveFrom(live_from): LiveFrom) {
        if self.in_flight.get() {
            self.waiting_for.set(Some(LiveFrom(live_from)));
            return;
        }
        self.waiting_for.set(None);
        let enough = self.seq.get().zip(live_from).is_some_and(|(seq, live_from)| seq >= live_from);
        if !enough {
            self.fetch();
        }
    }

    fn failed(&self, error: ApiError) {
        let transient = error.is_transient();
        let nothing_shown = self.signals.phase.with_untracked(|phase| *phase != Phase::Ready);
        if nothing_shown || !transient {
            self.signals.phase.set(Phase::Failed(error));
        }
        if transient {
            self.refetch_soon(RETRY_MS);
        }
    }

    /// Shows a fetched list. Rows that stay keep their identity, and their signals change only where they differ.
    fn show(&self, list: &ExecutionList) {
        let before = self.signals.rows.get_untracked();
        let mut rows: Vec<_> = list.items.iter().map(|item| merged_row(&before, item, list.seq)).collect();
        // Pages that were loaded before stay below the first one.
        let first_page_has_all = list.next_before.is_none();
        let keep_from =
            before.iter().position(|row| list.items.last().is_some_and(|last| last.execution_id == row.id));
        match keep_from {
            Some(place) if !first_page_has_all && self.shown.get() => {
                rows.extend(before.iter().skip(place + 1).cloned());
            }
            _ => {
                self.next_before.replace(list.next_before.clone());
            }
        }
        self.shown.set(true);
        self.seq.set(list.seq);
        let unchanged =
            before.len() == rows.len() && before.iter().zip(&rows).all(|(old, new)| old.id == new.id);
        if !unchanged {
            self.signals.rows.set(rows);
        }
        if self.signals.phase.with_untracked(|phase| *phase != Phase::Ready) {
            self.signals.phase.set(Phase::Ready);
        }
        self.signals.has_more.set(self.next_before.borrow().is_some());
        self.signals.version.update(|version| *version += 1);
        for (seq, summary) in self.waiting.take() {
            self.fold(seq, summary);
        }
    }

    fn load_more(&self) {
        let (Some(this), Some(before)) = (self.this.upgrade(), self.next_before.borrow().clone()) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let Some(api) = this.queries.api() else { return };
            let Ok(page) = api.executions(&this.query, Some(&before)).await else { return };
            // Another call may have loaded the same page meanwhile.
            if this.next_before.borrow().as_ref() != Some(&before) {
                return;
            }
            let _ = this.signals.rows.try_update(|rows| {
                for item in page.items {
                    if rows.iter().all(|row| row.id != item.execution_id) {
                        rows.push(new_row(item, page.seq));
                    }
                }
            });
            let _ = this.signals.has_more.try_set(page.next_before.is_some());
            this.next_before.replace(page.next_before);
        });
    }

    /// Fetches once for all that asks for it in a while.
    fn refetch_soon(&self, wait: u32) {
        if self.timer.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let fetch = move || {
            if let Some(list) = this.upgrade() {
                list.fetch();
            }
        };
        self.timer.replace(Some(Timeout::new(wait, fetch)));
    }
}

fn new_row(summary: ExecutionSummary, seq: Option<u64>) -> ExecutionRow {
    ExecutionRow {
        id: summary.execution_id.clone(),
        summary: ArcRwSignal::new(summary),
        seq: Arc::new(AtomicU64::new(seq.unwrap_or_default())),
    }
}

fn merged_row(before: &[ExecutionRow], item: &ExecutionSummary, seq: Option<u64>) -> ExecutionRow {
    let Some(row) = before.iter().find(|row| row.id == item.execution_id) else {
        return new_row(item.clone(), seq);
    };
    // A row may have heard of something newer than the list.
    if seq.is_none_or(|seq| seq >= row.seq.load(Relaxed)) {
        row.seq.store(seq.unwrap_or_default(), Relaxed);
        if row.summary.with_untracked(|current| current != item) {
            row.summary.set(item.clone());
        }
    }
    row.clone()
}

/// Whether a job's event changes what lists show; its progress and its log do not.
fn is_turning_point(job: &JobEvent) -> bool {
    !matches!(job.kind, JobEventKind::Progress | JobEventKind::Log | JobEventKind::Other(_))
}
