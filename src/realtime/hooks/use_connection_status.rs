//! `use_connection_status`.

use std::fmt;

use leptos::prelude::*;
use switchboard_link::LinkState;
use switchboard_protocol::Timestamp;

use crate::realtime::{WebSocketContext, use_websocket_context};

/// The connection in one word, from socket and HTTP interface together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionStatus {
    /// Both are up.
    Connected,
    /// One of the two is.
    Partial,
    /// Neither is.
    Disconnected,
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connected => "Connected",
            Self::Partial => "Partial",
            Self::Disconnected => "Disconnected",
        })
    }
}

/// What [`use_connection_status`] gives back.
#[derive(Clone, Copy)]
pub struct UseConnectionStatus {
    /// The word for the header.
    pub status: Signal<ConnectionStatus>,
    /// The socket's state.
    pub socket: Signal<LinkState>,
    /// Whether the socket is up: whether what is shown is live.
    pub socket_up: Signal<bool>,
    /// Whether the HTTP interface answers; `None` until the first answer.
    pub api_up: Signal<Option<bool>>,
    /// Since when the socket is up, or not; `None` before the first attempt.
    pub socket_since: Signal<Option<Timestamp>>,
    /// Since when the HTTP interface answers, or doesn't; `None` until the first answer.
    pub api_since: Signal<Option<Timestamp>>,
    /// Since when what is shown is stale; `None` while it is live.
    pub stale_since: Signal<Option<Timestamp>>,
    /// How many connections failed in a row.
    pub attempt: Signal<u32>,
    /// When the next attempt is due.
    pub next_retry_at: Signal<Option<Timestamp>>,
    /// What ended the last connection, in words; `None` while the socket is up.
    pub last_error: Signal<Option<String>>,
    context: WebSocketContext,
}

impl UseConnectionStatus {
    /// How long the last ping took to be answered, in milliseconds. Not a signal: it changes with each ping, and
    /// nothing but an open view of it wants to know.
    pub fn round_trip_ms(&self) -> Option<u64> {
        self.context.stats().round_trip_ms
    }

    /// Connects now, and asks the HTTP interface now.
    pub fn reconnect(&self) {
        self.context.reconnect();
        self.context.check_api();
    }
}

/// How the connection stands, for headers and banners.
///
/// # Panics
/// Where no `WebSocketProvider` stands above.
pub fn use_connection_status() -> UseConnectionStatus {
    let context = use_websocket_context();
    let (link, api_up) = (context.status(), context.is_api_healthy());
    let socket_up = context.is_connected();
    let status = Memo::new(move |_| match (socket_up.get(), api_up.get()) {
        // A socket that works proves the server; an interface that nobody has asked yet says nothing against it.
        (true, Some(true) | None) => ConnectionStatus::Connected,
        (true, Some(false)) | (false, Some(true)) => ConnectionStatus::Partial,
        (false, Some(false) | None) => ConnectionStatus::Disconnected,
    });
    let millis = |time: Option<i64>| time.map(Timestamp::from_millis);
    UseConnectionStatus {
        status: status.into(),
        socket: Memo::new(move |_| link.with(|link| link.state)).into(),
        socket_up,
        api_up,
        socket_since: Memo::new(move |_| {
            // While it is down its state goes back and forth with each attempt; what counts is since when nothing came.
            millis(link.with(|link| match link.state {
                LinkState::Connected => Some(link.since),
                _ => link.stale_since,
            }))
        })
        .into(),
        api_since: context.api_since(),
        stale_since: Memo::new(move |_| millis(link.with(|link| link.stale_since))).into(),
        attempt: Memo::new(move |_| link.with(|link| link.attempt)).into(),
        next_retry_at: Memo::new(move |_| millis(link.with(|link| link.next_retry_at.map(|at| at.wall_ms))))
            .into(),
        last_error: Memo::new(move |_| link.with(|link| link.last_error.as_ref().map(ToString::to_string)))
            .into(),
        context,
    }
}
