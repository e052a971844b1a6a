//! How much of what a daemon says is read, so that a page stays usable whatever comes.
//!
//! The page's own socket is read whole: its server waits for who is slow. A daemon may say more than a page can read, and a browser
//! has no way to have it wait. So between two batches an allowance of messages is read; what is beyond it is counted, and left out.
//! The allowance grows while batches are handed out on time, and shrinks when they are late, which is when the page is busy.

use std::cell::Cell;

/// How many messages are read between two batches at first, and at most: 2,000 in 33 ms are 60,000 a second.
const MOST: u32 = 2_000;

/// How many are read in any case.
const LEAST: u32 = 50;

/// How much later than the one before a batch may be, in milliseconds: two frames, and one that was missed.
const LATE_MS: u64 = 60;

/// What tells of a start, an end or an error: they come seldom, and a heartbeat does not bring again what they said.
const SELDOM: &str = "\"agent_";

/// How many times the allowance is for those.
const SELDOM_FACTOR: u32 = 4;

/// The allowance of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    allowance: Cell<u32>,
    taken: Cell<u32>,
    left_out: Cell<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { allowance: Cell::new(MOST), taken: Cell::new(0), left_out: Cell::new(0) }
    }
}

impl Pace {
    /// Whether a message is read. One that is not is counted.
    pub(super) fn admits(&self, text: &str) -> bool {
        let taken = self.taken.get();
        let allowance = self.allowance.get();
        let admitted =
            taken < allowance || (taken < allowance.saturating_mul(SELDOM_FACTOR) && text.contains(SELDOM));
        if admitted {
            self.taken.set(taken + 1);
        } else {
            self.left_out.set(self.left_out.get().saturating_add(1));
        }
        admitted
    }

    /// A batch is handed out, so long after the one before. In a hidden tab that is never soon, and says nothing.
    pub(super) fn batch(&self, after_ms: u64, is_hidden: bool) {
        let allowance = self.allowance.get();
        // Where less came than is read, the page is busy with something else, or not at all.
        if self.taken.replace(0) >= allowance && !is_hidden {
            let next = if after_ms > LATE_MS { allowance / 2 } else { allowance + allowance / 8 };
            self.allowance.set(next.clamp(LEAST, MOST));
        }
    }

    /// How many messages were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.get()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn admitted(pace: &Pace, text: &str, messages: u32) -> u32 {
        (0..messages).map(|_| u32::from(pace.admits(text))).sum()
    }

    #[wasm_bindgen_test]
    fn what_is_beyond_the_allowance_is_counted_and_seldom_things_are_read() {
        let pace = Pace::default();
        assert_eq!(admitted(&pace, r#"{"type":"heartbeat"}"#, 2_500), 2_000);
        assert_eq!(pace.left_out(), 500);
        assert!(pace.admits(r#"{"type":"agent_stopped"}"#));
        assert_eq!(admitted(&pace, r#"{"type":"agent_started"}"#, 100_000), 5_999, "but not without end");
    }

    #[wasm_bindgen_test]
    fn a_page_that_is_late_reads_less_and_one_that_is_not_reads_more_again() {
        let pace = Pace::default();
        let turn = |after_ms| {
            let count = admitted(&pace, "{}", 10_000);
            pace.batch(after_ms, false);
            count
        };
        let late: Vec<_> = (0..8).map(|_| turn(200)).collect();
        assert_eq!(late, [2_000, 1_000, 500, 250, 125, 62, 50, 50]);
        let on_time: Vec<_> = (0..60).map(|_| turn(33)).collect();
        assert_eq!(on_time.last(), Some(&2_000));
        pace.admits("{}");
        pace.batch(10_000, false);
        assert_eq!(turn(33), 2_000, "a pause says nothing");
        admitted(&pace, "{}", 10_000);
        pace.batch(1_000, true);
        assert_eq!(turn(33), 2_000, "nor does a hidden tab");
    }
}
