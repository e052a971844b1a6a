//! Fetched pages come in.

use rusqlite::params;
use switchboard_protocol::{OrganizationId, RunId};

use super::super::{changes::Changes, chat::find, failure::Failure};
use crate::Finished;

/// An address by its name.
pub(in crate::sqlite) const ADDRESS: &str =
    "SELECT id, platform, state FROM scrape_addresses WHERE run = ?1 AND url = ?2";
pub(in crate::sqlite) const DONE: &str = "UPDATE scrape_addresses SET state = 'done' WHERE id = ?1";

impl Changes<'_> {
    /// Stores pages, items and what was found. See [`Scrapes::finish_pages`](crate::Scrapes::finish_pages).
    pub(super) fn finish_pages(
        &self,
        name: &OrganizationId,
        run: &RunId,
        finished: &[Finished],
    ) -> Result<(), Failure> {
        let Some(mut crawl) = self.crawl(name, run)? else { return Ok(()) };
        for Finished { page, items, found } in finished {
            let address = find(self.transaction, ADDRESS, params![crawl.run.id, page.url], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })?;
            if let Some((id, platform, state)) = address.filter(|(_, _, state)| state != "done") {
                self.transaction.prepare_cached(DONE)?.execute([id])?;
                // It waits where its crawler was taken for lost, and was not.
                if state == "waiting"
                    && let Some(platform) = crawl.platform(self.transaction, platform)?
                {
                    platform.waiting = platform.waiting.saturating_sub(1);
                }
                crawl.store(self, platform, page, items)?;
            }
            for address in found {
                crawl.add(self.transaction, address)?;
            }
        }
        crawl.write(self.transaction)
    }
}
