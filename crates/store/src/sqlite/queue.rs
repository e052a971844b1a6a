//! The way from those who append to the one who writes: bounded, and never waited on by the writer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rusqlite::Connection;
use switchboard_protocol::OrganizationId;
use tokio::sync::oneshot;

use super::{SqliteOptions, changes::Changes, failure::Failure, memory::Memory};
use crate::{Appended, Report, StoreError};

/// A piece of upkeep that runs between two commits, and answers by itself.
pub(super) type Work = Box<dyn FnOnce(&mut Connection, &mut Memory) + Send>;

/// What the writer is asked.
pub(super) enum Command {
    /// Change something, together with whatever else waits.
    Change(Change),
    /// Do a piece of upkeep.
    Work(Work),
}

/// A change on its way; changes that wait share a commit.
pub(super) enum Change {
    /// A batch to be stored.
    Batch(Batch),
    /// A call that is more than a batch.
    Call(Call),
}

impl Change {
    /// How much room it takes while it waits.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.place.bytes,
            Self::Call(call) => call.place.bytes,
        }
    }
}

/// A batch on its way.
pub(super) struct Batch {
    pub(super) organization: OrganizationId,
    pub(super) reports: Vec<Report>,
    /// Given back when the batch is answered, or dropped.
    pub(super) place: Place,
    pub(super) answer: oneshot::Sender<Result<Appended, StoreError>>,
}

/// A call on its way.
pub(super) struct Call {
    pub(super) request: Box<dyn Request>,
    /// Given back when the call is answered, or dropped.
    pub(super) place: Place,
}

impl Call {
    pub(super) fn new<T: Send + 'static>(
        place: Place,
        answer: oneshot::Sender<Result<T, StoreError>>,
        run: impl FnMut(&mut Changes<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Self {
        Self { request: Box::new(Asked { run, done: None, answer }), place }
    }
}

/// What a call does in a transaction, and whom it answers once that is committed.
pub(super) trait Request: Send {
    /// Makes the changes. It is called again where the transaction has failed, and is alone in that one.
    fn run(&mut self, changes: &mut Changes<'_>) -> Result<(), Failure>;

    /// Answers: after a commit, with what the last run came to.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Asked<T, F> {
    run: F,
    done: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Request for Asked<T, F>
where
    T: Send,
    F: FnMut(&mut Changes<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, changes: &mut Changes<'_>) -> Result<(), Failure> {
        self.done = Some((self.run)(changes)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        // Without an outcome the sender is dropped, which tells the caller that the writer has stopped.
        let answer = match outcome {
            Ok(()) => self.done.map(Ok),
            Err(error) => Some(Err(error)),
        };
        if let Some(answer) = answer {
            let _ = self.answer.send(answer);
        }
    }
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
