//! Retention: what goes is found by a reader and deleted by the writer, a little at a time.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use switchboard_protocol::{ExecutionId, OrganizationId};

use super::{executions::ended_in_sql, failure::Failure, memory::Memory, position::Position};
use crate::ENTRY_OVERHEAD_BYTES;

/// How many entries one transaction deletes: few milliseconds, so that a report hardly waits.
const CHUNK_ENTRIES: i64 = 1000;

/// How many executions one transaction forgets.
const CHUNK_EXECUTIONS: i64 = 500;

/// How many pages one transaction gives back to the disk: 2 MiB.
const CHUNK_PAGES: i64 = 512;

/// As many free pages (1 MiB), or a tenth of the file, stay in it: the next reports fill them again.
const SPARE_PAGES: i64 = 256;

/// The two logs with the oldest entries, for logs of ?1 positions each; a constant for a test that looks at how
/// SQLite runs it. It looks at each organization, but at one entry only.
pub(super) const OLDEST: &str = "SELECT id, name, (
        SELECT received_at FROM entries WHERE position > ?1 * id AND position < ?1 * (id + 1)
        ORDER BY position LIMIT 1
    ) AS oldest
    FROM organizations WHERE bytes > 0 AND oldest IS NOT NULL ORDER BY oldest LIMIT 2";
/// Marks an execution of which no entry is left.
pub(super) const EMPTIED: &str = "UPDATE executions SET emptied = 1
    WHERE position = ?1 AND NOT EXISTS (SELECT 1 FROM entries WHERE execution = ?1)";

/// What is kept, in the database's own terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// What was received before goes, in milliseconds since the Unix epoch.
    pub(super) cutoff: Option<i64>,
    /// The oldest go while all entries have more bytes than this.
    pub(super) bytes: Option<u64>,
}

/// The oldest entries of one log, to be deleted in one transaction.
#[derive(Debug)]
pub(super) struct Chunk {
    name: OrganizationId,
    organization: i64,
    /// The last of them.
    through: Position,
}

