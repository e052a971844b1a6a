//! How much of what a daemon says is read, so that a page stays usable whatever comes.
//!
//! The page's own socket is read whole: its server waits for who is slow. A daemon may say more than a page can read, and a browser
//! has no way to have it wait. So messages are read from an allowance that fills with time, as a token bucket does: a burst after a
//! pause is read whole, a flood at the rate of the filling, and what is beyond that is counted and left out. The rate grows while
//! batches are handed out on time, and shrinks when they are late, which is when the page is busy.

use std::cell::Cell;

/// How many messages are read at once after a pause: twice what a view holds.
const BURST: u32 = 2_000;

/// How many messages are read a second at first, and at most: what a page on a busy machine reads beside all else that it does.
const MOST_A_SECOND: u32 = 15_000;

/// How many are read a second in any case.
const LEAST_A_SECOND: u32 = 1_500;

/// How long a batch may wait to be handed out, in milliseconds: two frames, and one that was missed.
const LATE_MS: u64 = 60;

/// What tells of a start, an end or an error: they come seldom, and a heartbeat does not bring again what they said.
const SELDOM: &str = "\"agent_";

/// How many times as many messages are looked at as are read, for the sake of those.
const SELDOM_FACTOR: u32 = 4;

/// When the allowance fills though no batch was handed out, in milliseconds: what is read may be nothing that can be handed out.
const RENEWED_MS: u64 = 1_000;

/// The allowance of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    a_second: Cell<u32>,
    /// How many messages may still be read.
    allowance: Cell<u32>,
    /// How many messages may still be looked at.
    looks: Cell<u32>,
    /// When the allowance was filled, on the monotonic clock.
    filled_ms: Cell<u64>,
    /// Whether a message was left out since then.
    was_short: Cell<bool>,
    left_out: Cell<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            a_second: Cell::new(MOST_A_SECOND),
            allowance: Cell::new(BURST),
            looks: Cell::new(BURST * SELDOM_FACTOR),
            filled_ms: Cell::new(0),
            was_short: Cell::new(false),
            left_out: Cell::new(0),
        }
    }
}

impl Pace {
    /// Whether a message is looked at, before anything of it is copied into this program. One that is not is counted: that is all
    /// that it costs.
    pub(super) fn looks_at_next(&self, now_ms: impl FnOnce() -> u64) -> bool {
        if self.looks.get() == 0 {
            let now_ms = now_ms();
            if now_ms.saturating_sub(self.filled_ms.get()) < RENEWED_MS {
                self.leave_out();
                return false;
            }
            self.fill(now_ms);
        }
        self.looks.set(self.looks.get().saturating_sub(1));
        true
    }

    /// Whether a message is read. One that is not is counted.
    pub(super) fn admits(&self, text: &str) -> bool {
        let allowance = self.allowance.get();
        let admitted = allowance > 0 || text.contains(SELDOM);
        if admitted {
            self.allowance.set(allowance.saturating_sub(1));
        } else {
            self.leave_out();
        }
        admitted
    }

    /// A batch is handed out at `now_ms`, whose first message waited for it so long. In a hidden tab that is never short, and says
    /// nothing.
    pub(super) fn batch(&self, now_ms: u64, waited_ms: u64, is_hidden: bool) {
        // Where everything was read, the page may be busy with something else, or not at all.
        if self.was_short.get() && !is_hidden {
            let rate = self.a_second.get();
            let next = if waited_ms > LATE_MS { rate / 2 } else { rate + rate / 8 };
            self.a_second.set(next.clamp(LEAST_A_SECOND, MOST_A_SECOND));
        }
        self.fill(now_ms);
    }

    /// How many messages were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.get()
    }

    fn fill(&self, now_ms: u64) {
        let passed_ms = now_ms.saturating_sub(self.filled_ms.replace(now_ms));
        let more = u64::from(self.a_second.get()).saturating_mul(passed_ms) / 1_000;
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let allowance = self.allowance.get().saturating_add(more).min(BURST);
        self.allowance.set(allowance);
        self.looks.set(allowance * SELDOM_FACTOR);
        self.was_short.set(false);
    }

    fn leave_out(&self) {
        self.was_short.set(true);
        self.left_out.set(self.left_out.get().saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const BEAT: &str = r#"{"type":"heartbeat"}"#;

    fn admitted(pace: &Pace, text: &str, messages: u32) -> u32 {
        (0..messages).map(|_| u32::from(pace.looks_at_next(|| 0) && pace.admits(text))).sum()
    }

    #[wasm_bindgen_test]
    fn what_is_beyond_the_allowance_is_counted_and_seldom_things_are_read() {
        let pace = Pace::default();
        assert_eq!(admitted(&pace, BEAT, 2_500), 2_000);
        assert_eq!(pace.left_out(), 500);
        assert_eq!(admitted(&pace, r#"{"type":"agent_stopped"}"#, 1), 1);
        assert_eq!(admitted(&pace, r#"{"type":"agent_started"}"#, 100_000), 5_499, "but not without end");
    }

    // A burst after a quiet minute was taken for a page that had been busy for a minute, and the next one was left out.
    #[wasm_bindgen_test]
    fn bursts_with_pauses_between_them_are_read_whole() {
        let pace = Pace::default();
        for minute in 1..10 {
            assert_eq!(admitted(&pace, BEAT, 2_000), 2_000);
            pace.batch(minute * 60_000, 17, false);
        }
        assert_eq!(pace.left_out(), 0);
    }

    #[wasm_bindgen_test]
    fn a_page_that_is_late_reads_less_and_one_that_is_not_reads_more_again() {
        let (pace, mut now_ms) = (Pace::default(), 0);
        let mut turn = |waited_ms| {
            now_ms += 100;
            let count = admitted(&pace, BEAT, 10_000);
            pace.batch(now_ms, waited_ms, false);
            count
        };
        let late: Vec<_> = (0..7).map(|_| turn(61)).collect();
        assert_eq!(late, [2_000, 750, 375, 187, 150, 150, 150]);
        let on_time: Vec<_> = (0..60).map(|_| turn(60)).collect();
        assert_eq!(on_time.last(), Some(&1_500));
    }

    #[wasm_bindgen_test]
    fn a_late_batch_of_little_and_a_hidden_tab_say_nothing() {
        let pace = Pace::default();
        admitted(&pace, BEAT, 1);
        pace.batch(1_000, 500, false);
        admitted(&pace, BEAT, 10_000);
        pace.batch(2_000, 1_000, true);
        admitted(&pace, BEAT, 10_000);
        pace.batch(2_100, 10, false);
        assert_eq!(admitted(&pace, BEAT, 10_000), 1_500);
    }

    // What cannot be read is no batch, and so no new allowance began: after a flood of it nothing was read any more.
    #[wasm_bindgen_test]
    fn a_flood_of_what_cannot_be_read_does_not_end_the_reading() {
        let pace = Pace::default();
        assert_eq!(admitted(&pace, "{", 100_000), 2_000);
        assert!(!pace.looks_at_next(|| RENEWED_MS - 1));
        assert!(pace.looks_at_next(|| RENEWED_MS) && pace.admits("{}"));
    }
}
