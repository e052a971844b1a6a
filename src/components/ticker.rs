//! The one clock that everything on the page ticks by.

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use switchboard_model::{Outage, server_time, worker_silent_beyond};
use switchboard_protocol::{ExecutionStatus, Timestamp, rest::ExecutionSummary};

use crate::realtime::{use_connection_status, use_websocket_context};

/// How often it ticks, in milliseconds: durations show seconds.
const TICK_MS: u32 = 1000;

/// A tick that comes so much later than the one before tells that the page slept, in milliseconds.
const SLEPT_MS: u64 = 5_000;

/// The time, once a second, for all durations and countdowns of the page.
#[derive(Clone, Copy)]
pub struct Ticker {
    /// The time up to which what is shown is known to be true. It stands still while the socket is down,
    /// because a duration that goes on says "still running", which nobody knows then.
    pub live: Signal<Timestamp>,
    /// The time on the wall, for what concerns this page itself, such as a countdown to the next attempt.
    pub wall: Signal<Timestamp>,
    /// Whether the socket was ever up.
    was_live: Signal<bool>,
    /// When this page last could not hear anything, and can again: the socket was down, or the page slept.
    outage: Signal<Option<Outage>>,
    /// By how many milliseconds this machine's clock is ahead of the server's.
    ahead: Signal<i64>,
}

impl Ticker {
    /// Starts the clock, and provides it to the components below. It ends with its owner.
    pub fn provide() {
        let (connection, ahead) = (use_connection_status(), use_websocket_context().clock_ahead_ms());
        let (live, wall) = (RwSignal::new(now()), RwSignal::new(now()));
        let (was_live, outage) = (RwSignal::new(false), RwSignal::new(None));
        let tick = move || {
            let now = now();
            let _ = wall.try_set(now);
            if connection.socket_up.try_get_untracked() == Some(true) {
                // Whether the connection outlived a sleep shows only later; what was missed meanwhile is no silence.
                if let Some(before) = live.try_get_untracked()
                    && now.millis_since(before) > SLEPT_MS
                {
                    let _ = outage.try_set(Some(Outage { from: before, to: now }));
                }
                let _ = live.try_set(now);
            }
        };
        StoredValue::new_local(Interval::new(TICK_MS, tick));
        Effect::new(move || {
            if connection.socket_up.get() {
                let now = now();
                if was_live.get_untracked() {
                    outage.set(Some(Outage { from: live.get_untracked(), to: now }));
                }
                was_live.set(true);
                live.set(now);
            } else if let Some(since) = connection.stale_since.get()
                && since < live.get_untracked()
            {
                // A connection that was found dead had been dead for a while.
                live.set(since);
            }
        });
        let (was_live, outage) = (was_live.into(), outage.into());
        provide_context(Self { live: live.into(), wall: wall.into(), was_live, outage, ahead });
    }

    /// Since when the worker of an execution has been silent, as far as this page can know; it is called again as time goes on.
    /// While the socket is down nothing becomes silent, because nobody would hear it.
    pub fn worker_silence(&self, summary: &ExecutionSummary) -> Option<Timestamp> {
        // Most executions have no worker that beats, and need no clock.
        if summary.status != ExecutionStatus::Running
            || summary.heartbeat_at.is_none()
            || !self.was_live.get()
        {
            return None;
        }
        worker_silent_beyond(summary, self.by_server(self.live.get()), self.outage_by_server())
    }

    /// A moment of this machine by the server's clock: who is silent is told by the clock that says when they were heard.
    pub fn by_server(&self, at: Timestamp) -> Timestamp {
        server_time(at, self.ahead.get())
    }

    /// When this page last could not hear anything, by the server's clock.
    pub fn outage_by_server(&self) -> Option<Outage> {
        let Outage { from, to } = self.outage.get()?;
        Some(Outage { from: self.by_server(from), to: self.by_server(to) })
    }
}

/// The page's clock.
///
/// # Panics
/// Where no component above called [`Ticker::provide`].
pub fn use_ticker() -> Ticker {
    expect_context()
}

fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}
