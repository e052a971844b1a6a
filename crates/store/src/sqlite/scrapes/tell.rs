//! The log is told how far a run of this store is.

use rusqlite::{Transaction, params};
use switchboard_protocol::{
    Envelope, Frame, OrganizationId, RunId, ScrapePhase, ScrapeProgress, ScrapedPage, rest::ScrapeRunSummary,
};

use super::{
    super::{changes::Changes, failure::Failure, memory::Organization},
    crawl::{Crawl, Platform, platform_columns},
    rows,
};
use crate::{PlatformNews, Telling};

/// How many pages one frame tells of at most.
const FRAME_PAGES: usize = 200;

/// A frame ends after about this many bytes of pages.
const FRAME_BYTES: usize = 256 * 1024;

/// The pages of a platform that no frame has told of.
pub(in crate::sqlite) const UNTOLD: &str =
    "SELECT key, page FROM scrape_pages WHERE platform = ?1 AND told = 0 ORDER BY key LIMIT ?2";
pub(in crate::sqlite) const MARK: &str =
    "UPDATE scrape_pages SET told = 1 WHERE platform = ?1 AND told = 0 AND key <= ?2";
/// The platforms that the end of a run changes.
pub(in crate::sqlite) const REMAINING: &str = concat!(
    "SELECT ",
    platform_columns!(),
    " FROM scrape_platforms WHERE run = ?1 AND (untold > 0 OR addresses > pages)"
);

impl Changes<'_> {
    /// Appends what is new of a run. See [`Scrapes::tell_progress`](crate::Scrapes::tell_progress).
    pub(super) fn tell_progress(
        &mut self,
        name: &OrganizationId,
        run: &RunId,
        telling: &Telling,
    ) -> Result<(), Failure> {
        match self.crawl(name, run)? {
            Some(crawl) => self.tell(name, crawl, telling),
            None => Ok(()),
        }
    }

    /// The same for a run that is known not to have ended.
    pub(super) fn tell(
        &mut self,
        name: &OrganizationId,
        mut crawl: Crawl,
        telling: &Telling,
    ) -> Result<(), Failure> {
        let end = telling.end.filter(|phase| phase.is_final());
        let mut organization = self.organization(name)?;
        let mut summary = rows::summary(self.transaction, crawl.run.id)?;
        let phase = summary.phase;
        for news in self.news(&mut crawl, telling, end.is_some())? {
            self.tell_platform(name, &mut organization, &mut summary, &mut crawl, &news, end.is_some())?;
        }
        if end.is_some() {
            crawl.run.addresses = crawl.run.pages;
        }
        let whole = ScrapeProgress {
            // Only an end ends it.
            phase: end.or(telling.phase.filter(|phase| !phase.is_final())),
            current: Some(crawl.run.pages),
            total: Some(crawl.run.addresses),
            message: telling.message.clone(),
            items: Some(crawl.run.items),
            bytes: Some(crawl.run.bytes),
            errors: Some(crawl.run.errors),
            ..ScrapeProgress::of(summary.run_id.clone())
        };
        self.append_progress(name, &mut organization, &mut summary, whole)?;
        crawl.write(self.transaction)?;
        if end.is_some() {
            // What waits is not asked for any more, and goes when there is time.
            self.transaction
                .prepare_cached("INSERT INTO scrape_leftovers (run, whole) VALUES (?1, 0)")?
                .execute([crawl.run.id])?;
        }
        self.write_scrape(crawl.run.id, end.is_none(), &summary)?;
        if summary.phase != phase {
            self.announce_scrape(name, &mut organization, &summary)?;
        }
        self.keep(name, organization);
        Ok(())
    }

    /// The platforms to tell of: those that are named, and at the end those that it changes.
    fn news(&self, crawl: &mut Crawl, telling: &Telling, ends: bool) -> Result<Vec<News>, Failure> {
        let mut all = Vec::new();
        for PlatformNews { platform, phase, message } in &telling.platforms {
            all.push(News { platform: platform.clone(), phase: Some(*phase), message: message.clone() });
        }
        if ends {
            let mut statement = self.transaction.prepare_cached(REMAINING)?;
            let mut remaining =
                statement.query_map([crawl.run.id], Platform::read)?.collect::<Result<Vec<_>, _>>()?;
            remaining.sort_unstable_by_key(|platform| platform.id);
            for platform in remaining.into_iter().map(|platform| platform.name) {
                if telling.platforms.iter().all(|named| named.platform != platform) {
                    all.push(News { platform, phase: None, message: None });
                }
            }
        }
        Ok(all)
    }

    /// Appends the frames of one platform: one, and more where it has many pages to tell of.
    fn tell_platform(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        summary: &mut ScrapeRunSummary,
        crawl: &mut Crawl,
        news: &News,
        ends: bool,
    ) -> Result<(), Failure> {
        let mut unknown = Platform::default();
        let mut told = 0;
        let platform = crawl.named(self.transaction, &news.platform)?.unwrap_or(&mut unknown);
        loop {
            let (pages, last) = untold(self.transaction, platform.id)?;
            let count = u64::try_from(pages.len()).unwrap_or(u64::MAX);
            if let Some(last) = last {
                self.transaction.prepare_cached(MARK)?.execute(params![platform.id, last])?;
            }
            platform.untold = platform.untold.saturating_sub(count);
            told += count;
            let progress = ScrapeProgress {
                phase: news.phase,
                platform: Some(news.platform.clone()),
                current: Some(platform.pages),
                total: Some(if ends { platform.pages } else { platform.addresses }),
                message: news.message.clone(),
                items: Some(platform.items),
                bytes: Some(platform.bytes),
                errors: Some(platform.errors),
                pages,
                ..ScrapeProgress::of(summary.run_id.clone())
            };
            self.append_progress(name, organization, summary, progress)?;
            if platform.untold == 0 || count == 0 {
                break;
            }
        }
        crawl.run.told += told;
        Ok(())
    }

    /// Appends a frame that the store makes, and folds it.
    pub(super) fn append_progress(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        summary: &mut ScrapeRunSummary,
        progress: ScrapeProgress,
    ) -> Result<(), Failure> {
        let progress = ScrapeProgress { timestamp: Some(self.received_at), ..progress };
        switchboard_model::apply_progress(summary, &progress, self.received_at);
        let frame = Frame::ScrapeProgress(progress);
        let envelope = Envelope { seq: None, organization_id: Some(name.clone()), frame };
        self.insert(organization, None, &envelope.encode()?, |_| None).map(drop)
    }
}

/// What is to be told of a platform.
struct News {
    platform: String,
    phase: Option<ScrapePhase>,
    message: Option<String>,
}

/// The pages of a platform that the next frame tells of, and the key of the last.
fn untold(transaction: &Transaction<'_>, platform: i64) -> Result<(Vec<ScrapedPage>, Option<i64>), Failure> {
    let mut statement = transaction.prepare_cached(UNTOLD)?;
    let most = i64::try_from(FRAME_PAGES).unwrap_or(i64::MAX);
    let mut found = statement.query(params![platform, most])?;
    let (mut pages, mut last, mut bytes) = (Vec::new(), None, 0);
    while bytes < FRAME_BYTES
        && let Some(row) = found.next()?
    {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        bytes += text.len();
        pages.push(rows::page(1, text)?);
        last = Some(row.get(0)?);
    }
    Ok((pages, last))
}
