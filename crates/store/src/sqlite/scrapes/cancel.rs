//! Somebody wants a run to end.

use switchboard_protocol::{OrganizationId, RunId, ScrapePhase};

use super::{
    super::{changes::Changes, failure::Failure},
    crawl::Crawl,
    rows::{self, Run},
};
use crate::{CancelOutcome, Telling};

impl Changes<'_> {
    /// Ends a run, or asks its crawler to. See [`Scrapes::cancel_scrape`](crate::Scrapes::cancel_scrape).
    pub(super) fn cancel_scrape(
        &mut self,
        name: &OrganizationId,
        run: &RunId,
        message: &str,
    ) -> Result<CancelOutcome, Failure> {
        let Some(organization) = self.known_organization(name) else { return Ok(CancelOutcome::Unknown) };
        let Some(run) = Run::find(self.transaction, organization.id, run)? else {
            return Ok(CancelOutcome::Unknown);
        };
        if !run.own {
            return Ok(CancelOutcome::NotOurs);
        }
        if !run.crawling {
            return Ok(CancelOutcome::Ended(rows::summary(self.transaction, run.id)?.phase));
        }
        if run.crawler.is_some() {
            self.transaction
                .prepare_cached("UPDATE scrape_work SET cancelling = 1 WHERE run = ?1")?
                .execute([run.id])?;
            return Ok(CancelOutcome::Asked);
        }
        let end = Some(ScrapePhase::Cancelled);
        let telling = Telling { end, message: Some(message.to_owned()), ..Telling::default() };
        self.tell(name, Crawl::of(run), &telling)?;
        Ok(CancelOutcome::Cancelled)
    }
}
