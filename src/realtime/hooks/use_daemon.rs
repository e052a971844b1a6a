//! `use_daemon`: agents and the latest events, from the page's own socket or from a daemon of their own.
//!
//! Over the page's socket a snapshot and frames have to meet: what comes while the list is on its way is folded in after it, and a
//! list that is older than the place from which frames come is fetched again. A daemon has no list; there everything follows
//! from its events.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::{LinkState, LinkStatus};
use switchboard_protocol::{OrganizationId, Timestamp};

use super::{IsShown, LiveFrom, LoadPhase, Showing, follow_live, subscribe_while_mounted};
use crate::{
    api::{ApiError, Queries, use_queries},
    realtime::{
        Subscription, WebSocketContext,
        daemon::{
            AgentRow, DaemonConnection, DaemonEvents, Observed, ObservedSignals, use_daemon_connection,
        },
        fanout::{Notice, Topic},
        use_websocket_context,
    },
};

/// How long to wait before a list that could not be fetched is asked for again, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// Where agents and events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonSource {
    /// The page's own socket, and the hub's list.
    Root,
    /// A daemon at this address, told without a query, over a connection of its own on which nothing is sent.
    Daemon(String),
}

/// What [`use_daemon`] gives back.
#[derive(Clone, Copy)]
pub struct UseDaemon {
    /// The agents, by their names. Changes only when agents come and go.
    pub agents: Signal<Vec<AgentRow>>,
    /// The latest 1,000 events.
    pub events: DaemonEvents,
    /// How many events came since watching began.
    pub total: Signal<u64>,
    /// How many of them were never in view, because more than a view holds came at once. They were folded into the agents all the
    /// same.
    pub unseen: Signal<u64>,
    /// The connection that they come over.
    pub state: Signal<LinkState>,
    /// Whether they come.
    pub is_connected: Signal<bool>,
    /// Why the connection ended, in words; `None` while it is up.
    pub error: Signal<Option<String>>,
    /// Since when nothing comes; `None` while it does.
    pub stale_since: Signal<Option<Timestamp>>,
    /// Since when a daemon is listened to: what agents did before is not known. `None` where the hub says what happened meanwhile.
    pub listening_since: Signal<Option<Timestamp>>,
    /// How far the hub's list is. Of a daemon there is none, and nothing to wait for but the first connection.
    pub phase: Signal<LoadPhase>,
    /// Whether nothing is known yet, and something is on its way.
    pub is_loading: Signal<bool>,
    held: StoredValue<Held, LocalStorage>,
}

/// What is asked for what its user asks.
#[derive(Clone)]
struct Held {
    daemon: Option<DaemonConnection>,
    listed: Option<Rc<Listed>>,
    context: WebSocketContext,
}

impl UseDaemon {
    /// Connects now.
    pub fn reconnect(&self) {
        match self.held.try_get_value() {
            Some(Held { daemon: Some(daemon), .. }) => daemon.reconnect(),
            Some(Held { context, .. }) => context.reconnect(),
            None => {}
        }
    }

    /// Asks for the hub's list again.
    pub fn retry(&self) {
        if let Some(listed) = self.held.try_get_value().and_then(|held| held.listed) {
            let _ = listed.phase.try_set(LoadPhase::Loading);
            listed.fetch();
        }
    }

    /// Where agents and events come from.
    pub fn source(&self) -> DaemonSource {
        match self.daemon() {
            Some(daemon) => DaemonSource::Daemon(daemon.address()),
            None => DaemonSource::Root,
        }
    }

    /// How many of the daemon's messages were left out unread, because more came than the page could read. Not a signal.
    pub fn left_out(&self) -> u64 {
        self.daemon().map_or(0, |daemon| daemon.left_out())
    }

    /// How many of the daemon's frames could not be read, and were left out. Not a signal.
    pub fn unreadable(&self) -> u64 {
        self.daemon().map_or(0, |daemon| daemon.stats().undecodable)
    }

    fn daemon(&self) -> Option<DaemonConnection> {
        self.held.try_get_value()?.daemon
    }
}

