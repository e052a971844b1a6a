//! The append-only log of each organization.

use std::sync::Arc;

use switchboard_protocol::{
    AgentEvent, ExecutionFrame, ExecutionId, OrganizationId, ScrapeProgress, TaskId, TaskResult,
    rest::TaskDelta,
};
use tokio::sync::watch;

use crate::Answer;

/// The append-only log of each organization.
///
/// Beside the reports, a log holds what the store derives from them: after a batch that made an execution
/// known or changed what lists show of it stands one `dashboard:update` for that execution, with a
/// [`rest::ExecutionChanged`](switchboard_protocol::rest::ExecutionChanged) as its data. What follows from the end of
/// a task, and from calls of [`Chat`](crate::Chat), is told there.
pub trait Log: Send + Sync + 'static {
    /// Stores a batch, wholly or not at all, and returns once it is durable. Waiting batches share a commit.
    ///
    /// A caller that gives up waiting takes nothing back: the batch may be stored all the same.
    fn append(&self, organization: OrganizationId, reports: Vec<Report>) -> Answer<'_, Appended>;

    /// The entries after `after`, oldest first, at most `limit`, and none where there are none yet.
    ///
    /// A page may end before `limit` where bodies are long, so only an empty one says that there is no more.
    fn read(&self, organization: OrganizationId, after: u64, limit: usize) -> Answer<'_, Vec<Entry>>;

    /// How far the organization's log reaches. An organization that nobody reported to has an empty log.
    fn bounds(&self, organization: OrganizationId) -> Answer<'_, Bounds>;

    /// The head of the organization's log, as it grows: woken after each commit, by whichever hub made it.
    ///
    /// It is never behind an append that has returned.
    fn head(&self, organization: &OrganizationId) -> watch::Receiver<u64>;
}

/// One report: validated by the hub, ready to be stored.
#[derive(Debug, Clone)]
pub struct Report {
    /// What makes the report idempotent: unique inside its organization. It is known for as long as the entry
    /// is; when retention has deleted that, the same report is new again.
    pub id: Option<String>,
    /// The frame as JSON text on one line, without `seq`: stored and sent as it stands.
    pub body: Box<str>,
    /// The same frame as types, where a projection folds over it.
    pub fold: Option<Fold>,
}

/// A frame that a projection folds over.
#[derive(Debug, Clone)]
pub enum Fold {
    /// An execution's event. Such a frame is delivered to subscribers of its execution only.
    Execution(ExecutionFrame),
    /// What an agent says of itself; see [`Agents`](crate::Agents).
    Agent(AgentEvent),
    /// The end of a task; see [`Chat`](crate::Chat) for what becomes of it.
    TaskResult(TaskResult),
    /// A part of a task's answer. It is kept with the task while the task runs, so that who comes later sees it too.
    TaskDelta(TaskId, TaskDelta),
    /// The progress of a scrape run that another program reports; see [`Scrapes`](crate::Scrapes). For a run that this
    /// store's crawler works on, or did, it is stored as any frame and changes nothing. Of one that comes late, to a run
    /// that has ended, only pages and results are kept.
    Scrape(ScrapeProgress),
}

/// What [`Log::append`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many reports were new.
    pub accepted: u64,
    /// How many had an `id` that the log knows, or told a further end of a task that has ended.
    pub duplicates: u64,
    /// The sequence number of the last report of the batch, also where that was a duplicate: then it is that of the
    /// report that the log has. What is derived from the batch comes after it. For an empty batch it is the head.
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

/// How far a log reaches. From `first` to `head` no number is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Which log this is: made when the storage was made, and another one for another storage.
    pub epoch: Arc<str>,
    /// The oldest sequence number that retention has left; `head + 1` where it has left none.
    pub first: u64,
    /// The newest sequence number; 0 in an empty log.
    pub head: u64,
}
