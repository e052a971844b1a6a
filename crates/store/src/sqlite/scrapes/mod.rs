//! Scrape runs.
//!
//! What changes them runs on the writer, in the same commit as the batches that wait. A run of this store's crawler:
//! `start` makes it, `claim` gives it to a crawler, `frontier` holds its addresses, `finish` takes its pages in, `tell`
//! puts frames into the log, and `cancel` ends it; `crawl` is such a run with its counters, while a call works on it.
//! `report` folds what other programs report. `lists` are the reads of runs, `results` those of pages and items, `rows`
//! how rows are named and kept, and `forget` is retention.

mod cancel;
mod claim;
mod crawl;
mod finish;
mod forget;
mod frontier;
mod lists;
mod report;
mod results;
mod rows;
mod start;
mod tell;

use futures::FutureExt;
use switchboard_protocol::{
    OrganizationId, RunId, ScrapedPage, Timestamp,
    rest::{ScrapeItem, ScrapeItemList, ScrapePageList, ScrapeRunList, ScrapeRunSnapshot},
};

use super::SqliteStore;
use crate::{
    Address, Answer, CancelOutcome, ClaimedScrape, Finished, Held, NewAddress, NewScrape, RowQuery,
    ScrapeClaim, ScrapeQuery, Scrapes, StartOutcome, Telling,
};

pub(super) use forget::{forget, sweep};
pub(super) use report::Reported;

impl Scrapes for SqliteStore {
    fn start_scrape(&self, organization: OrganizationId, run: NewScrape) -> Answer<'_, StartOutcome> {
        let bytes = addresses_bytes(&run.targets);
        self.change(bytes, move |changes| changes.start_scrape(&organization, &run)).boxed()
    }

    fn scrape_runs(&self, organization: OrganizationId, query: ScrapeQuery) -> Answer<'_, ScrapeRunList> {
        self.readers.read(move |transaction| lists::page(transaction, &organization, &query)).boxed()
    }

    fn scrape_run(
        &self,
        organization: OrganizationId,
        run: RunId,
        limit: usize,
    ) -> Answer<'_, Option<ScrapeRunSnapshot>> {
        self.readers.read(move |transaction| lists::snapshot(transaction, &organization, &run, limit)).boxed()
    }

    fn scrape_pages(
        &self,
        organization: OrganizationId,
        run: RunId,
        query: RowQuery,
    ) -> Answer<'_, Option<ScrapePageList>> {
        self.readers.read(move |transaction| results::pages(transaction, &organization, &run, &query)).boxed()
    }

    fn scrape_items(
        &self,
        organization: OrganizationId,
        run: RunId,
        query: RowQuery,
    ) -> Answer<'_, Option<ScrapeItemList>> {
        self.readers.read(move |transaction| results::items(transaction, &organization, &run, &query)).boxed()
    }

    fn scrape_pages_after(
        &self,
        organization: OrganizationId,
        run: RunId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<(u64, ScrapedPage)>> {
        self.readers
            .read(move |transaction| results::pages_after(transaction, &organization, &run, after, limit))
            .boxed()
    }

    fn scrape_items_after(
        &self,
        organization: OrganizationId,
        run: RunId,
        after: u64,
        limit: usize,
    ) -> Answer<'_, Vec<ScrapeItem>> {
        self.readers
            .read(move |transaction| results::items_after(transaction, &organization, &run, after, limit))
            .boxed()
    }

    fn claim_scrape(&self, claim: ScrapeClaim) -> Answer<'_, Option<ClaimedScrape>> {
        self.change(0, move |changes| changes.claim_scrape(&claim)).boxed()
    }

    fn renew_scrape(
        &self,
        organization: OrganizationId,
        run: RunId,
        crawler: String,
        lease_until: Timestamp,
    ) -> Answer<'_, Held> {
        self.change(0, move |changes| changes.renew_scrape(&organization, &run, &crawler, lease_until))
            .boxed()
    }

    fn take_addresses(
        &self,
        organization: OrganizationId,
        run: RunId,
        platform: String,
        limit: usize,
    ) -> Answer<'_, Vec<Address>> {
        self.change(0, move |changes| changes.take_addresses(&organization, &run, &platform, limit)).boxed()
    }

    fn add_addresses(
        &self,
        organization: OrganizationId,
        run: RunId,
        found: Vec<NewAddress>,
    ) -> Answer<'_, u64> {
        let bytes = addresses_bytes(&found);
        self.change(bytes, move |changes| changes.add_addresses(&organization, &run, &found)).boxed()
    }

    fn finish_pages(
        &self,
        organization: OrganizationId,
        run: RunId,
        finished: Vec<Finished>,
    ) -> Answer<'_, ()> {
        let bytes = finished.iter().map(finished_bytes).sum();
        self.change(bytes, move |changes| changes.finish_pages(&organization, &run, &finished)).boxed()
    }

    fn tell_progress(&self, organization: OrganizationId, run: RunId, telling: Telling) -> Answer<'_, ()> {
        self.change(0, move |changes| changes.tell_progress(&organization, &run, &telling)).boxed()
    }

    fn cancel_scrape(
        &self,
        organization: OrganizationId,
        run: RunId,
        message: String,
    ) -> Answer<'_, CancelOutcome> {
        self.change(0, move |changes| changes.cancel_scrape(&organization, &run, &message)).boxed()
    }
}

/// About how much a fetched page carries.
fn finished_bytes(finished: &Finished) -> usize {
    let Finished { page, items, found } = finished;
    let words = [&page.title, &page.redirect, &page.error, &page.note];
    let words: usize = words.into_iter().flatten().map(String::len).sum();
    let items: usize = items.iter().map(|item| item.fields.text().len()).sum();
    page.url.len() + words + items + addresses_bytes(found)
}

fn addresses_bytes(addresses: &[NewAddress]) -> usize {
    addresses.iter().map(|address| address.url.len()).sum()
}

/// The statements, for a test that looks at how SQLite runs them.
#[cfg(test)]
pub(super) mod statements {
    pub(in crate::sqlite) use super::{
        claim::{CLAIMED, PLATFORMS, RENEW, ROOTS, UNTAKE},
        crawl::{KEEP_PLATFORM, KEEP_RUN, PLATFORM, PLATFORM_BY_NAME},
        finish::{ADDRESS, DONE},
        forget::{IDLE, SWEEP},
        frontier::{NEXT, TAKE},
        lists::{PAGE, PAGE_OF_PHASE, SNAPSHOT},
        results::{ITEMS, ITEMS_AFTER, PAGES, PAGES_AFTER, TOLD_PAGES},
        rows::{RUN, RUN_ID, SUMMARY, WRITE},
        tell::{MARK, REMAINING, UNTOLD},
    };
}
