//! The one writer: its thread, and the group commit.

use std::{
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, TransactionBehavior};
use switchboard_protocol::Timestamp;

use super::{
    changes::Changes,
    failure::Failure,
    heads::Heads,
    memory::Memory,
    queue::{Batch, Command},
    stats::Counters,
};
use crate::{Appended, StoreError};

/// What one commit takes at most, so that the first batch in it does not wait long for the last: some tens of
/// milliseconds of work.
const GROUP_BATCHES: usize = 1024;
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// The one writer. It owns everything that it works with, so that nothing is locked while it does.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) memory: Memory,
    pub(super) heads: Arc<Heads>,
    pub(super) counters: Arc<Counters>,
    /// The last to go: another hub may open the folder from then on.
    pub(super) lock: File,
}

impl Writer {
    /// Stores what comes until nobody can send any more, then closes the database.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let mut held = None;
        while let Some(command) = held.take().or_else(|| commands.recv().ok()) {
            match command {
                Command::Append(first) => {
                    let (group, next) = gather(first, commands);
                    held = next;
                    self.store(group);
                }
                Command::Work(work) => work(&mut self.connection, &mut self.memory),
            }
        }
        let Self { connection, lock, .. } = self;
        // Closing the last connection moves the write-ahead log into the database and deletes it.
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
        }
        drop(lock);
    }

    /// Stores the batches in one transaction and answers each.
    fn store(&mut self, group: Vec<Batch>) {
        match self.commit(&group) {
            Ok(appended) => {
                for (batch, appended) in group.into_iter().zip(appended) {
                    batch.reply(Ok(appended));
                }
            }
            // One bad batch must not cost the others. It is rare, so the usual way carries no savepoints: the
            // group is stored once more, batch by batch, and the bad one fails alone.
            Err(failure) if group.len() > 1 && failure.may_be_of_one_batch() => {
                tracing::debug!(%failure, batches = group.len(), "a group failed; storing its batches one by one");
                for batch in group {
                    self.store(vec![batch]);
                }
            }
            Err(failure) => {
                tracing::error!(%failure, batches = group.len(), "reports could not be stored");
                let error = StoreError::from(failure);
                for batch in group {
                    batch.reply(Err(error.clone()));
                }
            }
        }
    }

    fn commit(&mut self, group: &[Batch]) -> Result<Vec<Appended>, Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changes = Changes::new(&transaction, &mut self.memory, now());
        let appended = group
            .iter()
            .map(|batch| changes.append(&batch.organization, &batch.reports))
            .collect::<Result<Vec<_>, _>>()?;
        let written = changes.write()?;
        transaction.commit()?;
        self.counters.committed(&appended);
        for (organization, state) in &written.organizations {
            self.heads.moved(organization, state.head);
        }
        self.memory.adopt(written);
        Ok(appended)
    }
}

impl Batch {
    /// Gives its room back and answers who waits for it; who waits no more has given up.
    fn reply(self, outcome: Result<Appended, StoreError>) {
        drop(self.place);
        let _ = self.answer.send(outcome);
    }
}

/// Takes the batches that wait already, up to a group's size. What is no batch ends the group and is next.
fn gather(first: Batch, commands: &Receiver<Command>) -> (Vec<Batch>, Option<Command>) {
    let mut bytes = first.place.bytes;
    let mut group = vec![first];
    while group.len() < GROUP_BATCHES && bytes < GROUP_BYTES {
        match commands.try_recv() {
            Ok(Command::Append(batch)) => {
                bytes += batch.place.bytes;
                group.push(batch);
            }
            Ok(work) => return (group, Some(work)),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    (group, None)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
