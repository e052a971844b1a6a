//! When the silence of a connection on which nothing may be sent means that it is dead.
//!
//! Nobody can be asked, so what tells is what usually comes: each agent's heartbeats show how often it beats, and where the
//! quickest of them has missed three, and nothing else came either, the connection is not to be trusted any more. An agent
//! that stopped, failed, or fell silent while others went on speaking is not waited for.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::heartbeat::{BUFFERED_MS, Due, PROBE_LIMIT_MS};

/// So many heartbeats must be missed (wire contract, part 1).
const MISSED_HEARTBEATS: u64 = 3;
/// How long a connection may be silent on which no heartbeat's interval is known, in milliseconds. It is then replaced without
/// ado: that costs a quiet daemon one request in five minutes, and a page that waits on a dead connection looks live for no longer.
const QUIET_LIMIT_MS: u64 = 300_000;
/// The shortest interval between heartbeats that is expected, in milliseconds: below it is a burst.
const SHORTEST_INTERVAL_MS: u64 = 1_000;
/// How many agents are watched. More would not make a silence any clearer.
const MOST_WATCHED: usize = 256;
/// From how many of an agent's latest intervals its usual one is taken.
const INTERVALS_KEPT: usize = 5;
/// Up to how many agents all are looked at whenever one beats; of more, once in [`REVIEW_MS`].
const FEW: usize = 8;
/// How often the agents are looked at while many beat, in milliseconds.
const REVIEW_MS: u64 = 100;
/// A timer that comes later than this, in milliseconds, may have come before frames that had arrived earlier.
const LATE_MS: u64 = 1_000;

/// What an event says of the agent that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It beats; and, where it says so, how often, in seconds.
    Beats(Option<u64>),
    /// It need not beat any more.
    Ends,
}

/// The silence of one connection. Times are monotonic milliseconds.
#[derive(Debug)]
pub(crate) struct Silence {
    /// The agents that beat, by a hash of their names, which may be long.
    agents: BTreeMap<u64, Beats>,
    /// The interval of the quickest agent.
    shortest_ms: Option<u64>,
    reviewed_at: u64,
    heard_at: u64,
    /// When to look at it next. It is not moved by each frame, so that a flood does not set a timer for each.
    wake_at: u64,
    /// Whether a late timer has earned it more time.
    graced: bool,
    /// Since when it may be dead without a word.
    suspected_at: Option<u64>,
}

/// The heartbeats of one agent.
#[derive(Debug)]
struct Beats {
    last_at: u64,
    said_ms: Option<u64>,
    /// The latest intervals, oldest first.
    intervals: Vec<u64>,
}

