//! A small chart of a rate over the last minute.

use std::fmt::Write;

use leptos::prelude::*;
use switchboard_model::RATE_SECONDS;

use super::{grouped, size_text};

/// The chart's height in its own units; a second is one wide.
const HEIGHT: u64 = 20;

/// The last seconds that the current value is the mean of. The one that has not ended yet is not among them.
const CURRENT_SECONDS: usize = 5;

/// What was counted in each second of the last minute, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Minute {
    /// The counts, one a second.
    pub seconds: Vec<u64>,
    /// Whether it goes on. What has ended tells its highest rate.
    pub runs: bool,
}

/// A rate over the last minute: how high it is, and a bar a second.
#[component]
pub fn RateChart(
    /// What is counted, as in "Frames per second".
    name: &'static str,
    /// The counts.
    #[prop(into)]
    minute: Signal<Minute>,
    /// Whether it counts bytes.
    #[prop(optional)]
    is_size: bool,
) -> impl IntoView {
    let minute = Memo::new(move |_| minute.get());
    let value = Memo::new(move |_| minute.with(|minute| value_text(&minute.seconds, minute.runs, is_size)));
    let values = Memo::new(move |_| minute.with(|minute| minute.seconds.clone()));
    view! { <BarChart name value values /> }
}

/// A value and how it came about: a bar for each of up to 60 numbers.
#[component]
pub fn BarChart(
    /// What it shows.
    name: &'static str,
    /// The value in words.
    #[prop(into)]
    value: Signal<String>,
    /// The numbers, oldest first.
    #[prop(into)]
    values: Signal<Vec<u64>>,
) -> impl IntoView {
    let bars = Memo::new(move |_| values.with(|values| bars(values)));
    view! {
        <figure class="rate-chart" role="img" aria-label=move || format!("{name}: {}", value.get())>
            <figcaption>
                <span>{name}</span>
                <strong>{value}</strong>
            </figcaption>
            <svg viewBox=format!("0 0 {RATE_SECONDS} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                <path d=bars />
            </svg>
        </figure>
    }
}

/// How fast it is now, or how fast it was at most before it ended.
fn value_text(values: &[u64], runs: bool, is_size: bool) -> String {
    let text = |hundredths: u64| match hundredths {
        _ if is_size => size_text(hundredths / 100),
        0..1_000 if !hundredths.is_multiple_of(100) => {
            format!("{}.{}", hundredths / 100, hundredths % 100 / 10)
        }
        _ => grouped(hundredths / 100),
    };
    if runs {
        let latest = values.iter().rev().skip(1).take(CURRENT_SECONDS);
        return text(latest.fold(0, |sum: u64, value| sum.saturating_add(*value)).saturating_mul(20));
    }
    let most = values.iter().copied().max().unwrap_or_default();
    format!("at most {}", text(most.saturating_mul(100)))
}

/// A bar for each second, as the `d` of a path. The highest fills the height; a second in which anything came is seen.
fn bars(values: &[u64]) -> String {
    let most = u128::from(values.iter().copied().max().unwrap_or_default().max(1));
    let mut path = String::new();
    for (second, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let tenths = u128::from(*value) * u128::from(HEIGHT) * 10 / most;
        let height = tenths.max(6);
        // Writing to a string cannot fail.
        let _ = write!(path, "M{second} {HEIGHT}v-{}.{}h.8V{HEIGHT}z", height / 10, height % 10);
    }
    path
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn the_current_value_is_that_of_the_last_whole_seconds() {
        let values = [9, 0, 0, 1, 1, 1, 50];
        assert_eq!(value_text(&values, true, false), "0.6");
        assert_eq!(value_text(&values, false, false), "at most 50");
        assert_eq!(value_text(&[0; 60], true, true), "0 bytes");
        assert_eq!(value_text(&[5_000; 60], true, true), "5 kB");
        assert_eq!(value_text(&[1_200; 60], true, false), "1,200");
        assert_eq!(value_text(&[], true, false), "0");
    }

    #[wasm_bindgen_test]
    fn bars_fill_the_height_and_nothing_is_no_bar() {
        assert_eq!(bars(&[0, 0]), "");
        assert_eq!(bars(&[0, 4, 2]), "M1 20v-20.0h.8V20zM2 20v-10.0h.8V20z");
        assert_eq!(bars(&[u64::MAX, 1]), "M0 20v-20.0h.8V20zM1 20v-0.6h.8V20z");
    }
}
