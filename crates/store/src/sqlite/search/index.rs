//! The index of what executions wrote.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use switchboard_protocol::{
    ErrorData, ExecutionEvent, ExecutionEventKind, Frame, Json, LogData, OrganizationId, OutputData,
};

use super::super::{entries, failure::Failure, position::Position};

/// How many entries one transaction brings into the index at most.
const CHUNK_ENTRIES: i64 = 4096;

/// How many entries one transaction takes out of the index.
const CHUNK_STALE: i64 = 500;

/// A transaction ends after this many bytes of text, some hundredths of a second.
const CHUNK_BYTES: usize = 1024 * 1024;

/// How far a log is in the index.
pub(in crate::sqlite) const REACH: &str = "SELECT seq FROM line_words_reach WHERE organization = ?1";
/// What is not in the index yet.
pub(in crate::sqlite) const UNREAD: &str =
    "SELECT position, CASE WHEN execution IS NOT NULL THEN body END FROM entries
    WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3";
/// Words of a log before a position.
const STALE: &str = "SELECT rowid FROM line_words WHERE rowid > ?1 AND rowid < ?2 ORDER BY rowid LIMIT ?3";

/// Some entries of one log, and what is to be found in them.
pub(super) struct Chunk {
    organization: i64,
    /// The head of the log when it was read.
    pub(super) head: u64,
    /// How many entries these are.
    pub(super) entries: u64,
    /// How far the index must be for the chunk to follow.
    after: u64,
    /// The last of the entries.
    pub(super) through: Position,
    lines: Vec<(Position, String)>,
}

/// Reads what the index lacks next; `None` where it lacks nothing.
pub(super) fn next(transaction: &Transaction<'_>, name: &OrganizationId) -> Result<Option<Chunk>, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else { return Ok(None) };
    let after = reach(transaction, organization)?;
    let mut statement = transaction.prepare_cached(UNREAD)?;
    let (from, to) = (Position::bound(organization, after), Position::last(organization));
    let mut rows = statement.query(params![from.key(), to.key(), CHUNK_ENTRIES])?;
    let (mut lines, mut entries, mut bytes, mut through) = (Vec::new(), 0, 0, None);
    while let Some(row) = rows.next()? {
        let position = Position::from_key(row.get(0)?);
        let body = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let text = body.and_then(|body| match switchboard_protocol::decode(body).ok()?.frame {
            Frame::ExecutionEvent(frame) => line(&frame.event),
            _ => None,
        });
        bytes += text.as_ref().map_or(0, String::len);
        lines.extend(text.map(|text| (position, text)));
        (entries, through) = (entries + 1, Some(position));
        if bytes >= CHUNK_BYTES {
            break;
        }
    }
    Ok(through.map(|through| Chunk { organization, head, entries, after, through, lines }))
}

/// Brings a chunk into the index.
pub(super) fn store(connection: &mut Connection, chunk: &Chunk) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if reach(&transaction, chunk.organization)? == chunk.after {
        let mut insert =
            transaction.prepare_cached("INSERT INTO line_words (rowid, text) VALUES (?1, ?2)")?;
        for (position, text) in &chunk.lines {
            insert.execute(params![position.key(), text])?;
        }
        transaction
            .prepare_cached(
                "INSERT INTO line_words_reach (organization, seq) VALUES (?1, ?2)
                 ON CONFLICT (organization) DO UPDATE SET seq = excluded.seq",
            )?
            .execute(params![chunk.organization, chunk.through.seq().cast_signed()])?;
    }
    transaction.commit()?;
    Ok(())
}

/// Some entries that retention has deleted and the index still has, as a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stale {
    after: Position,
    through: Position,
}

/// Finds words that are to go; `None` where there are none.
///
/// A search never looks before the first entry of a log, so these harm nobody while they are there, and can go in a
/// transaction of their own.
pub(super) fn stale(transaction: &Transaction<'_>, name: &OrganizationId) -> Result<Option<Stale>, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else { return Ok(None) };
    let first = match entries::first(transaction, organization)? {
        Some(first) => first,
        None => Position::bound(organization, head + 1),
    };
    let after = Position::bound(organization, 0);
    let mut statement = transaction.prepare_cached(STALE)?;
    let rows = statement.query_map(params![after.key(), first.key(), CHUNK_STALE], |row| row.get(0))?;
    let last = rows.last().transpose()?;
    Ok(last.map(|key| Stale { after, through: Position::from_key(key) }))
}

/// Takes words out of the index.
pub(super) fn forget(connection: &Connection, stale: Stale) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM line_words WHERE rowid > ?1 AND rowid <= ?2")?
        .execute(params![stale.after.key(), stale.through.key()])?;
    Ok(())
}

/// The last sequence number of a log that is in the index; 0 where nothing is.
pub(super) fn reach(transaction: &Transaction<'_>, organization: i64) -> Result<u64, Failure> {
    let mut statement = transaction.prepare_cached(REACH)?;
    let mut rows = statement.query([organization])?;
    Ok(rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()?.map_or(0, i64::cast_unsigned))
}

/// What an event has written, where it has.
pub(super) fn line(event: &ExecutionEvent) -> Option<String> {
    let data = event.data.as_ref().and_then(Json::object)?;
    let text = match event.kind {
        ExecutionEventKind::Output => OutputData::read(&data)?.text.into_owned(),
        ExecutionEventKind::Log => LogData::read(&data)?.message.into_owned(),
        ExecutionEventKind::Error => ErrorData::read(&data).message?,
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
