//! Retention: the oldest goes, the head stays, and nothing else is disturbed.

use std::sync::Arc;

use switchboard_protocol::Timestamp;

use super::{
    Subject,
    material::{
        acme, assert_gapless, bodies, event, moment_between, note, note_with_id, now, output, read_all, start,
    },
};
use crate::{ENTRY_OVERHEAD_BYTES, ExecutionQuery, Retention, Store};

/// Retention that deletes what was stored before `moment`, when asked at `at`.
fn older_than(moment: Timestamp, at: Timestamp) -> Retention {
    Retention { age_ms: Some(at.millis_since(moment)), bytes: None }
}

/// Retention that deletes everything, when asked an hour from now.
const NOTHING: Retention = Retention { age_ms: Some(0), bytes: None };

fn in_an_hour() -> Timestamp {
    Timestamp::from_millis(now().as_millis() + 3_600_000)
}

async fn bounds(store: &Arc<dyn Store>) -> (u64, u64) {
    let bounds = store.bounds(acme()).await.unwrap();
    (bounds.first, bounds.head)
}

/// What is older than the limit goes, what is younger stays, in every organization.
pub async fn age_deletes_the_oldest_and_keeps_the_head(subject: &dyn Subject) {
    let store = subject.open().await;
    let other = switchboard_protocol::OrganizationId::from("other");
    let old: Vec<_> = (0..2500).map(|number| note(&format!("old {number}"))).collect();
    store.append(acme(), old).await.unwrap();
    store.append(other.clone(), vec![note("old")]).await.unwrap();
    let moment = moment_between().await;
    store.append(acme(), vec![note("young")]).await.unwrap();
    store.append(other.clone(), vec![note("young")]).await.unwrap();

    let at = now();
    let keep = Retention { age_ms: Some(3_600_000), bytes: None };
    assert_eq!(store.prune(keep, at).await.unwrap(), 0, "nothing is an hour old");
    assert_eq!(store.prune(Retention { age_ms: None, bytes: None }, at).await.unwrap(), 0);
    assert_eq!(bounds(&store).await, (1, 2501));

    assert_eq!(store.prune(older_than(moment, at), at).await.unwrap(), 2501);
    assert_eq!(bounds(&store).await, (2501, 2501));
    assert_eq!(*store.head(&acme()).borrow(), 2501);
    for organization in [acme(), other] {
        let entries = read_all(&store, &organization, 0).await;
        assert_eq!(bodies(&entries), [&*note("young").body]);
    }
}

/// The limit is on all that is stored: the oldest goes first, whoever it belongs to, until what is left fits.
pub async fn bytes_delete_the_oldest_of_all_organizations(subject: &dyn Subject) {
    let store = subject.open().await;
    let other = switchboard_protocol::OrganizationId::from("other");
    let one = note("0000");
    let bytes = one.body.len() as u64 + ENTRY_OVERHEAD_BYTES;
    let notes = |count: u32| (0..count).map(|number| note(&format!("{number:04}"))).collect();
    store.append(other.clone(), notes(10)).await.unwrap();
    moment_between().await;
    store.append(acme(), notes(1500)).await.unwrap();
    moment_between().await;
    store.append(other.clone(), notes(10)).await.unwrap();

    let keep = |entries: u64| Retention { age_ms: None, bytes: Some(entries * bytes) };
    assert_eq!(store.prune(keep(1520), now()).await.unwrap(), 0, "it just fits");
    assert_eq!(store.prune(keep(1515), now()).await.unwrap(), 5);
    assert_eq!(read_all(&store, &other, 0).await.first().unwrap().seq, 6, "the oldest went first");
    assert_eq!(bounds(&store).await, (1, 1500));
    assert_eq!(store.prune(keep(100), now()).await.unwrap(), 1415);
    assert_eq!(bounds(&store).await, (1411, 1500));
    let entries = read_all(&store, &acme(), 0).await;
    assert_gapless(&entries, 1411);
    assert_eq!(read_all(&store, &other, 0).await.len(), 10, "the newest stay");
    assert_eq!(store.prune(keep(100), now()).await.unwrap(), 0);
    // An id is stored too, so it counts.
    store.append(acme(), vec![note_with_id("0000")]).await.unwrap();
    assert_eq!(store.prune(keep(100), now()).await.unwrap(), 2);
}

