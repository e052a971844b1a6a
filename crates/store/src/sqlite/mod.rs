//! The embedded store: one SQLite file, one writer, and a few readers.
//!
//! ```text
//! append, chat ─→ queue ─→ writer thread: one transaction for all that waits ─→ heads ─→ answers
//! read, lists, snapshots, search ─→ a read-only connection each, one transaction each
//! ```
//!
//! * `queue` bounds what waits; `writer` is the thread and the group commit; `changes` is what one
//!   transaction does to the log; `executions` is the fold of executions and the updates that are derived from it;
//!   `agents` is that of agents, with their list;
//!   `memory` is what the writer knows without reading.
//! * `readers` runs reads; `entries` and `lists` are the queries.
//! * `chat` holds conversations and tasks, `scrapes` scrape runs, and `search` the index of what was written; the
//!   files of each are told of there.
//! * `prune` is retention. `folder` and `schema` open the file.
//!
//! Nothing outside this folder may assume that there is one process, as there is here: a lock on the folder
//! sees to it.

mod agents;
mod changes;
mod chat;
mod entries;
mod executions;
mod failure;
mod folder;
mod heads;
mod lists;
mod memory;
mod options;
mod position;
mod prune;
mod queue;
mod readers;
mod schema;
mod scrapes;
mod search;
mod stats;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{self, Sender},
    },
    thread::JoinHandle,
};

use futures::FutureExt;
use rusqlite::Connection;
use switchboard_protocol::{
    ExecutionId, OrganizationId, Timestamp,
    rest::{ExecutionList, ExecutionSnapshot},
};
use tokio::sync::{oneshot, watch};

use self::{
    changes::Changes,
    failure::Failure,
    folder::Folder,
    heads::Heads,
    memory::Memory,
    prune::Limits,
    queue::{Batch, Call, Change, Command, Waiting},
    readers::Readers,
    stats::Counters,
    writer::Writer,
};
use crate::{
    Answer, Appended, Bounds, Entry, ExecutionQuery, Executions, Log, Report, Retention, StoreError, Upkeep,
};

pub use options::{SqliteOptions, Synchronous};
pub use stats::SqliteStats;

/// The embedded store. One exists for a folder, on the whole machine.
///
/// Dropping it commits what waits, as [`close`](Upkeep::close) does, but blocks the thread meanwhile.
pub struct SqliteStore {
    epoch: Arc<str>,
    readers: Readers,
    heads: Arc<Heads>,
    waiting: Arc<Waiting>,
    counters: Arc<Counters>,
    /// `None` once the store is closing. The writer ends when this is gone and all that was sent is done.
    commands: Mutex<Option<Sender<Command>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held by the one `prune` that runs.
    pruning: tokio::sync::Mutex<()>,
    /// Held by the one call that brings the index on.
    indexing: tokio::sync::Mutex<()>,
}

impl SqliteStore {
    /// Opens the database in `folder`, and makes both where they are missing.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with what to do: the folder cannot be made or written, another hub uses it, the
    /// database is locked, damaged, another program's, or of a newer version.
    pub fn open(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let Folder { database, writer: connection, lock } = Folder::open(folder, &options)?;
        let unusable = |reason: String| StoreError::Unusable { path: database.display().to_string(), reason };
        let load = || -> Result<(Arc<str>, Memory), Failure> {
            let epoch = connection.query_row("SELECT epoch FROM meta", (), |row| row.get(0))?;
            Ok((epoch, Memory::load(&connection)?))
        };
        let (epoch, memory) = load().map_err(|failure| unusable(failure.to_string()))?;
        let known = memory.organizations.iter();
        let heads = Arc::new(Heads::new(known.map(|(name, organization)| (name.clone(), organization.head))));
        let counters = Arc::<Counters>::default();
        let writer =
            Writer { connection, memory, heads: Arc::clone(&heads), counters: Arc::clone(&counters), lock };
        let (commands, receiver) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| {
                unusable(format!("no thread can be started for it ({error}); free some memory"))
            })?;
        Ok(Self {
            epoch,
            readers: Readers::new(database, &options),
            heads,
            waiting: Arc::new(Waiting::new(&options)),
            counters,
            commands: Mutex::new(Some(commands)),
            writer: Mutex::new(Some(writer)),
            pruning: tokio::sync::Mutex::default(),
            indexing: tokio::sync::Mutex::default(),
        })
    }

    /// What the store has done since it was opened, and what waits.
    pub fn stats(&self) -> SqliteStats {
        let Counters { commits, batches, accepted, duplicates, pruned } = &*self.counters;
        SqliteStats {
            commits: commits.load(Ordering::Relaxed),
            batches: batches.load(Ordering::Relaxed),
            accepted: accepted.load(Ordering::Relaxed),
            duplicates: duplicates.load(Ordering::Relaxed),
            pruned: pruned.load(Ordering::Relaxed),
            waiting_batches: self.waiting.batches(),
            waiting_bytes: self.waiting.bytes(),
        }
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = commands.as_ref().ok_or(StoreError::Closing)?;
        sender.send(command).map_err(|_| writer_is_gone())
    }

    /// Runs `work` on the writer's thread, between two commits.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &mut Memory) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Work(Box::new(move |connection, memory| {
            let _ = answer.send(work(connection, memory));
        })))?;
        Ok(answered.await.map_err(|_| writer_is_gone())??)
    }

    /// Makes a change in the same commit as what else waits. `bytes` is about how much it carries.
    async fn change<T: Send + 'static>(
        &self,
        bytes: usize,
        change: impl FnMut(&mut Changes<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = self.waiting.take(bytes).ok_or(StoreError::Busy)?;
        let (answer, answered) = oneshot::channel();
        self.send(Command::Change(Change::Call(Call::new(place, answer, change))))?;
        answered.await.map_err(|_| writer_is_gone())?
    }

    /// Lets nothing more in. Answers the writer's thread, for the first caller to wait for.
    fn shut(&self) -> Option<JoinHandle<()>> {
        drop(self.commands.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.readers.close();
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Log for SqliteStore {
    fn append(&self, organization: OrganizationId, reports: Vec<Report>) -> Answer<'_, Appended> {
        async move {
            let bytes = reports.iter().map(|report| report.body.len()).sum();
            let place = self.waiting.take(bytes).ok_or(StoreError::Busy)?;
            let (answer, answered) = oneshot::channel();
            let batch = Batch { organization, reports, place, answer };
            self.send(Command::Change(Change::Batch(batch)))?;
            answered.await.map_err(|_| writer_is_gone())?
        }
        .boxed()
    }

    fn read(&self, organization: OrganizationId, after: u64, limit: usize) -> Answer<'_, Vec<Entry>> {
        self.readers.read(move |transaction| entries::page(transaction, &organization, after, limit)).boxed()
    }

    fn bounds(&self, organization: OrganizationId) -> Answer<'_, Bounds> {
        let epoch = Arc::clone(&self.epoch);
        self.readers.read(move |transaction| entries::bounds(transaction, &organization, epoch)).boxed()
    }

    fn head(&self, organization: &OrganizationId) -> watch::Receiver<u64> {
        self.heads.watch(organization)
    }
}