/// The agents, live, and the latest events: from the daemon that the configuration names, else over the page's own socket.
///
/// # Panics
/// Where no `WebSocketProvider` or no query cache stands above.
pub fn use_daemon() -> UseDaemon {
    let (context, queries) = (use_websocket_context(), use_queries());
    match use_daemon_connection() {
        Some(daemon) => of_daemon(daemon, context),
        None => of_root(context, queries),
    }
}

fn of_daemon(daemon: DaemonConnection, context: WebSocketContext) -> UseDaemon {
    let listening_since = Memo::new(move |_| {
        daemon.status().with(|status| (status.state == LinkState::Connected).then_some(status.since))
    });
    let listening_since = Signal::derive(move || listening_since.get().map(Timestamp::from_millis));
    let signals = daemon.events.signals;
    let is_loading = Memo::new(move |_| {
        let begins = daemon.status().with(|status| {
            matches!(status.state, LinkState::Connecting | LinkState::Disconnected)
                && status.last_error.is_none()
        });
        begins && signals.total.get() == 0
    });
    UseDaemon {
        phase: Signal::stored(LoadPhase::Ready),
        is_loading: is_loading.into(),
        listening_since,
        ..with_connection(
            daemon.status(),
            daemon.events,
            Held { daemon: Some(daemon), listed: None, context },
        )
    }
}

fn of_root(context: WebSocketContext, queries: Queries) -> UseDaemon {
    let signals = ObservedSignals::new();
    let phase = RwSignal::new(LoadPhase::Loading);
    let observed = Observed::new(OrganizationId::default(), signals);
    let listed = Listed::new(queries, Rc::clone(&observed), phase);
    let held = StoredValue::new_local(Some(Rc::clone(&listed)));
    subscribe_while_mounted(context.organization(), move |organization| {
        held.try_get_value().flatten().map(|listed| listed.begin(organization, context))
    });
    follow_live(context, move |live_from| {
        if let Some(listed) = held.try_get_value().flatten() {
            listed.follow_from(live_from);
        }
    });
    let events = DaemonEvents { observed: StoredValue::new_local(Some(observed)), signals };
    UseDaemon {
        phase: phase.into(),
        is_loading: Signal::derive(move || phase.with(|phase| *phase == LoadPhase::Loading)),
        ..with_connection(context.status(), events, Held { daemon: None, listed: Some(listed), context })
    }
}

/// What both ways have in common.
fn with_connection(status: Signal<LinkStatus>, events: DaemonEvents, held: Held) -> UseDaemon {
    let state = Memo::new(move |_| status.with(|status| status.state));
    let error = Memo::new(move |_| {
        // One that is up again may still have to show that it stays so; a person has nothing to do about that.
        status.with(|status| {
            let error = status.last_error.as_ref().filter(|_| status.state != LinkState::Connected);
            error.map(ToString::to_string)
        })
    });
    let stale_since = Memo::new(move |_| status.with(|status| status.stale_since));
    UseDaemon {
        agents: events.signals.rows.into(),
        events,
        total: events.signals.total.into(),
        unseen: events.signals.unseen.into(),
        state: state.into(),
        is_connected: Signal::derive(move || state.get() == LinkState::Connected),
        error: error.into(),
        stale_since: Signal::derive(move || stale_since.get().map(Timestamp::from_millis)),
        listening_since: Signal::stored(None),
        phase: Signal::stored(LoadPhase::Ready),
        is_loading: Signal::stored(false),
        held: StoredValue::new_local(held),
    }
}

/// The hub's list of agents, and the frames that keep it current.
struct Listed {
    queries: Queries,
    observed: Rc<Observed>,
    phase: RwSignal<LoadPhase>,
    organization: RefCell<OrganizationId>,
    /// How new the list is.
    seq: Cell<Option<u64>>,
    /// From where frames come, while the list that has to reach that far is on its way.
    waiting_for: Cell<Option<LiveFrom>>,
    /// Counts the requests: an answer to an earlier one than the last is too old to use.
    request: Cell<u64>,
    in_flight: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    is_shown: RefCell<IsShown>,
    this: Weak<Self>,
}

