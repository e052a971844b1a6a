//! One connection to a daemon, on which nothing can be sent.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use switchboard_link::{
    Backoff, Input, Link, LinkError, LinkState, LinkStats, LinkStatus, ListenOptions, ReadOnly,
};
use switchboard_protocol::{AgentEvent, Envelope, Frame, Json, Timestamp, decode};

use super::address;
use crate::realtime::{
    clock,
    fanout::{Matched, Topic},
    listeners::Listeners,
    shell::{Callbacks, Shell},
};

/// How a [`DaemonConnector`] behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DaemonOptions {
    /// Whether a lost connection is replaced.
    pub reconnect: bool,
    /// How long to wait before each attempt, and how many consecutive failures to suffer.
    pub backoff: Backoff,
}

impl Default for DaemonOptions {
    /// Reconnecting after 2 s, growing by half to 30 s, without a limit of attempts.
    fn default() -> Self {
        Self { reconnect: true, backoff: Backoff::daemon() }
    }
}

/// A read-only connection to a daemon. It has no method that sends, and neither has anything that it is made of: not a byte
/// follows the request for the connection.
///
/// There may be any number of them, and they share nothing. Clones are the same connector; when the last one is dropped, the
/// connection is closed. Events are handed out with the next animation frame, in order, each once. Of a daemon that says more than
/// the page can read, a part is left out and counted ([`left_out`](Self::left_out)).
///
/// ```ignore
/// let daemon = DaemonConnector::new("ws://127.0.0.1:7000/ws", DaemonOptions::default());
/// let events = daemon.on_event(|event| log(&event.kind, event.raw.text()));
/// let states = daemon.on_state_change(|status| show(status.state, &status.last_error));
/// daemon.connect();
/// drop(events); // hears nothing any more
/// daemon.disconnect(); // closes with 1000, and stays closed
/// ```
#[derive(Clone)]
pub struct DaemonConnector(Rc<Inner>);

struct Inner {
    url: String,
    shell: Rc<Shell<ReadOnly>>,
    states: Rc<States>,
    _listeners: Listeners,
}

/// Who hears of the connection's state, and what was told last.
#[derive(Default)]
struct States {
    told: RefCell<LinkStatus>,
    /// What stands in for the link's status where the address cannot be used.
    refused: RefCell<Option<LinkStatus>>,
    listeners: RefCell<Vec<(u64, OnState)>>,
    next: Cell<u64>,
}

type OnState = Rc<dyn Fn(&LinkStatus)>;

/// Something that a daemon said: any object with a kind.
#[derive(Debug, Clone, Copy)]
pub struct DaemonEvent<'a> {
    /// Its `type`.
    pub kind: &'a str,
    /// All of it, as it was written.
    pub raw: &'a Json,
    /// When it was handed out.
    pub received_at: Timestamp,
}

impl DaemonEvent<'_> {
    /// What it says of an agent; `None` where it is about something else, or does not say about which.
    pub fn agent(&self) -> Option<AgentEvent> {
        agent_event(self.kind, self.raw)
    }
}

/// Ends what it was given for when it is dropped.
#[must_use = "dropping it ends what it was given for"]
pub struct Unsubscribe(Option<Box<dyn FnOnce()>>);

impl Unsubscribe {
    fn new(end: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(end)))
    }

    /// Ends it now; the same as dropping it.
    pub fn unsubscribe(self) {}
}

impl Drop for Unsubscribe {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl DaemonConnector {
    /// A connector for the daemon at `url`. It waits for [`connect`](Self::connect).
    pub fn new(url: impl Into<String>, options: DaemonOptions) -> Self {
        let url = url.into();
        let states = Rc::<States>::default();
        let told = Rc::downgrade(&states);
        let on_status = move |status: &LinkStatus| {
            if let Some(states) = told.upgrade() {
                states.tell(status);
            }
        };
        let callbacks = Callbacks { status: Some(Rc::new(on_status)), ..Callbacks::default() };
        let listen = ListenOptions {
            reconnect: options.reconnect,
            backoff: options.backoff,
            ..ListenOptions::default()
        };
        let shell = Shell::around(url.clone(), Link::listening(listen), callbacks, None);
        Self(Rc::new(Inner { url, _listeners: Listeners::attach(&shell), shell, states }))
    }

    /// Where the daemon is, as it was given: a query may hold a token, and is not for showing.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Connects, and keeps the connection up. Does nothing while there is one, or while a retry is due.
    pub fn connect(&self) {
        if self.may_connect() {
            self.0.shell.tell(Input::Connect);
        }
    }

