//! Finding what was written.
//!
//! `index` brings the words of the log into the full-text index, beside the log and in small pieces; `query` looks
//! into it.

mod index;
mod query;

use futures::FutureExt;
use switchboard_protocol::OrganizationId;

use super::{SqliteStore, entries};
use crate::{Answer, Entry, Found, Search, StoreError};

/// How many entries one search, or one round of retention, brings into the index at most: some seconds of work.
const MOST_ENTRIES: u64 = 200_000;

impl Search for SqliteStore {
    fn search(&self, organization: OrganizationId, text: String, limit: usize) -> Answer<'_, Found> {
        async move {
            let Some(expression) = query::expression(&text) else { return Ok(Found::default()) };
            self.index(&organization, MOST_ENTRIES).await?;
            self.find(organization, expression, limit).await
        }
        .boxed()
    }

    fn latest(&self, organization: OrganizationId, limit: usize) -> Answer<'_, Vec<Entry>> {
        self.readers.read(move |transaction| entries::latest(transaction, &organization, limit)).boxed()
    }
}

impl SqliteStore {
    /// Brings the index up to where the log is now, within `most` entries. Answers how many it looked at.
    ///
    /// A reader finds the words and the writer only stores them, so that reports wait as little as can be.
    pub(super) async fn index(&self, organization: &OrganizationId, most: u64) -> Result<u64, StoreError> {
        let _alone = self.indexing.lock().await;
        let (mut seen, mut goal) = (0, None);
        while seen < most {
            let name = organization.clone();
            let Some(chunk) = self.readers.read(move |transaction| index::next(transaction, &name)).await?
            else {
                break;
            };
            seen += chunk.entries;
            let through = chunk.through.seq();
            // What is reported meanwhile is the next search's.
            let goal = *goal.get_or_insert(chunk.head);
            self.work(move |connection, _| index::store(connection, &chunk)).await?;
            if through >= goal {
                break;
            }
        }
        Ok(seen)
    }

    /// Looks into the index as it is.
    pub(super) async fn find(
        &self,
        organization: OrganizationId,
        expression: String,
        limit: usize,
    ) -> Result<Found, StoreError> {
        self.readers
            .read(move |transaction| query::find(transaction, &organization, &expression, limit))
            .await
    }

    /// Takes what retention has deleted out of the index, and brings that of all logs on, within the bound of one
    /// search, so that a search finds little to do.
    pub(super) async fn tend_index(&self) -> Result<(), StoreError> {
        let mut left = MOST_ENTRIES;
        for organization in self.readers.read(entries::organizations).await? {
            let name = organization.clone();
            let stale = move || {
                let name = name.clone();
                self.readers.read(move |transaction| index::stale(transaction, &name))
            };
            while let Some(stale) = stale().await? {
                self.work(move |connection, _| index::forget(connection, stale)).await?;
            }
            if left > 0 {
                left = left.saturating_sub(self.index(&organization, left).await?);
            }
        }
        Ok(())
    }
}

/// The statements, for a test that looks at how SQLite runs them.
#[cfg(test)]
pub(super) mod statements {
    pub(in crate::sqlite) use super::{
        index::{REACH, UNREAD},
        query::LINE,
    };
}
