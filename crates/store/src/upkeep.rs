//! What outlives a hub, and what it is asked once in a while.

use switchboard_protocol::Timestamp;

use crate::Answer;

/// What [`Retention::bytes`] counts for an entry beside its body and its report's id: about what row and
/// indexes take, so that the limit is close to what the storage really grows to.
pub const ENTRY_OVERHEAD_BYTES: u64 = 64;

/// What outlives a hub, and what it is asked once in a while.
pub trait Upkeep: Send + Sync + 'static {
    /// Deletes what `retention` does not keep, in small transactions between commits. Answers how many entries.
    ///
    /// It moves a log's `first`, never its head. An execution all of whose events are deleted stays in the
    /// lists until its last event and its worker's last heartbeat are older than `age_ms`; without `age_ms`, until it has
    /// ended. A conversation goes as a whole, with its messages and tasks, when its latest message is older than `age_ms` and no task of it is
    /// open; without `age_ms` it stays. A scrape run goes as a whole, with its pages and items, when it was last heard
    /// of before `age_ms` and no crawler of this store is to work on it; without `age_ms` it stays. The frontier of a run
    /// that has ended goes in any case. An agent goes when it was last heard of before `age_ms`; without `age_ms` it stays.
    /// Conversations, scrape runs and agents are no entries: `bytes` does not count them.
    ///
    /// What was deleted is not found any more, and what is not in the index of [`Search`](crate::Search) yet is
    /// brought into it, within the bound of one search.
    fn prune(&self, retention: Retention, now: Timestamp) -> Answer<'_, u64>;

    /// Stops taking reports, commits what was taken, and closes. Closing twice is no error.
    fn close(&self) -> Answer<'_, ()>;
}

/// How much is kept. What goes first is the oldest, of whichever organization it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Entries older than this many milliseconds go; `None` keeps them.
    pub age_ms: Option<u64>,
    /// The oldest go while the stored entries have more bytes than this; `None` keeps them. An entry has the
    /// bytes of its body and its report's id, and [`ENTRY_OVERHEAD_BYTES`].
    pub bytes: Option<u64>,
}
