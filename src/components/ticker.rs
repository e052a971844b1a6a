//! The one clock that everything on the page ticks by.

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use switchboard_protocol::Timestamp;

use crate::realtime::use_connection_status;

/// How often it ticks, in milliseconds: durations show seconds.
const TICK_MS: u32 = 1000;

/// The time, once a second, for all durations and countdowns of the page.
#[derive(Clone, Copy)]
pub struct Ticker {
    /// The time up to which what is shown is known to be true. It stands still while the socket is down,
    /// because a duration that goes on says "still running", which nobody knows then.
    pub live: Signal<Timestamp>,
    /// The time on the wall, for what concerns this page itself, such as a countdown to the next attempt.
    pub wall: Signal<Timestamp>,
}

impl Ticker {
    /// Starts the clock, and provides it to the components below. It ends with its owner.
    pub fn provide() {
        let connection = use_connection_status();
        let (live, wall) = (RwSignal::new(now()), RwSignal::new(now()));
        let tick = move || {
            let now = now();
            let _ = wall.try_set(now);
            if connection.socket_up.try_get_untracked() == Some(true) {
                let _ = live.try_set(now);
            }
        };
        StoredValue::new_local(Interval::new(TICK_MS, tick));
        Effect::new(move || {
            if connection.socket_up.get() {
                live.set(now());
            } else if let Some(since) = connection.stale_since.get()
                && since < live.get_untracked()
            {
                // A connection that was found dead had been dead for a while.
                live.set(since);
            }
        });
        provide_context(Self { live: live.into(), wall: wall.into() });
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
