//! `use_execution`: one execution, whole and live.
//!
//! Two things have to meet: a snapshot over HTTP, and the events over the socket. The hook asks for both at
//! once. What arrives while a snapshot is on its way is kept and folded in after it; sequence numbers (or,
//! without them, identifiers) leave out what the snapshot has. When the server confirms the subscription from a
//! place in its log that the snapshot doesn't reach, the snapshot is fetched again. So there is no hole and no
//! double, whichever comes first.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    sync::Arc,
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_model::{Applied, Execution};
use switchboard_protocol::{
    AgentEvent, ExecutionEvent, ExecutionId, ExecutionStatus, Frame, OrganizationId, Timestamp,
    rest::{ExecutionSnapshot, ExecutionSummary},
};

use super::{IsShown, Showing};
use crate::{
    api::{ApiError, Queries, use_queries},
    realtime::{
        Matched, Subscription, WebSocketContext, clock,
        fanout::{Notice, Topic},
        use_websocket_context,
    },
};

/// How many events wait for a snapshot. Beyond it they are let go, and the snapshot is fetched once more.
const WAITING_CAPACITY: usize = 20_000;

/// How long to wait before a snapshot that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// How far the page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadPhase {
    /// The first snapshot is on its way.
    Loading,
    /// It did not come; `retry()` asks again.
    Failed(ApiError),
    /// There is something to show.
    Ready,
}

/// What [`use_execution`] gives back.
#[derive(Clone, Copy)]
pub struct UseExecution {
    /// How far the page is.
    pub phase: Signal<LoadPhase>,
    /// What lists show of the execution. Changes at most once per animation frame.
    pub summary: Signal<Option<ExecutionSummary>>,
    /// Grows whenever the execution has changed, at most once per animation frame.
    pub version: Signal<u64>,
    /// Whether what is shown is live: connected, subscribed, complete and running.
    pub is_live: Signal<bool>,
    /// The execution with its output and its timeline.
    pub execution: ExecutionHandle,
    observed: StoredValue<Option<Rc<Observed>>, LocalStorage>,
}

impl UseExecution {
    /// Asks for the snapshot again.
    pub fn retry(&self) {
        if let Some(observed) = self.observed.try_get_value().flatten() {
            let _ = observed.signals.phase.try_set(LoadPhase::Loading);
            observed.fetch();
        }
    }
}

/// Access to the execution's rings, which no signal copies.
#[derive(Clone, Copy)]
pub struct ExecutionHandle {
    observed: StoredValue<Option<Rc<Observed>>, LocalStorage>,
    version: RwSignal<u64>,
}

impl ExecutionHandle {
    /// Reads the execution; `None` before the first snapshot. Tracks nothing: track `version` to be called again.
    pub fn with_untracked<T>(&self, read: impl FnOnce(&Execution) -> T) -> Option<T> {
        let observed = self.observed.try_get_value().flatten()?;
        let execution = observed.execution.borrow();
        execution.as_ref().map(read)
    }

    /// Reads the execution, and is called again whenever it has changed.
    pub fn with<T>(&self, read: impl FnOnce(&Execution) -> T) -> Option<T> {
        self.version.track();
        self.with_untracked(read)
    }

    /// Grows with each new snapshot: line numbers begin anew, so views that remember how far they got must too.
    pub fn generation(&self) -> u64 {
        self.observed.try_get_value().flatten().map_or(0, |observed| observed.generation.get())
    }
}

#[derive(Clone, Copy)]
struct Signals {
    phase: RwSignal<LoadPhase>,
    summary: RwSignal<Option<ExecutionSummary>>,
    version: RwSignal<u64>,
    covered: RwSignal<bool>,
}

/// One execution under observation.
struct Observed {
    organization: OrganizationId,
    id: ExecutionId,
    queries: Queries,
    signals: Signals,
    execution: RefCell<Option<Execution>>,
    generation: Cell<u64>,
    /// Counts the requests: an answer to an earlier one than the last is too old to use.
    request: Cell<u64>,
    in_flight: Cell<bool>,
    /// What came while a snapshot was on its way.
    waiting: RefCell<Vec<(Option<u64>, ExecutionEvent, Timestamp)>>,
    overflowed: Cell<bool>,
    /// The latest sign of life of its worker that came while a snapshot was on its way.
    waiting_beat: RefCell<Option<(Option<u64>, AgentEvent, Timestamp)>>,
    /// How new the snapshot must be for the subscription to follow on without a hole.
    required: Cell<Option<u64>>,
    subscribed: Cell<bool>,
    retry: RefCell<Option<Timeout>>,
    is_shown: IsShown,
    this: Weak<Self>,
}

