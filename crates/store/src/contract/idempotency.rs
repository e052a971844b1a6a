//! A report with an id is stored once, however often it is sent.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    Subject,
    material::{acme, assert_gapless, note, note_with_id, output, read_all, start},
};
use crate::Report;

/// Duplicates inside a batch and from batch to batch are counted, take no number, and are answered with the number
/// that the report has.
pub async fn known_ids_are_not_stored_again(subject: &dyn Subject) {
    let store = subject.open().await;
    let appended = store
        .append(acme(), vec![note_with_id("r-1"), note_with_id("r-2"), note_with_id("r-1"), note("none")])
        .await
        .unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (3, 1, 3));
    let appended = store.append(acme(), vec![note_with_id("r-3"), note_with_id("r-1")]).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates), (1, 1));
    assert_eq!(appended.seq, 1, "the last report of the batch has this number already");
    let appended = store.append(acme(), vec![note_with_id("r-2")]).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (0, 1, 2));
    // Without an id, the same report twice is two reports.
    let appended = store.append(acme(), vec![note("none"), note("none")]).await.unwrap();
    assert_eq!((appended.accepted, appended.seq), (2, 6));
    let entries = read_all(&store, &acme(), 0).await;
    assert_eq!(entries.len(), 6);
    assert_gapless(&entries, 1);
}

/// A reporter that was never answered sends again to the hub that was started anew.
pub async fn ids_are_known_after_reopening(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![note_with_id("r-1"), note_with_id("r-2")]).await.unwrap();
    drop(store);
    let store = subject.open().await;
    let appended = store.append(acme(), vec![note_with_id("r-2"), note_with_id("r-3")]).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (1, 1, 3));
    assert_eq!(read_all(&store, &acme(), 0).await.len(), 3);
}

/// The same report from many connections at once, as after a broken load balancer.
pub async fn racing_duplicates_are_stored_once(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        let reports: Vec<Report> = (0..10).map(|number| note_with_id(&format!("r-{number}"))).collect();
        tasks.spawn(async move { store.append(acme(), reports).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().map(|appended| appended.accepted).sum::<u64>(), 10);
    assert_eq!(answers.iter().map(|appended| appended.duplicates).sum::<u64>(), 150);
    assert!(answers.iter().all(|appended| appended.seq == 10));
    assert_eq!(read_all(&store, &acme(), 0).await.len(), 10);
}

/// A duplicate event is not folded again, and nothing is derived from it.
pub async fn a_duplicate_changes_no_execution(subject: &dyn Subject) {
    let store = subject.open().await;
    let with_id = |id: &str, report: Report| Report { id: Some(id.to_owned()), ..report };
    let batch = vec![with_id("r-1", start("e-1", "Fetch")), with_id("r-2", output("e-1", 1))];
    store.append(acme(), batch.clone()).await.unwrap();
    let before = store.execution(acme(), "e-1".into(), 10).await.unwrap();
    let appended = store.append(acme(), batch).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (0, 2, 2));
    let after = store.execution(acme(), "e-1".into(), 10).await.unwrap();
    assert_eq!(after, before);
    assert_eq!(after.unwrap().summary.event_count, 2);
    assert_eq!(read_all(&store, &acme(), 0).await.len(), 3, "two events and one update");
}
