//! How fast the run goes: three charts of the last minute.
//!
//! They are drawn once a second by the page's clock, and not with each frame. The seconds are the reporter's, whose clock
//! may differ from this one's: what counts is how far apart the two were when something was last counted.

use leptos::prelude::*;
use switchboard_model::{Counted, RATE_SECONDS};
use switchboard_protocol::Timestamp;

use super::Shared;
use crate::components::{Minute, RateChart, use_progress_clock};

/// The counts of the last minute, second by second; and whether the run goes on.
type Counts = (Vec<Counted>, bool);

#[component]
pub(super) fn RateCharts(shared: Shared) -> impl IntoView {
    let counts = use_counts(shared);
    let minute = move |of: fn(&Counted) -> u64| {
        Signal::derive(move || {
            counts.with(|(seconds, runs)| Minute { seconds: seconds.iter().map(of).collect(), runs: *runs })
        })
    };
    view! {
        <section class="rate-charts" aria-label="Rates">
            <RateChart name="Pages per second" minute=minute(|counted| counted.pages) />
            <RateChart name="Items per second" minute=minute(|counted| counted.items) />
            <RateChart name="Bytes per second" minute=minute(|counted| counted.bytes) is_size=true />
        </section>
    }
}

/// The run's last minute. That of a run which has ended ends with it.
fn use_counts(shared: Shared) -> Signal<Counts> {
    let now = use_progress_clock(shared.hook.transport);
    let view = shared.hook.view;
    // How far the reporter's clock was ahead when something was last counted, and when that was by the reporter's clock.
    let ahead = StoredValue::new((0_i64, None::<Timestamp>));
    Memo::new(move |_| {
        let runs = !shared.phase.get().is_final();
        let now = now.get();
        if !runs {
            shared.hook.version.track();
        }
        shared.generation.track();
        let seconds = view.with_untracked(|run| {
            let newest = run.rates().newest();
            let (offset, seen) = ahead.get_value();
            let offset = match (newest, seen) {
                (Some(newest), Some(seen)) if newest > seen => newest.as_millis() - now.as_millis(),
                // What a first snapshot has may be old, but it is not of the future.
                (Some(newest), _) => offset.max(newest.as_millis() - now.as_millis()),
                (None, _) => offset,
            };
            ahead.set_value((offset, newest));
            let ended = run.summary().finished_at.or(newest);
            let until =
                if runs { Timestamp::from_millis(now.as_millis() + offset) } else { ended.unwrap_or(now) };
            run.rates().series(until).collect::<Vec<_>>()
        });
        (seconds.unwrap_or_else(|| vec![Counted::default(); RATE_SECONDS]), runs)
    })
    .into()
}
