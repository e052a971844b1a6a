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
const SELDOM: [&str; 3] = ["\"agent_started\"", "\"agent_stopped\"", "\"agent_error\""];

/// How many times as many messages are looked at as are read, for the sake of those.
const SELDOM_FACTOR: u32 = 4;

/// When the allowance fills though no batch was handed out, in milliseconds: what is read may be nothing that can be handed out.
const RENEWED_MS: u64 = 1_000;

/// How far one message that holds many events may overdraw the allowance: at the full rate that is made up for in half a second.
const OVERDRAFT: i32 = 8_000;

/// The allowance of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    a_second: Cell<u32>,
    /// How many events may still be read; below zero where the last message held more than that.
    allowance: Cell<i32>,
    /// How many messages may still be looked at.
    looks: Cell<u32>,
    /// When the allowance was filled, on the monotonic clock.
    filled_ms: Cell<u64>,
    /// Whether a message was left out since the last batch.
    was_short: Cell<bool>,
    left_out: Cell<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            a_second: Cell::new(MOST_A_SECOND),
            allowance: Cell::new(BURST.cast_signed()),
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
        if self.looks.get() == 0 && !self.is_renewed(now_ms) {
            self.leave_out(1);
            return false;
        }
        self.looks.set(self.looks.get().saturating_sub(1));
        true
    }

    /// Whether a message is read. One that is not is counted. It costs as much as it holds: an event a line.
    pub(super) fn admits(&self, message: &[u8], now_ms: impl FnOnce() -> u64) -> bool {
        let lines = message.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let events = i32::try_from(lines).unwrap_or(i32::MAX).max(1);
        let admitted = self.allowance.get() > 0 || is_seldom(message) || self.is_renewed(now_ms);
        if admitted {
            self.allowance.set(self.allowance.get().saturating_sub(events).max(-OVERDRAFT));
        } else {
            self.leave_out(events.unsigned_abs().into());
        }
        admitted
    }

    /// A batch is handed out at `now_ms`, whose first message waited for it so long. In a hidden tab that is never short, and says
    /// nothing.
    pub(super) fn batch(&self, now_ms: u64, waited_ms: u64, is_hidden: bool) {
        // Where everything was read, the page may be busy with something else, or not at all.
        if self.was_short.replace(false) && !is_hidden {
            let rate = self.a_second.get();
            let next = if waited_ms > LATE_MS { rate / 2 } else { rate + rate / 8 };
            self.a_second.set(next.clamp(LEAST_A_SECOND, MOST_A_SECOND));
        }
        self.fill(now_ms);
    }

    /// How many events were left out; a message that was not even looked at counts as one.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.get()
    }

    /// Fills the allowance where that is due though no batch came.
    fn is_renewed(&self, now_ms: impl FnOnce() -> u64) -> bool {
        let now_ms = now_ms();
        let is_due = now_ms.saturating_sub(self.filled_ms.get()) >= RENEWED_MS;
        if is_due {
            self.fill(now_ms);
        }
        is_due
    }

    fn fill(&self, now_ms: u64) {
        let passed_ms = now_ms.saturating_sub(self.filled_ms.replace(now_ms));
        let more = u64::from(self.a_second.get()).saturating_mul(passed_ms) / 1_000;
        let more = i32::try_from(more).unwrap_or(i32::MAX);
        let allowance = self.allowance.get().saturating_add(more).min(BURST.cast_signed());
        self.allowance.set(allowance);
        self.looks.set(allowance.max(0).unsigned_abs() * SELDOM_FACTOR);
    }

    fn leave_out(&self, events: u64) {
        self.was_short.set(true);
        self.left_out.set(self.left_out.get().saturating_add(events));
    }
}

fn is_seldom(message: &[u8]) -> bool {
    let text = std::str::from_utf8(message).unwrap_or_default();
    SELDOM.iter().any(|kind| text.contains(kind))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const BEAT: &str = r#"{"type":"heartbeat"}"#;

    fn admitted(pace: &Pace, text: &str, messages: u32) -> u32 {
        let is_read = |_| pace.looks_at_next(|| 0) && pace.admits(text.as_bytes(), || 0);
        (0..messages).map(is_read).map(u32::from).sum()
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

    // What cannot be read is no batch, and so no new allowance began: after a flood of it nothing was read any more, for as long as
    // it took to look at what was still to be looked at.
    #[wasm_bindgen_test]
    fn what_cannot_be_read_does_not_end_the_reading() {
        for messages in [3_000, 100_000] {
            let pace = Pace::default();
            assert_eq!(admitted(&pace, "{", messages), 2_000);
            let is_read = |now_ms| pace.looks_at_next(|| now_ms) && pace.admits(BEAT.as_bytes(), || now_ms);
            assert!(!is_read(RENEWED_MS - 1));
            assert!(is_read(RENEWED_MS) && is_read(RENEWED_MS));
        }
    }

    #[wasm_bindgen_test]
    fn a_message_costs_as_many_events_as_it_holds() {
        let pace = Pace::default();
        let thousand = vec![BEAT; 1_000].join("\n");
        assert_eq!(admitted(&pace, &thousand, 10), 2);
        assert_eq!(pace.left_out(), 8_000);
        let pace = Pace::default();
        let huge = vec![BEAT; 100_000].join("\n");
        assert_eq!(admitted(&pace, &huge, 1), 1);
        pace.batch(100, 10, false);
        assert_eq!(admitted(&pace, BEAT, 1), 0, "it is made up for");
        pace.batch(1_000, 10, false);
        assert_eq!(admitted(&pace, BEAT, 1), 1);
    }

    #[wasm_bindgen_test]
    fn only_what_an_agents_start_end_and_error_are_called_goes_before() {
        let pace = Pace::default();
        admitted(&pace, BEAT, 2_000);
        assert_eq!(admitted(&pace, r#"{"type":"note","agent_id":"a"}"#, 1), 0);
        assert_eq!(admitted(&pace, r#"{"type":"agent_error","agentId":"a"}"#, 1), 1);
    }
}
