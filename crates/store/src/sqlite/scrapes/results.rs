//! Reading a run's pages and items.

use rusqlite::{Row, Transaction, params, types::Type};
use switchboard_protocol::{
    Json, OrganizationId, RunId, ScrapedPage,
    rest::{ScrapeItem, ScrapeItemList, ScrapePageList},
};

use super::{
    super::{entries, failure::Failure},
    rows,
};
use crate::{MAX_SCRAPE_ROWS, RowQuery};

/// A page of rows ends after this many bytes, so that large items do not fill the memory.
const PORTION_BYTES: usize = 4 * 1024 * 1024;

/// The statements, for a test that looks at how SQLite runs them.
pub(in crate::sqlite) const PAGES: &str =
    "SELECT key, page FROM scrape_pages WHERE key > ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";
pub(in crate::sqlite) const PAGES_AFTER: &str =
    "SELECT key, page FROM scrape_pages WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3";
pub(in crate::sqlite) const TOLD_PAGES: &str = "SELECT key, page FROM scrape_pages
    WHERE key > ?1 AND key <= ?2 AND told = 1 ORDER BY key DESC LIMIT ?3";
pub(in crate::sqlite) const ITEMS: &str = "SELECT key, url, platform, fields FROM scrape_items
    WHERE key > ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";
pub(in crate::sqlite) const ITEMS_AFTER: &str = "SELECT key, url, platform, fields FROM scrape_items
    WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3";

/// The run's latest pages that the log has told of, oldest first.
pub(super) fn told_pages(
    transaction: &Transaction<'_>,
    run: i64,
    limit: usize,
) -> Result<Vec<ScrapedPage>, Failure> {
    let range = (rows::bound(run, 0), rows::bound(run, u64::MAX));
    let (pages, _) = gather(transaction, TOLD_PAGES, range, limit, page)?;
    Ok(pages.into_iter().rev().map(|(_, page)| page).collect())
}

/// A page of a run's pages, the latest first.
pub(super) fn pages(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
    query: &RowQuery,
) -> Result<Option<ScrapePageList>, Failure> {
    let Some(run) = find_run(transaction, name, run)? else { return Ok(None) };
    let (rows, next_before) = latest(transaction, PAGES, run, query, page)?;
    let items = rows.into_iter().map(|(_, page)| page).collect();
    Ok(Some(ScrapePageList { items, next_before }))
}

/// A page of a run's items, the latest first.
pub(super) fn items(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
    query: &RowQuery,
) -> Result<Option<ScrapeItemList>, Failure> {
    let Some(run) = find_run(transaction, name, run)? else { return Ok(None) };
    let (rows, next_before) = latest(transaction, ITEMS, run, query, item)?;
    let items = rows.into_iter().map(|(_, item)| item).collect();
    Ok(Some(ScrapeItemList { items, next_before }))
}

/// The pages after a number, with theirs.
pub(super) fn pages_after(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, ScrapedPage)>, Failure> {
    let Some(run) = find_run(transaction, name, run)? else { return Ok(Vec::new()) };
    oldest(transaction, PAGES_AFTER, run, after, limit, page)
}

/// The items after a number.
pub(super) fn items_after(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
    after: u64,
    limit: usize,
) -> Result<Vec<ScrapeItem>, Failure> {
    let Some(run) = find_run(transaction, name, run)? else { return Ok(Vec::new()) };
    let rows = oldest(transaction, ITEMS_AFTER, run, after, limit, item)?;
    Ok(rows.into_iter().map(|(_, item)| item).collect())
}

fn find_run(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
) -> Result<Option<i64>, Failure> {
    match entries::organization(transaction, name)? {
        Some((organization, _)) => rows::run_id(transaction, organization, run),
        None => Ok(None),
    }
}

/// Rows with their numbers, the latest first, and the cursor of the next page: the number of the last. One that
/// nobody gave out is after everything, so that whoever follows it ends.
fn latest<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    run: i64,
    query: &RowQuery,
    read: Read<T>,
) -> Result<(Numbered<T>, Option<String>), Failure> {
    let before = query.before.as_ref().map_or(u64::MAX, |cursor| cursor.parse().unwrap_or(0));
    let limit = query.limit.clamp(1, MAX_SCRAPE_ROWS);
    let range = (rows::bound(run, 0), rows::bound(run, before));
    let (rows, more) = gather(transaction, sql, range, limit, read)?;
    let next = rows.last().filter(|_| more).map(|(number, _)| number.to_string());
    Ok((rows, next))
}

/// Rows after a number, the oldest first.
fn oldest<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    run: i64,
    after: u64,
    limit: usize,
    read: Read<T>,
) -> Result<Numbered<T>, Failure> {
    let range = (rows::bound(run, after), rows::bound(run, u64::MAX));
    gather(transaction, sql, range, limit, read).map(|(rows, _)| rows)
}

/// Rows with their numbers.
type Numbered<T> = Vec<(u64, T)>;

/// Reads a row, and says how many bytes it has.
type Read<T> = fn(&Row<'_>) -> rusqlite::Result<(u64, T, usize)>;

/// Rows of a range, at most `limit` and at most one beyond [`PORTION_BYTES`], and whether there are more.
fn gather<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    (from, to): (i64, i64),
    limit: usize,
    read: Read<T>,
) -> Result<(Numbered<T>, bool), Failure> {
    let mut statement = transaction.prepare_cached(sql)?;
    // One more than is asked for tells whether there is a next page.
    let row_limit = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut found = statement.query(params![from, to, row_limit])?;
    let (mut gathered, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        if gathered.len() >= limit || bytes >= PORTION_BYTES {
            return Ok((gathered, true));
        }
        let (number, read, length) = read(row)?;
        bytes += length;
        gathered.push((number, read));
    }
    Ok((gathered, false))
}

fn page(row: &Row<'_>) -> rusqlite::Result<(u64, ScrapedPage, usize)> {
    let text = row.get_ref(1)?.as_str()?;
    Ok((rows::number(row.get(0)?), rows::page(1, text)?, text.len()))
}

fn item(row: &Row<'_>) -> rusqlite::Result<(u64, ScrapeItem, usize)> {
    let number = rows::number(row.get(0)?);
    let text: String = row.get(3)?;
    let bytes = text.len();
    let fields = Json::from_text(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, error.into()))?;
    Ok((number, ScrapeItem { number, url: row.get(1)?, platform: row.get(2)?, fields }, bytes))
}
