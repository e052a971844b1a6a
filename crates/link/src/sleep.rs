//! How a sleep is noticed.

use crate::Moment;

/// How far the clocks may drift apart between two inputs, and how late a timer may come, before it is taken for
/// a sleep. Busy pages are late by less, and correcting a clock by this much costs one ping.
const TOLERANCE_MS: u64 = 5_000;

/// Compares the two clocks from input to input.
#[derive(Debug, Default)]
pub(crate) struct SleepWatch {
    /// Wall minus monotonic, at the last input.
    difference_ms: Option<i64>,
}

impl SleepWatch {
    /// Whether the time since the last input, or since `deadline`, holds a sleep. While timers stood still, a
    /// deadline passed without a call.
    pub(crate) fn noticed(&mut self, now: Moment, deadline: Option<u64>) -> bool {
        let difference = now.wall_ms.saturating_sub_unsigned(now.monotonic_ms);
        let jumped = self
            .difference_ms
            .replace(difference)
            .is_some_and(|before| before.abs_diff(difference) > TOLERANCE_MS);
        let late = deadline.is_some_and(|deadline| now.monotonic_ms > deadline.saturating_add(TOLERANCE_MS));
        jumped || late
    }
}
