//! The state machine: what it holds, its public face, and what people and platforms ask of it.
//!
//! The rest of it is in files by what happens: [`opening`] begins and proves a connection, [`receiving`] reads
//! what comes on it, [`ending`] is the one way out of it, and [`waking`] deals with time: timers, sleep, networks
//! that come and go.

mod connection;
mod ending;
mod opening;
mod receiving;
mod waking;

use std::marker::PhantomData;

use switchboard_protocol::{ClientFrame, ExecutionId, OrganizationId};

pub(crate) use self::ending::CLOSE_REPLACED;
use self::{
    connection::{Connection, Server},
    ending::Ending,
};
use crate::{
    Access, Input, LinkOptions, LinkState, LinkStats, LinkStatus, ListenOptions, Moment, Output, ReadOnly,
    ReadWrite, RefetchReason, Request,
    cursor::Cursor,
    sleep::SleepWatch,
    subscriptions::{Added, Subscriptions},
};

/// One connection to one hub, kept up.
///
/// It does nothing by itself: the shell around it gives it what happens ([`Link::handle`]), carries out what
/// comes back, and calls again with [`Input::Timer`] at [`Link::deadline`].
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold independently of each other and of the phase"
)]
pub struct Link<A: Access = ReadWrite> {
    options: LinkOptions,
    phase: Phase,
    /// The name of the newest socket, also while there is none any more.
    generation: u32,
    status: LinkStatus,
    status_changed: bool,
    stats: LinkStats,
    cursor: Cursor,
    subscriptions: Subscriptions,
    sleep: SleepWatch,
    /// Retries since a connection last proved itself: the exponent of the backoff. Not the same as the failures
    /// in [`LinkStatus::attempt`], because the loss of a proven connection is no failed one.
    retries: u32,
    /// Gaps since the counts last agreed: the first is repaired at once, further ones by backoff.
    gaps_in_a_row: u32,
    /// Whether the platform says that it has no network.
    offline: bool,
    /// When the last socket was opened.
    last_open_at: Option<u64>,
    /// Whether the token has changed since it was last sent.
    token_changed: bool,
    /// Whether anybody may have derived anything from events: a connection has proven itself since the beginning,
    /// or since the organization changed.
    was_live: bool,
    /// Set where a lost connection leaves a hole that no replay fills.
    refetch_due: bool,
    access: PhantomData<A>,
}

/// Where the machine is.
#[derive(Debug)]
enum Phase {
    /// Nobody wants a connection, or it ended and is not to be replaced.
    Idle,
    /// A socket was asked for and has not opened yet.
    Opening {
        give_up_at: u64,
        /// Whether a sleep has already earned it more time.
        graced: bool,
    },
    /// A socket is open.
    Open(Connection),
    /// A retry is due.
    Waiting {
        at: u64,
        /// What the server asked for; only a person overrules it.
        not_before: u64,
        /// Whether the socket broke without saying why; its close code may still come.
        unexplained: bool,
    },
    /// No retry follows until a person reconnects or the token changes.
    Stopped,
}

/// What one call of [`Link::handle`] has at hand.
struct Turn<'a, A: Access> {
    now: Moment,
    random: f64,
    out: &'a mut Vec<Output<A>>,
}

impl Link<ReadWrite> {
    /// A link that waits for [`Input::Connect`].
    pub fn new(options: LinkOptions) -> Self {
        Self::with(options)
    }
}

impl Link<ReadOnly> {
    /// A link that waits for [`Input::Connect`], and then only listens.
    pub fn listening(options: ListenOptions) -> Self {
        Self::with(options.into())
    }
}

impl<A: Access> Link<A> {
    fn with(options: LinkOptions) -> Self {
        Self {
            options,
            phase: Phase::Idle,
            generation: 0,
            status: LinkStatus::default(),
            status_changed: false,
            stats: LinkStats::default(),
            cursor: Cursor::new(),
            subscriptions: Subscriptions::default(),
            sleep: SleepWatch::default(),
            retries: 0,
            gaps_in_a_row: 0,
            offline: false,
            last_open_at: None,
            token_changed: false,
            was_live: false,
            refetch_due: false,
            access: PhantomData,
        }
    }

