//! The tables, as the list of steps that lead to them.

use rusqlite::{Connection, TransactionBehavior};

/// What stands in the file's header as its `application_id`, so that another program's database is not taken
/// for a hub's: "SWBD" in ASCII.
const APPLICATION_ID: i32 = 0x5357_4244;

/// Each step leads from the schema with its number to the next. Steps are only ever added: a file in use
/// somewhere has taken each of them as it stands here.
const MIGRATIONS: &[&str] = &[
    // 0 → 1. `44` is `SEQ_BITS` of `position.rs`.
    "
    -- One row: which log this is.
    CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch TEXT NOT NULL
    ) STRICT;
    INSERT INTO meta (id, epoch) VALUES (1, lower(hex(randomblob(16))));

    -- The head must outlive the entries, so it stands here and not in the largest entry.
    CREATE TABLE organizations (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        head INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE entries (
        position INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL GENERATED ALWAYS AS (position >> 44) VIRTUAL,
        seq INTEGER NOT NULL GENERATED ALWAYS AS (position & ((1 << 44) - 1)) VIRTUAL,
        execution INTEGER,
        received_at INTEGER NOT NULL,
        report_id TEXT,
        body TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX entries_by_report ON entries (organization, report_id) WHERE report_id IS NOT NULL;
    CREATE INDEX entries_by_execution ON entries (execution) WHERE execution IS NOT NULL;

    -- `position` is that of the execution's first entry. `emptied`: retention has deleted all its entries.
    CREATE TABLE executions (
        position INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL GENERATED ALWAYS AS (position >> 44) VIRTUAL,
        execution_id TEXT NOT NULL,
        status TEXT NOT NULL,
        last_at INTEGER NOT NULL,
        emptied INTEGER NOT NULL,
        searchable TEXT NOT NULL,
        summary TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX executions_by_id ON executions (organization, execution_id);
    CREATE INDEX executions_by_status ON executions (status, position);
    CREATE INDEX executions_emptied ON executions (last_at) WHERE emptied = 1;
    ",
];

/// Brings the database to the newest schema, creating it in an empty file.
///
/// # Errors
/// The reason in words, and what to do.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), String> {
    let explain = |error: rusqlite::Error| super::failure::explain(&error);
    // Counts only while the file is empty, and must be set before the first table is made.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(explain)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    let number =
        |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(explain);
    let (version, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(explain)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err("the database belongs to another program; choose another folder".to_owned());
    }
    let known = MIGRATIONS.len();
    let from = usize::try_from(version).unwrap_or(usize::MAX);
    if from > known {
        return Err(format!(
            "a newer Switchboard made this database (its schema is {version}, this program knows up to {known}); \
             start that version, or choose another folder"
        ));
    }
    for step in MIGRATIONS.iter().skip(from) {
        transaction.execute_batch(step).map_err(explain)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
    transaction
        .pragma_update(None, "user_version", i32::try_from(known).unwrap_or(i32::MAX))
        .map_err(explain)?;
    transaction.commit().map_err(explain)
}
