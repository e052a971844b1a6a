//! Reading runs.

use rusqlite::{Row, Transaction, params};
use switchboard_protocol::{
    OrganizationId, RunId, ScrapePhase,
    rest::{ScrapeRunList, ScrapeRunSnapshot},
};

use super::{
    super::{chat::find, entries, failure::Failure, position::Position},
    results,
};
use crate::{MAX_PAGE, MAX_SCRAPE_ROWS, ScrapeQuery};

/// The statements, for a test that looks at how SQLite runs them.
///
/// `instr` and not `LIKE`: the text has no wildcards, and lower case is already what it is searched in.
pub(in crate::sqlite) const PAGE: &str = "SELECT position, summary FROM scrape_runs
    WHERE ?4 IS NULL AND position > ?1 AND position < ?2 AND (?3 IS NULL OR instr(searchable, ?3) > 0)
    ORDER BY position DESC LIMIT ?5";
pub(in crate::sqlite) const PAGE_OF_PHASE: &str = "SELECT position, summary FROM scrape_runs
    WHERE phase = ?4 AND position > ?1 AND position < ?2 AND (?3 IS NULL OR instr(searchable, ?3) > 0)
    ORDER BY position DESC LIMIT ?5";
pub(in crate::sqlite) const SNAPSHOT: &str = "SELECT id, summary, limits, extract, told
    FROM scrape_runs JOIN scrape_work ON run = id WHERE organization = ?1 AND run_id = ?2";

/// A page of runs, the newest first.
pub(super) fn page(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    query: &ScrapeQuery,
) -> Result<ScrapeRunList, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else {
        return Ok(ScrapeRunList { items: Vec::new(), next_before: None, seq: Some(0) });
    };
    // A cursor is the sequence number with which the last run of a page became known. One that nobody gave out is
    // after everything, so that whoever follows it ends.
    let before = match &query.before {
        Some(cursor) => Position::bound(organization, cursor.parse().unwrap_or(0)),
        None => Position::last(organization),
    };
    let from = Position::bound(organization, 0);
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
    let limit = query.limit.clamp(1, MAX_PAGE);
    // One more than is asked for tells whether there is a next page.
    let row_limit = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let phase = query.phase.map(ScrapePhase::as_str);
    let mut statement = transaction.prepare_cached(if phase.is_some() { PAGE_OF_PHASE } else { PAGE })?;
    let rows = statement
        .query_map(params![from.key(), before.key(), text, phase, row_limit], |row: &Row<'_>| {
            Ok((Position::from_key(row.get(0)?), row.get::<_, String>(1)?))
        })?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|(position, _)| position.seq().to_string());
    let items = rows.iter().map(|(_, summary)| serde_json::from_str(summary)).collect::<Result<_, _>>()?;
    Ok(ScrapeRunList { items, next_before, seq: Some(head) })
}

/// One run with its latest pages, those that the log has told of.
pub(super) fn snapshot(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    run: &RunId,
    limit: usize,
) -> Result<Option<ScrapeRunSnapshot>, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else { return Ok(None) };
    let found = find(transaction, SNAPSHOT, params![organization, run.as_str()], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, Option<String>>(2)?,
            row.get::<_, Option<String>>(3)?,
            row.get::<_, i64>(4)?.cast_unsigned(),
        ))
    })?;
    let Some((run, summary, limits, extract, page_count)) = found else { return Ok(None) };
    Ok(Some(ScrapeRunSnapshot {
        summary: serde_json::from_str(&summary)?,
        limits: limits.as_deref().map(serde_json::from_str).transpose()?,
        extract: extract.as_deref().map(serde_json::from_str).transpose()?,
        pages: results::told_pages(transaction, run, limit.min(MAX_SCRAPE_ROWS))?,
        page_count,
        seq: Some(head),
    }))
}
