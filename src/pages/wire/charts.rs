//! How long a ping takes, and how much comes, over the last minute.

use leptos::prelude::*;
use switchboard_model::{ROUND_TRIPS_RECORDED, Traffic};

use super::Shared;
use crate::components::{BarChart, Minute, RateChart, clock_text, use_ticker};

#[component]
pub(super) fn Charts(shared: Shared) -> impl IntoView {
    let wire = shared.wire;
    let ticker = use_ticker();
    let is_up = wire.context.is_connected();
    let round_trips = Memo::new(move |_| {
        wire.version.track();
        wire.with_recording(|recording| recording.round_trips().iter().copied().collect::<Vec<_>>())
            .map(|times| at_the_end(&times))
            .unwrap_or_default()
    });
    let round_trip = Memo::new(move |_| {
        let latest = shared.state.with(|state| state.stats.round_trip_ms).filter(|_| is_up.get());
        latest.map_or_else(
            || "not measured".to_owned(),
            |time| if time == 0 { "under 1 ms".to_owned() } else { format!("{time} ms") },
        )
    });
    // The clock stands still while the socket is down, and the charts with it.
    let traffic = Memo::new(move |_| {
        let until = ticker.live.get();
        wire.with_recording(|recording| recording.rates().series(until).collect::<Vec<_>>())
            .unwrap_or_default()
    });
    let minute = move |of: fn(&Traffic) -> u64| {
        Signal::derive(move || {
            let seconds = traffic.with(|traffic| traffic.iter().map(of).collect());
            Minute { seconds, runs: is_up.get() }
        })
    };
    let since = wire.with_recording(|recording| clock_text(recording.since())).unwrap_or_default();
    view! {
        <section class="section" aria-label="Traffic">
            <div class="rate-charts">
                <BarChart name="Round trip" value=round_trip values=round_trips />
                <RateChart name="Frames per second" minute=minute(|second| second.frames) />
                <RateChart name="Bytes per second" minute=minute(|second| second.bytes) is_size=true />
            </div>
            <p class="faint">
                {format!("Recorded since {since}, when this page was opened. Leaving it ends the recording.")}
            </p>
        </section>
    }
}

/// As many numbers as the chart has places, the newest at its end as in the charts beside it. What took no millisecond is seen too.
fn at_the_end(times: &[u64]) -> Vec<u64> {
    let empty = std::iter::repeat_n(0, ROUND_TRIPS_RECORDED.saturating_sub(times.len()));
    empty.chain(times.iter().map(|time| (*time).max(1))).collect()
}
