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
    // 1 → 2: conversations and tasks, and the index of what was written.
    "
    -- `latest` is the position of the entry that came with the latest message. `title` to `cost_usd` are what
    -- lists show; `pending` counts the tasks that have not ended.
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL,
        conversation_id TEXT NOT NULL,
        latest INTEGER NOT NULL UNIQUE,
        title TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        message_count INTEGER NOT NULL,
        pending INTEGER NOT NULL,
        preview TEXT NOT NULL,
        cost_usd REAL
    ) STRICT;
    CREATE UNIQUE INDEX conversations_by_id ON conversations (organization, conversation_id);
    CREATE INDEX conversations_idle ON conversations (updated_at) WHERE pending = 0;

    -- `position` is that of the entry that came with the message, so messages have the log's order.
    CREATE TABLE messages (
        position INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL GENERATED ALWAYS AS (position >> 44) VIRTUAL,
        conversation INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        task_id TEXT NOT NULL,
        role TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        lane TEXT,
        model TEXT,
        cost_usd REAL,
        files TEXT,
        error TEXT,
        note TEXT,
        content TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX messages_by_id ON messages (organization, message_id);
    CREATE INDEX messages_by_conversation ON messages (conversation);
    CREATE INDEX answers_by_time ON messages (organization, created_at, cost_usd)
        WHERE role = 'assistant' AND error IS NULL;

    -- `number` is the order in which tasks were queued, over all organizations. `question` is the position of the
    -- message that is to be answered, `answer` that of the entry that ended the task. `partial` is what a running
    -- task has answered so far, and `partial_length` its number of characters.
    CREATE TABLE tasks (
        number INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL,
        task_id TEXT NOT NULL,
        conversation INTEGER NOT NULL,
        question INTEGER NOT NULL,
        answer INTEGER,
        lane TEXT NOT NULL,
        status TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        worker TEXT,
        lease_until INTEGER,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        error TEXT,
        result TEXT,
        partial_length INTEGER NOT NULL,
        partial TEXT
    ) STRICT;
    CREATE UNIQUE INDEX tasks_by_id ON tasks (organization, task_id);
    CREATE INDEX tasks_by_status ON tasks (status, number, organization, lane);
    CREATE INDEX tasks_by_conversation ON tasks (conversation, finished_at);

    -- The words of output, logs and errors: `rowid` is the entry's position. The text itself is in the entry only.
    CREATE VIRTUAL TABLE line_words USING fts5 (
        text, content = '', contentless_delete = 1, tokenize = \"unicode61 remove_diacritics 2\"
    );
    -- Deleted words are cleared away when most of a part of the index is gone. By default that is from a tenth on,
    -- which holds the writer up for seconds where retention deletes much.
    INSERT INTO line_words (line_words, rank) VALUES ('deletemerge', 60);
    -- How far the words of each log are in the index.
    CREATE TABLE line_words_reach (
        organization INTEGER PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT;
    ",
    // 2 → 3: scrape runs. `32` is `NUMBER_BITS` of `scrapes/rows.rs`.
    "
    -- `position` is that of the entry with which the run became known. `own`: this store's crawler works on it;
    -- `crawling`: and has not ended it. An `id` is never used again, because rows of a run that was forgotten may
    -- still wait to be deleted.
    CREATE TABLE scrape_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        organization INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        position INTEGER NOT NULL UNIQUE,
        own INTEGER NOT NULL,
        crawling INTEGER NOT NULL,
        phase TEXT NOT NULL,
        last_at INTEGER NOT NULL,
        limits TEXT,
        extract TEXT,
        searchable TEXT NOT NULL,
        summary TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX scrape_runs_by_id ON scrape_runs (organization, run_id);
    CREATE INDEX scrape_runs_by_phase ON scrape_runs (phase, position);
    CREATE INDEX scrape_runs_crawling ON scrape_runs (id) WHERE crawling = 1;
    CREATE INDEX scrape_runs_idle ON scrape_runs (last_at) WHERE crawling = 0;

    -- What changes with each page and each lease: a small row for each run. `addresses` have entered the frontier,
    -- `most_addresses` may; `pages` and `items` are kept, and of `told` pages the log has told.
    CREATE TABLE scrape_work (
        run INTEGER PRIMARY KEY,
        most_addresses INTEGER NOT NULL,
        addresses INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        told INTEGER NOT NULL,
        items INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        crawler TEXT,
        lease_until INTEGER,
        cancelling INTEGER NOT NULL
    ) STRICT;

    -- The same for each platform of a run that this store's crawler works on.
    CREATE TABLE scrape_platforms (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run INTEGER NOT NULL,
        name TEXT NOT NULL,
        addresses INTEGER NOT NULL,
        waiting INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        untold INTEGER NOT NULL,
        items INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        errors INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX scrape_platforms_by_name ON scrape_platforms (run, name);

    -- The frontier. `state` is waiting, taken or done; `attempt` is how often the address was taken.
    CREATE TABLE scrape_addresses (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL,
        platform INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        hops INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        url TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX scrape_addresses_by_url ON scrape_addresses (run, url);
    CREATE INDEX scrape_addresses_waiting ON scrape_addresses (platform) WHERE state = 'waiting';
    CREATE INDEX scrape_addresses_taken ON scrape_addresses (run) WHERE state = 'taken';
    CREATE INDEX scrape_addresses_roots ON scrape_addresses (run) WHERE depth = 0;

    -- `key` is the run and the row's number in it. `page` is JSON. `platform` is that of a crawler's page.
    CREATE TABLE scrape_pages (
        key INTEGER PRIMARY KEY,
        platform INTEGER,
        told INTEGER NOT NULL,
        page TEXT NOT NULL
    ) STRICT;
    CREATE INDEX scrape_pages_untold ON scrape_pages (platform) WHERE told = 0;
    CREATE TABLE scrape_items (
        key INTEGER PRIMARY KEY,
        url TEXT,
        platform TEXT,
        fields TEXT NOT NULL
    ) STRICT;

    -- Runs with rows that nobody reads any more: the frontier of one that has ended, and with `whole` all of one that
    -- was forgotten.
    CREATE TABLE scrape_leftovers (
        run INTEGER PRIMARY KEY,
        whole INTEGER NOT NULL
    ) STRICT;
    ",
    // 3 → 4: agents. `heard_at` is when the last frame of one was stored.
    "
    CREATE TABLE agents (
        id INTEGER PRIMARY KEY,
        organization INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        heard_at INTEGER NOT NULL,
        summary TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX agents_by_id ON agents (organization, agent_id);
    CREATE INDEX agents_heard ON agents (organization, heard_at, agent_id);
    CREATE INDEX agents_idle ON agents (heard_at);
    ",
];

/// Brings the database to the newest schema, creating it in an empty file.
///
/// # Errors
/// The reason in words, and what to do.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), String> {
    lead(connection, MIGRATIONS)
}

/// Brings the database to the schema that is `steps` long.
fn lead(connection: &mut Connection, steps: &[&str]) -> Result<(), String> {
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
    let known = steps.len();
    let from = usize::try_from(version).unwrap_or(usize::MAX);
    if from > known {
        return Err(format!(
            "a newer Switchboard made this database (its schema is {version}, this program knows up to {known}); \
             start that version, or choose another folder"
        ));
    }
    for step in steps.iter().skip(from) {
        transaction.execute_batch(step).map_err(explain)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(explain)?;
    transaction
        .pragma_update(None, "user_version", i32::try_from(known).unwrap_or(i32::MAX))
        .map_err(explain)?;
    transaction.commit().map_err(explain)
}

/// Brings the database to an earlier schema, as an earlier version made it.
#[cfg(test)]
pub(super) fn migrate_to(connection: &mut Connection, schema: usize) {
    lead(connection, &MIGRATIONS[..schema]).unwrap();
}