impl Listed {
    fn new(queries: Queries, observed: Rc<Observed>, phase: RwSignal<LoadPhase>) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            queries,
            observed,
            phase,
            organization: RefCell::default(),
            seq: Cell::new(None),
            waiting_for: Cell::new(None),
            request: Cell::new(0),
            in_flight: Cell::new(false),
            timer: RefCell::default(),
            is_shown: RefCell::default(),
            this: this.clone(),
        })
    }

    /// Watches an organization's agents, and nothing of the one before.
    fn begin(
        &self,
        organization: &OrganizationId,
        context: WebSocketContext,
    ) -> Showing<Option<Subscription>> {
        let (is_shown, sign) = IsShown::begin();
        self.is_shown.replace(is_shown);
        self.organization.replace(organization.clone());
        self.observed.begin_anew(organization.clone());
        self.seq.set(None);
        self.waiting_for.set(None);
        let _ = self.phase.try_set(LoadPhase::Loading);
        self.fetch();
        let (for_frames, for_notices) = (self.this.clone(), self.this.clone());
        let of = organization.clone();
        let on_notice = move |notice: &Notice| {
            if let (Some(listed), Notice::Refetch(_)) = (for_notices.upgrade(), notice) {
                listed.observed.forget_waiting();
                listed.fetch();
            }
        };
        let held = context.subscribe(
            Topic::Agents,
            "use_daemon",
            move |matched| {
                let Some(listed) = for_frames.upgrade() else { return };
                // Servers of part 1 name no organization: what they send is for this page.
                let ours = matched.iter().filter(|frame| frame.organization().is_none_or(|name| *name == of));
                listed.observed.hear(ours, matched.received_at(), matched.received_by_server());
            },
            Some(Box::new(on_notice)),
        );
        Showing { _sign: sign, _held: held }
    }

    fn fetch(&self) {
        let (Some(this), Some(api)) = (self.this.upgrade(), self.queries.api()) else { return };
        self.timer.take();
        let request = self.request.get() + 1;
        self.request.set(request);
        self.in_flight.set(true);
        self.observed.asked();
        let organization = self.organization.borrow().clone();
        leptos::task::spawn_local(async move {
            let answer = api.agents(&organization).await;
            if this.request.get() != request || !this.is_shown.borrow().get() {
                return;
            }
            this.in_flight.set(false);
            match answer {
                Ok(list) => {
                    this.seq.set(list.seq);
                    if !this.observed.answered(list) {
                        this.fetch();
                        return;
                    }
                    let _ = this.phase.try_set(LoadPhase::Ready);
                    if let Some(LiveFrom(live_from)) = this.waiting_for.take() {
                        this.follow_from(live_from);
                    }
                }
                Err(error) => this.failed(error),
            }
        });
    }

    /// Fetches again unless the list is at least as new as the place from which frames come.
    fn follow_from(&self, live_from: Option<u64>) {
        if self.in_flight.get() {
            self.waiting_for.set(Some(LiveFrom(live_from)));
            return;
        }
        self.waiting_for.set(None);
        if self.seq.get().zip(live_from).is_none_or(|(seq, live_from)| seq < live_from) {
            self.fetch();
        }
    }

    fn failed(&self, error: ApiError) {
        self.observed.failed();
        // A server of part 1 that keeps no list: what its frames tell is all there is to know.
        if matches!(error, ApiError::NotFound { .. }) {
            let _ = self.phase.try_set(LoadPhase::Ready);
            return;
        }
        let transient = error.is_transient();
        let nothing_shown = self.phase.try_with_untracked(|phase| *phase != LoadPhase::Ready) == Some(true);
        if nothing_shown || !transient {
            let _ = self.phase.try_set(LoadPhase::Failed(error));
        }
        if transient {
            let this = self.this.clone();
            let fetch = move || {
                if let Some(listed) = this.upgrade() {
                    listed.fetch();
                }
            };
            self.timer.replace(Some(Timeout::new(RETRY_MS, fetch)));
        }
    }
}
