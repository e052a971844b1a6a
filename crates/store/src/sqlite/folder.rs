//! The folder and the file in it: made, locked, opened, or refused in words that say what to do.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, functions::FunctionFlags};

use super::{SqliteOptions, Synchronous, failure::explain, schema};
use crate::StoreError;

/// The database's name in its folder.
const DATABASE: &str = "switchboard.db";

/// The lock's name in the folder. The lock is the operating system's, so it ends with its process, however
/// that ends; the file stays.
const LOCK: &str = "switchboard.lock";

/// From this many pages on (16 MiB), a commit moves the write-ahead log into the database.
const CHECKPOINT_PAGES: i64 = 4096;

/// The size to which the write-ahead log's file is cut after it was larger, in bytes.
const JOURNAL_BYTES: i64 = 64 * 1024 * 1024;

/// The writer's page cache: 32 MiB, in the KiB and with the sign that SQLite asks for.
const WRITER_CACHE: i64 = -32 * 1024;

/// Room for every statement that a connection uses.
const STATEMENTS: usize = 256;

/// An opened folder: only one exists for a folder, on the whole machine.
pub(super) struct Folder {
    /// The database's file.
    pub(super) database: PathBuf,
    /// The one connection that writes.
    pub(super) writer: Connection,
    /// Held for as long as the writer may write.
    pub(super) lock: File,
}

impl Folder {
    /// Opens the folder, makes it where it is missing, and brings the database to the newest schema.
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let unusable =
            |path: &Path, reason: String| StoreError::Unusable { path: path.display().to_string(), reason };
        make(folder).map_err(|reason| unusable(folder, reason))?;
        let lock = lock(&folder.join(LOCK)).map_err(|reason| unusable(folder, reason))?;
        let database = folder.join(DATABASE);
        let writer = write(&database, options).map_err(|reason| unusable(&database, reason))?;
        Ok(Self { database, writer, lock })
    }
}

/// A connection that can only read.
pub(super) fn reader(database: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // `holds(text, part)`: whether a text holds a part that is in lower case already. SQLite's own functions know
    // the case of ASCII letters only.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("holds", 2, flags, |call| {
        let (text, part) = (call.get_raw(0).as_str_or_null()?, call.get_raw(1).as_str()?);
        Ok(text.is_some_and(|text| text.to_lowercase().contains(part)))
    })?;
    Ok(connection)
}

fn make(folder: &Path) -> Result<(), String> {
    if folder.exists() && !folder.is_dir() {
        return Err("it is a file; name a folder for the data".to_owned());
    }
    fs::create_dir_all(folder)
        .map_err(|error| format!("the folder cannot be made ({error}); make it, or choose one that can be"))
}

fn lock(path: &Path) -> Result<File, String> {
    let file = File::options().create(true).append(true).open(path).map_err(|error| {
        format!(
            "nothing can be written there ({error}); give this user the right to, or choose another folder"
        )
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err("another hub is using it; end that one, or give this one a folder of its own".to_owned())
        }
        Err(TryLockError::Error(error)) => Err(format!(
            "the folder cannot be locked ({error}); choose one on a local disk, not on a network share"
        )),
    }
}

fn write(database: &Path, options: &SqliteOptions) -> Result<Connection, String> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        connection.busy_timeout(options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    let mut connection = open().map_err(|error| explain(&error))?;
    schema::migrate(&mut connection)?;
    let tune = || -> rusqlite::Result<String> {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", options.synchronous.pragma())?;
        // Without it, a flush on macOS leaves the data in the disk's own cache. Elsewhere it means nothing.
        connection.pragma_update(None, "fullfsync", options.synchronous == Synchronous::Full)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
        // These two answer with their value, which nobody needs.
        connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
        connection.pragma_update_and_check(None, "journal_size_limit", JOURNAL_BYTES, |_| Ok(()))?;
        Ok(mode)
    };
    let mode = tune().map_err(|error| explain(&error))?;
    if mode.eq_ignore_ascii_case("wal") {
        Ok(connection)
    } else {
        Err("its disk does not allow a write-ahead log; choose a folder on a local disk".to_owned())
    }
}
