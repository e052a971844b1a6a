//! The hub's memory: one append-only log per organization, and what is derived from it.
//!
//! [`Log`] is the truth: a report is durable when [`Log::append`] returns, its sequence number is given in the
//! transaction that stores it, and live delivery, replay and a slow reader's catching up are the same
//! [`Log::read`]. [`Executions`] is a projection that the same transaction keeps, by the reducer of
//! `switchboard-model`. Both are traits with one contract test suite. SQLite is the embedded default.

use std::sync::Arc;

use futures::future::BoxFuture;
use switchboard_protocol::{
    ExecutionFrame, ExecutionId, OrganizationId, Timestamp,
    rest::{ExecutionList, ExecutionSnapshot},
};
use tokio::sync::watch;

/// What storage answers with: boxed, because the hub holds its store as `dyn`.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// One report: validated by the hub, ready to be stored.
#[derive(Debug, Clone)]
pub struct Report {
    /// What makes the report idempotent: unique inside its organization.
    pub id: Option<String>,
    /// The frame as JSON text on one line, without `seq`: stored and sent as it stands.
    pub body: Box<str>,
    /// The same frame as types, where it is an execution's event: what projections fold over. Such a frame
    /// is delivered to subscribers of its execution only.
    pub execution: Option<ExecutionFrame>,
}

/// What [`Log::append`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many reports were new.
    pub accepted: u64,
    /// How many had an `id` that the log knows.
    pub duplicates: u64,
    /// The sequence number of the last report of the batch, also where that was a duplicate.
    pub seq: u64,
}

/// One stored frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub seq: u64,
    /// The execution whose subscribers it is for; `None` is for everybody in the organization.
    pub execution_id: Option<ExecutionId>,
    /// The frame without `seq`, a JSON object on one line.
    pub body: Arc<str>,
}

/// How far a log reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Which log this is: made when the storage was made, and another one for another storage.
    pub epoch: Arc<str>,
    /// The oldest sequence number that retention has left; `head + 1` where it has left none.
    pub first: u64,
    /// The newest sequence number; 0 in an empty log.
    pub head: u64,
}

/// The append-only log of each organization.
pub trait Log: Send + Sync + 'static {
    /// Stores a batch, wholly or not at all, and returns once it is durable. Waiting batches share a commit.
    fn append(&self, organization: OrganizationId, reports: Vec<Report>) -> Answer<'_, Appended>;

    /// The entries after `after`, oldest first, at most `limit`, and none where there are none yet.
    fn read(&self, organization: OrganizationId, after: u64, limit: usize) -> Answer<'_, Vec<Entry>>;

    /// How far the organization's log reaches. An organization that nobody reported to has an empty log.
    fn bounds(&self, organization: OrganizationId) -> Answer<'_, Bounds>;

    /// The head of the organization's log, as it grows: woken after each commit, by whichever hub made it.
    fn head(&self, organization: &OrganizationId) -> watch::Receiver<u64>;
}

/// Which executions a list shows.
#[derive(Debug, Clone, Default)]
pub struct ExecutionQuery {
    /// Only those with this status.
    pub status: Option<switchboard_protocol::ExecutionStatus>,
    /// Only those whose title, agent, department or identifier holds this text, in any case.
    pub text: Option<String>,
    /// At most this many; the implementation holds it inside 1 to 200.
    pub limit: usize,
    /// Only those after this place in the order, as an earlier page's `next_before` gave it.
    pub before: Option<String>,
}

/// The executions that the log tells of.
pub trait Executions: Send + Sync + 'static {
    /// A page of executions, the newest first.
    fn executions(&self, organization: OrganizationId, query: ExecutionQuery) -> Answer<'_, ExecutionList>;

    /// One execution with its latest `limit` events, as of one moment; `None` where there is none.
    fn execution(
        &self,
        organization: OrganizationId,
        execution: ExecutionId,
        limit: usize,
    ) -> Answer<'_, Option<ExecutionSnapshot>>;

    /// Every organization that has a log, in order of name.
    fn organizations(&self) -> Answer<'_, Vec<OrganizationId>>;
}

/// How much is kept. What goes first is the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Entries older than this many milliseconds go; `None` keeps them.
    pub age_ms: Option<u64>,
    /// The oldest go while the stored entries have more bytes than this; `None` keeps them.
    pub bytes: Option<u64>,
}

/// What outlives a hub, and what it is asked once in a while.
pub trait Upkeep: Send + Sync + 'static {
    /// Deletes what `retention` does not keep, in small transactions between commits. Answers how many entries.
    fn prune(&self, retention: Retention, now: Timestamp) -> Answer<'_, u64>;

    /// Stops taking reports, commits what was taken, and closes.
    fn close(&self) -> Answer<'_, ()>;
}

/// All that a hub asks of its storage.
pub trait Store: Log + Executions + Upkeep {}

impl<T: Log + Executions + Upkeep> Store for T {}

/// Why storage could not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The hub is shutting down; nothing of the batch was stored. The reporter may send it again.
    #[error("the store is closing; send the report again")]
    Closing,
    /// More batches wait for a commit than the store holds. Nothing of this one was stored.
    #[error("too many reports are waiting to be stored; send this one again later")]
    Busy,
    /// The folder or file cannot be used.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        /// The folder or file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(String),
}
