//! `use_scrape_progress`: one scrape run, whole and live, whichever way its progress comes.
//!
//! A snapshot over HTTP and the frames have to meet; [`ScrapeWatch`] joins them, and tells of the end once. Frames come from
//! the socket or, while that fails, from the run's event stream; what one has brought the other does not bring again, so nothing
//! here has to know which it was.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::Scope;
use switchboard_model::{ScrapeRun, ScrapeWatch, Seen};
use switchboard_protocol::{
    Frame, OrganizationId, RunId, ScrapeProgress,
    rest::{PlatformProgress, ScrapeRunSummary},
};

use super::{IsShown, LiveFrom, LoadPhase, Showing, follow_live};
use crate::{
    api::{ApiError, Queries, use_queries},
    realtime::{Matched, Subscription, Transport, WebSocketContext, fanout::Notice, use_websocket_context},
};

/// How long to wait before a snapshot that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What the whole run's progress is called beside that of its platforms (product contract).
pub const OVERALL: &str = "Overall";

/// What [`use_scrape_progress`] gives back: the same, whichever transport feeds it.
#[derive(Clone, Copy)]
pub struct UseScrapeProgress {
    /// How far the page is.
    pub phase: Signal<LoadPhase>,
    /// The run; `None` before the first snapshot. Changes at most once per animation frame.
    pub run: Signal<Option<ScrapeRunSummary>>,
    /// The progress that came last, without its pages.
    pub current: Signal<Option<ScrapeProgress>>,
    /// The whole run's progress, under the name "Overall"; `None` before the first snapshot.
    pub overall: Signal<Option<PlatformProgress>>,
    /// Each platform's progress, in the order in which they became known.
    pub platforms: Signal<Vec<PlatformProgress>>,
    /// Which way progress comes.
    pub transport: Signal<Transport>,
    /// Whether progress comes at all.
    pub is_connected: Signal<bool>,
    /// Grows whenever the run has changed, at most once per animation frame.
    pub version: Signal<u64>,
    /// The run with its pages and rates.
    pub view: ScrapeRunHandle,
}

impl UseScrapeProgress {
    /// Asks for the snapshot again.
    pub fn retry(&self) {
        if let Some(observed) = self.view.observed.try_get_value().flatten() {
            let _ = observed.signals.phase.try_set(LoadPhase::Loading);
            observed.fetch();
        }
    }
}

/// Access to the run's pages and rates, which no signal copies.
#[derive(Clone, Copy)]
pub struct ScrapeRunHandle {
    observed: StoredValue<Option<Rc<Observed>>, LocalStorage>,
    version: RwSignal<u64>,
}

impl ScrapeRunHandle {
    /// Reads the run; `None` before the first snapshot. Tracks nothing: track `version` to be called again.
    pub fn with_untracked<T>(&self, read: impl FnOnce(&ScrapeRun) -> T) -> Option<T> {
        let observed = self.observed.try_get_value().flatten()?;
        let watch = observed.watch.borrow();
        watch.run().map(read)
    }

    /// Reads the run, and is called again whenever it has changed.
    pub fn with<T>(&self, read: impl FnOnce(&ScrapeRun) -> T) -> Option<T> {
        self.version.track();
        self.with_untracked(read)
    }

    /// Grows with each new snapshot: page numbers begin anew, so views that remember how far they got must too.
    pub fn generation(&self) -> u64 {
        self.observed.try_get_value().flatten().map_or(0, |observed| observed.generation.get())
    }
}

#[derive(Clone, Copy)]
struct Signals {
    phase: RwSignal<LoadPhase>,
    run: RwSignal<Option<ScrapeRunSummary>>,
    current: RwSignal<Option<ScrapeProgress>>,
    version: RwSignal<u64>,
}

/// Called when the run ends.
type OnComplete = StoredValue<Rc<dyn Fn(&ScrapeRunSummary)>, LocalStorage>;

/// One run under observation.
struct Observed {
    organization: OrganizationId,
    id: RunId,
    context: WebSocketContext,
    queries: Queries,
    signals: Signals,
    on_complete: OnComplete,
    watch: RefCell<ScrapeWatch>,
    generation: Cell<u64>,
    /// Counts the requests: an answer to an earlier one than the last is too old to use.
    request: Cell<u64>,
    /// From where the connection brings everything, while the snapshot that has to reach that far is on its way.
    waiting_for: Cell<Option<LiveFrom>>,
    retry: RefCell<Option<Timeout>>,
    is_shown: IsShown,
    this: Weak<Self>,
}

