//! Finding what was written, and what was reported last.

use switchboard_protocol::{ExecutionId, OrganizationId, Timestamp};

use crate::{Answer, Entry};

/// Finding what was written, and what was reported last.
pub trait Search: Send + Sync + 'static {
    /// The latest lines of output, logs and errors of executions that hold all words of `text`, each as the
    /// beginning of a word, in any case and with or without diacritics; the newest first, and at most
    /// [`MAX_PAGE`](crate::MAX_PAGE). Text without a word finds nothing; of a long text the first 32 words count.
    ///
    /// The index is kept up to date beside the log, not in its transactions, because reports must not wait for it.
    /// A search first brings it up to the log, within a bound; [`Found::missing`] tells what it did not reach.
    fn search(&self, organization: OrganizationId, text: String, limit: usize) -> Answer<'_, Found>;

    /// The latest entries that belong to no execution, the newest first, looking at no more than `limit` entries.
    fn latest(&self, organization: OrganizationId, limit: usize) -> Answer<'_, Vec<Entry>>;
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The lines, the newest first.
    pub lines: Vec<FoundLine>,
    /// How many more there are, at least; the search counts no further than 1,000.
    pub more: u64,
    /// How many of the newest entries are not in the index yet, so that they were not searched.
    pub missing: u64,
}

/// One line that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundLine {
    /// Whose it is.
    pub execution_id: ExecutionId,
    /// Its place in the log.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}
