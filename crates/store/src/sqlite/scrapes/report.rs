//! The fold of runs that other programs report: each frame goes into its run, in the transaction that stores it.

use std::collections::{HashMap, hash_map::Entry};

use switchboard_protocol::{OrganizationId, RunId, ScrapeProgress, ScrapedPage, rest::ScrapeRunSummary};

use super::{
    super::{
        changes::{Changes, Fate},
        failure::Failure,
        memory::Organization,
        position::Position,
    },
    crawl::write_counts,
    rows::{self, Run},
};
use crate::{MOST_REPORTED_ROWS, Report};

/// The runs that a batch has to do with: written back once a batch, and not once a frame.
#[derive(Default)]
pub(in crate::sqlite) struct Reported {
    runs: HashMap<RunId, Changed>,
    /// Those whose lists changed, in the order in which they did.
    unannounced: Vec<RunId>,
}

/// A run that frames of the batch are about.
struct Changed {
    run: Run,
    summary: ScrapeRunSummary,
    /// Whether a frame was added; not so where all were duplicates.
    grown: bool,
    /// Whether it stands among the unannounced.
    shows: bool,
}

impl Changes<'_> {
    /// Stores a frame that is new, and folds it where another program's run is what it is about.
    pub(in crate::sqlite) fn scrape_progress(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        report: &Report,
        progress: &ScrapeProgress,
        reported: &mut Reported,
    ) -> Result<Fate, Failure> {
        let mut is_new = false;
        let changed = match reported.runs.entry(progress.run_id.clone()) {
            Entry::Occupied(known) => {
                if matches!(self.plain(organization, report)?, Fate::Known) {
                    return Ok(Fate::Known);
                }
                known.into_mut()
            }
            Entry::Vacant(slot) => {
                let run = Run::find(self.transaction, organization.id, &progress.run_id)?;
                if matches!(self.plain(organization, report)?, Fate::Known) {
                    return Ok(Fate::Known);
                }
                let (run, summary) = match run {
                    Some(run) if run.own => return Ok(Fate::Stored),
                    Some(run) => {
                        let summary = rows::summary(self.transaction, run.id)?;
                        (run, summary)
                    }
                    None => {
                        is_new = true;
                        let summary = ScrapeRunSummary::of(name.clone(), progress.run_id.clone());
                        let position = Position::new(organization.id, organization.head)?;
                        (self.insert_run(organization.id, position, &summary, None)?, summary)
                    }
                };
                slot.insert(Changed { run, summary, grown: false, shows: false })
            }
        };
        changed.grown = true;
        let moved = switchboard_model::apply_progress(&mut changed.summary, progress, self.received_at);
        if (moved || is_new) && !changed.shows {
            changed.shows = true;
            reported.unannounced.push(progress.run_id.clone());
        }
        self.keep_reported(&mut changed.run, progress)?;
        Ok(Fate::Stored)
    }

    /// Keeps the pages and results of a frame, as far as there is room.
    fn keep_reported(&self, run: &mut Run, progress: &ScrapeProgress) -> Result<(), Failure> {
        let platform = progress.platform.as_deref();
        for page in &progress.pages {
            if run.pages >= MOST_REPORTED_ROWS {
                break;
            }
            if page.platform.is_none() && platform.is_some() {
                let page = ScrapedPage { platform: platform.map(str::to_owned), ..page.clone() };
                self.insert_page(run, None, &page)?;
            } else {
                self.insert_page(run, None, page)?;
            }
            run.told = run.pages;
        }
        for item in &progress.results {
            if run.items >= MOST_REPORTED_ROWS {
                break;
            }
            self.insert_item(run, item, None, platform)?;
        }
        Ok(())
    }

    /// Writes back the runs of a batch, and appends what lists are to be told of them.
    pub(in crate::sqlite) fn write_reported(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        reported: Reported,
    ) -> Result<(), Failure> {
        for changed in reported.runs.values().filter(|changed| changed.grown) {
            write_counts(self.transaction, &changed.run)?;
            self.write_scrape(changed.run.id, false, &changed.summary)?;
        }
        for run in reported.unannounced {
            if let Some(changed) = reported.runs.get(&run) {
                self.announce_scrape(name, organization, &changed.summary)?;
            }
        }
        Ok(())
    }
}
