//! The contract, and what is SQLite's own.

mod chat;
mod commits;
mod disk;
mod folder;
mod migration;
mod scrapes;
mod search;

use std::{path::PathBuf, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use rusqlite::Connection;
use switchboard_protocol::{ExecutionFrame, Frame};
use tempfile::TempDir;

use super::{SqliteOptions, SqliteStore};
use crate::{Fold, Report, Store, contract::Subject};

/// A folder that goes when the test ends.
struct Temporary(TempDir);

fn temporary() -> Temporary {
    Temporary(tempfile::tempdir().unwrap())
}

impl Temporary {
    fn store(&self) -> SqliteStore {
        self.store_with(SqliteOptions::default())
    }

    fn store_with(&self, options: SqliteOptions) -> SqliteStore {
        SqliteStore::open(self.0.path(), options).unwrap()
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("switchboard.db")
    }

    /// Another program's connection to the database.
    fn intruder(&self) -> Connection {
        Connection::open(self.database()).unwrap()
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

/// A report for everybody in the organization.
fn note(text: &str) -> Report {
    Report { id: None, body: format!(r#"{{"type":"note","text":"{text}"}}"#).into(), fold: None }
}

/// A line of an execution's output.
fn output(execution: &str, text: &str) -> Report {
    let body = format!(
        r#"{{"type":"event","executionId":"{execution}","event":{{"id":"{text}","type":"output","data":{{"text":"{text}"}}}}}}"#
    );
    let fold = Some(Fold::Execution(frame(&body)));
    Report { id: Some(text.to_owned()), body: body.into(), fold }
}

/// The execution's event in a body.
fn frame(body: &str) -> ExecutionFrame {
    match switchboard_protocol::decode(body).unwrap().frame {
        Frame::ExecutionEvent(frame) => frame,
        other => panic!("{other:?}"),
    }
}
