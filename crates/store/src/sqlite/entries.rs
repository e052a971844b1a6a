//! Reading the log.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{OptionalExtension, Transaction, params};
use switchboard_protocol::{ExecutionId, OrganizationId};

use super::{failure::Failure, position::Position};
use crate::{Bounds, Entry};

/// A page of the log ends after this many bytes of bodies, so that a page of large frames does not fill the
/// memory: 4 MiB, far above a page of usual ones.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The statements, for a test that looks at how SQLite runs them.
pub(super) const ORGANIZATION: &str = "SELECT id, head FROM organizations WHERE name = ?1";
pub(super) const PAGE: &str = "SELECT position, execution, body FROM entries
    WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3";
pub(super) const LATEST: &str = "SELECT position, CASE WHEN execution IS NULL THEN body END FROM entries
    WHERE position > ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3";
pub(super) const FIRST: &str = "SELECT min(position) FROM entries WHERE position >= ?1 AND position <= ?2";

/// An organization's row id and head; `None` where nobody reported to it.
pub(super) fn organization(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
) -> Result<Option<(i64, u64)>, Failure> {
    let row = transaction
        .prepare_cached(ORGANIZATION)?
        .query_row([name.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))
        .optional()?;
    Ok(row)
}

/// The names of all organizations, in order.
pub(super) fn organizations(transaction: &Transaction<'_>) -> Result<Vec<OrganizationId>, Failure> {
    let mut statement = transaction.prepare_cached("SELECT name FROM organizations ORDER BY name")?;
    let names = statement.query_map((), |row| row.get::<_, String>(0).map(OrganizationId::from))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The entries after `after`, oldest first: at most `limit`, and at most one beyond [`PAGE_BYTES`].
pub(super) fn page(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, Failure> {
    let Some((organization, head)) = organization(transaction, name)? else { return Ok(Vec::new()) };
    if after >= head {
        return Ok(Vec::new());
    }
    let mut statement = transaction.prepare_cached(PAGE)?;
    let (from, to) = (Position::bound(organization, after), Position::last(organization));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![from.key(), to.key(), limit])?;
    let (mut entries, mut bytes, mut names) = (Vec::new(), 0, Names::default());
    while let Some(row) = rows.next()? {
        let body: Arc<str> = row.get(2)?;
        bytes += body.len();
        let execution_id = match row.get::<_, Option<i64>>(1)? {
            Some(execution) => names.of(transaction, execution)?,
            None => None,
        };
        entries.push(Entry { seq: Position::from_key(row.get(0)?).seq(), execution_id, body });
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(entries)
}

/// How far the log reaches.
pub(super) fn bounds(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    epoch: Arc<str>,
) -> Result<Bounds, Failure> {
    let Some((organization, head)) = organization(transaction, name)? else {
        return Ok(Bounds { epoch, first: 1, head: 0 });
    };
    let first = first(transaction, organization)?.map_or(head + 1, Position::seq);
    Ok(Bounds { epoch, first, head })
}

/// The latest entries that belong to no execution, the newest first, of the last `limit` entries of the log: at most
/// one beyond [`PAGE_BYTES`].
pub(super) fn latest(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    limit: usize,
) -> Result<Vec<Entry>, Failure> {
    let Some((organization, _)) = organization(transaction, name)? else { return Ok(Vec::new()) };
    let mut statement = transaction.prepare_cached(LATEST)?;
    let (from, to) = (Position::bound(organization, 0), Position::last(organization));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![from.key(), to.key(), limit])?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()?
        && bytes < PAGE_BYTES
    {
        let Some(body) = row.get::<_, Option<Arc<str>>>(1)? else { continue };
        bytes += body.len();
        entries.push(Entry { seq: Position::from_key(row.get(0)?).seq(), execution_id: None, body });
    }
    Ok(entries)
}

/// The oldest entry that retention has left.
pub(super) fn first(transaction: &Transaction<'_>, organization: i64) -> Result<Option<Position>, Failure> {
    let key: Option<i64> = transaction.prepare_cached(FIRST)?.query_row(
        params![Position::bound(organization, 0).key(), Position::last(organization).key()],
        |row| row.get(0),
    )?;
    Ok(key.map(Position::from_key))
}

/// The executions of one page: each is looked up once, and its entries share the text.
#[derive(Default)]
struct Names(HashMap<i64, Option<ExecutionId>>);

impl Names {
    fn of(&mut self, transaction: &Transaction<'_>, execution: i64) -> Result<Option<ExecutionId>, Failure> {
        if let Some(known) = self.0.get(&execution) {
            return Ok(known.clone());
        }
        let name = transaction
            .prepare_cached("SELECT execution_id FROM executions WHERE position = ?1")?
            .query_row([execution], |row| row.get::<_, String>(0))
            .optional()?
            .map(ExecutionId::from);
        self.0.insert(execution, name.clone());
        Ok(name)
    }
}
