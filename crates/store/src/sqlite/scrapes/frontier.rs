//! The addresses that a crawler is to fetch.

use rusqlite::params;
use switchboard_protocol::{OrganizationId, RunId, ScrapedPage};

use super::super::{changes::Changes, failure::Failure};
use crate::{Address, MAX_SCRAPE_ROWS, MOST_PAGE_ATTEMPTS, NewAddress};

/// The waiting addresses of a platform, those found first first.
pub(in crate::sqlite) const NEXT: &str = "SELECT id, url, depth, hops, attempt FROM scrape_addresses
    WHERE platform = ?1 AND state = 'waiting' ORDER BY id LIMIT ?2";
pub(in crate::sqlite) const TAKE: &str = "UPDATE scrape_addresses SET state = ?2, attempt = ?3 WHERE id = ?1";

impl Changes<'_> {
    /// Gives addresses to a crawler. See [`Scrapes::take_addresses`](crate::Scrapes::take_addresses).
    pub(super) fn take_addresses(
        &self,
        name: &OrganizationId,
        run: &RunId,
        platform: &str,
        limit: usize,
    ) -> Result<Vec<Address>, Failure> {
        let mut taken = Vec::new();
        let Some(mut crawl) = self.crawl(name, run)?.filter(|crawl| !crawl.run.cancelling) else {
            return Ok(taken);
        };
        let Some(id) = crawl.named(self.transaction, platform)?.map(|platform| platform.id) else {
            return Ok(taken);
        };
        let limit = limit.min(MAX_SCRAPE_ROWS);
        let mut changed = false;
        // Again where an address was given up instead: those are few, since each has cost several crawlers.
        while taken.len() < limit {
            let next = self.next_addresses(id, limit - taken.len())?;
            if next.is_empty() {
                break;
            }
            changed = true;
            for (row, address) in next {
                let given_up = address.attempt > MOST_PAGE_ATTEMPTS;
                let state = if given_up { "done" } else { "taken" };
                let attempt = address.attempt.min(MOST_PAGE_ATTEMPTS);
                self.transaction.prepare_cached(TAKE)?.execute(params![row, state, attempt])?;
                if let Some(platform) = crawl.platform(self.transaction, id)? {
                    platform.waiting = platform.waiting.saturating_sub(1);
                }
                if given_up {
                    crawl.store(self, id, &self.given_up(address, platform), &[])?;
                } else {
                    taken.push(address);
                }
            }
        }
        // Crawlers also ask while nothing waits, which is to cost no write.
        if changed {
            crawl.write(self.transaction)?;
        }
        Ok(taken)
    }

    /// Adds to the frontier. See [`Scrapes::add_addresses`](crate::Scrapes::add_addresses).
    pub(super) fn add_addresses(
        &self,
        name: &OrganizationId,
        run: &RunId,
        found: &[NewAddress],
    ) -> Result<u64, Failure> {
        let Some(mut crawl) = self.crawl(name, run)? else { return Ok(0) };
        let mut added = 0;
        for address in found {
            added += u64::from(crawl.add(self.transaction, address)?);
        }
        crawl.write(self.transaction)?;
        Ok(added)
    }

    /// The next addresses with their rows, each as this attempt has it.
    fn next_addresses(&self, platform: i64, limit: usize) -> Result<Vec<(i64, Address)>, Failure> {
        let mut statement = self.transaction.prepare_cached(NEXT)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![platform, limit], |row| {
            let address = Address {
                url: row.get(1)?,
                depth: row.get(2)?,
                hops: row.get(3)?,
                attempt: row.get::<_, u32>(4)?.saturating_add(1),
            };
            Ok((row.get(0)?, address))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The page that an address becomes when it was begun too often.
    fn given_up(&self, address: Address, platform: &str) -> ScrapedPage {
        ScrapedPage {
            platform: Some(platform.to_owned()),
            depth: Some(address.depth),
            error: Some(format!(
                "The hub was lost {MOST_PAGE_ATTEMPTS} times while it fetched this page, so it is not begun again."
            )),
            at: Some(self.received_at),
            ..ScrapedPage::of(address.url)
        }
    }
}
