//! The component that owns the one socket.

use std::rc::Rc;

use leptos::prelude::*;
use switchboard_link::{Backoff, Input, LinkOptions, LinkState, LinkStatus, SocketView, StreamInput};
use switchboard_model::TaskInput;
use switchboard_protocol::{Envelope, Frame, OrganizationId};

use super::{
    context::{Connection, WebSocketContext},
    daemon::SharedDaemon,
    fanout::{Subscription, Topic},
    health::Health,
    listeners::Listeners,
    scrape_streams::ScrapeStreams,
    shell::{Callbacks, Shell, Signals},
    tasks::Tasks,
};
use crate::{api::ApiClient, config::Config};

/// How the socket behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WebSocketOptions {
    /// Whether to connect when the provider is mounted; without it, `reconnect()` does.
    pub connect: bool,
    /// Whether a lost connection is replaced.
    pub reconnect: bool,
    /// How long to wait before each attempt, and how many consecutive failures to suffer. Event streams that stand in for the
    /// socket wait as long, and never give up.
    pub backoff: Backoff,
    /// How often to ping, in milliseconds, where the server does not say.
    pub ping_interval_ms: u64,
    /// How long a ping may stay unanswered, in milliseconds.
    pub pong_timeout_ms: u64,
}

impl Default for WebSocketOptions {
    fn default() -> Self {
        let link = LinkOptions::default();
        Self {
            connect: true,
            reconnect: link.reconnect,
            backoff: link.backoff,
            ping_interval_ms: link.ping_interval_ms,
            pong_timeout_ms: link.pong_timeout_ms,
        }
    }
}

/// Owns the page's one WebSocket, and provides it to the components below as [`WebSocketContext`].
///
/// The connection lives as long as this component. It reconnects by itself, resumes where it stopped, and
/// tells components what they have to know to never show stale data as live.
///
/// ```ignore
/// view! {
///     <WebSocketProvider config=config on_error=Callback::new(|error| log(error))>
///         <Router>…</Router>
///     </WebSocketProvider>
/// }
/// ```
#[component]
pub fn WebSocketProvider(
    /// Where to connect, as what, and for which organization.
    config: Config,
    /// How the socket behaves.
    #[prop(optional)]
    options: WebSocketOptions,
    /// Called when a connection has proven itself.
    #[prop(optional, into)]
    on_open: Option<Callback<()>>,
    /// Called with every data frame, in order.
    #[prop(optional, into)]
    on_message: Option<UnsyncCallback<Envelope>>,
    /// Called when a connection ends, with the reason.
    #[prop(optional, into)]
    on_close: Option<Callback<String>>,
    /// Called with what went wrong.
    #[prop(optional, into)]
    on_error: Option<Callback<String>>,
    /// What uses the connection.
    children: Children,
) -> impl IntoView {
    let api = ApiClient::new(&config);
    let connect = options.connect;
    let link_options = LinkOptions {
        token: config.token,
        organization_id: Some(config.organization_id.clone()),
        reconnect: options.reconnect,
        backoff: options.backoff,
        batch: true,
        binary: true,
        ping_interval_ms: options.ping_interval_ms,
        pong_timeout_ms: options.pong_timeout_ms,
        ..LinkOptions::default()
    };
    let signals = Signals {
        status: RwSignal::new(LinkStatus::default()),
        last_message_at: RwSignal::new(None),
        clock_ahead: RwSignal::new(0),
    };
    let callbacks =
        Callbacks { open: on_open, message: on_message, close: on_close, error: on_error, status: None };
    let shell = Shell::new(config.ws_url, link_options, callbacks, signals);
    let organization = RwSignal::new(config.organization_id);
    let streams = back_up(&shell, options.backoff, api.clone(), organization);
    let tasks = Tasks::new(api.clone());
    watch_tasks(&tasks, signals, organization);
    let connection = Connection {
        _listeners: Listeners::attach(&shell),
        _results: hear_results(&shell, &tasks),
        shell,
        tasks,
        streams: Rc::clone(&streams),
    };
    let health = Health::watch(api, signals);
    suspect_streams(&streams, health);
    let context = WebSocketContext::new(connection, signals, organization, health);

    provide_context(context);
    SharedDaemon::provide(config.daemon_hub_ws_url);
    on_cleanup(move || context.shut_down());
    if connect {
        context.tell(Input::Connect);
    }
    children()
}

/// Makes what takes over for scrape progress while the socket fails. What it brings goes where the socket's frames go.
fn back_up(
    shell: &Rc<Shell>,
    backoff: Backoff,
    api: ApiClient,
    organization: RwSignal<OrganizationId>,
) -> Rc<ScrapeStreams> {
    let (receiver, socket) = (Rc::downgrade(shell), Rc::downgrade(shell));
    let receive = move |envelope| {
        if let Some(shell) = receiver.upgrade() {
            shell.receive(envelope);
        }
    };
    let view = move || socket.upgrade()?.with_link(|link| SocketView::from(link.status()));
    let streams = ScrapeStreams::new(backoff, api, organization, Rc::clone(shell.fanout()), receive, view);
    shell.back_up(&streams);
    streams
}

/// A server that does not answer HTTP may have left a stream open that nobody writes to.
fn suspect_streams(streams: &Rc<ScrapeStreams>, health: Health) {
    let (suspected, is_up) = (StoredValue::new_local(Rc::downgrade(streams)), health.signal());
    Effect::new(move || {
        if is_up.get() == Some(false)
            && let Some(streams) = suspected.try_get_value().and_then(|streams| streams.upgrade())
        {
            streams.tell_owned(StreamInput::Unreachable);
        }
    });
}

/// Tells the pending tasks how the connection stands, from the first moment on.
fn watch_tasks(tasks: &Rc<Tasks>, signals: Signals, organization: RwSignal<OrganizationId>) {
    let watched = StoredValue::new_local(Rc::downgrade(tasks));
    let followed = Memo::new(move |_| {
        let connected = signals.status.with(|status| status.state == LinkState::Connected);
        connected.then(|| organization.get())
    });
    Effect::new(move |before: Option<Option<OrganizationId>>| {
        let now = followed.get();
        let changed = before.as_ref() != Some(&now);
        if let Some(tasks) = watched.try_get_value().and_then(|tasks| tasks.upgrade()).filter(|_| changed) {
            // The first run says how the page begins: without a connection, and so there is nothing to end.
            if before.is_some() || now.is_some() {
                tasks.connection(now.clone());
            }
            tasks.restore();
        }
        now
    });
}

/// Hands ends of tasks to those who wait for them.
fn hear_results(shell: &Rc<Shell>, tasks: &Rc<Tasks>) -> Subscription {
    let tasks = Rc::downgrade(tasks);
    let hear = move |matched: &super::Matched<'_>| {
        let Some(tasks) = tasks.upgrade() else { return };
        for envelope in matched.iter() {
            if let Frame::TaskResult(result) = &envelope.frame {
                tasks.tell(TaskInput::Frame(result.clone()));
            }
        }
    };
    shell.fanout().subscribe(Topic::TaskResults, "WebSocketProvider", Box::new(hear), None, None)
}
