//! What components hold of the one socket.

use std::rc::Rc;

use leptos::prelude::*;
use switchboard_link::{Input, LinkState, LinkStats, LinkStatus, Request, Scope, StreamInput};
use switchboard_model::{ConnectionMark, PendingTask, TaskEnd, TaskInput};
use switchboard_protocol::{ExecutionId, OrganizationId, TaskId, Timestamp};

use super::{
    daemon::address::bare,
    fanout::{Matched, Notice, OnNotice, Subscription, Topic},
    health::Health,
    listeners::Listeners,
    scrape_streams::{self, ScrapeStreams},
    shell::{Shell, Signals},
    tasks::{TaskListener, Tasks},
    transport::Transport,
    wire::Recorder,
};

/// A handle on the page's one connection: `Copy`, and found by [`use_websocket_context`].
///
/// It can ask for events and for a new connection. It can't send: the socket carries no data upwards.
#[derive(Clone, Copy)]
pub struct WebSocketContext {
    connection: StoredValue<Connection, LocalStorage>,
    signals: Signals,
    organization: RwSignal<OrganizationId>,
    health: Health,
}

/// What the provider owns. Dropped with the provider, and with it the socket, the timers and the listeners.
pub(super) struct Connection {
    pub shell: Rc<Shell>,
    pub tasks: Rc<Tasks>,
    pub streams: Rc<ScrapeStreams>,
    pub _listeners: Listeners,
    pub _results: Subscription,
}

impl WebSocketContext {
    pub(super) fn new(
        connection: Connection,
        signals: Signals,
        organization: RwSignal<OrganizationId>,
        health: Health,
    ) -> Self {
        Self { connection: StoredValue::new_local(connection), signals, organization, health }
    }

    /// How the connection stands. Changes with the state, not with each message.
    pub fn status(&self) -> Signal<LinkStatus> {
        self.signals.status.into()
    }

    /// Whether the connection is up and has proven itself.
    pub fn is_connected(&self) -> Signal<bool> {
        let status = self.signals.status;
        Memo::new(move |_| status.with(|status| status.state == LinkState::Connected)).into()
    }

    /// When frames were last handed out; at most one change per animation frame.
    pub fn last_message_at(&self) -> Signal<Option<Timestamp>> {
        self.signals.last_message_at.into()
    }

    /// By how many milliseconds this machine's clock is ahead of the server's, as far as live frames have shown; negative where it is
    /// behind. `switchboard_model::server_time` takes it.
    pub fn clock_ahead_ms(&self) -> Signal<i64> {
        self.signals.clock_ahead.into()
    }

    /// Whether the HTTP interface answers; `None` until the first answer.
    pub fn is_api_healthy(&self) -> Signal<Option<bool>> {
        self.health.signal()
    }

    /// Since when the HTTP interface answers, or doesn't; `None` until the first answer.
    pub(super) fn api_since(&self) -> Signal<Option<Timestamp>> {
        self.health.since()
    }

    /// Asks the HTTP interface now whether it answers.
    pub(super) fn check_api(&self) {
        self.health.check();
    }

    /// Whose log is followed.
    pub fn organization(&self) -> Signal<OrganizationId> {
        self.organization.into()
    }

    /// Follows another organization: the connection is replaced, and pages fetch anew.
    pub fn set_organization(&self, organization: OrganizationId) {
        if self.organization.try_get_untracked().is_none_or(|current| current == organization) {
            return;
        }
        let _ = self.organization.try_set(organization.clone());
        self.tell(Input::Request(Request::SetOrganization(Some(organization))));
    }

    /// Connects now: also out of a refusal, and whatever the schedule says.
    pub fn reconnect(&self) {
        self.tell(Input::Reconnect);
    }

    /// Closes the connection and stays so until [`reconnect`](Self::reconnect).
    pub fn disconnect(&self) {
        self.tell(Input::Disconnect);
    }

    /// Drops the connection as a network that breaks would, so that a person can watch it recover.
    pub fn drop_connection(&self) {
        self.tell(Input::Drop);
    }

    /// Asks now whether the connection lives. Where the next attempt is awaited, it comes at once.
    pub fn probe(&self) {
        self.tell(Input::Probe);
    }

    /// The socket's address, without a query: that may hold a token.
    pub fn address(&self) -> String {
        self.with_shell(|shell| bare(shell.url())).unwrap_or_default()
    }

