//! The contract, and what is SQLite's own.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use tempfile::TempDir;

use super::{SqliteOptions, SqliteStore};
use crate::{Store, contract::Subject};

/// A folder that goes when the test ends.
struct Temporary(TempDir);

fn temporary() -> Temporary {
    Temporary(tempfile::tempdir().unwrap())
}

impl Temporary {
    fn store(&self) -> SqliteStore {
        SqliteStore::open(self.0.path(), SqliteOptions::default()).unwrap()
    }
}

impl Subject for Temporary {
    fn open(&self) -> BoxFuture<'_, Arc<dyn Store>> {
        async { Arc::new(self.store()) as Arc<dyn Store> }.boxed()
    }
}

mod contract {
    crate::contract_tests!(super::temporary);
}
