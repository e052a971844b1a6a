//! How the socket is looked at: by the one socket that the page has. A second one would be a second opinion about another connection,
//! and a page has one.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use switchboard_link::{LinkError, LinkState};
use switchboard_model::{SocketSeen, Surroundings};
use switchboard_protocol::close;

use crate::realtime::WebSocketContext;

/// How often to look, in milliseconds.
const LOOK_MS: u32 = 25;

/// How long an attempt may take, in milliseconds: the link gives up before.
const ATTEMPT_MS: u32 = 12_000;

/// How long a ping may take, in milliseconds: the link finds a dead connection before.
const PING_MS: u32 = 7_000;

/// A look at the socket.
pub(super) struct SocketLook {
    context: WebSocketContext,
}

impl SocketLook {
    pub fn new(context: WebSocketContext) -> Self {
        Self { context }
    }

    /// Pings a connection that is up. Where it is down, an attempt is made at once, and what becomes of it tells why.
    pub async fn look(&self) -> SocketSeen {
        let was_down = self.state() != LinkState::Connected;
        if was_down {
            self.context.reconnect();
            if !self.wait(ATTEMPT_MS, || self.state() != LinkState::Connecting).await {
                return SocketSeen::TimedOut { after_ms: ATTEMPT_MS.into() };
            }
            if self.state() != LinkState::Connected {
                return self.failure();
            }
        }
        let measured = self.context.stats().round_trips;
        self.context.probe();
        let is_measured = || self.context.stats().round_trips != measured;
        let ended = self.wait(PING_MS, || is_measured() || self.state() != LinkState::Connected).await;
        match self.context.stats().round_trip_ms.filter(|_| is_measured()) {
            Some(round_trip_ms) => SocketSeen::Answers { round_trip_ms, was_down },
            None if ended => self.failure(),
            None => SocketSeen::Silent { waited_ms: PING_MS.into() },
        }
    }

    fn state(&self) -> LinkState {
        self.context.status_now().state
    }

    fn failure(&self) -> SocketSeen {
        self.context.status_now().last_error.map_or(SocketSeen::Failed, |error| seen(&error))
    }

    /// Waits until something holds; `false` where it did not in time.
    async fn wait(&self, limit_ms: u32, holds: impl Fn() -> bool) -> bool {
        for _ in 0..limit_ms / LOOK_MS {
            if holds() {
                return true;
            }
            TimeoutFuture::new(LOOK_MS).await;
        }
        holds()
    }
}

/// What an end of the connection says of the way to the hub.
fn seen(error: &LinkError) -> SocketSeen {
    match error {
        LinkError::Closed { code: close::ABNORMAL, .. } | LinkError::Failed(_) | LinkError::Dropped => {
            SocketSeen::Failed
        }
        LinkError::Closed { code, reason } | LinkError::HandshakeRefused { code, reason } => {
            SocketSeen::Closed { code: *code, reason: reason.clone() }
        }
        LinkError::TimedOut { after_ms } => SocketSeen::TimedOut { after_ms: *after_ms },
        // Only a connection that cannot ask ends so, and this one can.
        LinkError::Silent { seconds, .. } => SocketSeen::Silent { waited_ms: seconds.saturating_mul(1_000) },
        LinkError::DeadPeer => SocketSeen::Silent { waited_ms: PING_MS.into() },
        // It works, and lost frames: the page comes back for them by itself.
        LinkError::Gap { .. } => SocketSeen::Closed { code: close::ABNORMAL, reason: error.to_string() },
        LinkError::GaveUp { last, .. } => seen(last),
    }
}

/// Where the page, the HTTP interface and the socket are.
pub(super) fn surroundings(api: &str, socket: &str) -> Surroundings {
    let page = window().location().origin().unwrap_or_default();
    let api = if api.is_empty() { page.clone() } else { api.to_owned() };
    Surroundings { page, api, socket: socket.to_owned() }
}
