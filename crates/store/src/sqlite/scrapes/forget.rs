//! Retention of runs: one goes out of sight at once, and its rows a little at a time.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    super::{chat::find, failure::Failure},
    rows,
};

/// How many runs one transaction forgets.
const CHUNK_RUNS: i64 = 200;

/// How many rows one transaction deletes: few milliseconds, so that a page hardly waits.
const CHUNK_ROWS: i64 = 1000;

/// Runs that nobody here works on and that were silent for too long.
pub(in crate::sqlite) const IDLE: &str =
    "SELECT id FROM scrape_runs WHERE crawling = 0 AND last_at < ?1 ORDER BY last_at LIMIT ?2";
pub(in crate::sqlite) const SWEEP: &str = "DELETE FROM scrape_addresses
    WHERE id IN (SELECT id FROM scrape_addresses WHERE run = ?1 LIMIT ?2)";
const LEFT: &str = "SELECT run, whole FROM scrape_leftovers ORDER BY run LIMIT 1";

/// Forgets some runs that were last heard of before the cutoff; [`sweep`] deletes what they had. Answers whether there
/// may be more.
pub(in crate::sqlite) fn forget(connection: &mut Connection, cutoff: i64) -> Result<bool, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let idle = transaction
        .prepare_cached(IDLE)?
        .query_map(params![cutoff, CHUNK_RUNS], |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    for run in &idle {
        transaction.prepare_cached("DELETE FROM scrape_runs WHERE id = ?1")?.execute([run])?;
        transaction.prepare_cached("DELETE FROM scrape_work WHERE run = ?1")?.execute([run])?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO scrape_leftovers (run, whole) VALUES (?1, 1)")?
            .execute([run])?;
    }
    transaction.commit()?;
    Ok(i64::try_from(idle.len()).unwrap_or(i64::MAX) >= CHUNK_RUNS)
}

/// Deletes some rows that nobody reads any more: frontiers of runs that have ended, and all of runs that were
/// forgotten. Answers whether there may be more.
pub(in crate::sqlite) fn sweep(connection: &mut Connection) -> Result<bool, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let left = find(&transaction, LEFT, (), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)))?;
    let Some((run, whole)) = left else { return Ok(false) };
    if sweep_run(&transaction, run, whole)? {
        transaction.prepare_cached("DELETE FROM scrape_leftovers WHERE run = ?1")?.execute([run])?;
    }
    transaction.commit()?;
    Ok(true)
}

/// Deletes some rows of one run. Answers whether none is left.
fn sweep_run(transaction: &Transaction<'_>, run: i64, whole: bool) -> Result<bool, Failure> {
    let mut room = CHUNK_ROWS - count(transaction.prepare_cached(SWEEP)?.execute(params![run, CHUNK_ROWS])?);
    if !whole {
        return Ok(room > 0);
    }
    for table in ["scrape_pages", "scrape_items"] {
        let sql = format!(
            "DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE key > ?1 AND key <= ?2 LIMIT ?3)"
        );
        let range = params![rows::bound(run, 0), rows::bound(run, u64::MAX), room];
        room -= count(transaction.prepare_cached(&sql)?.execute(range)?);
    }
    if room > 0 {
        transaction.prepare_cached("DELETE FROM scrape_platforms WHERE run = ?1")?.execute([run])?;
    }
    Ok(room > 0)
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