/// Fetches an execution, subscribes to it by its id, folds its events in and moves its status, until the
/// component goes or `id` changes.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_execution(id: impl Into<Signal<ExecutionId>>) -> UseExecution {
    let (context, queries, id) = (use_websocket_context(), use_queries(), id.into());
    let organization = context.organization();
    let signals = Signals {
        phase: RwSignal::new(LoadPhase::Loading),
        summary: RwSignal::new(None),
        version: RwSignal::new(0),
        covered: RwSignal::new(false),
    };
    let observed = StoredValue::new_local(None::<Rc<Observed>>);
    let key = Memo::new(move |_| (organization.get(), id.get()));
    super::subscribe_while_mounted(key.into(), move |(organization, id)| {
        let (next, showing) = Observed::begin(organization, id, context, queries, signals);
        let _ = observed.try_set_value(Some(next));
        showing
    });
    let connected = context.is_connected();
    let is_live = Memo::new(move |_| {
        let running = signals.summary.with(|summary| {
            summary.as_ref().is_some_and(|summary| summary.status == ExecutionStatus::Running)
        });
        connected.get() && signals.covered.get() && running
    });
    UseExecution {
        phase: signals.phase.into(),
        summary: signals.summary.into(),
        version: signals.version.into(),
        is_live: is_live.into(),
        execution: ExecutionHandle { observed, version: signals.version },
        observed,
    }
}

impl Observed {
    fn begin(
        organization: &OrganizationId,
        id: &ExecutionId,
        context: WebSocketContext,
        queries: Queries,
        signals: Signals,
    ) -> (Rc<Self>, Showing<[Option<Subscription>; 2]>) {
        let (is_shown, sign) = IsShown::begin();
        let observed = Rc::new_cyclic(|this| Self {
            organization: organization.clone(),
            id: id.clone(),
            queries,
            signals,
            execution: RefCell::default(),
            generation: Cell::new(0),
            request: Cell::new(0),
            in_flight: Cell::new(false),
            waiting: RefCell::default(),
            overflowed: Cell::new(false),
            waiting_beat: RefCell::default(),
            required: Cell::new(None),
            subscribed: Cell::new(context.is_confirmed(id)),
            retry: RefCell::default(),
            is_shown,
            this: this.clone(),
        });
        let _ = signals.covered.try_set(false);
        if let Some(snapshot) = queries.cached_execution(organization, id) {
            observed.show(&snapshot);
        } else {
            let _ = signals.summary.try_set(None);
            let _ = signals.phase.try_set(LoadPhase::Loading);
            observed.changed();
        }
        observed.fetch();
        let (for_frames, for_notices, for_beats) =
            (Rc::downgrade(&observed), Rc::downgrade(&observed), Rc::downgrade(&observed));
        let beats = context.subscribe(
            Topic::Agents,
            "use_execution",
            move |matched| {
                if let Some(observed) = for_beats.upgrade() {
                    observed.receive_beats(matched);
                }
            },
            None,
        );
        let subscription = context.subscribe_execution(
            id,
            "use_execution",
            move |matched| {
                if let Some(observed) = for_frames.upgrade() {
                    observed.receive(matched);
                }
            },
            move |notice| {
                if let Some(observed) = for_notices.upgrade() {
                    observed.hear(notice);
                }
            },
        );
        (observed, Showing { _sign: sign, _held: [subscription, beats] })
    }

    fn receive(&self, matched: &Matched<'_>) {
        let (mut changed, mut out_of_order) = (false, false);
        let received_at = matched.received_by_server();
        for envelope in matched.iter() {
            let Frame::ExecutionEvent(frame) = &envelope.frame else { continue };
            if self.in_flight.get() {
                self.keep(envelope.seq, &frame.event, received_at);
            }
            if let Some(execution) = self.execution.borrow_mut().as_mut() {
                match execution.apply(envelope.seq, &frame.event, received_at) {
                    Applied::New => changed = true,
                    Applied::Known => {}
                    Applied::OutOfOrder => out_of_order = true,
                }
            }
        }
        if changed {
            self.changed();
        }
        if out_of_order {
            self.fetch();
        }
    }

    /// Signs of life of the execution's worker: they move its summary, and nothing that is drawn as output or timeline.
    fn receive_beats(&self, matched: &Matched<'_>) {
        let received_at = matched.received_by_server();
        let mut changed = false;
        for envelope in matched.iter() {
            let Frame::AgentEvent(event) = &envelope.frame else { continue };
            if event.execution_id.as_ref() != Some(&self.id) {
                continue;
            }
            if self.in_flight.get() {
                self.waiting_beat.replace(Some((envelope.seq, event.clone(), received_at)));
            }
            if let Some(execution) = self.execution.borrow_mut().as_mut() {
                changed |= execution.beat(envelope.seq, event, received_at);
            }
        }
        if changed {
            self.summary_changed();
        }
    }