    /// Tries another token, for instance after the server refused the last.
    pub fn set_token(&self, token: String) {
        self.tell(Input::Request(Request::SetToken(token)));
    }

    /// What has been counted since the page was loaded.
    pub fn stats(&self) -> LinkStats {
        self.with_shell(|shell| shell.with_link(|link| *link.stats())).flatten().unwrap_or_default()
    }

    /// How the connection stands at this moment: its place in the log moves without the signal of [`status`](Self::status).
    pub fn status_now(&self) -> LinkStatus {
        self.with_shell(|shell| shell.with_link(|link| link.status().clone())).flatten().unwrap_or_default()
    }

    /// The executions that the server was asked for, and how many components hold each.
    pub fn subscriptions(&self) -> Vec<(ExecutionId, usize)> {
        let read = |shell: &Rc<Shell>| {
            shell.with_link(|link| link.subscriptions().map(|(id, count)| (id.clone(), count)).collect())
        };
        self.with_shell(read).flatten().unwrap_or_default()
    }

    /// The tasks whose results are awaited, the oldest first. They outlive a reload of the page.
    pub fn pending_task_ids(&self) -> Signal<Vec<TaskId>> {
        self.with_tasks(|tasks| tasks.ids()).unwrap_or_default()
    }

    /// The connection as it is now: to be taken before a request that may make a task, and given to
    /// [`register_pending_task`](Self::register_pending_task).
    pub fn connection_mark(&self) -> ConnectionMark {
        self.with_tasks(|tasks| tasks.mark()).unwrap_or_default()
    }

    /// Waits for a task's result: over the socket while that is up, by asking for it while it is not. It ends exactly once,
    /// whichever path is first; [`on_task_end`](Self::on_task_end) hears of it. `mark` is of the moment before the request that
    /// made the task: a result that the connection brought since then is found, and one that it may have missed is asked for.
    pub fn register_pending_task(&self, task: PendingTask, mark: ConnectionMark) {
        self.with_tasks(|tasks| tasks.tell(TaskInput::Registered { task, mark }));
    }

    /// Waits no more for a task's result.
    pub fn remove_pending_task(&self, task: &TaskId) {
        self.with_tasks(|tasks| tasks.tell(TaskInput::Removed(task.clone())));
    }

    /// Calls `on_end` once for each pending task that ends, until the listener is dropped; `None` where the provider is gone.
    pub fn on_task_end(&self, on_end: impl Fn(&PendingTask, &TaskEnd) + 'static) -> Option<TaskListener> {
        self.with_tasks(|tasks| tasks.listen(on_end))
    }