    /// Closes the connection with code 1000. No retry follows.
    pub fn disconnect(&self) {
        self.0.states.refused.take();
        self.0.shell.tell(Input::Disconnect);
        self.0.states.tell(&self.status());
    }

    /// Connects now, whatever the schedule says: what there is is replaced, and all attempts count anew.
    pub fn reconnect(&self) {
        if self.may_connect() {
            self.0.shell.tell(Input::Reconnect);
        }
    }

    /// How the connection stands: its state, its last error, since when.
    pub fn status(&self) -> LinkStatus {
        let refused = self.0.states.refused.borrow().clone();
        refused
            .or_else(|| self.0.shell.with_link(|link| link.status().clone()))
            .unwrap_or_else(|| self.0.states.told.borrow().clone())
    }

    /// What has been counted: connections, messages, bytes, frames that could not be read.
    pub fn stats(&self) -> LinkStats {
        self.0.shell.with_link(|link| *link.stats()).unwrap_or_default()
    }

    /// How many messages were left out unread, because more came than the page could read.
    pub fn left_out(&self) -> u64 {
        self.0.shell.pace().left_out()
    }

    /// Calls `on_event` with each event, until the handle is dropped.
    pub fn on_event(&self, on_event: impl Fn(&DaemonEvent<'_>) + 'static) -> Unsubscribe {
        self.on_batch(move |matched| {
            for event in matched.iter().filter_map(|envelope| event_of(envelope, matched.received_at())) {
                on_event(&event);
            }
        })
    }

    /// Calls `on_change` whenever the state or the last error is another, until the handle is dropped.
    pub fn on_state_change(&self, on_change: impl Fn(&LinkStatus) + 'static) -> Unsubscribe {
        let states = &self.0.states;
        let number = states.next.get();
        states.next.set(number + 1);
        states.listeners.borrow_mut().push((number, Rc::new(on_change)));
        let states = Rc::downgrade(states);
        Unsubscribe::new(move || {
            if let Some(states) = states.upgrade() {
                // Taken out before it is dropped: what it holds may unsubscribe too.
                let mut listeners = states.listeners.borrow_mut();
                let place = listeners.iter().position(|(other, _)| *other == number);
                let listener = place.map(|place| listeners.remove(place));
                drop(listeners);
                drop(listener);
            }
        })
    }

    /// Calls `on_batch` once per batch with all of its events.
    pub(in crate::realtime) fn on_batch(&self, on_batch: impl Fn(&Matched<'_>) + 'static) -> Unsubscribe {
        let subscription = self.0.shell.fanout().subscribe(
            Topic::Everything,
            "DaemonConnector",
            Box::new(on_batch),
            None,
            None,
        );
        Unsubscribe::new(move || drop(subscription))
    }

    /// Whether the address can be used. Where it cannot, no retry would change that: it says so, and waits for a person.
    fn may_connect(&self) -> bool {
        match address::check(&self.0.url) {
            Ok(()) => {
                self.0.states.refused.take();
                true
            }
            Err(error) => {
                let now = clock::now().wall_ms;
                let refused = LinkStatus {
                    state: LinkState::Error,
                    since: now,
                    stale_since: Some(now),
                    last_error: Some(LinkError::Failed(error.to_string())),
                    ..LinkStatus::default()
                };
                self.0.states.refused.replace(Some(refused.clone()));
                self.0.states.tell(&refused);
                false
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shell.shut_down();
    }
}

impl States {
    fn tell(&self, status: &LinkStatus) {
        let before = self.told.replace(status.clone());
        if before.state == status.state
            && before.last_error == status.last_error
            && before.attempt == status.attempt
            && before.next_retry_at == status.next_retry_at
        {
            return;
        }
        // Nothing is borrowed while they run: they may subscribe and unsubscribe, also one another.
        let listeners = self.listeners.borrow().clone();
        for (number, listener) in listeners {
            if self.listeners.borrow().iter().any(|(listed, _)| *listed == number) {
                listener(status);
            }
        }
    }
}

/// The event that a frame of a daemon is.
pub(super) fn event_of(envelope: &Envelope, received_at: Timestamp) -> Option<DaemonEvent<'_>> {
    match &envelope.frame {
        Frame::Unknown(event) => Some(DaemonEvent { kind: &event.kind, raw: &event.raw, received_at }),
        _ => None,
    }
}

fn agent_event(kind: &str, raw: &Json) -> Option<AgentEvent> {
    if !matches!(kind, "heartbeat" | "agent_started" | "agent_stopped" | "agent_error") {
        return None;
    }
    match decode(raw.text()).ok()?.frame {
        Frame::AgentEvent(event) => Some(event),
        _ => None,
    }
}
