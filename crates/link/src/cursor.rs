//! Where in the log we are, which frames have come, and whether the server counted the same.
//!
//! A frame's `seq` cannot show a loss, because a connection sees only some of its organization's frames and the
//! numbers skip anyway. The proof is the server's count of what it sent (`delivered` in a pong). So there are two
//! marks in the log: *high*, the greatest number behind us, and *proven*, up to which everything has come for
//! sure. A reconnect resumes from *proven*; what came after it is remembered by number, so that the replay
//! yields exactly what was missed. That also repairs a loss which broke the connection before a pong could
//! prove it.

use switchboard_protocol::{Pong, Resume};

/// How many numbers after the proven mark are remembered: 32 KiB. At half of it a proof is asked for early, so
/// that at 5,000 frames a second it would take a round trip of 400 ms to overflow.
const RECENT_CAPACITY: usize = 4_096;

/// The cursor on one organization's log.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// Which log the numbers belong to; `None` where the server has not said, and then nothing can be resumed.
    epoch: Option<String>,
    /// The greatest number that is behind us.
    high: Option<u64>,
    /// Everything up to this number has come, or was not meant for us.
    proven: Option<u64>,
    /// The numbers after `proven` that have come, ascending.
    recent: Vec<u64>,
    /// How many `recent` may hold.
    capacity: usize,
    /// Whether `recent` lacks numbers: there were too many, or nobody said where the connection began.
    forgetful: bool,
    /// In a replay: up to this number `recent` decides what is new.
    replay_to: Option<u64>,
    /// The last number on this connection, where the server's order must be ascending.
    last_here: Option<u64>,
    /// The sequenced frames that came on this connection, duplicates included.
    received: u64,
    /// The unreadable ones, each of which may or may not have had a number.
    unreadable: u64,
}

/// What a sequenced frame is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Later than all before.
    New,
    /// It had been missed: frames after it have come already.
    Late,
    /// It has come before.
    Duplicate,
}

/// What a pong says of the frames before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// All came, as far as the server says.
    Whole,
    /// Frames were lost.
    Gap {
        /// What the server sent.
        delivered: u64,
        /// What came.
        received: u64,
    },
}

impl Cursor {
    pub(crate) fn new() -> Self {
        Self::with_capacity(RECENT_CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            epoch: None,
            high: None,
            proven: None,
            recent: Vec::new(),
            capacity,
            forgetful: false,
            replay_to: None,
            last_here: None,
            received: 0,
            unreadable: 0,
        }
    }

    /// The greatest number that is behind us.
    pub(crate) fn high(&self) -> Option<u64> {
        self.high
    }

    /// Which log the numbers belong to.
    pub(crate) fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// Forgets the place in the log. What was counted on this connection stays counted.
    pub(crate) fn forget(&mut self) {
        self.epoch = None;
        self.place(None);
    }

    /// Begins in the log `epoch` after `seq`, which is proven, because nothing before it is expected.
    pub(crate) fn start(&mut self, epoch: String, seq: Option<u64>) {
        self.epoch = Some(epoch);
        self.place(seq);
    }

    /// Forgets the place in the log, but not which log it is: the next frame says where we are.
    pub(crate) fn lose_place(&mut self) {
        self.place(None);
    }

    fn place(&mut self, seq: Option<u64>) {
        self.high = seq;
        self.proven = seq;
        self.recent.clear();
        self.forgetful = false;
        self.replay_to = None;
        self.last_here = None;
    }

    /// Prepares for a new connection, and says what it should resume.
    pub(crate) fn resume(&self) -> Option<Resume> {
        Some(Resume { epoch: self.epoch.clone()?, seq: self.proven? })
    }

    /// Ends the counting of one connection. `true` if what may have been lost on it can't be told from a replay.
    pub(crate) fn connection_ended(&mut self) -> bool {
        self.received = 0;
        self.unreadable = 0;
        if self.epoch.is_none() {
            // Numbers without a log's name mean nothing on another connection.
            self.place(None);
            return false;
        }
        let lost = self.forgetful;
        if lost {
            self.place(self.high);
        }
        self.last_here = None;
        self.replay_to = self.high;
        lost
    }

    /// The greatest number up to which everything has come for sure.
    pub(crate) fn proven(&self) -> Option<u64> {
        self.proven
    }

    /// Takes note of a sequenced frame.
    pub(crate) fn arrive(&mut self, seq: u64) -> Arrival {
        self.received = self.received.saturating_add(1);
        if self.last_here.is_some_and(|last| seq <= last) {
            return Arrival::Duplicate;
        }
        self.last_here = Some(seq);
        if self.replay_to.is_some_and(|to| seq <= to) {
            return self.replayed(seq);
        }
        self.replay_to = None;
        if self.high.is_some_and(|high| seq <= high) {
            return Arrival::Duplicate;
        }
        if self.proven.is_none() {
            // Nobody said where this connection began, so what came before this frame can't be asked for again.
            self.proven = Some(seq);
            self.forgetful = true;
        } else if self.recent.len() < self.capacity {
            self.recent.push(seq);
        } else {
            self.forgetful = true;
        }
        self.high = Some(seq);
        Arrival::New
    }

    fn replayed(&mut self, seq: u64) -> Arrival {
        if self.proven.is_some_and(|proven| seq <= proven) {
            return Arrival::Duplicate;
        }
        let Err(place) = self.recent.binary_search(&seq) else { return Arrival::Duplicate };
        if self.recent.len() < self.capacity {
            self.recent.insert(place, seq);
        } else {
            self.forgetful = true;
        }
        Arrival::Late
    }

    /// Takes note of a frame that could not be read.
    pub(crate) fn unreadable(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
    }

    /// Whether the remembered numbers have just come to half of what is possible: time to ask for a proof.
    pub(crate) fn wants_proof(&self) -> bool {
        self.recent.len() == self.capacity.div_ceil(2)
    }

    /// Compares the counts, and moves both marks to where the server says that the connection is.
    pub(crate) fn pong(&mut self, pong: Pong) -> Count {
        if let Some(delivered) = pong.delivered {
            let received = self.received;
            if delivered < received || delivered > received.saturating_add(self.unreadable) {
                return Count::Gap { delivered, received };
            }
            // What the unreadable ones were is known now, so they excuse no later difference.
            self.received = delivered;
            self.unreadable = 0;
        }
        if let Some(seq) = pong.seq.or(self.last_here.filter(|_| pong.delivered.is_some())) {
            self.prove(seq);
        }
        Count::Whole
    }

    fn prove(&mut self, seq: u64) {
        self.proven = self.proven.max(Some(seq));
        self.high = self.high.max(Some(seq));
        let behind = self.recent.partition_point(|recent| *recent <= seq);
        self.recent.drain(..behind);
        if self.high == Some(seq) {
            self.forgetful = false;
            self.replay_to = None;
        }
    }
}
