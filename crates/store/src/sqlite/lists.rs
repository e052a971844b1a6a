//! Reading the executions.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use switchboard_protocol::{
    ExecutionId, ExecutionStatus, Frame, OrganizationId,
    rest::{ExecutionList, ExecutionSnapshot, ExecutionSummary, SnapshotEvent},
};

use super::{entries, failure::Failure, position::Position};
use crate::{ExecutionQuery, MAX_PAGE};

/// The statements, for a test that looks at how SQLite runs them.
///
/// `instr` and not `LIKE`: the text has no wildcards, and lower case is already what it is searched in.
pub(super) const PAGE: &str = "SELECT position, summary FROM executions
    WHERE ?4 IS NULL AND position > ?1 AND position < ?2 AND (?3 IS NULL OR instr(searchable, ?3) > 0)
    ORDER BY position DESC LIMIT ?5";
pub(super) const PAGE_OF_STATUS: &str = "SELECT position, summary FROM executions
    WHERE status = ?4 AND position > ?1 AND position < ?2 AND (?3 IS NULL OR instr(searchable, ?3) > 0)
    ORDER BY position DESC LIMIT ?5";
pub(super) const SUMMARY: &str =
    "SELECT position, summary FROM executions WHERE organization = ?1 AND execution_id = ?2";
pub(super) const LATEST: &str =
    "SELECT position, body FROM entries WHERE execution = ?1 ORDER BY position DESC LIMIT ?2";

/// A page of executions, the newest first.
pub(super) fn page(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    query: &ExecutionQuery,
) -> Result<ExecutionList, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else {
        return Ok(ExecutionList { items: Vec::new(), next_before: None, seq: Some(0) });
    };
    // A cursor is the sequence number of the last execution of a page. One that nobody gave out is after
    // everything, so that whoever follows it ends.
    let before = match &query.before {
        Some(cursor) => Position::bound(organization, cursor.parse().unwrap_or(0)).key(),
        None => Position::last(organization).key(),
    };
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
    let limit = query.limit.clamp(1, MAX_PAGE);
    let sql = if query.status.is_some() { PAGE_OF_STATUS } else { PAGE };
    let mut statement = transaction.prepare_cached(sql)?;
    // One more than is asked for tells whether there is a next page.
    let row_limit = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let status = query.status.map(ExecutionStatus::as_str);
    let from = Position::bound(organization, 0).key();
    let rows = statement.query_map(params![from, before, text, status, row_limit], position_and_summary)?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|(position, _)| position.seq().to_string());
    let items = rows.iter().map(|(_, summary)| serde_json::from_str(summary)).collect::<Result<_, _>>()?;
    Ok(ExecutionList { items, next_before, seq: Some(head) })
}

/// One execution with its latest `limit` events, oldest first.
pub(super) fn snapshot(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    execution: &ExecutionId,
    limit: usize,
) -> Result<Option<ExecutionSnapshot>, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else { return Ok(None) };
    let stored = transaction
        .prepare_cached(SUMMARY)?
        .query_row(params![organization, execution.as_str()], position_and_summary)
        .optional()?;
    let Some((position, summary)) = stored else { return Ok(None) };
    let summary: ExecutionSummary = serde_json::from_str(&summary)?;
    let mut statement = transaction.prepare_cached(LATEST)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![position.key(), limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = Position::from_key(row.get(0)?).seq();
        events.extend(event(seq, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?));
    }
    events.reverse();
    Ok(Some(ExecutionSnapshot { summary, events, seq: Some(head) }))
}

fn position_and_summary(row: &Row<'_>) -> rusqlite::Result<(Position, String)> {
    Ok((Position::from_key(row.get(0)?), row.get(1)?))
}

/// The event in a stored frame. The hub stores what it has decoded, so one that cannot be read is damage; it
/// costs that event and not the page.
fn event(seq: u64, body: &str) -> Option<SnapshotEvent> {
    match switchboard_protocol::decode(body).map(|envelope| envelope.frame) {
        Ok(Frame::ExecutionEvent(frame)) => Some(SnapshotEvent { seq: Some(seq), event: frame.event }),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(seq, %error, "a stored event cannot be read; a snapshot leaves it out");
            None
        }
    }
}
