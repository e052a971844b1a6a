//! How rows are named, read and kept.

use rusqlite::{Transaction, params, types::Type};
use switchboard_protocol::{
    DashboardUpdate, Frame, Json, OrganizationId, RunId, ScrapedItem, ScrapedPage,
    rest::{ScrapeRunChanged, ScrapeRunSummary},
};

use super::super::{changes::Changes, chat::find, failure::Failure, memory::Organization};

/// The bits that the number of a page or an item has in its key. `schema.rs` repeats it in words.
const NUMBER_BITS: u32 = 32;

/// A run by its name, without what lists show of it.
pub(in crate::sqlite) const RUN: &str = "SELECT id, own, crawling, cancelling, crawler, most_addresses,
        addresses, pages, told, items, bytes, errors
    FROM scrape_runs JOIN scrape_work ON run = id WHERE organization = ?1 AND run_id = ?2";
pub(in crate::sqlite) const RUN_ID: &str =
    "SELECT id FROM scrape_runs WHERE organization = ?1 AND run_id = ?2";
pub(in crate::sqlite) const SUMMARY: &str = "SELECT summary FROM scrape_runs WHERE id = ?1";
pub(in crate::sqlite) const WRITE: &str = "UPDATE scrape_runs
    SET phase = ?2, last_at = ?3, searchable = ?4, summary = ?5, crawling = ?6 WHERE id = ?1";

/// A run with its counters, as the database has it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: i64,
    /// Whether this store's crawler works on it.
    pub(super) own: bool,
    /// Whether it is one of those, and has not ended.
    pub(super) crawling: bool,
    pub(super) cancelling: bool,
    /// Who has it, or had it last.
    pub(super) crawler: Option<String>,
    pub(super) most_addresses: u64,
    pub(super) addresses: u64,
    pub(super) pages: u64,
    pub(super) told: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
}

impl Run {
    /// The run of that name; `None` where there is none.
    pub(super) fn find(
        transaction: &Transaction<'_>,
        organization: i64,
        run: &RunId,
    ) -> Result<Option<Self>, Failure> {
        find(transaction, RUN, params![organization, run.as_str()], |row| {
            let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(Self {
                id: row.get(0)?,
                own: row.get(1)?,
                crawling: row.get(2)?,
                cancelling: row.get(3)?,
                crawler: row.get(4)?,
                most_addresses: count(5)?,
                addresses: count(6)?,
                pages: count(7)?,
                told: count(8)?,
                items: count(9)?,
                bytes: count(10)?,
                errors: count(11)?,
            })
        })
    }
}

/// The row of a run of that name.
pub(super) fn run_id(
    transaction: &Transaction<'_>,
    organization: i64,
    run: &RunId,
) -> Result<Option<i64>, Failure> {
    find(transaction, RUN_ID, params![organization, run.as_str()], |row| row.get(0))
}

/// What lists show of a run.
pub(super) fn summary(transaction: &Transaction<'_>, run: i64) -> Result<ScrapeRunSummary, Failure> {
    let text: String = transaction.prepare_cached(SUMMARY)?.query_row([run], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}

/// The key of a run's page or item of that number.
///
/// # Errors
/// [`Failure::Full`] where one of them has outgrown its bits.
pub(super) fn key(run: i64, number: u64) -> Result<i64, Failure> {
    if i32::try_from(run).is_err() || u32::try_from(number).is_err() {
        return Err(Failure::Full("this scrape run holds as many pages or items as it can"));
    }
    Ok(bound(run, number))
}

/// The same as the bound of a range, where no such row has to exist.
pub(super) fn bound(run: i64, number: u64) -> i64 {
    run << NUMBER_BITS | number.min(u64::from(u32::MAX)).cast_signed()
}

/// The number in a key.
pub(super) fn number(key: i64) -> u64 {
    key.cast_unsigned() & u64::from(u32::MAX)
}

/// A page as it was stored.
pub(super) fn page(column: usize, text: &str) -> rusqlite::Result<ScrapedPage> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// What a list's text filter looks into: lower case, a line for each member.
pub(super) fn searchable(summary: &ScrapeRunSummary) -> String {
    let platforms = summary.platforms.iter().map(|platform| platform.platform.as_str());
    let targets = summary.targets.iter().map(String::as_str);
    let words = summary.title.as_deref().into_iter().chain([summary.run_id.as_str()]);
    words.chain(targets).chain(platforms).map(str::to_lowercase).collect::<Vec<_>>().join("\n")
}

impl Changes<'_> {
    /// Stores a page under the run's next number.
    pub(super) fn insert_page(
        &self,
        run: &mut Run,
        platform: Option<i64>,
        page: &ScrapedPage,
    ) -> Result<(), Failure> {
        run.pages += 1;
        self.transaction
            .prepare_cached("INSERT INTO scrape_pages (key, platform, told, page) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                key(run.id, run.pages)?,
                platform,
                platform.is_none(),
                serde_json::to_string(page)?
            ])?;
        Ok(())
    }

    /// Stores an item under the run's next number. `url` and `platform` stand in for what it does not say.
    pub(super) fn insert_item(
        &self,
        run: &mut Run,
        item: &ScrapedItem,
        url: Option<&str>,
        platform: Option<&str>,
    ) -> Result<(), Failure> {
        run.items += 1;
        self.transaction
            .prepare_cached("INSERT INTO scrape_items (key, url, platform, fields) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                key(run.id, run.items)?,
                item.url.as_deref().or(url),
                item.platform.as_deref().or(platform),
                item.fields.on_one_line().text(),
            ])?;
        Ok(())
    }

    /// Writes back what lists show of a run.
    pub(super) fn write_scrape(
        &self,
        run: i64,
        crawling: bool,
        summary: &ScrapeRunSummary,
    ) -> Result<(), Failure> {
        self.transaction.prepare_cached(WRITE)?.execute(params![
            run,
            summary.phase.as_str(),
            self.received_at.as_millis(),
            searchable(summary),
            serde_json::to_string(summary)?,
            crawling,
        ])?;
        Ok(())
    }

    /// Appends the `dashboard:update` that shows a run as it is now.
    pub(super) fn announce_scrape(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        summary: &ScrapeRunSummary,
    ) -> Result<(), Failure> {
        let changed = ScrapeRunChanged {
            organization_id: name.clone(),
            kind: ScrapeRunChanged::KIND.to_owned(),
            scrape_run: summary.clone(),
        };
        let update = DashboardUpdate { organization_id: name.clone(), data: Json::write(&changed)? };
        self.derive(organization, Frame::DashboardUpdate(update)).map(drop)
    }
}