impl Executions for SqliteStore {
    fn executions(&self, organization: OrganizationId, query: ExecutionQuery) -> Answer<'_, ExecutionList> {
        self.readers.read(move |transaction| lists::page(transaction, &organization, &query)).boxed()
    }

    fn execution(
        &self,
        organization: OrganizationId,
        execution: ExecutionId,
        limit: usize,
    ) -> Answer<'_, Option<ExecutionSnapshot>> {
        self.readers
            .read(move |transaction| lists::snapshot(transaction, &organization, &execution, limit))
            .boxed()
    }

    fn organizations(&self) -> Answer<'_, Vec<OrganizationId>> {
        self.readers.read(entries::organizations).boxed()
    }
}

impl Upkeep for SqliteStore {
    fn prune(&self, retention: Retention, now: Timestamp) -> Answer<'_, u64> {
        let before = |age: u64| now.as_millis().saturating_sub_unsigned(age);
        let limits = Limits { cutoff: retention.age_ms.map(before), bytes: retention.bytes };
        async move {
            let _alone = self.pruning.lock().await;
            let mut deleted = 0;
            while let Some(chunk) =
                self.readers.read(move |transaction| prune::next(transaction, limits)).await?
            {
                let gone =
                    self.work(move |connection, memory| prune::delete(connection, memory, &chunk)).await?;
                self.counters.pruned.fetch_add(gone, Ordering::Relaxed);
                deleted += gone;
            }
            while self
                .work(move |connection, memory| prune::forget(connection, memory, limits.cutoff))
                .await?
            {}
            if let Some(cutoff) = limits.cutoff {
                while self.work(move |connection, _| chat::forget(connection, cutoff)).await? {}
                while self.work(move |connection, _| agents::forget(connection, cutoff)).await? {}
                while self.work(move |connection, _| scrapes::forget(connection, cutoff)).await? {}
            }
            while self.work(|connection, _| scrapes::sweep(connection)).await? {}
            self.tend_index().await?;
            let mut shrunk = false;
            while self.work(|connection, _| prune::shrink(connection)).await? {
                shrunk = true;
            }
            if shrunk {
                self.work(|connection, _| prune::checkpoint(connection)).await?;
            }
            Ok(deleted)
        }
        .boxed()
    }

    fn close(&self) -> Answer<'_, ()> {
        async move {
            let Some(writer) = self.shut() else { return Ok(()) };
            let ended = tokio::task::spawn_blocking(move || writer.join()).await;
            ended.ok().and_then(Result::ok).ok_or_else(writer_is_gone)
        }
        .boxed()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // What was sent is bounded, so this ends; and the folder is free when it has ended.
        if let Some(writer) = self.shut() {
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqliteStore").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// The thread has ended though nobody closed the store: a bug, told and not hidden.
fn writer_is_gone() -> StoreError {
    StoreError::Database("the writer has stopped; restart the hub".to_owned())
}
