//! How much of something is done, as a bar.

use leptos::prelude::*;
use switchboard_protocol::ScrapePhase;

use super::grouped;

/// A bar. With a name it is a `progressbar` of that name; without one it only goes with words that stand beside it.
#[component]
pub fn ProgressBar(
    /// What it is the progress of.
    #[prop(optional, into)]
    name: Option<String>,
    /// How much is done, and how much there is to do; 0 is unknown.
    #[prop(into)]
    done: Signal<(u64, u64)>,
    /// Where what it is the progress of stands.
    #[prop(into)]
    phase: Signal<ScrapePhase>,
    /// Whether progress comes: nothing moves while it doesn't.
    #[prop(into)]
    live: Signal<bool>,
) -> impl IntoView {
    let is_named = name.is_some();
    let total = move || Some(done.get().1).filter(|total| *total > 0);
    let attribute = move |value: fn((u64, u64)) -> u64| {
        move || total().filter(|_| is_named).map(|_| value(done.get()).to_string())
    };
    let text = move || {
        let (current, total) = done.get();
        is_named.then(|| progress_text(current, total))
    };
    let motion = move || {
        let is_indeterminate = total().is_none() && phase.get() == ScrapePhase::Running;
        match (is_indeterminate, live.get()) {
            (true, true) => "moving",
            (true, false) => "still",
            (false, _) => "none",
        }
    };
    view! {
        <div
            class="bar"
            role=is_named.then_some("progressbar")
            aria-hidden=(!is_named).then_some("true")
            aria-label=name
            aria-valuemin=attribute(|_| 0)
            aria-valuemax=attribute(|(_, total)| total)
            aria-valuenow=attribute(|(current, total)| current.min(total))
            aria-valuetext=text
            data-phase=move || phase.get().as_str()
            data-unknown=motion
        >
            <div class="bar-fill" style:width=move || width(done.get(), phase.get())></div>
        </div>
    }
}

/// How much is done in words: `12 of 40 pages`.
pub fn progress_text(current: u64, total: u64) -> String {
    match (current, total) {
        (1, 0) => "1 page".to_owned(),
        (current, 0) => format!("{} pages", grouped(current)),
        (current, 1) => format!("{current} of 1 page"),
        (current, total) => format!("{} of {} pages", grouped(current), grouped(total)),
    }
}

/// How wide the done part is, in whole tenths of a percent, so that a step that nobody sees changes nothing.
fn width((current, total): (u64, u64), phase: ScrapePhase) -> String {
    let permille = match total {
        // Who never says how much there is has done it all when it has ended well.
        0 if phase == ScrapePhase::Completed => 1000,
        0 => 0,
        total => u128::from(current.min(total)) * 1000 / u128::from(total),
    };
    format!("{}.{}%", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn progress_is_told_exactly() {
        let texts =
            [(0, 0), (1, 0), (1, 1), (12, 40), (1200, 5000)].map(|(done, all)| progress_text(done, all));
        assert_eq!(texts, ["0 pages", "1 page", "1 of 1 page", "12 of 40 pages", "1,200 of 5,000 pages"]);
        let widths = [(1, 3), (5, 3), (u64::MAX, u64::MAX)].map(|done| width(done, ScrapePhase::Running));
        assert_eq!(widths, ["33.3%", "100.0%", "100.0%"]);
        assert_eq!(width((7, 0), ScrapePhase::Running), "0.0%");
        assert_eq!(width((7, 0), ScrapePhase::Completed), "100.0%");
    }
}