    /// Takes what happened, and appends to `out` what to do about it, in order. `random` is uniform between 0
    /// and 1. `out` is not cleared: the caller drains it, and reuses it.
    pub fn handle(&mut self, input: Input<'_, A>, now: Moment, random: f64, out: &mut Vec<Output<A>>) {
        let turn = &mut Turn { now, random, out };
        // What only listens has no timer that a hidden tab's throttling could make late without harm.
        let deadline = self.deadline().filter(|_| !(A::LISTENS && matches!(self.phase, Phase::Open(_))));
        if self.sleep.noticed(now, deadline) && !decides_over_the_socket(&input) {
            self.woke(turn);
        }
        match input {
            Input::Connect => self.connect(turn),
            Input::Disconnect => self.end(Ending::Disconnected, turn),
            Input::Reconnect => self.reconnect(turn),
            Input::Drop => self.drop_socket(turn),
            Input::Timer => self.timer(turn),
            Input::Opened { generation } => self.opened(generation, turn),
            Input::Message { generation, text } => self.message(generation, text, turn),
            Input::BinaryMessage { generation, bytes } => self.binary_message(generation, bytes, turn),
            Input::Failed { generation, error } => self.failed(generation, error, turn),
            Input::Closed { generation, code, reason } => self.closed(generation, code, reason, turn),
            Input::Online => self.online(turn),
            Input::Offline => self.went_offline(turn),
            Input::Visible => self.visible(turn),
            Input::PageRestored | Input::Probe => self.woke(turn),
            Input::Request(request) => match request.into() {
                Request::Subscribe(execution) => self.subscribe(&execution, turn),
                Request::Unsubscribe(execution) => self.unsubscribe(&execution, turn),
                Request::SetToken(token) => self.set_token(token, turn),
                Request::SetOrganization(organization) => self.set_organization(organization, turn),
            },
        }
        if std::mem::take(&mut self.status_changed) {
            turn.out.push(Output::Status);
        }
    }