/// Finds what goes next; `None` where everything that is left may stay.
///
/// A log is cut from its oldest end only, so that it never has a hole, even where the clock went backwards
/// between two entries.
pub(super) fn next(transaction: &Transaction<'_>, limits: Limits) -> Result<Option<Chunk>, Failure> {
    let total: i64 =
        transaction.prepare_cached("SELECT total(bytes) FROM organizations")?.query_row((), |row| {
            #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
            row.get::<_, f64>(0).map(|total| total as i64)
        })?;
    let mut excess = limits.bytes.map_or(0, |bytes| total.cast_unsigned().saturating_sub(bytes));
    // The log with the oldest entry, and how old the next log's oldest is: up to there it is this one's turn.
    let mut statement = transaction.prepare_cached(OLDEST)?;
    let span = Position::bound(1, 0).key();
    let oldest = statement
        .query_map([span], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut oldest = oldest.into_iter();
    let Some((organization, name, _)) = oldest.next() else { return Ok(None) };
    let turn_ends = oldest.next().map_or(i64::MAX, |(_, _, received_at)| received_at);

    let mut statement = transaction.prepare_cached(
        "SELECT position, received_at, octet_length(body) + ifnull(octet_length(report_id), 0)
         FROM entries WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3",
    )?;
    let (from, to) = (Position::bound(organization, 0), Position::last(organization));
    let mut rows = statement.query(params![from.key(), to.key(), CHUNK_ENTRIES])?;
    let mut through = None;
    while let Some(row) = rows.next()? {
        let received_at: i64 = row.get(1)?;
        let too_old = limits.cutoff.is_some_and(|cutoff| received_at < cutoff);
        if received_at > turn_ends || !(too_old || excess > 0) {
            break;
        }
        through = Some(Position::from_key(row.get(0)?));
        excess = excess.saturating_sub(row.get::<_, i64>(2)?.cast_unsigned() + ENTRY_OVERHEAD_BYTES);
    }
    Ok(through.map(|through| Chunk { name: name.into(), organization, through }))
}

/// Deletes a chunk. Answers how many entries it was.
pub(super) fn delete(
    connection: &mut Connection,
    memory: &mut Memory,
    chunk: &Chunk,
) -> Result<u64, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let range = params![Position::bound(chunk.organization, 0).key(), chunk.through.key()];
    let bytes: i64 = transaction
        .prepare_cached(
            "SELECT ifnull(sum(octet_length(body) + ifnull(octet_length(report_id), 0)), 0)
             FROM entries WHERE position > ?1 AND position <= ?2",
        )?
        .query_row(range, |row| row.get(0))?;
    let executions = transaction
        .prepare_cached(
            "SELECT DISTINCT execution FROM entries
             WHERE position > ?1 AND position <= ?2 AND execution IS NOT NULL",
        )?
        .query_map(range, |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    let deleted = transaction
        .prepare_cached("DELETE FROM entries WHERE position > ?1 AND position <= ?2")?
        .execute(range)?;
    for execution in executions {
        transaction.prepare_cached(EMPTIED)?.execute([execution])?;
    }
    let deleted = u64::try_from(deleted).unwrap_or(u64::MAX);
    let freed = bytes.cast_unsigned() + deleted * ENTRY_OVERHEAD_BYTES;
    let left = memory
        .organizations
        .get(&chunk.name)
        .map_or(0, |organization| organization.bytes.saturating_sub(freed));
    transaction
        .prepare_cached("UPDATE organizations SET bytes = ?2 WHERE id = ?1")?
        .execute(params![chunk.organization, left.cast_signed()])?;
    transaction.commit()?;
    if let Some(organization) = memory.organizations.get_mut(&chunk.name) {
        organization.bytes = left;
    }
    Ok(deleted)
}

/// Forgets executions of which no event is left: those whose last sign of life, an event or a heartbeat, is older than the
/// cutoff, or, where entries of any age are kept, those that have ended. Answers whether there may be more.
pub(super) fn forget(
    connection: &mut Connection,
    memory: &mut Memory,
    cutoff: Option<i64>,
) -> Result<bool, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let gone = transaction
        .prepare_cached(&format!(
            "DELETE FROM executions WHERE position IN (
                 SELECT position FROM executions
                 WHERE emptied = 1 AND (last_at < ?1 OR ?1 IS NULL AND status IN ({}))
                 LIMIT {CHUNK_EXECUTIONS}
             ) RETURNING organization, execution_id",
            ended_in_sql()
        ))?
        .query_map([cutoff], |row| Ok((row.get(0)?, ExecutionId::from(row.get::<_, String>(1)?))))?
        .collect::<Result<Vec<_>, _>>()?;
    transaction.commit()?;
    for key in &gone {
        memory.executions.forget(key);
    }
    Ok(i64::try_from(gone.len()).unwrap_or(i64::MAX) >= CHUNK_EXECUTIONS)
}

/// Gives some free pages back to the disk. Answers whether there are more than should stay.
pub(super) fn shrink(connection: &Connection) -> Result<bool, Failure> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let free = number("freelist_count")?;
    let spare = SPARE_PAGES.max(number("page_count")? / 10);
    if free <= spare {
        return Ok(false);
    }
    let pages = CHUNK_PAGES.min(free - spare);
    // One step of this statement frees one page, so it is stepped to its end.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query(())?;
    while rows.next()?.is_some() {}
    // A file without incremental vacuum frees nothing, and would be asked for ever.
    Ok(number("freelist_count")? < free)
}

/// Moves the write-ahead log into the database, as far as readers let it, which is when the file gets shorter.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Failure> {
    connection.prepare("PRAGMA wal_checkpoint(PASSIVE)")?.query_row((), |_| Ok(())).optional()?;
    Ok(())
}
