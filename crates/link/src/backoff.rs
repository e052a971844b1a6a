//! How long to wait before the next attempt.

/// A schedule of growing, jittered delays.
///
/// Before attempt `n` (counted from 0) the whole delay is `min(cap, initial × factor^n)`, and the wait is
/// uniform between half of it and all of it. The jitter comes after the cap, so that clients which have all
/// reached the cap still spread out instead of returning to a restarted server in one wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first whole delay, in milliseconds.
    pub initial_ms: u64,
    /// What each further delay grows by. Less than 1 counts as 1.
    pub factor: f64,
    /// The longest whole delay, in milliseconds.
    pub cap_ms: u64,
    /// After how many **consecutive** failures to give up; `None` is never.
    pub max_attempts: Option<u32>,
}

impl Backoff {
    /// A schedule; a `max_attempts` of 0 is unlimited.
    pub const fn new(initial_ms: u64, factor: f64, cap_ms: u64, max_attempts: u32) -> Self {
        let max_attempts = if max_attempts == 0 { None } else { Some(max_attempts) };
        Self { initial_ms, factor, cap_ms, max_attempts }
    }

    /// For a page on which somebody watches an execution: back within a second of a short break, and never more
    /// than 10 s behind a server that returns. Unlimited.
    pub const fn executions() -> Self {
        Self::new(500, 2.0, 10_000, 0)
    }

    /// For chat: 1 s, 2 s, 4 s, 8 s …, at most 30 s. Unlimited.
    pub const fn chat() -> Self {
        Self::new(1_000, 2.0, 30_000, 0)
    }

    /// For watching a daemon: 2 s growing by half each time, at most 30 s. Unlimited.
    pub const fn daemon() -> Self {
        Self::new(2_000, 1.5, 30_000, 0)
    }

    /// How long to wait before attempt `attempt` (counted from 0), in milliseconds. `random` is uniform between
    /// 0 and 1; anything outside is held to that range.
    pub fn delay_ms(&self, attempt: u32, random: f64) -> u64 {
        let whole = self.whole_ms(attempt);
        let random = if random.is_nan() { 0.5 } else { random.clamp(0.0, 1.0) };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between zero and the cap, which came from a u64; a float cast saturates"
        )]
        let delay = (whole / 2.0 + whole / 2.0 * random).round() as u64;
        delay.min(self.cap_ms)
    }

    /// The whole delay before jitter.
    #[expect(clippy::cast_precision_loss, reason = "delays beyond 2^53 ms do not differ for anybody")]
    fn whole_ms(&self, attempt: u32) -> f64 {
        let cap = self.cap_ms as f64;
        let factor = if self.factor > 1.0 { self.factor } else { 1.0 };
        // A power that overflows is infinite, and the cap brings it back; zero times infinity is no number.
        let whole = self.initial_ms as f64 * factor.powi(i32::try_from(attempt).unwrap_or(i32::MAX));
        if whole.is_nan() { 0.0 } else { whole.min(cap) }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::executions()
    }
}