    fn hear(&self, notice: &Notice) {
        match notice {
            // Another component's subscription was confirmed: this one had its place before.
            Notice::Subscribed(_) if self.signals.covered.try_get_untracked() != Some(false) => {}
            Notice::Subscribed(seq) => {
                self.subscribed.set(true);
                self.required.set(*seq);
                // Without numbers nobody can tell how new a snapshot is, but one asked for from now on is new enough.
                let reached = self.execution.borrow().as_ref().and_then(Execution::seq);
                match seq {
                    Some(seq) if self.in_flight.get() || reached.is_some_and(|reached| reached >= *seq) => {
                        self.settle();
                    }
                    _ => self.fetch(),
                }
            }
            // Streams bring no executions.
            Notice::StreamBegan => {}
            Notice::Refetch(_) => {
                self.subscribed.set(false);
                self.required.set(None);
                self.waiting.borrow_mut().clear();
                self.waiting_beat.take();
                let _ = self.signals.covered.try_set(false);
                self.fetch();
            }
        }
    }

    /// Asks for a snapshot. An earlier request's answer won't be used.
    fn fetch(&self) {
        let Some(this) = self.this.upgrade() else { return };
        self.retry.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        self.overflowed.set(false);
        leptos::task::spawn_local(async move {
            let answer = this.queries.fetch_execution(&this.organization, &this.id).await;
            if this.request.get() == request && this.is_shown.get() {
                this.answered(answer);
            }
        });
    }

    fn answered(&self, answer: Result<Arc<ExecutionSnapshot>, ApiError>) {
        self.in_flight.set(false);
        match answer {
            Ok(snapshot) => {
                self.show(&snapshot);
                let enough = match (snapshot.seq, self.required.get()) {
                    (Some(reached), Some(required)) => reached >= required,
                    _ => true,
                };
                if enough && !self.overflowed.get() {
                    self.settle();
                } else {
                    self.fetch();
                }
            }
            Err(error) => self.failed(error),
        }
    }

    /// Shows a snapshot, with what came while it was on its way.
    fn show(&self, snapshot: &ExecutionSnapshot) {
        let mut execution = Execution::from_snapshot(snapshot.clone(), clock::wall());
        for (seq, event, received_at) in self.waiting.borrow_mut().drain(..) {
            execution.apply(seq, &event, received_at);
        }
        if let Some((seq, event, received_at)) = self.waiting_beat.take() {
            execution.beat(seq, &event, received_at);
        }
        self.execution.replace(Some(execution));
        self.generation.set(self.generation.get() + 1);
        self.set_phase(LoadPhase::Ready);
        self.changed();
    }

    fn failed(&self, error: ApiError) {
        let transient = error.is_transient();
        if self.execution.borrow().is_none() || !transient {
            self.set_phase(LoadPhase::Failed(error));
        }
        // What is shown stays, but is not complete: ask again until it is.
        if transient {
            let this = self.this.clone();
            let again = move || {
                if let Some(observed) = this.upgrade() {
                    observed.fetch();
                }
            };
            self.retry.replace(Some(Timeout::new(RETRY_MS, again)));
        }
    }

    /// The snapshot and the subscription meet, where both are there.
    fn settle(&self) {
        let covered = self.subscribed.get() && !self.in_flight.get() && self.execution.borrow().is_some();
        if self.signals.covered.try_get_untracked() == Some(!covered) {
            let _ = self.signals.covered.try_set(covered);
        }
    }

    fn keep(&self, seq: Option<u64>, event: &ExecutionEvent, received_at: Timestamp) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= WAITING_CAPACITY {
            waiting.clear();
            self.overflowed.set(true);
        }
        waiting.push((seq, event.clone(), received_at));
    }

    fn set_phase(&self, phase: LoadPhase) {
        if self.signals.phase.try_with_untracked(|current| *current != phase) == Some(true) {
            let _ = self.signals.phase.try_set(phase);
        }
    }

    fn changed(&self) {
        self.summary_changed();
        let _ = self.signals.version.try_update(|version| *version += 1);
    }

    fn summary_changed(&self) {
        let summary = self.execution.borrow().as_ref().map(|execution| execution.summary().clone());
        if self.signals.summary.try_with_untracked(|current| *current != summary) == Some(true) {
            let _ = self.signals.summary.try_set(summary);
        }
    }
}
