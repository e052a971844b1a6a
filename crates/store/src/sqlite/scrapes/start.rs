//! A run for this store's crawler comes to exist.

use rusqlite::params;
use switchboard_protocol::{OrganizationId, ScrapePhase, ScrapeProgress, rest::ScrapeRunSummary};

use super::{
    super::{changes::Changes, failure::Failure, position::Position},
    crawl::Crawl,
    rows::{Run, run_id, searchable},
};
use crate::{MOST_ADDRESSES, NewScrape, StartOutcome};

impl Changes<'_> {
    /// Makes a run with its frontier. See [`Scrapes::start_scrape`](crate::Scrapes::start_scrape).
    pub(super) fn start_scrape(
        &mut self,
        name: &OrganizationId,
        new: &NewScrape,
    ) -> Result<StartOutcome, Failure> {
        if let Some(organization) = self.known_organization(name)
            && run_id(self.transaction, organization.id, &new.run_id)?.is_some()
        {
            return Ok(StartOutcome::Known);
        }
        let mut organization = self.organization(name)?;
        let mut summary = ScrapeRunSummary {
            title: new.title.clone(),
            targets: new.targets.iter().map(|target| target.url.clone()).collect(),
            own: true,
            ..ScrapeRunSummary::of(name.clone(), new.run_id.clone())
        };
        // The run's place is that of the first frame, which comes next.
        let position = Position::new(organization.id, organization.head + 1)?;
        let run = self.insert_run(organization.id, position, &summary, Some(new))?;
        let mut crawl = Crawl::of(run);
        let mut platforms: Vec<&str> = Vec::new();
        for target in &new.targets {
            let added = crawl.add(self.transaction, target)?;
            if added && !platforms.contains(&target.platform.as_str()) {
                platforms.push(&target.platform);
            }
        }
        crawl.write(self.transaction)?;

        let pending = |platform: Option<&str>, total| ScrapeProgress {
            phase: Some(ScrapePhase::Pending),
            platform: platform.map(str::to_owned),
            current: Some(0),
            total: Some(total),
            ..ScrapeProgress::of(new.run_id.clone())
        };
        let whole = pending(None, crawl.run.addresses);
        self.append_progress(name, &mut organization, &mut summary, whole)?;
        for platform in platforms {
            let total = crawl.named(self.transaction, platform)?.map_or(0, |platform| platform.addresses);
            let told = pending(Some(platform), total);
            self.append_progress(name, &mut organization, &mut summary, told)?;
        }
        self.write_scrape(crawl.run.id, true, &summary)?;
        self.announce_scrape(name, &mut organization, &summary)?;
        self.keep(name, organization);
        Ok(StartOutcome::Started)
    }

    /// Makes a run that has nothing yet. `new` is for one that this store's crawler is to work on.
    pub(super) fn insert_run(
        &self,
        organization: i64,
        position: Position,
        summary: &ScrapeRunSummary,
        new: Option<&NewScrape>,
    ) -> Result<Run, Failure> {
        let own = new.is_some();
        let limits = new.map(|new| serde_json::to_string(&new.limits)).transpose()?;
        let extract = new.and_then(|new| new.extract.as_ref()).map(serde_json::to_string).transpose()?;
        let max_pages = new.and_then(|new| new.limits.max_pages);
        let most_addresses = max_pages.map_or(MOST_ADDRESSES, |most| most.min(MOST_ADDRESSES));
        self.transaction
            .prepare_cached(
                "INSERT INTO scrape_runs (organization, run_id, position, own, crawling, phase, last_at, limits,
                     extract, searchable, summary)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                organization,
                summary.run_id.as_str(),
                position.key(),
                own,
                summary.phase.as_str(),
                self.received_at.as_millis(),
                limits,
                extract,
                searchable(summary),
                serde_json::to_string(summary)?,
            ])?;
        let id = self.transaction.last_insert_rowid();
        self.transaction
            .prepare_cached(
                "INSERT INTO scrape_work (run, most_addresses, addresses, pages, told, items, bytes, errors,
                     cancelling)
                 VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0)",
            )?
            .execute(params![id, most_addresses])?;
        Ok(Run {
            id,
            own,
            crawling: own,
            cancelling: false,
            crawler: None,
            most_addresses: u64::from(most_addresses),
            addresses: 0,
            pages: 0,
            told: 0,
            items: 0,
            bytes: 0,
            errors: 0,
        })
    }
}
