//! The connections that read: a few, each used by one read at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction};
use tokio::sync::Semaphore;

use super::{SqliteOptions, failure::Failure, folder};
use crate::StoreError;

/// The connections that read. They are opened when they are first needed and kept.
///
/// Reads run on tokio's blocking threads: they never wait for the writer, but they may wait for the disk.
pub(super) struct Readers(Arc<Pool>);

struct Pool {
    database: PathBuf,
    busy_timeout: Duration,
    idle: Mutex<Vec<Connection>>,
    /// One permit for each connection that may exist.
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(database: PathBuf, options: &SqliteOptions) -> Self {
        Self(Arc::new(Pool {
            database,
            busy_timeout: options.busy_timeout,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(options.readers.max(1))),
        }))
    }

    /// Runs `work` in one read transaction: whatever it reads is as of one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = Arc::clone(&self.0);
        // Waited for here, so that a waiting read holds no thread, and held inside, so that a read whose caller has
        // gone still counts.
        let place = Arc::clone(&pool.places).acquire_owned().await.map_err(|_| StoreError::Closing)?;
        let reading = tokio::task::spawn_blocking(move || {
            let answer = pool.with(work);
            drop(place);
            answer
        });
        reading.await.map_err(|error| StoreError::Database(format!("a read ended early: {error}")))?
    }

    /// Refuses further reads and closes the connections; those in use close when their reads end.
    pub(super) fn close(&self) {
        self.0.places.close();
        self.0.idle().clear();
    }
}

impl Pool {
    fn with<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, StoreError> {
        let mut connection = match self.idle().pop() {
            Some(connection) => connection,
            None => folder::reader(&self.database, self.busy_timeout).map_err(Failure::from)?,
        };
        let answer = read(&mut connection, work);
        if !self.places.is_closed() {
            self.idle().push(connection);
        }
        Ok(answer?)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.transaction()?;
    work(&transaction)
}
