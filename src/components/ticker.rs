//! One clock for everything that ticks. It stops while the socket is down, because a duration that goes on says
//! "still running", which nobody knows then.

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use switchboard_model::duration_text;
use switchboard_protocol::{Timestamp, rest::ExecutionSummary};

use crate::realtime::use_connection_status;

/// How often durations tick, in milliseconds: they show seconds.
const TICK_MS: u32 = 1000;

/// The clock, as context.
#[derive(Clone, Copy)]
struct Ticker(RwSignal<Timestamp>);

/// Starts the clock for the components below.
pub fn provide_ticker() {
    let connection = use_connection_status();
    let ticker = Ticker(RwSignal::new(now()));
    provide_context(ticker);
    let interval = StoredValue::new_local(None::<Interval>);
    Effect::new(move || {
        let ticking = connection.socket_up.get().then(|| {
            ticker.0.set(now());
            Interval::new(TICK_MS, move || {
                let _ = ticker.0.try_set(now());
            })
        });
        interval.set_value(ticking);
    });
}

/// How long an execution has been running, or how long it ran.
#[component]
pub fn ElapsedTime(
    /// The execution.
    #[prop(into)]
    summary: Signal<ExecutionSummary>,
) -> impl IntoView {
    let ticker = expect_context::<Ticker>();
    let times = Memo::new(move |_| summary.with(|summary| (summary.started_at, summary.finished_at)));
    let text = Memo::new(move |_| match times.get() {
        (Some(started), Some(finished)) => duration_text(finished.millis_since(started)),
        (Some(started), None) => ticking_text(ticker.0.get().millis_since(started)),
        (None, _) => "–".to_owned(),
    });
    view! { <span role="timer">{text}</span> }
}

/// Whole seconds: tenths that change once a second would only flicker.
fn ticking_text(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    if seconds < 60 { format!("{seconds} s") } else { duration_text(milliseconds) }
}

fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}
