//! The way from those who append to the one who writes: bounded, and never waited on by the writer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rusqlite::Connection;
use switchboard_protocol::OrganizationId;
use tokio::sync::oneshot;

use super::{SqliteOptions, memory::Memory};
use crate::{Appended, Report, StoreError};

/// A piece of upkeep that runs between two commits, and answers by itself.
pub(super) type Work = Box<dyn FnOnce(&mut Connection, &mut Memory) + Send>;

/// What the writer is asked.
pub(super) enum Command {
    /// Store a batch.
    Append(Batch),
    /// Do a piece of upkeep.
    Work(Work),
}

/// A batch on its way.
pub(super) struct Batch {
    pub(super) organization: OrganizationId,
    pub(super) reports: Vec<Report>,
    /// Given back when the batch is answered, or dropped.
    pub(super) place: Place,
    pub(super) answer: oneshot::Sender<Result<Appended, StoreError>>,
}

/// How much may wait for a commit, and how much does.
#[derive(Debug)]
pub(super) struct Waiting {
    batches: AtomicUsize,
    bytes: AtomicUsize,
    most_batches: usize,
    most_bytes: usize,
}

/// The room that one waiting batch takes; dropping it gives the room back.
#[derive(Debug)]
pub(super) struct Place {
    waiting: Arc<Waiting>,
    pub(super) bytes: usize,
}

impl Waiting {
    pub(super) fn new(options: &SqliteOptions) -> Self {
        Self {
            batches: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            most_batches: options.waiting_batches.max(1),
            most_bytes: options.waiting_bytes,
        }
    }

    /// Takes room for a batch of `bytes`; `None` where there is none. A batch that is larger than all the room
    /// there is gets it while nothing else waits, since later it would fit no better.
    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let others = self.batches.fetch_add(1, Ordering::AcqRel);
        let others_bytes = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        // From here on the room is taken, and given back where it turns out to be too much.
        let place = Place { waiting: Arc::clone(self), bytes };
        let fits = others < self.most_batches && others_bytes.saturating_add(bytes) <= self.most_bytes;
        (fits || others == 0).then_some(place)
    }

    pub(super) fn batches(&self) -> usize {
        self.batches.load(Ordering::Acquire)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.batches.fetch_sub(1, Ordering::AcqRel);
        self.waiting.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_and_given_back() {
        let options = SqliteOptions { waiting_batches: 2, waiting_bytes: 100, ..SqliteOptions::default() };
        let waiting = Arc::new(Waiting::new(&options));
        let first = waiting.take(60).unwrap();
        assert!(waiting.take(41).is_none(), "more bytes than there is room for");
        let second = waiting.take(40).unwrap();
        assert!(waiting.take(0).is_none(), "more batches than there is room for");
        assert_eq!((waiting.batches(), waiting.bytes()), (2, 100));
        drop((first, second));
        assert_eq!((waiting.batches(), waiting.bytes()), (0, 0));
    }

    #[test]
    fn what_is_larger_than_all_the_room_goes_alone() {
        let options = SqliteOptions { waiting_bytes: 100, ..SqliteOptions::default() };
        let waiting = Arc::new(Waiting::new(&options));
        let huge = waiting.take(1000).unwrap();
        assert!(waiting.take(1).is_none());
        drop(huge);
        let small = waiting.take(1).unwrap();
        assert!(waiting.take(1000).is_none());
        drop(small);
    }
}