    /// Calls `on_frames` for every frame of a topic; `holder` names who asks. `None` where the provider is gone.
    pub(super) fn subscribe(
        &self,
        topic: Topic,
        holder: &'static str,
        on_frames: impl Fn(&Matched<'_>) + 'static,
        on_notice: Option<OnNotice>,
    ) -> Option<Subscription> {
        self.with_shell(|shell| shell.fanout().subscribe(topic, holder, Box::new(on_frames), on_notice, None))
    }

    /// Calls `on_frames` for every event of an execution; `holder` names who asks. `None` where the provider is gone.
    pub(super) fn subscribe_execution(
        &self,
        execution: &ExecutionId,
        holder: &'static str,
        on_frames: impl Fn(&Matched<'_>) + 'static,
        on_notice: impl Fn(&Notice) + 'static,
    ) -> Option<Subscription> {
        self.with_shell(|shell| {
            shell.subscribe_execution(execution, holder, Box::new(on_frames), Box::new(on_notice))
        })
    }

    /// Which way the progress of these runs comes. A stream comes only to those that
    /// [`subscribe_scrapes`](Self::subscribe_scrapes) asked for.
    pub(super) fn scrape_transport(&self, scope: Signal<Scope>) -> Signal<Transport> {
        let (context, connected) = (*self, self.is_connected());
        let version = self.with_streams(|streams| streams.version());
        Memo::new(move |_| {
            if let Some(version) = version {
                version.track();
            }
            if connected.get() {
                return Transport::WebSocket;
            }
            let is_live = scope.with(|scope| context.with_streams(|streams| streams.is_live(scope)));
            if is_live == Some(true) { Transport::Sse } else { Transport::None }
        })
        .into()
    }

    /// Calls `on_frames` for the progress of these runs, whichever way it comes; `None` where the provider is gone.
    pub(super) fn subscribe_scrapes(
        &self,
        scope: Scope,
        holder: &'static str,
        on_frames: impl Fn(&Matched<'_>) + 'static,
        on_notice: impl Fn(&Notice) + 'static,
    ) -> Option<Subscription> {
        let streams = self.with_streams(Rc::clone)?;
        let (ending, ended) = (Rc::downgrade(&streams), scope.clone());
        let on_end = move || {
            if let Some(streams) = ending.upgrade() {
                streams.tell_owned(StreamInput::Unwant(ended));
            }
        };
        let topic = scrape_streams::topic(scope.clone());
        let subscription = self.with_shell(|shell| {
            let (on_frames, on_notice) = (Box::new(on_frames), Box::new(on_notice));
            shell.fanout().subscribe(topic, holder, on_frames, Some(on_notice), Some(Box::new(on_end)))
        });
        streams.tell_owned(StreamInput::Want(scope));
        subscription
    }

    /// Says up to where in the log everything is known of these runs, and, of one, whether it is over.
    pub(super) fn know_scrapes(&self, scope: &Scope, seq: Option<u64>, ended: bool) {
        let scope = scope.clone();
        self.with_streams(|streams| streams.tell_owned(StreamInput::Known { scope, seq, ended }));
    }

    /// Whether the server delivers the execution's events already.
    pub(super) fn is_confirmed(&self, execution: &ExecutionId) -> bool {
        self.with_shell(|shell| shell.fanout().is_confirmed(execution)).unwrap_or(false)
    }

    /// Who holds which subscription, by what it is for.
    pub(super) fn holders(&self) -> Vec<(Topic, Vec<&'static str>)> {
        self.with_shell(|shell| shell.fanout().holders()).unwrap_or_default()
    }

    /// Told when a subscription comes or goes, or is confirmed.
    pub(super) fn subscriptions_changed(&self) -> ArcTrigger {
        self.with_shell(|shell| shell.fanout().changed()).unwrap_or_default()
    }

    /// What keeps what happened on the wire.
    pub(super) fn recorder(&self) -> Option<Rc<Recorder>> {
        self.with_shell(|shell| Rc::clone(shell.recorder()))
    }

    /// The tasks whose results are awaited, the oldest first.
    pub(super) fn pending_tasks(&self) -> Vec<PendingTask> {
        self.with_tasks(|tasks| tasks.all()).unwrap_or_default()
    }

    /// How many event streams stand in for the socket now, and what tells of a change of that.
    pub(super) fn streams(&self) -> (usize, Option<RwSignal<u64>>) {
        self.with_streams(|streams| (streams.count(), Some(streams.version()))).unwrap_or_default()
    }

    /// Ends the connection; the provider does so when it goes.
    pub(super) fn shut_down(&self) {
        self.with_shell(|shell| shell.shut_down());
        self.with_streams(|streams| streams.shut_down());
    }

    pub(super) fn tell(&self, input: Input<'static>) {
        self.with_shell(|shell| shell.tell(input));
    }

    fn with_streams<T>(&self, act: impl FnOnce(&Rc<ScrapeStreams>) -> T) -> Option<T> {
        let streams = self.connection.try_with_value(|connection| Rc::clone(&connection.streams))?;
        Some(act(&streams))
    }

    fn with_tasks<T>(&self, act: impl FnOnce(&Rc<Tasks>) -> T) -> Option<T> {
        let tasks = self.connection.try_with_value(|connection| Rc::clone(&connection.tasks))?;
        Some(act(&tasks))
    }

    /// The shell is taken out before it is used: what it calls may use this handle again.
    fn with_shell<T>(&self, act: impl FnOnce(&Rc<Shell>) -> T) -> Option<T> {
        let shell = self.connection.try_with_value(|connection| Rc::clone(&connection.shell))?;
        Some(act(&shell))
    }
}

/// The page's one connection.
///
/// # Panics
/// Where no [`WebSocketProvider`](super::WebSocketProvider) stands above: a mistake in the program that every
/// first run shows.
pub fn use_websocket_context() -> WebSocketContext {
    expect_context()
}
