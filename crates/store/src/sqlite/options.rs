//! How a [`SqliteStore`](super::SqliteStore) behaves.

use std::time::Duration;

/// How a [`SqliteStore`](super::SqliteStore) behaves. The default is right for a hub.
#[derive(Debug, Clone, Copy)]
pub struct SqliteOptions {
    /// What an answered append survives.
    pub synchronous: Synchronous,
    /// How long to wait for another program's lock on the database, a backup say, before giving up.
    pub busy_timeout: Duration,
    /// How many reads run at once, each on its own connection.
    pub readers: usize,
    /// The most batches that wait for a commit; a further one is refused as
    /// [`Busy`](crate::StoreError::Busy).
    pub waiting_batches: usize,
    /// The most bytes of bodies that wait for a commit; what goes beyond is refused as
    /// [`Busy`](crate::StoreError::Busy), unless nothing else waits.
    pub waiting_bytes: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            waiting_batches: 8192,
            waiting_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What an answered append survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// The hub being killed, and the machine losing power: each commit is flushed to the disk.
    #[default]
    Full,
    /// The hub being killed. When the machine loses power the last commits may be gone; the database stays sound.
    Normal,
}

impl Synchronous {
    /// The name in SQLite's `PRAGMA synchronous`.
    pub(super) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}
