//! What became of the connection, transition by transition, for a person who wants to know.
//!
//! A fold over what a link said: the outputs of each step, with its status and counters after it. It looks at outputs that
//! only a connection's beginning or end brings, keeps a bounded number of entries, and holds no frame.

use std::collections::VecDeque;

use switchboard_protocol::{Control, ResyncReason};

use crate::{
    Access, LinkError, LinkState, LinkStats, LinkStatus, Moment, Output, RefetchReason, link::CLOSE_REPLACED,
};

/// How many entries are kept: an hour of attempts at the longest delay, with room.
pub const MOST_ENTRIES: usize = 400;

/// How many characters are kept of a reason that a server gave.
const REASON_CHARACTERS: usize = 120;

/// What became of the connection, oldest first.
#[derive(Debug, Default)]
pub struct History {
    entries: VecDeque<Entry>,
    /// Grows with each change.
    version: u64,
    resumed: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in wall-clock milliseconds.
    pub at: i64,
    /// What.
    pub what: Happening,
    /// How often it happened in a row. Only what is no state is counted so.
    pub times: u32,
}

/// What can happen to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It is in another state now.
    State {
        /// The state.
        state: LinkState,
        /// Why the state before it ended, where that is a reason.
        why: Option<Why>,
        /// While connecting, the number of this attempt in a row, from 1. Else how many have failed in a row.
        attempt: u32,
        /// While disconnected, how long it is until the next attempt, in milliseconds; `None` where none follows.
        retry_in_ms: Option<u64>,
        /// When the next state began, in wall-clock milliseconds; `None` while this one lasts.
        until: Option<i64>,
    },
    /// It went on where the last connection stopped.
    Resumed {
        /// The first number that was replayed, where the server said so.
        from: Option<u64>,
        /// The last one; less than `from` where nothing was missed.
        to: Option<u64>,
    },
    /// What was shown had to be fetched anew.
    Refetched(RefetchReason),
}

/// Why a state ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Something went wrong.
    Error(LinkError),
    /// Another connection took its place: a person reconnected, or another organization is followed.
    Replaced,
    /// Nobody wanted it any more.
    Disconnected,
}

impl History {
    /// Takes note of one step of a link: what came out of it, and how it stands after it.
    pub fn observe<A: Access>(
        &mut self,
        outputs: &[Output<A>],
        status: &LinkStatus,
        counts: &LinkStats,
        now: Moment,
    ) {
        let mut ended = None;
        let mut replayed = (None, None);
        let mut changed = false;
        for output in outputs {
            match output {
                Output::Close { code, .. } => ended = Some(why_closed(*code, status)),
                Output::Open { .. } => {
                    let why = ended.take().unwrap_or_else(|| status.last_error.clone().map(Why::Error));
                    if matches!(self.state(), Some(LinkState::Connected | LinkState::Connecting)) {
                        self.enter(LinkState::Disconnected, why, status.attempt, Some(0), now);
                    }
                    let attempt = status.attempt.saturating_add(1);
                    self.enter(LinkState::Connecting, None, attempt, None, now);
                }
                Output::Control(Control::Resumed(resumed)) => {
                    replayed = (Some(resumed.from), Some(resumed.to));
                }
                Output::Refetch(reason) => self.note(Happening::Refetched(bounded(reason)), now),
                Output::Status => changed = true,
                _ => {}
            }
        }
        if changed {
            self.settle(ended.flatten(), status, now);
        }
        if counts.resumed != self.resumed {
            self.resumed = counts.resumed;
            let (from, to) = replayed;
            self.note(Happening::Resumed { from, to }, now);
        }
    }

    /// Grows with each change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What happened, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Brings the newest state to that of the status.
    fn settle(&mut self, why: Option<Why>, status: &LinkStatus, now: Moment) {
        let retry_at = status.next_retry_at.filter(|_| status.state == LinkState::Disconnected);
        if self.state() != Some(status.state) {
            if self.entries.is_empty() && status.since == 0 {
                return;
            }
            let is_down = matches!(status.state, LinkState::Disconnected | LinkState::Error);
            let error = || status.last_error.clone().filter(|_| is_down).map(Why::Error);
            let retry_in_ms = retry_at.map(|at| at.monotonic_ms.saturating_sub(now.monotonic_ms));
            self.enter(status.state, why.or_else(error), status.attempt, retry_in_ms, now);
        } else if let Some(Entry { at, what: Happening::State { retry_in_ms, state, .. }, .. }) =
            self.newest_state()
            && *state == LinkState::Disconnected
        {
            // Put off or brought forward: by a network that went or came, by what the server asked for.
            let planned = retry_at.map(|retry| u64::try_from(retry.wall_ms.saturating_sub(*at)).unwrap_or(0));
            if planned.is_some() && *retry_in_ms != planned {
                *retry_in_ms = planned;
                self.version = self.version.wrapping_add(1);
            }
        }
    }

    fn enter(
        &mut self,
        state: LinkState,
        why: Option<Why>,
        attempt: u32,
        retry_in_ms: Option<u64>,
        now: Moment,
    ) {
        if let Some(Entry { what: Happening::State { until, .. }, .. }) = self.newest_state() {
            *until = Some(now.wall_ms);
        }
        self.push(Happening::State { state, why, attempt, retry_in_ms, until: None }, now);
    }

    /// Adds what is no state; the same again is counted, so that a server that repeats itself pushes nothing out.
    fn note(&mut self, what: Happening, now: Moment) {
        match self.entries.back_mut() {
            Some(entry) if entry.what == what => {
                entry.times = entry.times.saturating_add(1);
                self.version = self.version.wrapping_add(1);
            }
            _ => self.push(what, now),
        }
    }

    fn push(&mut self, what: Happening, now: Moment) {
        if self.entries.len() == MOST_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at: now.wall_ms, what, times: 1 });
        self.version = self.version.wrapping_add(1);
    }

    fn state(&self) -> Option<LinkState> {
        self.entries.iter().rev().find_map(|entry| match entry.what {
            Happening::State { state, .. } => Some(state),
            _ => None,
        })
    }

    fn newest_state(&mut self) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| matches!(entry.what, Happening::State { .. }))
    }
}

/// Why a link closed a socket itself.
fn why_closed(code: u16, status: &LinkStatus) -> Option<Why> {
    match code {
        CLOSE_REPLACED => Some(Why::Replaced),
        switchboard_protocol::close::NORMAL => Some(Why::Disconnected),
        _ => status.last_error.clone().map(Why::Error),
    }
}

/// A server may give a reason of any length.
fn bounded(reason: &RefetchReason) -> RefetchReason {
    match reason {
        RefetchReason::Resync(ResyncReason::Other(text)) => {
            let text: String = text.chars().take(REASON_CHARACTERS).collect();
            RefetchReason::Resync(ResyncReason::Other(text.into()))
        }
        other => other.clone(),
    }
}
