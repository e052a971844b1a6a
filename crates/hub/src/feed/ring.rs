//! The newest segments of a log, held in memory up to a bound.

use std::{collections::VecDeque, sync::Arc};

use super::segment::{SEGMENT_BYTES, Segment};

/// How many bytes of frames a ring holds: what 64 full messages carry, some seconds of a busy organization. Who is
/// further behind reads from the store.
const RING_BYTES: usize = 64 * SEGMENT_BYTES;

/// How many segments it holds: bounds the bookkeeping of a log whose frames come one by one.
const RING_SEGMENTS: usize = 4096;

/// The newest segments: every frame after `floor` up to the newest that was read.
#[derive(Debug)]
pub struct Ring {
    segments: VecDeque<Arc<Segment>>,
    bytes: usize,
    floor: u64,
}

impl Ring {
    /// An empty ring that is to hold what follows `floor`.
    pub fn after(floor: u64) -> Self {
        Self { segments: VecDeque::new(), bytes: 0, floor }
    }

    /// Adds the segments that follow, and lets go of the oldest beyond the bound.
    pub fn extend(&mut self, segments: Vec<Arc<Segment>>) {
        for segment in segments {
            self.bytes += segment.len();
            self.segments.push_back(segment);
        }
        while self.segments.len() > 1 && (self.bytes > RING_BYTES || self.segments.len() > RING_SEGMENTS) {
            if let Some(oldest) = self.segments.pop_front() {
                self.bytes = self.bytes.saturating_sub(oldest.len());
                self.floor = oldest.last();
            }
        }
    }

    /// Up to `bytes` of the segments with frames after `cursor`, at least one where there is any; `None` where
    /// the ring begins later than that.
    pub fn after_cursor(&self, cursor: u64, bytes: usize) -> Option<Vec<Arc<Segment>>> {
        if cursor < self.floor {
            return None;
        }
        let start = self.segments.partition_point(|segment| segment.last() <= cursor);
        let mut total = 0;
        let within = |segment: &&Arc<Segment>| {
            let first = total == 0;
            total += segment.len();
            first || total <= bytes
        };
        Some(self.segments.range(start..).take_while(within).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use switchboard_store::Entry;

    use super::*;

    fn frames(seqs: std::ops::RangeInclusive<u64>, length: usize) -> Vec<Arc<Segment>> {
        let body: Arc<str> = format!("{{\"x\":\"{}\"}}", "x".repeat(length)).into();
        let entries: Vec<_> = seqs.map(|seq| Entry { seq, execution_id: None, body: body.clone() }).collect();
        Segment::encode(&entries)
    }

    fn spans(found: Option<Vec<Arc<Segment>>>) -> Option<Vec<(u64, u64)>> {
        Some(found?.iter().map(|segment| (segment.first(), segment.last())).collect())
    }

    #[test]
    fn a_cursor_finds_what_follows_it_also_in_the_middle_of_a_segment() {
        let mut ring = Ring::after(10);
        assert_eq!(spans(ring.after_cursor(10, 1000)), Some(vec![]));
        ring.extend(frames(11..=13, 10));
        ring.extend(frames(14..=14, 10));
        assert_eq!(spans(ring.after_cursor(9, 1000)), None, "older than the ring");
        assert_eq!(spans(ring.after_cursor(10, 1000)), Some(vec![(11, 13), (14, 14)]));
        assert_eq!(spans(ring.after_cursor(12, 1000)), Some(vec![(11, 13), (14, 14)]));
        assert_eq!(spans(ring.after_cursor(13, 1000)), Some(vec![(14, 14)]));
        assert_eq!(spans(ring.after_cursor(10, 1)), Some(vec![(11, 13)]), "at least one");
        assert_eq!(spans(ring.after_cursor(14, 1000)), Some(vec![]));
    }

    #[test]
    fn it_forgets_the_oldest_beyond_its_bounds_and_says_so() {
        let mut ring = Ring::after(0);
        for seq in 1..=200 {
            ring.extend(frames(seq..=seq, SEGMENT_BYTES / 2));
        }
        assert!(ring.bytes <= RING_BYTES);
        assert_eq!(spans(ring.after_cursor(0, 1)), None);
        let floor = ring.floor;
        assert_eq!(spans(ring.after_cursor(floor, 1)), Some(vec![(floor + 1, floor + 1)]));

        let mut ring = Ring::after(0);
        for seq in 1..=(RING_SEGMENTS as u64 + 5) {
            ring.extend(frames(seq..=seq, 1));
        }
        assert_eq!(ring.floor, 5);
    }
}