    /// The monotonic time, in milliseconds, at which [`Input::Timer`] must be given; `None` while nothing is due.
    pub fn deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::Idle | Phase::Stopped => None,
            Phase::Opening { give_up_at, .. } => Some(*give_up_at),
            Phase::Open(connection) => Some(connection.deadline()),
            Phase::Waiting { at, .. } => Some(*at),
        }
    }

    /// How the connection stands.
    pub fn status(&self) -> &LinkStatus {
        &self.status
    }

    /// What has been counted.
    pub fn stats(&self) -> &LinkStats {
        &self.stats
    }

    /// The subscriptions, and how many parties hold each.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&ExecutionId, usize)> {
        self.subscriptions.iter()
    }

    fn connect(&mut self, turn: &mut Turn<'_, A>) {
        if matches!(self.phase, Phase::Idle) {
            self.start_anew();
            self.open(turn);
        }
    }

    fn reconnect(&mut self, turn: &mut Turn<'_, A>) {
        self.end(Ending::Replaced, turn);
        self.start_anew();
        self.open(turn);
    }

    /// A person's decision makes all failures before it void. The fallback stays until a connection proves itself.
    fn start_anew(&mut self) {
        self.retries = 0;
        self.gaps_in_a_row = 0;
        self.status.attempt = 0;
    }

    fn set_token(&mut self, token: String, turn: &mut Turn<'_, A>) {
        if self.options.token == token {
            return;
        }
        self.options.token = token;
        self.token_changed = true;
        if matches!(self.phase, Phase::Stopped) {
            self.start_anew();
            self.open(turn);
        }
    }

    fn set_organization(&mut self, organization: Option<OrganizationId>, turn: &mut Turn<'_, A>) {
        if self.options.organization_id == organization {
            return;
        }
        self.options.organization_id = organization;
        let up = matches!(self.phase, Phase::Open(_));
        let stopped = matches!(self.phase, Phase::Stopped);
        if up {
            self.end(Ending::Replaced, turn);
        }
        self.cursor.forget();
        self.was_live = false;
        self.continuity_ended(RefetchReason::OrganizationChanged, turn);
        if stopped {
            // The server may have refused the other organization.
            self.start_anew();
        }
        if up || stopped {
            self.open(turn);
        }
    }

    fn subscribe(&mut self, execution: &ExecutionId, turn: &mut Turn<'_, A>) {
        let added = self.subscriptions.add(execution);
        match (added, self.server()) {
            (Added::First { announced: false }, Some(Server::Log | Server::Plain)) => {
                self.announce(execution, turn);
            }
            (Added::AlreadyLive, Some(Server::Log)) => {
                turn.out
                    .push(Output::Subscribed { execution_id: execution.clone(), seq: self.cursor.high() });
            }
            (Added::AlreadyLive, Some(Server::Plain)) => {
                turn.out.push(Output::Subscribed { execution_id: execution.clone(), seq: None });
            }
            _ => {}
        }
    }

    fn unsubscribe(&mut self, execution: &ExecutionId, turn: &mut Turn<'_, A>) {
        let known_server = matches!(self.server(), Some(Server::Log | Server::Plain));
        if self.subscriptions.remove(execution) && known_server {
            self.retract(execution, turn);
        }
    }

    /// Tells the server of a subscription. One that keeps no log never answers, so it counts from now.
    fn announce(&mut self, execution: &ExecutionId, turn: &mut Turn<'_, A>) {
        let answers = self.server() == Some(Server::Log);
        self.send(&ClientFrame::Subscribe(execution.clone()), turn);
        self.subscriptions.announced(execution, answers);
        if !answers {
            turn.out.push(Output::Subscribed { execution_id: execution.clone(), seq: None });
        }
    }

    /// Tells the server that a subscription is over.
    fn retract(&mut self, execution: &ExecutionId, turn: &mut Turn<'_, A>) {
        if self.subscriptions.retracted(execution) {
            self.send(&ClientFrame::Unsubscribe(execution.clone()), turn);
        }
    }

    fn send(&self, frame: &ClientFrame, turn: &mut Turn<'_, A>) {
        if let Some(text) = A::message(|| frame.encode()) {
            turn.out.push(Output::Send { generation: self.generation, text });
        }
    }

    /// What kind of server is at the other end; `None` while no socket is open.
    fn server(&self) -> Option<Server> {
        match &self.phase {
            Phase::Open(connection) => Some(connection.server),
            _ => None,
        }
    }

    /// Events may have been missed for good.
    fn continuity_ended(&mut self, reason: RefetchReason, turn: &mut Turn<'_, A>) {
        self.refetch_due = false;
        self.subscriptions.continuity_ended();
        self.note_place();
        self.status.live_from = self.cursor.high();
        self.status_changed = true;
        turn.out.push(Output::Refetch(reason));
    }

    /// Copies into the status where in the log we are.
    fn note_place(&mut self) {
        self.status.cursor = self.cursor.high();
        if self.status.epoch.as_deref() != self.cursor.epoch() {
            self.status.epoch = self.cursor.epoch().map(Into::into);
            self.status_changed = true;
        }
    }

    fn set_state(&mut self, state: LinkState, now: Moment) {
        if self.status.state != state || self.status.since == 0 {
            self.status.state = state;
            self.status.since = now.wall_ms;
        }
        self.status_changed = true;
    }
}

/// Whether an input says by itself what becomes of the socket, so that probing it first would be in vain.
fn decides_over_the_socket<A: Access>(input: &Input<'_, A>) -> bool {
    matches!(
        input,
        Input::Disconnect | Input::Reconnect | Input::Drop | Input::Failed { .. } | Input::Closed { .. }
    )
}
