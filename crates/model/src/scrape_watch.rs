//! A scrape run under observation: where snapshots and frames meet.

use std::mem;

use switchboard_protocol::{
    ScrapeProgress, Timestamp,
    rest::{ScrapeRunSnapshot, ScrapeRunSummary},
};

use crate::{Progressed, ScrapeRun};

/// How many frames wait for a snapshot. Beyond it they are let go, and the snapshot is fetched once more.
const WAITING_CAPACITY: usize = 5_000;

/// One run under observation. It joins snapshots, which are asked for over HTTP, and frames, whichever transport brings them,
/// and tells of the run's end exactly once.
#[derive(Debug, Default)]
pub struct ScrapeWatch {
    run: Option<ScrapeRun>,
    /// What came while a snapshot was on its way.
    waiting: Vec<(Option<u64>, ScrapeProgress, Timestamp)>,
    in_flight: bool,
    overflowed: bool,
    /// Whether the end has been told, or was there from the beginning.
    end_known: bool,
}

/// What something did to the run under observation.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Nothing that is shown.
    Nothing,
    /// Something that is shown.
    Changed,
    /// The run has ended. Told once.
    Ended(Box<ScrapeRunSummary>),
    /// A snapshot must be fetched (again): there is none, or what waited for it was too much.
    Fetch,
}

impl ScrapeWatch {
    /// The run; `None` before the first snapshot.
    pub fn run(&self) -> Option<&ScrapeRun> {
        self.run.as_ref()
    }

    /// Whether a snapshot is on its way.
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// A snapshot is asked for. What comes from now on is folded into it.
    pub fn asked(&mut self) {
        self.in_flight = true;
        self.overflowed = false;
    }

    /// What waits belongs to a log that is not followed any more.
    pub fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// No snapshot came.
    pub fn failed(&mut self) {
        self.in_flight = false;
    }

    /// The snapshot that was asked for last came: what came since then is folded into it.
    pub fn answered(&mut self, snapshot: ScrapeRunSnapshot) -> Seen {
        self.in_flight = false;
        if self.overflowed {
            self.waiting.clear();
            return Seen::Fetch;
        }
        let first = self.run.is_none();
        let mut run = ScrapeRun::from_snapshot(snapshot);
        for (seq, progress, received_at) in mem::take(&mut self.waiting) {
            run.apply(seq, &progress, received_at);
        }
        if let Some(before) = &self.run {
            run.keep_rates(before);
        }
        self.run = Some(run);
        if first {
            // Who comes to a run that is over has not seen it end.
            self.end_known = self.has_ended();
        }
        self.changed()
    }

    /// A frame of the run came.
    pub fn frame(&mut self, seq: Option<u64>, progress: &ScrapeProgress, received_at: Timestamp) -> Seen {
        if self.in_flight {
            if self.waiting.len() >= WAITING_CAPACITY {
                self.waiting.clear();
                self.overflowed = true;
            }
            self.waiting.push((seq, progress.clone(), received_at));
        }
        match &mut self.run {
            Some(run) => match run.apply(seq, progress, received_at) {
                Progressed::Nothing => Seen::Nothing,
                Progressed::Changed | Progressed::Ended => self.changed(),
            },
            None if self.in_flight => Seen::Nothing,
            // There was no such run when it was asked for.
            None => Seen::Fetch,
        }
    }

    fn changed(&mut self) -> Seen {
        if self.end_known || !self.has_ended() {
            return Seen::Changed;
        }
        self.end_known = true;
        self.run.as_ref().map_or(Seen::Changed, |run| Seen::Ended(Box::new(run.summary().clone())))
    }

    fn has_ended(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.summary().phase.is_final())
    }
}