/// Fetches a run, follows its progress, and calls `on_complete` once when it ends: completed, failed or cancelled. For a run that
/// is over when it is first seen it is not called.
///
/// Progress comes over the page's socket; where that has failed three times in a row, over the run's event stream, until the
/// socket is back. When the run ends, the cached lists of runs are invalidated and the run is fetched again, once.
///
/// ```ignore
/// let scrape = use_scrape_progress(run_id, |run| notify(run.phase));
/// view! { <progress max=… value=move || scrape.overall.get().map(|overall| overall.current) /> }
/// ```
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_scrape_progress(
    run_id: impl Into<Signal<RunId>>,
    on_complete: impl Fn(&ScrapeRunSummary) + 'static,
) -> UseScrapeProgress {
    let (context, queries, run_id) = (use_websocket_context(), use_queries(), run_id.into());
    let organization = context.organization();
    let signals = Signals {
        phase: RwSignal::new(LoadPhase::Loading),
        run: RwSignal::new(None),
        current: RwSignal::new(None),
        version: RwSignal::new(0),
    };
    let on_complete: OnComplete = StoredValue::new_local(Rc::new(on_complete));
    let observed = StoredValue::new_local(None::<Rc<Observed>>);
    let key = Memo::new(move |_| (organization.get(), run_id.get()));
    super::subscribe_while_mounted(key.into(), move |(organization, id)| {
        let (next, showing) = Observed::begin(organization, id, context, queries, signals, on_complete);
        let _ = observed.try_set_value(Some(next));
        showing
    });
    follow_live(context, move |live_from| {
        if let Some(observed) = observed.try_get_value().flatten() {
            observed.follow_from(live_from);
        }
    });
    let scope = Signal::derive(move || Scope::Run(run_id.get()));
    let transport = context.scrape_transport(scope);
    UseScrapeProgress {
        phase: signals.phase.into(),
        run: signals.run.into(),
        current: signals.current.into(),
        overall: Memo::new(move |_| signals.run.with(|run| run.as_ref().map(overall_of))).into(),
        platforms: Memo::new(move |_| {
            signals.run.with(|run| run.as_ref().map(|run| run.platforms.clone()).unwrap_or_default())
        })
        .into(),
        transport,
        is_connected: Memo::new(move |_| transport.get().is_live()).into(),
        version: signals.version.into(),
        view: ScrapeRunHandle { observed, version: signals.version },
    }
}

/// The whole run's progress, as its platforms' are.
pub fn overall_of(run: &ScrapeRunSummary) -> PlatformProgress {
    PlatformProgress {
        platform: OVERALL.to_owned(),
        phase: run.phase,
        current: run.current,
        total: run.total,
        items: run.items,
        bytes: run.bytes,
        errors: run.errors,
        message: run.message.clone(),
    }
}

impl Observed {
    fn begin(
        organization: &OrganizationId,
        id: &RunId,
        context: WebSocketContext,
        queries: Queries,
        signals: Signals,
        on_complete: OnComplete,
    ) -> (Rc<Self>, Showing<Option<Subscription>>) {
        let (is_shown, sign) = IsShown::begin();
        let observed = Rc::new_cyclic(|this| Self {
            organization: organization.clone(),
            id: id.clone(),
            context,
            queries,
            signals,
            on_complete,
            watch: RefCell::default(),
            generation: Cell::new(0),
            request: Cell::new(0),
            waiting_for: Cell::new(None),
            retry: RefCell::default(),
            is_shown,
            this: this.clone(),
        });
        let _ = signals.run.try_set(None);
        let _ = signals.current.try_set(None);
        let _ = signals.phase.try_set(LoadPhase::Loading);
        if let Some(cached) = queries.cached_scrape_run(organization, id) {
            let seen = observed.watch.borrow_mut().answered((*cached).clone());
            observed.shown();
            observed.see(seen);
        }
        observed.fetch();
        let (for_frames, for_notices) = (Rc::downgrade(&observed), Rc::downgrade(&observed));
        let subscription = context.subscribe_scrapes(
            Scope::Run(id.clone()),
            "use_scrape_progress",
            move |matched| {
                if let Some(observed) = for_frames.upgrade() {
                    observed.receive(matched);
                }
            },
            move |notice| {
                if let (Some(observed), Notice::Refetch(_) | Notice::StreamBegan) =
                    (for_notices.upgrade(), notice)
                {
                    observed.watch.borrow_mut().forget_waiting();
                    observed.fetch();
                }
            },
        );
        (observed, Showing { _sign: sign, _held: subscription })
    }

