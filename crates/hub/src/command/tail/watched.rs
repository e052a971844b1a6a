//! One execution as `tail` follows it: what of it was printed, and where it stands. No I/O.

use std::collections::{HashSet, VecDeque};

use switchboard_link::RefetchReason;
use switchboard_model::apply_event;
use switchboard_protocol::{
    Envelope, ExecutionEvent, ExecutionFrame, ExecutionId, ExecutionStatus, Frame, Timestamp,
    rest::{ExecutionSnapshot, ExecutionSummary, SnapshotEvent},
};

/// How many events are remembered as printed: four snapshots of 1,000.
const REMEMBERED: usize = 4_000;

/// One execution, from its snapshot on.
#[derive(Debug)]
pub struct Watched {
    execution: ExecutionId,
    summary: Option<ExecutionSummary>,
    /// The last snapshot's place in the log: frames up to it are in it.
    baseline: Option<u64>,
    printed: Printed,
}

/// What a snapshot brings.
#[derive(Debug, Default)]
pub struct News {
    /// Frames to print, oldest first.
    pub frames: Vec<Envelope>,
    /// How many events lie between what was printed before and the first of these, and are not in the snapshot.
    pub left_out: u64,
}

impl Watched {
    /// An execution of which nothing is known yet.
    pub fn new(execution: ExecutionId) -> Self {
        Self { execution, summary: None, baseline: None, printed: Printed::default() }
    }

    /// What is known of it.
    pub fn summary(&self) -> Option<&ExecutionSummary> {
        self.summary.as_ref()
    }

    /// Where it stands, once a snapshot has said so.
    pub fn status(&self) -> Option<ExecutionStatus> {
        self.summary.as_ref().map(|summary| summary.status)
    }

    /// The numbers of the log may mean something else from now on.
    pub fn refetch(&mut self, reason: &RefetchReason) {
        self.baseline = None;
        if !matches!(reason, RefetchReason::Gap) {
            self.printed.forget_numbers();
        }
    }

    /// Takes a snapshot, and answers what of it was not printed yet.
    pub fn snapshot(&mut self, snapshot: ExecutionSnapshot) -> News {
        let before = self.summary.as_ref().map_or(0, |summary| summary.event_count);
        let in_snapshot = snapshot.events.len() as u64;
        let mut known = 0;
        let mut frames = Vec::new();
        for SnapshotEvent { seq, event } in snapshot.events {
            if self.printed.insert(seq, &event) {
                frames.push(self.frame_of(seq, event));
            } else {
                known += 1;
            }
        }
        let count = snapshot.summary.event_count.max(in_snapshot);
        // Without one known event in it, the snapshot begins somewhere behind what was printed.
        let left_out = if known > 0 { 0 } else { count.saturating_sub(in_snapshot).saturating_sub(before) };
        self.baseline = snapshot.seq;
        self.summary = Some(snapshot.summary);
        News { frames, left_out }
    }

    /// Takes a frame that came after the snapshot was asked for; true where it is to be printed.
    pub fn frame(&mut self, envelope: &Envelope, received_at: Timestamp) -> bool {
        let Frame::ExecutionEvent(frame) = &envelope.frame else { return false };
        if frame.execution_id != self.execution {
            return false;
        }
        if let (Some(seq), Some(baseline)) = (envelope.seq, self.baseline)
            && seq <= baseline
        {
            return false;
        }
        if !self.printed.insert(envelope.seq, &frame.event) {
            return false;
        }
        if let Some(summary) = &mut self.summary {
            apply_event(summary, &frame.event, received_at);
        }
        true
    }

    fn frame_of(&self, seq: Option<u64>, event: ExecutionEvent) -> Envelope {
        let frame = ExecutionFrame { execution_id: self.execution.clone(), event };
        Envelope { seq, organization_id: None, frame: Frame::ExecutionEvent(frame) }
    }
}

/// The latest events that were printed, by their numbers or else by their ids.
#[derive(Debug, Default)]
struct Printed {
    keys: HashSet<Key>,
    order: VecDeque<Key>,
    /// Grows when numbers lose their meaning.
    numbering: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Id(switchboard_protocol::EventId),
    Number(u32, u64),
}

