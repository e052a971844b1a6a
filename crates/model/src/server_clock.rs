//! What time the server has, as far as its own frames tell.
//!
//! Whether somebody is silent is a matter of seconds, and a person's machine may be minutes off. So it is judged by the clock by which
//! the server says when it heard of them, and not by the one of whoever looks.

use switchboard_protocol::Timestamp;

/// For how long the least difference counts, in milliseconds. Either clock may be set meanwhile, and then what was measured before says
/// nothing any more.
const TERM_MS: u64 = 5 * 60_000;

/// How far this machine's clock is ahead of the server's.
///
/// A live frame that says when the server had it shows the difference of the two clocks and how long the frame was on its way. The
/// least of many is the difference with the shortest way. A frame that a connection replays shows how old it is besides, and is not
/// looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerClock {
    /// The place in the log after which this connection's frames are live; `None` where the server numbers nothing.
    live_after: Option<u64>,
    /// The least difference of this term, and when the term began.
    least: Option<(i64, Timestamp)>,
    /// The least difference of the term before.
    before: Option<i64>,
    /// What an earlier connection showed. It counts until this one has shown something.
    earlier: Option<i64>,
}

impl ServerClock {
    /// Another connection begins. What comes up to the place `head` of the log happened before it.
    pub fn connected(&mut self, head: Option<u64>) {
        *self = Self { live_after: head, earlier: self.known(), ..Self::default() };
    }

    /// A frame came at `now` by this machine's clock, which the server had at `received_at` by its own.
    pub fn heard(&mut self, seq: Option<u64>, received_at: Timestamp, now: Timestamp) {
        if seq.zip(self.live_after).is_some_and(|(seq, head)| seq <= head) {
            return;
        }
        let ahead = now.as_millis().saturating_sub(received_at.as_millis());
        match &mut self.least {
            Some((least, began)) if now.millis_since(*began) < TERM_MS && *began <= now => {
                *least = ahead.min(*least);
            }
            _ => {
                self.before = self.least.take().map(|(least, _)| least);
                self.least = Some((ahead, now));
            }
        }
    }

    /// By how many milliseconds this machine's clock is ahead of the server's; negative where it is behind, and 0 while nothing shows it.
    pub fn ahead_ms(&self) -> i64 {
        self.known().unwrap_or_default()
    }

    fn known(&self) -> Option<i64> {
        let least = self.least.map(|(least, _)| least);
        least.into_iter().chain(self.before).min().or(self.earlier)
    }
}

/// The server's time at a moment of this machine, whose clock is so far ahead.
pub fn server_time(at: Timestamp, ahead_ms: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub(ahead_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn the_shortest_way_tells_the_difference_of_the_clocks() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.ahead_ms(), 0);
        clock.connected(Some(10));
        for (seq, sent, came) in [(11, 0, 20_900), (12, 5_000, 25_040), (13, 10_000, 31_500)] {
            clock.heard(Some(seq), at(sent), at(came));
        }
        assert_eq!(clock.ahead_ms(), 20_040);
        assert_eq!(server_time(at(50_040), clock.ahead_ms()), at(30_000));
    }

    // A laptop that wakes has hours replayed to it. Taken for the difference of the clocks, they would keep the dead alive for hours.
    #[test]
    fn a_replay_tells_nothing_of_the_clocks() {
        let mut clock = ServerClock::default();
        clock.connected(Some(1));
        clock.heard(Some(2), at(0), at(20_000));
        clock.connected(Some(9));
        for seq in 3..=9 {
            clock.heard(Some(seq), at(1_000), at(9_000_000));
        }
        assert_eq!(clock.ahead_ms(), 20_000, "what the connection before showed");
        clock.heard(Some(10), at(9_000_000), at(9_019_000));
        assert_eq!(clock.ahead_ms(), 19_000);
        clock.connected(Some(10));
        clock.heard(Some(11), at(9_100_000), at(9_130_000));
        assert_eq!(clock.ahead_ms(), 30_000, "each connection begins anew: a clock may have been set");
    }

    #[test]
    fn a_clock_that_is_set_is_followed_without_a_new_connection() {
        let hour = 3_600_000;
        let mut clock = ServerClock::default();
        clock.connected(Some(0));
        clock.heard(Some(1), at(hour), at(hour));
        // The server's clock goes back by an hour.
        for minute in 1..=12 {
            let now = hour + minute * 60_000;
            clock.heard(Some(1), at(now - hour), at(now));
        }
        assert_eq!(clock.ahead_ms(), hour);
        // This machine's clock goes back by two.
        clock.heard(Some(1), at(hour), at(0));
        assert_eq!(clock.ahead_ms(), -hour);
    }

    #[test]
    fn absurd_times_overflow_nothing() {
        let mut clock = ServerClock::default();
        clock.heard(None, at(i64::MAX), at(i64::MIN));
        assert_eq!(server_time(at(i64::MAX), clock.ahead_ms()), at(i64::MAX));
    }
}
