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
    queue::{Batch, Call, Change, Command},
    stats::Counters,
};
use crate::{Appended, StoreError};

/// What one commit takes at most, so that the first change in it does not wait long for the last: some tens of
/// milliseconds of work.
const GROUP_CHANGES: usize = 1024;
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
                Command::Change(first) => {
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

    /// Makes the changes in one transaction and answers each.
    fn store(&mut self, mut group: Vec<Change>) {
        match self.commit(&mut group) {
            Ok(appended) => {
                let mut appended = appended.into_iter();
                for change in group {
                    match change {
                        Change::Batch(batch) => {
                            if let Some(appended) = appended.next() {
                                batch.reply(Ok(appended));
                            }
                        }
                        Change::Call(call) => call.reply(Ok(())),
                    }
                }
            }
            // One bad change must not cost the others. It is rare, so the usual way carries no savepoints: the
            // group is stored once more, change by change, and the bad one fails alone.
            Err(failure) if group.len() > 1 && failure.may_be_of_one_change() => {
                tracing::debug!(%failure, changes = group.len(), "a group failed; storing its changes one by one");
                for change in group {
                    self.store(vec![change]);
                }
            }
            Err(failure) => {
                tracing::error!(%failure, changes = group.len(), "changes could not be stored");
                let error = StoreError::from(failure);
                for change in group {
                    match change {
                        Change::Batch(batch) => batch.reply(Err(error.clone())),
                        Change::Call(call) => call.reply(Err(error.clone())),
                    }
                }
            }
        }
    }

    /// Answers what each batch came to; calls keep it themselves.
    fn commit(&mut self, group: &mut [Change]) -> Result<Vec<Appended>, Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changes = Changes::new(&transaction, &mut self.memory, now());
        let mut appended = Vec::with_capacity(group.len());
        for change in group {
            match change {
                Change::Batch(batch) => appended.push(changes.append(&batch.organization, &batch.reports)?),
                Change::Call(call) => call.request.run(&mut changes)?,
            }
        }
        let written = changes.write()?;
        transaction.commit()?;
        if !appended.is_empty() {
            self.counters.committed(&appended);
        }
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

impl Call {
    /// Gives its room back and answers who waits for it.
    fn reply(self, outcome: Result<(), StoreError>) {
        drop(self.place);
        self.request.answer(outcome);
    }
}

/// Takes the changes that wait already, up to a group's size. What is no change ends the group and is next.
fn gather(first: Change, commands: &Receiver<Command>) -> (Vec<Change>, Option<Command>) {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while group.len() < GROUP_CHANGES && bytes < GROUP_BYTES {
        match commands.try_recv() {
            Ok(Command::Change(change)) => {
                bytes += change.bytes();
                group.push(change);
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