impl Printed {
    /// Remembers an event; false where it is known. One with neither number nor id cannot be known.
    fn insert(&mut self, seq: Option<u64>, event: &ExecutionEvent) -> bool {
        let number = seq.map(|seq| Key::Number(self.numbering, seq));
        let id = event.id.clone().map(Key::Id);
        if number.iter().chain(&id).any(|key| self.keys.contains(key)) {
            return false;
        }
        for key in number.into_iter().chain(id) {
            self.keys.insert(key.clone());
            self.order.push_back(key);
        }
        // Two keys an event, so that numbers and ids reach equally far back.
        while self.order.len() > 2 * REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }

    fn forget_numbers(&mut self) {
        self.numbering += 1;
    }
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{decode, rest::ExecutionSnapshot};

    use super::*;

    fn snapshot(numbers: std::ops::RangeInclusive<u64>, count: u64) -> ExecutionSnapshot {
        let events: Vec<String> = numbers
            .clone()
            .map(|n| format!(r#"{{"seq":{n},"id":"ev-{n}","type":"output","data":{{"text":"{n}"}}}}"#))
            .collect();
        let text = format!(
            r#"{{"executionId":"e-1","status":"running","eventCount":{count},"seq":{},"events":[{}]}}"#,
            numbers.end(),
            events.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    fn frame(number: u64, kind: &str) -> Envelope {
        let text = format!(
            r#"{{"seq":{number},"type":"event","executionId":"e-1","event":{{"id":"ev-{number}","type":"{kind}"}}}}"#
        );
        decode(&text).unwrap()
    }

    fn seqs(news: &News) -> Vec<u64> {
        news.frames.iter().filter_map(|frame| frame.seq).collect()
    }

    const NOW: i64 = 1_774_958_400_000;

    #[test]
    fn a_snapshot_and_the_frames_around_it_make_each_event_once() {
        let now = Timestamp::from_millis(NOW);
        let mut watched = Watched::new("e-1".into());
        assert_eq!(seqs(&watched.snapshot(snapshot(3..=5, 3))), [3, 4, 5]);
        assert!(!watched.frame(&frame(5, "output"), now));
        assert!(watched.frame(&frame(6, "output"), now));
        assert!(!watched.frame(&frame(6, "output"), now));
        assert!(watched.frame(&frame(9, "agent-complete"), now));
        assert_eq!(watched.status(), Some(ExecutionStatus::Completed));
    }

    #[test]
    fn after_a_refetch_only_what_is_new_is_printed() {
        let now = Timestamp::from_millis(NOW);
        let mut watched = Watched::new("e-1".into());
        watched.snapshot(snapshot(1..=3, 3));
        assert!(watched.frame(&frame(4, "output"), now));
        watched.refetch(&RefetchReason::Gap);
        let news = watched.snapshot(snapshot(2..=7, 7));
        assert_eq!((seqs(&news), news.left_out), (vec![5, 6, 7], 0));
    }

    /// Another log gives the numbers of the old one to other events; by number alone they once looked printed.
    #[test]
    fn another_log_may_use_the_same_numbers() {
        let mut watched = Watched::new("e-1".into());
        watched.snapshot(snapshot(1..=3, 3));
        watched.refetch(&RefetchReason::NoSequence);
        let text = r#"{"executionId":"e-1","eventCount":2,"seq":2,"events":[{"seq":1,"id":"ev-3","type":"output"},{"seq":2,"id":"new","type":"output"}]}"#;
        assert_eq!(seqs(&watched.snapshot(serde_json::from_str(text).unwrap())), [2]);
    }

    #[test]
    fn what_a_snapshot_leaves_out_is_counted() {
        let mut watched = Watched::new("e-1".into());
        assert_eq!(watched.snapshot(snapshot(501..=600, 600)).left_out, 500);
        watched.refetch(&RefetchReason::Gap);
        assert_eq!(watched.snapshot(snapshot(701..=800, 800)).left_out, 100);
    }
}
