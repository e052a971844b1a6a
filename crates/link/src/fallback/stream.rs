//! One stream: where it is, and which part of the log it has brought.

use switchboard_protocol::RunId;

use super::{CATCH_UP_LOOK_MS, CATCH_UP_MS, OPEN_TIMEOUT_MS, Scope, StreamOutput, Turn};

/// Where a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not wanted, or over.
    Closed,
    /// Asked for, and not open yet.
    Opening { generation: u32, give_up_at: u64 },
    /// Open. `leave_at`: the socket is back, and when to look next and at last whether it has come as far.
    Open { generation: u32, leave_at: Option<(u64, u64)> },
    /// To be opened again at this time.
    Waiting { at: u64 },
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) scope: Scope,
    /// How many want it.
    pub(super) parties: usize,
    pub(super) phase: Phase,
    /// Up to where those who want it know everything, from their snapshots.
    pub(super) known: Option<u64>,
    /// The place after which it has brought everything up to `last`.
    pub(super) after: Option<u64>,
    pub(super) last: Option<u64>,
    /// Whether its one run is known to be over.
    pub(super) ended: bool,
    /// Whether the server has said so on it.
    pub(super) confirmed: bool,
    /// Whether it comes from another log than the socket's cursor.
    pub(super) other_log: bool,
    /// How many openings failed in a row.
    pub(super) failures: u32,
}

impl Stream {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            parties: 1,
            phase: Phase::Closed,
            known: None,
            after: None,
            last: None,
            ended: false,
            confirmed: false,
            other_log: false,
            failures: 0,
        }
    }

    pub(super) fn generation(&self) -> Option<u32> {
        match self.phase {
            Phase::Opening { generation, .. } | Phase::Open { generation, .. } => Some(generation),
            Phase::Closed | Phase::Waiting { .. } => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Opening { give_up_at, .. } => Some(give_up_at),
            Phase::Open { leave_at, .. } => leave_at.map(|(look, last)| look.min(last)),
            Phase::Waiting { at } => Some(at),
            Phase::Closed => None,
        }
    }

    /// Whether it has brought a frame of a run: it brings everything between two places, in order.
    pub(super) fn has_brought(&self, run: &RunId, seq: u64) -> bool {
        let after = self.after.unwrap_or(u64::MAX);
        self.scope.covers(run) && seq > after && self.last.is_some_and(|last| seq <= last)
    }

    /// A number before the place after which it was to begin: the log has begun anew.
    pub(super) fn is_of_another_log(&self, seq: u64) -> bool {
        self.last.is_none() && self.after.is_some_and(|after| seq < after) && !self.ended
    }

    pub(super) fn enter_another_log(&mut self) {
        self.after = None;
        self.known = None;
        self.other_log = true;
    }

    pub(super) fn note(&mut self, seq: u64) {
        // What came first stands for a state; everything after it has come.
        self.after.get_or_insert(seq.saturating_sub(1));
        self.last = self.last.max(Some(seq));
    }

    pub(super) fn is_due(&self, now: u64) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Waiting { at } => at <= now,
            Phase::Opening { .. } | Phase::Open { .. } => false,
        }
    }

    pub(super) fn gave_up_opening(&self, now: u64) -> bool {
        matches!(self.phase, Phase::Opening { give_up_at, .. } if give_up_at <= now)
    }

    pub(super) fn open(
        &mut self,
        generation: u32,
        cursor: Option<u64>,
        now: u64,
        out: &mut Vec<StreamOutput>,
    ) {
        let after = if self.ended { None } else { cursor.max(self.known).max(self.last) };
        // It goes on where it was, or what it brought before is behind the socket.
        if self.last.is_none() || after > self.last {
            self.after = after;
            self.last = None;
        }
        self.phase = Phase::Opening { generation, give_up_at: now.saturating_add(OPEN_TIMEOUT_MS) };
        out.push(StreamOutput::Open { generation, scope: self.scope.clone(), after });
    }

    pub(super) fn close(&mut self, out: &mut Vec<StreamOutput>) {
        if let Some(generation) = self.generation() {
            out.push(StreamOutput::Close { generation });
        }
        self.phase = Phase::Closed;
    }

    /// It failed: it is opened again after a while.
    pub(super) fn break_off(&mut self, wait: u64, turn: &mut Turn<'_>) {
        self.close(turn.out);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting { at: turn.now.monotonic_ms.saturating_add(wait) };
        turn.out.push(StreamOutput::Status);
    }

    /// Nobody wants a connection.
    pub(super) fn leave(&mut self, out: &mut Vec<StreamOutput>) {
        if self.phase != Phase::Closed || self.confirmed {
            self.close(out);
            self.confirmed = false;
            out.push(StreamOutput::Status);
        }
    }

    /// The socket is up: leaves once that has come to where this was.
    pub(super) fn give_way(&mut self, cursor: Option<u64>, now: u64, out: &mut Vec<StreamOutput>) {
        self.confirmed = false;
        match self.phase {
            Phase::Closed => {}
            Phase::Opening { .. } | Phase::Waiting { .. } => {
                self.close(out);
                out.push(StreamOutput::Status);
            }
            Phase::Open { generation, leave_at } => {
                let last = leave_at.map_or(now.saturating_add(CATCH_UP_MS), |(_, last)| last);
                // Numbers that can't be compared are no reason to have two.
                let is_behind =
                    !self.other_log && cursor.zip(self.last).is_some_and(|(cursor, last)| cursor < last);
                if is_behind && now < last {
                    let look = now.saturating_add(CATCH_UP_LOOK_MS);
                    self.phase = Phase::Open { generation, leave_at: Some((look, last)) };
                } else {
                    self.close(out);
                    out.push(StreamOutput::Status);
                }
            }
        }
        if self.other_log && self.phase == Phase::Closed {
            self.forget();
        }
    }

    /// The socket is not up: what is open stays so, also before three connections have failed again.
    pub(super) fn stay(&mut self) {
        if let Phase::Open { leave_at, .. } = &mut self.phase {
            *leave_at = None;
        }
    }

    /// What is known belongs to another log.
    pub(super) fn forget(&mut self) {
        let (scope, parties) = (self.scope.clone(), self.parties);
        *self = Self { parties, ..Self::new(scope) };
    }
}