impl Silence {
    /// The silence of a connection that opened at `now`. What the one before showed is forgotten: the daemon behind it may be another,
    /// and one that has nothing to say must not be replaced again and again.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            agents: BTreeMap::new(),
            shortest_ms: None,
            reviewed_at: now,
            heard_at: now,
            wake_at: now.saturating_add(QUIET_LIMIT_MS),
            graced: false,
            suspected_at: None,
        }
    }

    /// Anything at all came.
    pub(crate) fn heard(&mut self, now: u64) {
        if self.suspected_at.is_some_and(|since| now < since.saturating_add(BUFFERED_MS)) {
            // It may have been waiting in a buffer since before the sleep.
            return;
        }
        self.heard_at = now;
        self.graced = false;
        if self.suspected_at.take().is_some() {
            self.wake_at = self.limit();
        }
    }

    /// An event told of an agent.
    pub(crate) fn sign(&mut self, agent: &str, sign: Sign, now: u64) {
        let mut hasher = DefaultHasher::new();
        agent.hash(&mut hasher);
        let agent = hasher.finish();
        match sign {
            Sign::Ends => {
                if self.agents.remove(&agent).is_some() {
                    self.review(now);
                }
            }
            Sign::Beats(said_s) => {
                self.beats(agent, said_s, now);
                if self.agents.len() <= FEW || now >= self.reviewed_at.saturating_add(REVIEW_MS) {
                    self.review(now);
                }
            }
        }
    }

    /// It may have died without a word: while the machine slept, say, or because the network is another.
    pub(crate) fn suspect(&mut self, now: u64) {
        if self.suspected_at.is_none() {
            self.suspected_at = Some(now);
            self.wake_at = now.saturating_add(PROBE_LIMIT_MS);
        }
    }

    /// What is due at `now`.
    pub(crate) fn due(&mut self, now: u64) -> Due {
        let silent_ms = now.saturating_sub(self.heard_at);
        if self.suspected_at.is_some() {
            return if now >= self.wake_at { Due::Silent { silent_ms, missed: false } } else { Due::Nothing };
        }
        self.review(now);
        let limit = self.limit();
        if now < limit {
            self.wake_at = limit;
            return Due::Nothing;
        }
        if now > self.wake_at.saturating_add(LATE_MS) && !std::mem::replace(&mut self.graced, true) {
            self.wake_at = now.saturating_add(LATE_MS);
            return Due::Nothing;
        }
        if now < self.wake_at {
            return Due::Nothing;
        }
        Due::Silent { silent_ms, missed: self.shortest_ms.is_some() }
    }

    /// When something will be due.
    pub(crate) fn deadline(&self) -> u64 {
        self.wake_at
    }

    /// When the silence has lasted too long.
    fn limit(&self) -> u64 {
        let patience = self.shortest_ms.map_or(QUIET_LIMIT_MS, |ms| ms.saturating_mul(MISSED_HEARTBEATS));
        self.heard_at.saturating_add(patience)
    }

    fn beats(&mut self, agent: u64, said_s: Option<u64>, now: u64) {
        if self.agents.len() >= MOST_WATCHED && !self.agents.contains_key(&agent) && !self.make_room() {
            return;
        }
        let beats = self.agents.entry(agent).or_insert_with(|| Beats {
            last_at: now,
            said_ms: None,
            intervals: Vec::with_capacity(INTERVALS_KEPT),
        });
        // Nobody beats every 0 s: then it has not said how often.
        beats.said_ms = said_s.filter(|seconds| *seconds > 0).map(|seconds| seconds.saturating_mul(1_000));
        let interval = now.saturating_sub(beats.last_at);
        // What comes in one burst was held up on the way, and says nothing of the rhythm.
        if interval > 0 {
            if beats.intervals.len() == INTERVALS_KEPT {
                beats.intervals.remove(0);
            }
            beats.intervals.push(interval);
            beats.last_at = now;
        }
    }

    /// Forgets an agent that has not shown yet that it goes on beating; `false` where there is none.
    fn make_room(&mut self) -> bool {
        let oldest = self.agents.iter().filter(|(_, beats)| beats.interval().is_none());
        let oldest = oldest.min_by_key(|(_, beats)| beats.last_at).map(|(agent, _)| *agent);
        oldest.is_some_and(|agent| self.agents.remove(&agent).is_some())
    }

    /// Lets go of agents that fell silent while something else was heard, and finds the quickest of the others.
    fn review(&mut self, now: u64) {
        self.reviewed_at = now;
        let heard_at = self.heard_at;
        self.agents.retain(|_, beats| {
            let patience = beats.interval().unwrap_or(QUIET_LIMIT_MS).saturating_mul(MISSED_HEARTBEATS);
            beats.last_at.saturating_add(patience) >= heard_at
        });
        self.shortest_ms = self.agents.values().filter_map(Beats::interval).min();
        if self.suspected_at.is_none() && !self.graced {
            self.wake_at = self.wake_at.min(self.limit());
        }
    }
}

impl Beats {
    /// How often it beats: what it says, else the median of what it shows. One that beats less often than [`QUIET_LIMIT_MS`] tells
    /// nothing in the time that a silence may last, so its rhythm counts as unknown: its absence is no failure.
    fn interval(&self) -> Option<u64> {
        let usual = || {
            let mut sorted = self.intervals.clone();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied()
        };
        let interval = self.said_ms.or_else(usual).filter(|ms| *ms <= QUIET_LIMIT_MS);
        interval.map(|ms| ms.max(SHORTEST_INTERVAL_MS))
    }
}
