//! Runs go to crawlers, and stay with them.

use rusqlite::{Transaction, params};
use switchboard_protocol::{
    OrganizationId, RunId, Timestamp,
    rest::{Extraction, ScrapeLimits, ScrapeRunSummary},
};

use super::super::{changes::Changes, failure::Failure};
use crate::{ClaimedScrape, Held, NewAddress, ScrapeClaim};

/// The runs that a crawler is to work on, the oldest first.
const CRAWLING: &str = "SELECT id, crawler, lease_until
    FROM scrape_runs JOIN scrape_work ON run = id WHERE crawling = 1 ORDER BY id";
pub(in crate::sqlite) const CLAIMED: &str = "SELECT name, summary, limits, extract, cancelling
    FROM scrape_runs JOIN scrape_work ON run = scrape_runs.id
        JOIN organizations ON organizations.id = scrape_runs.organization
    WHERE scrape_runs.id = ?1";
/// What a crawler that was lost was fetching waits again.
pub(in crate::sqlite) const UNTAKE: &str = "UPDATE scrape_addresses SET state = 'waiting'
    WHERE run = ?1 AND state = 'taken' RETURNING platform";
pub(in crate::sqlite) const ROOTS: &str =
    "SELECT url, name, depth, hops FROM scrape_addresses JOIN scrape_platforms ON scrape_platforms.id = platform
    WHERE scrape_addresses.run = ?1 AND depth = 0 ORDER BY scrape_addresses.id";
pub(in crate::sqlite) const PLATFORMS: &str = "SELECT id, name, waiting FROM scrape_platforms WHERE run = ?1";
/// Prolongs a crawler's lease.
pub(in crate::sqlite) const RENEW: &str =
    "UPDATE scrape_work SET lease_until = max(lease_until, ?2) WHERE run = ?1";

impl Changes<'_> {
    /// Gives a run to a crawler. See [`Scrapes::claim_scrape`](crate::Scrapes::claim_scrape).
    pub(super) fn claim_scrape(&self, claim: &ScrapeClaim) -> Result<Option<ClaimedScrape>, Failure> {
        let Some((run, resumed)) = next(self.transaction, claim)? else { return Ok(None) };
        let untaken = self
            .transaction
            .prepare_cached(UNTAKE)?
            .query_map([run], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        for platform in untaken {
            self.transaction
                .prepare_cached("UPDATE scrape_platforms SET waiting = waiting + 1 WHERE id = ?1")?
                .execute([platform])?;
        }
        self.transaction
            .prepare_cached("UPDATE scrape_work SET crawler = ?2, lease_until = ?3 WHERE run = ?1")?
            .execute(params![run, claim.crawler, claim.lease_until.as_millis()])?;
        claimed(self.transaction, run, resumed).map(Some)
    }

    /// Prolongs a lease. See [`Scrapes::renew_scrape`](crate::Scrapes::renew_scrape).
    pub(super) fn renew_scrape(
        &self,
        name: &OrganizationId,
        run: &RunId,
        crawler: &str,
        lease_until: Timestamp,
    ) -> Result<Held, Failure> {
        let Some(crawl) = self.crawl(name, run)? else { return Ok(Held::Lost) };
        if crawl.run.crawler.as_deref() != Some(crawler) {
            return Ok(Held::Lost);
        }
        self.transaction.prepare_cached(RENEW)?.execute(params![crawl.run.id, lease_until.as_millis()])?;
        Ok(if crawl.run.cancelling { Held::Cancelling } else { Held::Yours })
    }
}

/// The oldest run that may be claimed, and whether another crawler had it.
fn next(transaction: &Transaction<'_>, claim: &ScrapeClaim) -> Result<Option<(i64, bool)>, Failure> {
    let mut statement = transaction.prepare_cached(CRAWLING)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let crawler: Option<String> = row.get(1)?;
        let lease_until: Option<i64> = row.get(2)?;
        let runs_out = lease_until.is_none_or(|until| until <= claim.now.as_millis());
        match crawler {
            None => return Ok(Some((row.get(0)?, false))),
            Some(crawler) if runs_out || crawler != claim.crawler && (claim.is_lost)(&crawler) => {
                return Ok(Some((row.get(0)?, true)));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// A run as its crawler is to know it.
fn claimed(transaction: &Transaction<'_>, run: i64, resumed: bool) -> Result<ClaimedScrape, Failure> {
    let (organization, summary, limits, extract, cancelling) =
        transaction.prepare_cached(CLAIMED)?.query_row([run], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, bool>(4)?,
            ))
        })?;
    let summary: ScrapeRunSummary = serde_json::from_str(&summary)?;
    let limits: Option<ScrapeLimits> = limits.as_deref().map(serde_json::from_str).transpose()?;
    let extract: Option<Extraction> = extract.as_deref().map(serde_json::from_str).transpose()?;
    let roots = transaction
        .prepare_cached(ROOTS)?
        .query_map([run], |row| {
            Ok(NewAddress { url: row.get(0)?, platform: row.get(1)?, depth: row.get(2)?, hops: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    let mut waiting = transaction
        .prepare_cached(PLATFORMS)?
        .query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned())))?
        .collect::<Result<Vec<(i64, String, u64)>, _>>()?;
    waiting.sort_unstable_by_key(|(id, ..)| *id);
    Ok(ClaimedScrape {
        organization: organization.into(),
        summary,
        limits: limits.unwrap_or_default(),
        extract,
        roots,
        waiting: waiting.into_iter().map(|(_, platform, count)| (platform, count)).collect(),
        resumed,
        cancelling,
    })
}
