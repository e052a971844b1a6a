//! When to ping, and when silence means that the peer is dead.

/// How long after the opening an ack is waited for before a ping asks instead.
const ACK_PATIENCE_MS: u64 = 1_000;
/// How long a probe may go unanswered. A socket that died in a sleep must be replaced within 5 s of waking; the
/// second in between is for timers that come late.
pub(crate) const PROBE_LIMIT_MS: u64 = 4_000;
/// Frames that come sooner after a probe may have been waiting in a buffer since before the sleep, so they prove
/// nothing about the connection now.
pub(crate) const BUFFERED_MS: u64 = 1_000;
/// What a server may ask for as its heartbeat: 1 s to 5 min.
const SANE_INTERVAL_MS: (u64, u64) = (1_000, 300_000);
/// The shortest interval that options may ask for, so that a zero is no busy loop.
const SHORTEST_INTERVAL_MS: u64 = 10;

/// The pings of one connection. Times are monotonic milliseconds.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval_ms: u64,
    timeout_ms: u64,
    next_ping_at: u64,
    /// By when something must be heard.
    answer_by: Option<u64>,
    /// When a probe was sent that is not answered yet.
    probe_sent_at: Option<u64>,
    last_ping_at: u64,
    unanswered: u32,
}

/// What the clock asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    /// Nothing was heard in time. After a probe the replacement must not wait.
    Dead {
        probed: bool,
    },
    /// Nothing came for so long, on a connection on which nobody can be asked.
    Silent {
        silent_ms: u64,
        /// Whether heartbeats were due; if not, it may well live, and only nobody can tell.
        missed: bool,
    },
}

impl Heartbeat {
    /// The heartbeat of a connection that opened at `now`.
    pub(crate) fn new(now: u64, interval_ms: u64, timeout_ms: u64) -> Self {
        let interval_ms = interval_ms.max(SHORTEST_INTERVAL_MS);
        Self {
            interval_ms,
            timeout_ms: timeout_ms.max(SHORTEST_INTERVAL_MS),
            next_ping_at: now.saturating_add(interval_ms.min(ACK_PATIENCE_MS)),
            answer_by: None,
            probe_sent_at: None,
            last_ping_at: now,
            unanswered: 0,
        }
    }

    /// The connection has proven itself: the first ping needs no hurry.
    pub(crate) fn proven(&mut self, now: u64) {
        self.next_ping_at = now.saturating_add(self.interval_ms);
    }

    /// The server's ack says how often it wants a ping.
    pub(crate) fn set_interval_s(&mut self, seconds: u64, now: u64) {
        let (shortest, longest) = SANE_INTERVAL_MS;
        self.interval_ms = seconds.saturating_mul(1_000).clamp(shortest, longest);
        self.next_ping_at = now.saturating_add(self.interval_ms);
    }

    /// A ping is being sent by schedule.
    pub(crate) fn pinged(&mut self, now: u64) {
        if self.answer_by.is_none() {
            // Whatever was not answered by now never will be: some servers answer two pings with one pong.
            self.unanswered = 0;
        }
        let answer_by = now.saturating_add(self.timeout_ms);
        self.answer_by = Some(self.answer_by.map_or(answer_by, |earlier| earlier.min(answer_by)));
        self.count_ping(now);
    }

    /// A ping is being sent because the connection may have died without a word.
    pub(crate) fn probed(&mut self, now: u64) {
        let answer_by = now.saturating_add(PROBE_LIMIT_MS.min(self.timeout_ms));
        // A limit that has passed did so while nobody could answer.
        let earlier = self.answer_by.filter(|earlier| *earlier > now);
        self.answer_by = Some(earlier.map_or(answer_by, |earlier| earlier.min(answer_by)));
        self.probe_sent_at = Some(now);
        self.count_ping(now);
    }

    fn count_ping(&mut self, now: u64) {
        self.next_ping_at = now.saturating_add(self.interval_ms);
        self.last_ping_at = now;
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// Whether a probe is under way.
    pub(crate) fn is_probing(&self) -> bool {
        self.probe_sent_at.is_some()
    }

    /// Whether a ping is under way.
    pub(crate) fn awaits_pong(&self) -> bool {
        self.unanswered > 0
    }

    /// Anything at all came.
    pub(crate) fn heard(&mut self, now: u64) {
        if self.probe_sent_at.is_some_and(|sent| now < sent.saturating_add(BUFFERED_MS)) {
            return;
        }
        self.probe_sent_at = None;
        self.answer_by = None;
    }

    /// A pong came. The round trip in milliseconds, if it is the answer to the last ping.
    pub(crate) fn ponged(&mut self, now: u64) -> Option<u64> {
        self.unanswered = self.unanswered.checked_sub(1)?;
        if self.unanswered > 0 {
            return None;
        }
        self.probe_sent_at = None;
        self.answer_by = None;
        Some(now.saturating_sub(self.last_ping_at))
    }

    /// What is due at `now`.
    pub(crate) fn due(&self, now: u64) -> Due {
        if self.answer_by.is_some_and(|answer_by| now >= answer_by) {
            Due::Dead { probed: self.is_probing() }
        } else if now >= self.next_ping_at {
            Due::Ping
        } else {
            Due::Nothing
        }
    }

    /// When something will be due.
    pub(crate) fn deadline(&self) -> u64 {
        self.answer_by.map_or(self.next_ping_at, |answer_by| answer_by.min(self.next_ping_at))
    }
}