/// When everything has been deleted, head and epoch are what they were, also for who opens the storage anew, and
/// the next report gets the next number. Its id may be one that was deleted.
pub async fn a_log_that_retention_emptied_goes_on(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![note_with_id("r-1"), note("two"), note("three")]).await.unwrap();
    let epoch = store.bounds(acme()).await.unwrap().epoch;
    assert_eq!(store.prune(NOTHING, in_an_hour()).await.unwrap(), 3);
    assert_eq!(bounds(&store).await, (4, 3));
    assert!(read_all(&store, &acme(), 0).await.is_empty());
    drop(store);

    let store = subject.open().await;
    assert_eq!(bounds(&store).await, (4, 3));
    assert_eq!(*store.head(&acme()).borrow(), 3);
    assert_eq!(store.bounds(acme()).await.unwrap().epoch, epoch);
    let appended = store.append(acme(), vec![note_with_id("r-1")]).await.unwrap();
    assert_eq!((appended.accepted, appended.seq), (1, 4), "an id is known as long as its entry");
    assert_eq!(bounds(&store).await, (4, 4));
}

/// An execution outlives its events until it is old; where age does not count, until it is over. A deleted one that
/// is reported to again is a new one.
pub async fn emptied_executions_go_when_they_are_old_or_over(subject: &dyn Subject) {
    let store = subject.open().await;
    let listed = async || {
        let page =
            store.executions(acme(), ExecutionQuery { limit: 10, ..Default::default() }).await.unwrap();
        page.items.into_iter().map(|item| item.execution_id.as_str().to_owned()).collect::<Vec<_>>()
    };
    let complete = |execution| event(execution, 9, "agent-complete", None);
    store
        .append(acme(), vec![start("over", "One"), complete("over"), start("running", "Two")])
        .await
        .unwrap();
    let all = Retention { age_ms: Some(3_600_000), bytes: Some(0) };
    assert!(store.prune(all, now()).await.unwrap() > 0);
    assert_eq!(listed().await, ["running", "over"], "younger than the limit of age");
    let snapshot = store.execution(acme(), "over".into(), 10).await.unwrap().unwrap();
    assert!(snapshot.events.is_empty());
    assert_eq!(snapshot.summary.event_count, 2, "the count includes what was deleted");

    let by_bytes = Retention { age_ms: None, bytes: Some(0) };
    store.prune(by_bytes, now()).await.unwrap();
    assert_eq!(listed().await, ["running"], "what is over goes with its events");
    store.append(acme(), vec![output("running", 1)]).await.unwrap();
    let snapshot = store.execution(acme(), "running".into(), 10).await.unwrap().unwrap();
    assert_eq!((snapshot.events.len(), snapshot.summary.event_count), (1, 2));
    assert_eq!(snapshot.summary.title.as_deref(), Some("Two"), "what runs is still known");

    store.append(acme(), vec![start("young", "Three")]).await.unwrap();
    store.prune(NOTHING, in_an_hour()).await.unwrap();
    assert!(listed().await.is_empty(), "older than the limit of age, whatever its status");
    store.append(acme(), vec![output("over", 1)]).await.unwrap();
    let snapshot = store.execution(acme(), "over".into(), 10).await.unwrap().unwrap();
    assert_eq!((snapshot.summary.event_count, snapshot.summary.title), (1, None));
}

/// Reports that come while retention deletes are all stored and numbered, and none of them is deleted.
pub async fn reports_come_in_while_retention_deletes(subject: &dyn Subject) {
    let store = subject.open().await;
    let old: Vec<_> = (0..5000).map(|number| note(&format!("old {number}"))).collect();
    store.append(acme(), old).await.unwrap();
    let moment = moment_between().await;
    let pruning = {
        let (store, at) = (Arc::clone(&store), now());
        tokio::spawn(async move { store.prune(older_than(moment, at), at).await.unwrap() })
    };
    let mut young = 0;
    while !pruning.is_finished() || young < 20 {
        young += 1;
        let appended = store.append(acme(), vec![note(&format!("young {young}"))]).await.unwrap();
        assert_eq!(appended.seq, 5000 + young);
    }
    assert_eq!(pruning.await.unwrap(), 5000);
    assert_eq!(bounds(&store).await, (5001, 5000 + young));
    let entries = read_all(&store, &acme(), 0).await;
    assert_eq!(entries.len() as u64, young);
    assert_gapless(&entries, 5001);
}
