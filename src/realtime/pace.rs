//! How much of what a daemon says is read, so that a page stays usable whatever comes.
//!
//! The page's own socket is read whole: its server waits for who is slow. A daemon may say more than a page can read, and a browser
//! has no way to have it wait. So between two batches an allowance of messages is read; what is beyond it is counted, and left out.
//! The allowance grows while batches are handed out on time, and shrinks when they are late, which is when the page is busy.

use std::cell::Cell;

/// How many messages are read between two batches at first, and at most: 500 in 33 ms are 15,000 a second, which is what a page on a
/// busy machine reads beside all else that it does.
const MOST: u32 = 500;

/// How many are read in any case.
const LEAST: u32 = 50;

/// How much later than the one before a batch may be, in milliseconds: two frames, and one that was missed.
const LATE_MS: u64 = 60;

/// What tells of a start, an end or an error: they come seldom, and a heartbeat does not bring again what they said.
const SELDOM: &str = "\"agent_";

/// How many times the allowance is for those.
const SELDOM_FACTOR: u32 = 4;

/// When a new allowance begins though no batch was handed out, in milliseconds: what is read may be nothing that can be handed out.
const RENEWED_MS: u64 = 1_000;

/// The allowance of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    allowance: Cell<u32>,
    /// How many messages were looked at since the last batch.
    looked_at: Cell<u32>,
    /// How many of them were read.
    taken: Cell<u32>,
    /// When the last batch was, on the monotonic clock.
    began_ms: Cell<u64>,
    left_out: Cell<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            allowance: Cell::new(MOST),
            looked_at: Cell::new(0),
            taken: Cell::new(0),
            began_ms: Cell::new(0),
            left_out: Cell::new(0),
        }
    }
}

impl Pace {
    /// Whether a message is looked at, before anything of it is copied into this program. One that is not is counted: that is all
    /// that it costs.
    pub(super) fn looks_at_next(&self, now_ms: impl FnOnce() -> u64) -> bool {
        if self.looked_at.get() >= self.allowance.get().saturating_mul(SELDOM_FACTOR) {
            let now_ms = now_ms();
            if now_ms.saturating_sub(self.began_ms.get()) < RENEWED_MS {
                self.leave_out();
                return false;
            }
            self.begin(now_ms);
        }
        self.looked_at.set(self.looked_at.get() + 1);
        true
    }

    /// Whether a message is read. One that is not is counted.
    pub(super) fn admits(&self, text: &str) -> bool {
        let admitted = self.taken.get() < self.allowance.get() || text.contains(SELDOM);
        if admitted {
            self.taken.set(self.taken.get() + 1);
        } else {
            self.leave_out();
        }
        admitted
    }

    /// A batch is handed out at `now_ms`, so long after the one before. In a hidden tab that is never soon, and says nothing.
    pub(super) fn batch(&self, now_ms: u64, after_ms: u64, is_hidden: bool) {
        let allowance = self.allowance.get();
        // Where less came than is read, the page is busy with something else, or not at all.
        if self.taken.get() >= allowance && !is_hidden {
            let next = if after_ms > LATE_MS { allowance / 2 } else { allowance + allowance / 8 };
            self.allowance.set(next.clamp(LEAST, MOST));
        }
        self.begin(now_ms);
    }

    /// How many messages were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.get()
    }

    fn begin(&self, now_ms: u64) {
        self.began_ms.set(now_ms);
        self.looked_at.set(0);
        self.taken.set(0);
    }

    fn leave_out(&self) {
        self.left_out.set(self.left_out.get().saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn admitted(pace: &Pace, text: &str, messages: u32) -> u32 {
        (0..messages).map(|_| u32::from(pace.looks_at_next(|| 0) && pace.admits(text))).sum()
    }

    #[wasm_bindgen_test]
    fn what_is_beyond_the_allowance_is_counted_and_seldom_things_are_read() {
        let pace = Pace::default();
        assert_eq!(admitted(&pace, r#"{"type":"heartbeat"}"#, 1_000), 500);
        assert_eq!(pace.left_out(), 500);
        assert_eq!(admitted(&pace, r#"{"type":"agent_stopped"}"#, 1), 1);
        assert_eq!(admitted(&pace, r#"{"type":"agent_started"}"#, 100_000), 999, "but not without end");
    }

    #[wasm_bindgen_test]
    fn a_page_that_is_late_reads_less_and_one_that_is_not_reads_more_again() {
        let pace = Pace::default();
        let turn = |after_ms| {
            let count = admitted(&pace, "{}", 10_000);
            pace.batch(0, after_ms, false);
            count
        };
        let late: Vec<_> = (0..8).map(|_| turn(200)).collect();
        assert_eq!(late, [500, 250, 125, 62, 50, 50, 50, 50]);
        let on_time: Vec<_> = (0..60).map(|_| turn(33)).collect();
        assert_eq!(on_time.last(), Some(&500));
        admitted(&pace, "{}", 1);
        pace.batch(0, 10_000, false);
        assert_eq!(turn(33), 500, "a pause says nothing");
        admitted(&pace, "{}", 10_000);
        pace.batch(0, 1_000, true);
        assert_eq!(turn(33), 500, "nor does a hidden tab");
    }

    // What cannot be read is no batch, and so no new allowance began: after a flood of it nothing was read any more.
    #[wasm_bindgen_test]
    fn a_flood_of_what_cannot_be_read_does_not_end_the_reading() {
        let pace = Pace::default();
        assert_eq!(admitted(&pace, "{", 10_000), 500);
        assert!(!pace.looks_at_next(|| RENEWED_MS - 1));
        assert!(pace.looks_at_next(|| RENEWED_MS) && pace.admits("{}"));
    }
}
