//! The executions: folded from the log, announced in it, listed in their order.

use std::sync::Arc;

use switchboard_protocol::{ExecutionStatus, rest::ExecutionSummary};

use super::{
    Subject,
    material::{acme, announced, event, event_of, now, output, read_all, start},
};
use crate::{Entry, ExecutionQuery, Store};

/// What the log's entries say of an execution.
fn fold(entries: &[Entry], execution: &str) -> ExecutionSummary {
    let mut summary = switchboard_model::new_summary(&acme(), &execution.into());
    for entry in entries {
        if entry.execution_id.as_ref().is_some_and(|id| id.as_str() == execution) {
            switchboard_model::apply_event(&mut summary, &event_of(entry).unwrap(), now());
        }
    }
    summary
}

fn ids(items: &[ExecutionSummary]) -> Vec<&str> {
    items.iter().map(|summary| summary.execution_id.as_str()).collect()
}

async fn list(store: &Arc<dyn Store>, query: ExecutionQuery) -> Vec<String> {
    let page = store.executions(acme(), ExecutionQuery { limit: 100, ..query }).await.unwrap();
    ids(&page.items).into_iter().map(str::to_owned).collect()
}

/// Over several executions in mixed batches, a snapshot says what folding the log says, and has its events.
pub async fn a_snapshot_is_the_fold_of_its_events(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![start("e-1", "One"), output("e-2", 1), output("e-1", 2)]).await.unwrap();
    let failed = event("e-2", 3, "error", Some(r#"{"message":"it broke","exitCode":3}"#));
    store.append(acme(), vec![output("e-1", 3), failed]).await.unwrap();
    store.append(acme(), vec![event("e-1", 4, "agent-complete", Some(r#"{"exitCode":0}"#))]).await.unwrap();
    // A late line, after the end.
    store.append(acme(), vec![output("e-1", 5)]).await.unwrap();

    let entries = read_all(&store, &acme(), 0).await;
    let statuses = [("e-1", ExecutionStatus::Completed), ("e-2", ExecutionStatus::Failed)];
    for (execution, status) in statuses {
        let snapshot = store.execution(acme(), execution.into(), 100).await.unwrap().unwrap();
        assert_eq!(snapshot.summary, fold(&entries, execution));
        assert_eq!(snapshot.summary.status, status);
        assert_eq!(snapshot.seq, entries.last().map(|entry| entry.seq));
        let own = entries.iter().filter(|entry| entry.execution_id == Some(execution.into()));
        let events: Vec<_> = own.map(|entry| (Some(entry.seq), event_of(entry).unwrap())).collect();
        let in_snapshot: Vec<_> = snapshot.events.into_iter().map(|event| (event.seq, event.event)).collect();
        assert_eq!(in_snapshot, events, "the events of {execution}, oldest first");
    }
}

/// While events come, every snapshot is exactly what the log was at the snapshot's `seq`: a client that applies
/// only what comes after it misses nothing and doubles nothing.
pub async fn snapshots_are_as_of_their_seq_while_reports_come(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![start("e-1", "Busy")]).await.unwrap();
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 1..=100 {
                let batch =
                    vec![output("e-1", 2 * number), output("e-2", number), output("e-1", 2 * number + 1)];
                store.append(acme(), batch).await.unwrap();
            }
        })
    };
    let mut snapshots = Vec::new();
    while !writing.is_finished() {
        snapshots.push(store.execution(acme(), "e-1".into(), 1000).await.unwrap().unwrap());
    }
    writing.await.unwrap();
    let entries = read_all(&store, &acme(), 0).await;
    for snapshot in snapshots {
        let seq = snapshot.seq.unwrap();
        let until: Vec<_> = entries.iter().filter(|entry| entry.seq <= seq).cloned().collect();
        assert_eq!(snapshot.summary, fold(&until, "e-1"), "as of {seq}");
        let own = until.iter().filter(|entry| entry.execution_id == Some("e-1".into()));
        let expected: Vec<_> = own.map(|entry| Some(entry.seq)).collect();
        assert_eq!(
            snapshot.events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            expected,
            "as of {seq}"
        );
    }
}

/// A long execution's snapshot holds its end, and counts all of it.
pub async fn a_snapshot_holds_the_latest_events(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut batch = vec![start("e-1", "Long")];
    batch.extend((1..50).map(|number| output("e-1", number)));
    store.append(acme(), batch).await.unwrap();
    let snapshot = store.execution(acme(), "e-1".into(), 3).await.unwrap().unwrap();
    let latest: Vec<_> = snapshot.events.iter().map(|event| event.event.id.clone().unwrap()).collect();
    assert_eq!(latest, ["e-1-47".into(), "e-1-48".into(), "e-1-49".into()]);
    assert_eq!(snapshot.summary.event_count, 50);
    let none = store.execution(acme(), "e-1".into(), 0).await.unwrap().unwrap();
    assert!(none.events.is_empty());
    assert!(store.execution(acme(), "e-2".into(), 3).await.unwrap().is_none());
}

/// A batch that makes an execution known, or changes what lists show of it, is followed by one update for each
/// such execution, as the batch has left it; a batch of mere output is not.
pub async fn changes_are_announced_once_a_batch(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut head = 0;
    let mut append = async |batch| {
        let appended = store.append(acme(), batch).await.unwrap();
        let entries = read_all(&store, &acme(), head).await;
        head = entries.last().unwrap().seq;
        let reports = entries.iter().filter(|entry| entry.seq <= appended.seq);
        assert!(
            reports.clone().all(|entry| announced(entry).is_none()),
            "an update stands among the reports"
        );
        let updates = entries.iter().filter(|entry| entry.seq > appended.seq);
        updates
            .map(|entry| {
                assert!(entry.execution_id.is_none(), "an update is for everybody");
                assert!(!entry.body.contains('\n') && !entry.body.contains(r#""seq""#));
                announced(entry).unwrap()
            })
            .collect::<Vec<_>>()
    };
    let updates = append(vec![start("e-1", "One"), output("e-2", 1), output("e-1", 1)]).await;
    assert_eq!(ids(&updates), ["e-1", "e-2"]);
    assert_eq!(updates[0].title.as_deref(), Some("One"));
    assert_eq!(updates[0].event_count, 2, "as the batch has left it");
    assert_eq!(updates[0].organization_id, acme());

    assert!(
        append(vec![output("e-1", 2), output("e-2", 2)]).await.is_empty(),
        "output alone changes no list"
    );

    let complete = |number| event("e-1", number, "agent-complete", None);
    let updates = append(vec![output("e-1", 3), complete(4), output("e-2", 3)]).await;
    assert_eq!(ids(&updates), ["e-1"]);
    assert_eq!(updates[0].status, ExecutionStatus::Completed);
    assert!(append(vec![complete(5)]).await.is_empty(), "it has ended already");
    let updates = append(vec![start("e-1", "Again"), event("e-1", 6, "error", None)]).await;
    assert_eq!(updates.len(), 1, "two changes in one batch are one update");
    assert_eq!(updates[0].status, ExecutionStatus::Failed);
}

/// What was known of an execution before the hub was started anew is folded on.
pub async fn executions_live_on_after_reopening(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![start("e-1", "One"), output("e-1", 1)]).await.unwrap();
    drop(store);
    let store = subject.open().await;
    store.append(acme(), vec![event("e-1", 2, "agent-complete", None)]).await.unwrap();
    let snapshot = store.execution(acme(), "e-1".into(), 10).await.unwrap().unwrap();
    assert_eq!(snapshot.summary.title.as_deref(), Some("One"));
    assert_eq!(snapshot.summary.status, ExecutionStatus::Completed);
    assert_eq!((snapshot.summary.event_count, snapshot.events.len()), (3, 3));
    assert_eq!(list(&store, ExecutionQuery::default()).await, ["e-1"]);
}

/// Filters by status and by text: title, agent, department and identifier, in any case, and no character of it is a
/// wildcard.
pub async fn lists_filter_by_status_and_text(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![start("e-1", "Prices 100% of ÜBERSEE")]).await.unwrap();
    store.append(acme(), vec![start("e-2", "snake_case")]).await.unwrap();
    let failed = event("RUN-3", 1, "error", None);
    store.append(acme(), vec![output("RUN-3", 0), failed]).await.unwrap();

    let status =
        async |status| list(&store, ExecutionQuery { status: Some(status), ..Default::default() }).await;
    assert_eq!(status(ExecutionStatus::Running).await, ["e-2", "e-1"]);
    assert_eq!(status(ExecutionStatus::Failed).await, ["RUN-3"]);
    assert!(status(ExecutionStatus::Cancelled).await.is_empty());

    let text = async |text: &str| {
        list(&store, ExecutionQuery { text: Some(text.to_owned()), ..Default::default() }).await
    };
    assert_eq!(text("prices").await, ["e-1"], "title");
    assert_eq!(text("übersee").await, ["e-1"], "case is ignored beyond ASCII");
    assert_eq!(text("CRAWL").await, ["e-2", "e-1"], "agent's name");
    assert_eq!(text("a-7").await, ["e-2", "e-1"], "agent's id");
    assert_eq!(text("märk").await, ["e-2", "e-1"], "department");
    assert_eq!(text("run-").await, ["RUN-3"], "identifier");
    assert_eq!(text("0%").await, ["e-1"], "a per cent sign is itself");
    assert!(text("P%s").await.is_empty());
    assert_eq!(text("e_c").await, ["e-2"], "an underscore is itself");
    assert!(text(r"\").await.is_empty());
    assert!(text("'; DROP TABLE entries; --").await.is_empty());
    assert_eq!(text("  ").await, ["RUN-3", "e-2", "e-1"], "blank is no condition");

    let both = ExecutionQuery {
        status: Some(ExecutionStatus::Running),
        text: Some("snake".to_owned()),
        ..Default::default()
    };
    assert_eq!(list(&store, both).await, ["e-2"]);

    // What is searched is what it is now.
    store.append(acme(), vec![start("e-2", "Renamed")]).await.unwrap();
    assert_eq!(text("renamed").await, ["e-2"]);
    assert!(text("snake").await.is_empty());
}

/// Paging through a list shows each execution once, though new ones come and old ones go on meanwhile.
pub async fn pages_of_a_list_are_stable_while_executions_come(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 1..=10 {
        store.append(acme(), vec![start(&format!("e-{number}"), "Old")]).await.unwrap();
    }
    let page = async |before, limit| {
        store.executions(acme(), ExecutionQuery { limit, before, ..Default::default() }).await.unwrap()
    };
    let first = page(None, 4).await;
    assert_eq!(ids(&first.items), ["e-10", "e-9", "e-8", "e-7"]);
    store.append(acme(), vec![start("e-11", "New"), output("e-2", 1), output("e-9", 1)]).await.unwrap();
    let second = page(first.next_before, 4).await;
    assert_eq!(ids(&second.items), ["e-6", "e-5", "e-4", "e-3"], "the order is that of first events");
    let third = page(second.next_before, 2).await;
    assert_eq!(ids(&third.items), ["e-2", "e-1"]);
    assert_eq!(third.next_before, None, "a page that ends with the last execution says so");
    assert_eq!(ids(&page(None, 1).await.items), ["e-11"]);
    assert_eq!(page(None, 0).await.items.len(), 1, "a page has at least one");
    assert_eq!(page(None, usize::MAX).await.items.len(), 11);
    for cursor in ["", "e-5", "-1", "99999999999999999999999999"] {
        assert!(page(Some(cursor.to_owned()), 4).await.items.is_empty(), "after {cursor:?} there is nothing");
    }
    let filtered = ExecutionQuery { text: Some("old".to_owned()), limit: 9, ..Default::default() };
    let first = store.executions(acme(), filtered.clone()).await.unwrap();
    assert_eq!(first.items.len(), 9);
    let rest = ExecutionQuery { before: first.next_before, ..filtered };
    assert_eq!(ids(&store.executions(acme(), rest).await.unwrap().items), ["e-1"]);
}

/// A list's `seq` is the head when it was read: all updates up to it are in the list.
pub async fn a_list_is_as_of_its_seq(subject: &dyn Subject) {
    let store = subject.open().await;
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 1..=100 {
                store.append(acme(), vec![start(&format!("e-{number}"), "New")]).await.unwrap();
            }
        })
    };
    let mut finished = false;
    while !finished {
        finished = writing.is_finished();
        let page =
            store.executions(acme(), ExecutionQuery { limit: 200, ..Default::default() }).await.unwrap();
        // Each execution is two entries: its start, and the update.
        assert_eq!(page.seq, Some(2 * page.items.len() as u64));
    }
    writing.await.unwrap();
}
