//! Group commit: who shares one, who does not, and what a failure costs.

use std::{fs, sync::Arc, time::Duration};

use futures::FutureExt;
use rusqlite::Connection;
use tokio::task::JoinHandle;

use super::{Temporary, frame, note, output, temporary};
use crate::{Appended, Executions, Fold, Log, Report, SqliteOptions, SqliteStore, StoreError, Upkeep};

/// Holds the database's write lock, so that what is appended meanwhile waits.
pub(super) struct Held(Connection);

impl Held {
    pub(super) fn hold(temporary: &Temporary) -> Self {
        let intruder = temporary.intruder();
        intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(intruder)
    }

    pub(super) fn release(self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

type Append = JoinHandle<Result<Appended, StoreError>>;

/// Starts an append for each batch, each after the one before it has begun to wait.
async fn start(store: &Arc<SqliteStore>, batches: impl IntoIterator<Item = Vec<Report>>) -> Vec<Append> {
    let mut appends = Vec::new();
    for batch in batches {
        let before = store.stats().waiting_batches;
        let task = Arc::clone(store);
        appends.push(tokio::spawn(async move { task.append("acme".into(), batch).await }));
        while store.stats().waiting_batches == before {
            tokio::task::yield_now().await;
        }
    }
    appends
}

async fn outcomes(appends: Vec<Append>) -> Vec<Result<Appended, StoreError>> {
    let mut outcomes = Vec::new();
    for append in appends {
        outcomes.push(append.await.unwrap());
    }
    outcomes
}

async fn bodies(store: &SqliteStore) -> Vec<String> {
    let entries = store.read("acme".into(), 0, usize::MAX).await.unwrap();
    entries.iter().map(|entry| entry.body.to_string()).collect()
}

#[tokio::test]
async fn batches_that_wait_share_a_commit() {
    let temporary = temporary();
    let store = Arc::new(temporary.store());
    let held = Held::hold(&temporary);
    let appends = start(&store, (0..100).map(|number| vec![note(&number.to_string())])).await;
    held.release();
    for (seq, outcome) in (1..).zip(outcomes(appends).await) {
        assert_eq!(outcome.unwrap(), Appended { accepted: 1, duplicates: 0, seq });
    }
    let stats = store.stats();
    // The first batch, or the first few, went ahead to the lock; all the others are one group.
    assert!(stats.commits <= 3, "{} commits", stats.commits);
    assert_eq!((stats.batches, stats.accepted, stats.waiting_batches, stats.waiting_bytes), (100, 100, 0, 0));
}

/// Each batch is followed by what it changed, as it has left it, though the commit is one.
#[tokio::test]
async fn batches_of_one_commit_are_announced_each() {
    let temporary = temporary();
    let store = Arc::new(temporary.store());
    let held = Held::hold(&temporary);
    let kinds = ["agent-start", "agent-complete", "output", "agent-start"];
    let event = |kind: &str| {
        let body = format!(r#"{{"type":"event","executionId":"e-1","event":{{"type":"{kind}"}}}}"#);
        let execution = frame(&body);
        Report { id: None, body: body.into(), fold: Some(Fold::Execution(execution)) }
    };
    let alone = vec![note("alone at the lock")];
    let appends = start(&store, [alone].into_iter().chain(kinds.map(|kind| vec![event(kind)]))).await;
    held.release();
    let seqs: Vec<_> = outcomes(appends).await.into_iter().map(|outcome| outcome.unwrap().seq).collect();
    assert_eq!(seqs, [1, 2, 4, 6, 7], "an update after each but the late line");
    let bodies = bodies(&store).await;
    for (index, status) in [(2, "running"), (4, "completed"), (7, "running")] {
        assert!(bodies[index].contains(&format!(r#""status":"{status}""#)), "{}", bodies[index]);
    }
    assert!(store.stats().commits <= 3);
}

#[tokio::test]
async fn a_bad_batch_fails_alone_and_leaves_nothing() {
    let temporary = temporary();
    let store = Arc::new(temporary.store());
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON entries WHEN NEW.body LIKE '%poison%'
                  BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    temporary.intruder().execute_batch(poison).unwrap();
    let held = Held::hold(&temporary);
    let batches = [
        vec![note("alone at the lock")],
        vec![output("e-1", "first")],
        vec![output("e-1", "second"), output("e-2", "never"), note("poison"), output("e-1", "third")],
        vec![output("e-1", "second")],
    ];
    let appends = start(&store, batches).await;
    held.release();
    let outcomes = outcomes(appends).await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
    assert!(outcomes[2].as_ref().unwrap_err().to_string().contains("poisoned"));
    assert_eq!(outcomes[3], Ok(Appended { accepted: 1, duplicates: 0, seq: 4 }), "its id is not a known one");

    let stored = bodies(&store).await;
    assert_eq!(stored.len(), 4, "three reports, and the update about e-1: {stored:#?}");
    let execution = store.execution("acme".into(), "e-1".into(), 10).await.unwrap().unwrap();
    assert_eq!(execution.summary.event_count, 2, "what the bad batch had folded is gone");
    assert!(store.execution("acme".into(), "e-2".into(), 10).await.unwrap().is_none());
    assert_eq!(store.stats().waiting_bytes, 0);
}

#[tokio::test]
async fn what_exceeds_the_room_is_refused_and_the_rest_is_stored() {
    let temporary = temporary();
    let options = SqliteOptions { waiting_batches: 3, ..SqliteOptions::default() };
    let store = Arc::new(temporary.store_with(options));
    let held = Held::hold(&temporary);
    let appends = start(&store, (0..3).map(|number| vec![note(&number.to_string())])).await;
    let refused = store.append("acme".into(), vec![note("too much")]).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    held.release();
    assert!(outcomes(appends).await.iter().all(Result::is_ok));
    assert_eq!(bodies(&store).await.len(), 3);
    store.append("acme".into(), vec![note("there is room again")]).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_stays_fails_the_waiting_and_not_those_after() {
    let temporary = temporary();
    let options = SqliteOptions { busy_timeout: Duration::from_millis(1), ..SqliteOptions::default() };
    let store = Arc::new(temporary.store_with(options));
    store.append("acme".into(), vec![note("before")]).await.unwrap();
    let held = Held::hold(&temporary);
    let error = store.append("acme".into(), vec![note("during")]).await.unwrap_err();
    assert!(error.to_string().contains("another program holds a lock"), "{error}");
    held.release();
    assert_eq!(store.append("acme".into(), vec![note("after")]).await.unwrap().seq, 2);
}

#[tokio::test]
async fn a_full_disk_refuses_and_forgets_nothing() {
    let temporary = temporary();
    let store = temporary.store();
    store.append("acme".into(), vec![output("e-1", "before")]).await.unwrap();
    let limit = |pages: i64| {
        store.work(move |connection, _| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            Ok(())
        })
    };
    limit(1).await.unwrap();
    let large = Report { id: None, ..output("e-1", &"x".repeat(100_000)) };
    let error = store.append("acme".into(), vec![large.clone()]).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(store.bounds("acme".into()).await.unwrap().head, 2, "the event and its update");
    limit(1_000_000).await.unwrap();
    assert_eq!(store.append("acme".into(), vec![large]).await.unwrap().seq, 3);
    let execution = store.execution("acme".into(), "e-1".into(), 10).await.unwrap().unwrap();
    assert_eq!((execution.summary.event_count, execution.events.len()), (2, 2));
}

/// A copy of the files as they are between two system calls is what a killed process leaves.
#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let temporary = temporary();
    let store = temporary.store();
    for number in 0..50 {
        store.append("acme".into(), vec![output("e-1", &format!("line-{number}"))]).await.unwrap();
    }
    let copy = super::temporary();
    for file in fs::read_dir(temporary.0.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.0.path().join(file.file_name())).unwrap();
    }
    let survivor = copy.store();
    assert_eq!(bodies(&survivor).await, bodies(&store).await);
    assert_eq!(survivor.bounds("acme".into()).await.unwrap(), store.bounds("acme".into()).await.unwrap());
    let execution = survivor.execution("acme".into(), "e-1".into(), 100).await.unwrap().unwrap();
    assert_eq!(execution.events.len(), 50);
    let again = survivor.append("acme".into(), vec![output("e-1", "line-49")]).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 1));
}

#[tokio::test]
async fn what_waits_is_stored_when_its_caller_has_gone_and_the_store_is_dropped() {
    let temporary = temporary();
    let store = Arc::new(temporary.store());
    let held = Held::hold(&temporary);
    for append in start(&store, (0..10).map(|number| vec![note(&number.to_string())])).await {
        append.abort();
        assert!(append.await.unwrap_err().is_cancelled());
    }
    assert_eq!(store.stats().waiting_batches, 10, "the room is taken until the batch is stored");
    held.release();
    drop(Arc::into_inner(store).unwrap());
    assert_eq!(bodies(&temporary.store()).await.len(), 10);
}

#[tokio::test]
async fn a_closed_store_answers_that_it_is_closing() {
    let temporary = temporary();
    let store = temporary.store();
    store.append("acme".into(), vec![note("one")]).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.append("acme".into(), vec![note("two")]).await, Err(StoreError::Closing)));
    assert!(matches!(store.bounds("acme".into()).await, Err(StoreError::Closing)));
    let keep_all = crate::Retention { age_ms: None, bytes: None };
    let pruned = store.prune(keep_all, switchboard_protocol::Timestamp::from_millis(0)).await;
    assert!(matches!(pruned, Err(StoreError::Closing)));
    assert_eq!(store.stats().waiting_batches, 0);
    let files: Vec<_> =
        fs::read_dir(temporary.0.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| !name.to_string_lossy().ends_with("-wal")), "{files:?}");
}

/// More executions than the writer remembers, so that the first has to be read again.
#[tokio::test]
async fn forgotten_executions_are_read_again() {
    let temporary = temporary();
    let store = temporary.store();
    for number in 0..10_000 {
        let name = format!("e-{number}");
        let batch = vec![output(&name, &name)];
        // Sent without waiting for the answer, so that many share a commit; the writer keeps their order.
        let sent = store.append("acme".into(), batch).now_or_never();
        assert!(!matches!(sent, Some(Err(_))), "{sent:?}");
        if number % 500 == 499 {
            store.append("acme".into(), Vec::new()).await.unwrap();
        }
    }
    store.append("acme".into(), vec![output("e-0", "again")]).await.unwrap();
    let execution = store.execution("acme".into(), "e-0".into(), 10).await.unwrap().unwrap();
    assert_eq!((execution.summary.event_count, execution.events.len()), (2, 2));
    let entries = store.bounds("acme".into()).await.unwrap().head;
    assert_eq!(entries, 20_001, "each execution was announced once, and the first not again");
}
