//! One execution as its page shows it.

use std::collections::{HashSet, VecDeque};

use switchboard_protocol::{
    AgentEvent, EventId, ExecutionEvent, ExecutionEventKind, Timestamp,
    rest::{ExecutionSnapshot, ExecutionSummary, SnapshotEvent},
};

use crate::{OutputLine, Ring, TimelineItem, VIEW_CAPACITY, apply_event, apply_heartbeat};

/// One execution: its summary, its latest output and its timeline.
///
/// It comes to exist from a snapshot, and then folds the events after it. With sequence numbers, an event at
/// or before the snapshot's is known and left out; without them, an event whose identifier is known is.
#[derive(Debug, Clone)]
pub struct Execution {
    summary: ExecutionSummary,
    output: Ring<OutputLine>,
    timeline: Ring<TimelineItem>,
    timeline_revision: u64,
    /// The snapshot's: everything up to it is in the state.
    baseline: Option<u64>,
    /// The last one that is folded in.
    seq: Option<u64>,
    known: KnownIds,
}

/// What [`Execution::apply`] did with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was folded in.
    New,
    /// It was known already, and changed nothing.
    Known,
    /// It happened before what is folded in already, so it changed nothing: a frame that was lost and came
    /// late. Only a new snapshot puts it in its place.
    OutOfOrder,
}

impl Execution {
    /// The execution as a snapshot has it. `received_at` stands in for missing timestamps.
    pub fn from_snapshot(snapshot: ExecutionSnapshot, received_at: Timestamp) -> Self {
        let ExecutionSnapshot { summary, events, seq } = snapshot;
        let mut execution = Self {
            summary,
            output: Ring::new(VIEW_CAPACITY),
            timeline: Ring::new(VIEW_CAPACITY),
            timeline_revision: 0,
            baseline: seq,
            seq,
            known: KnownIds::new(4 * VIEW_CAPACITY),
        };
        // A server without counts says how many events there are by sending them.
        let sent = events.len() as u64;
        execution.summary.event_count = execution.summary.event_count.max(sent);
        if execution.summary.event_count > sent {
            execution.timeline.extend(started_before(&execution.summary, &events));
        }
        for event in &events {
            if execution.known.insert(event.event.id.as_ref()) {
                execution.show(&event.event, event.event.timestamp.unwrap_or(received_at));
            }
        }
        execution
    }

    /// Folds one event in, unless it is known.
    pub fn apply(&mut self, seq: Option<u64>, event: &ExecutionEvent, received_at: Timestamp) -> Applied {
        if let (Some(seq), Some(last)) = (seq, self.seq)
            && seq <= last
        {
            let known = self.baseline.is_some_and(|baseline| seq <= baseline) || seq == last;
            return if known { Applied::Known } else { Applied::OutOfOrder };
        }
        // Sequence numbers settle it; only a stream without them needs the identifiers.
        if seq.is_none() && !self.known.insert(event.id.as_ref()) {
            return Applied::Known;
        }
        self.seq = seq.or(self.seq);
        apply_event(&mut self.summary, event, received_at);
        self.show(event, event.timestamp.unwrap_or(received_at));
        Applied::New
    }

    /// Takes a heartbeat that names this execution as a sign of life of its worker. Answers whether anything changed. It is
    /// no event of the execution, so it moves no place in the log.
    pub fn beat(&mut self, seq: Option<u64>, event: &AgentEvent, received_at: Timestamp) -> bool {
        let known = seq.zip(self.baseline).is_some_and(|(seq, baseline)| seq <= baseline);
        !known && apply_heartbeat(&mut self.summary, event, received_at)
    }

    /// What lists show of it.
    pub fn summary(&self) -> &ExecutionSummary {
        &self.summary
    }

    /// The latest lines that it wrote or logged.
    pub fn output(&self) -> &Ring<OutputLine> {
        &self.output
    }

    /// The latest of what happened, apart from output.
    pub fn timeline(&self) -> &Ring<TimelineItem> {
        &self.timeline
    }

    /// Grows with every change of the timeline, also where the last row changed in place.
    pub fn timeline_revision(&self) -> u64 {
        self.timeline_revision
    }

    /// The last sequence number that is folded in.
    pub fn seq(&self) -> Option<u64> {
        self.seq
    }

    fn show(&mut self, event: &ExecutionEvent, at: Timestamp) {
        OutputLine::read(event, at, |line| self.output.push(line));
        let Some(item) = TimelineItem::read(event, at) else { return };
        self.timeline_revision += 1;
        match self.timeline.last_mut() {
            Some(last) if item.replaces(last) => *last = item,
            _ => self.timeline.push(item),
        }
    }
}

/// The start of an execution whose snapshot begins after it: the summary still knows it, and a timeline without a
/// start would tell a story without a beginning.
fn started_before(summary: &ExecutionSummary, events: &[SnapshotEvent]) -> Option<TimelineItem> {
    let is_start = |event: &SnapshotEvent| event.event.kind == ExecutionEventKind::AgentStart;
    if events.iter().any(is_start) {
        return None;
    }
    Some(TimelineItem::started(summary.started_at?, summary.agent.as_ref(), summary.title.clone()))
}

/// The latest identifiers, so many that a snapshot and what arrived while it was fetched are remembered.
#[derive(Debug, Clone)]
struct KnownIds {
    set: HashSet<EventId>,
    order: VecDeque<EventId>,
    capacity: usize,
}

impl KnownIds {
    fn new(capacity: usize) -> Self {
        Self { set: HashSet::new(), order: VecDeque::new(), capacity }
    }

    /// Remembers an identifier; `false` where it is known. An event without one can't be known.
    fn insert(&mut self, id: Option<&EventId>) -> bool {
        let Some(id) = id else { return true };
        if !self.set.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        true
    }
}