    fn receive(&self, matched: &Matched<'_>) {
        let received_at = matched.received_at();
        let mut changed = false;
        for envelope in matched.iter() {
            let Frame::ScrapeProgress(progress) = &envelope.frame else { continue };
            // Servers of part 1 name no organization: what they send is for this page.
            if envelope.organization().is_some_and(|of| *of != self.organization) {
                continue;
            }
            let seen = self.watch.borrow_mut().frame(envelope.seq, progress, received_at);
            match seen {
                Seen::Changed => changed = true,
                seen => self.see(seen),
            }
        }
        if changed {
            self.changed();
        }
    }

    fn see(&self, seen: Seen) {
        match seen {
            Seen::Nothing => {}
            Seen::Changed => self.changed(),
            Seen::Fetch => self.fetch(),
            Seen::Ended(summary) => {
                self.changed();
                self.queries.invalidate_scrape_runs();
                // What the frames did not tell: the run as it is kept.
                self.fetch();
                if let Some(on_complete) = self.on_complete.try_get_value() {
                    on_complete(&summary);
                }
            }
        }
    }

    /// Asks for a snapshot. An earlier request's answer won't be used.
    fn fetch(&self) {
        let Some(this) = self.this.upgrade() else { return };
        self.retry.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.watch.borrow_mut().asked();
        leptos::task::spawn_local(async move {
            let answer = this.queries.fetch_scrape_run(&this.organization, &this.id).await;
            if this.request.get() != request || !this.is_shown.get() {
                return;
            }
            match answer {
                Ok(snapshot) => {
                    let (seq, ended) = (snapshot.seq, snapshot.summary.phase.is_final());
                    let seen = this.watch.borrow_mut().answered((*snapshot).clone());
                    this.context.know_scrapes(&Scope::Run(this.id.clone()), seq, ended);
                    this.shown();
                    this.see(seen);
                    if let Some(LiveFrom(live_from)) = this.waiting_for.take() {
                        this.follow_from(live_from);
                    }
                }
                Err(error) => this.failed(error),
            }
        });
    }

    /// Fetches again unless the snapshot is at least as new as the place from which the connection brings everything. One that
    /// is on its way is looked at when it is there.
    fn follow_from(&self, live_from: Option<u64>) {
        let (in_flight, reached) = {
            let watch = self.watch.borrow();
            (watch.is_in_flight(), watch.run().and_then(ScrapeRun::snapshot_seq))
        };
        if in_flight {
            self.waiting_for.set(Some(LiveFrom(live_from)));
            return;
        }
        self.waiting_for.set(None);
        if reached.zip(live_from).is_none_or(|(reached, live_from)| reached < live_from) {
            self.fetch();
        }
    }

    fn failed(&self, error: ApiError) {
        let transient = error.is_transient();
        self.watch.borrow_mut().failed();
        if self.watch.borrow().run().is_none() || !transient {
            let _ = self.signals.phase.try_set(LoadPhase::Failed(error));
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

    /// A snapshot is shown from now on.
    fn shown(&self) {
        self.generation.set(self.generation.get() + 1);
        if self.signals.phase.try_with_untracked(|phase| *phase != LoadPhase::Ready) == Some(true) {
            let _ = self.signals.phase.try_set(LoadPhase::Ready);
        }
    }

    fn changed(&self) {
        let (summary, latest) = {
            let watch = self.watch.borrow();
            let run = watch.run();
            (run.map(|run| run.summary().clone()), run.and_then(|run| run.latest().cloned()))
        };
        if self.signals.run.try_with_untracked(|current| *current != summary) == Some(true) {
            let _ = self.signals.run.try_set(summary);
        }
        if self.signals.current.try_with_untracked(|current| *current != latest) == Some(true) {
            let _ = self.signals.current.try_set(latest);
        }
        let _ = self.signals.version.try_update(|version| *version += 1);
    }
}
