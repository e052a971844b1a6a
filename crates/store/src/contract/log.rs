//! The log: numbers, pages, heads, durability, and whose it is.

use std::{collections::HashSet, sync::Arc};

use tokio::task::JoinSet;

use super::{
    Subject,
    material::{acme, assert_gapless, bodies, note, output, read_all, start},
};
use crate::{Bounds, Store, StoreError};

/// Many tasks append at once: every number is given once, none is left out, each batch stands together and in its
/// order, and what was answered is where the answer said.
pub async fn concurrent_appends_leave_no_gap(subject: &dyn Subject) {
    const TASKS: usize = 16;
    const BATCHES: usize = 10;
    const SIZE: usize = 7;
    let store = subject.open().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for batch in 0..BATCHES {
                let reports = (0..SIZE).map(|item| note(&format!("{task}/{batch}/{item}"))).collect();
                let appended = store.append(acme(), reports).await.unwrap();
                assert_eq!((appended.accepted, appended.duplicates), (SIZE as u64, 0));
                answers.push((format!("{task}/{batch}"), appended.seq));
            }
            assert!(answers.is_sorted_by_key(|(_, seq)| *seq), "a later batch has an earlier place");
            answers
        });
    }
    let answers = tasks.join_all().await.concat();
    let entries = read_all(&store, &acme(), 0).await;
    assert_eq!(entries.len(), TASKS * BATCHES * SIZE);
    assert_gapless(&entries, 1);
    assert_eq!(answers.iter().map(|(_, seq)| seq).collect::<HashSet<_>>().len(), TASKS * BATCHES);
    for (batch, seq) in answers {
        let end = usize::try_from(seq).unwrap();
        for (item, entry) in entries[end - SIZE..end].iter().enumerate() {
            assert_eq!(*entry.body, *note(&format!("{batch}/{item}")).body);
        }
    }
}

/// While batches of ten are stored, whoever looks sees a multiple of ten.
pub async fn a_batch_is_seen_whole_or_not_at_all(subject: &dyn Subject) {
    let store = subject.open().await;
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for batch in 0..50 {
                let reports = (0..10).map(|item| note(&format!("{batch}/{item}"))).collect();
                store.append(acme(), reports).await.unwrap();
            }
        })
    };
    let mut seen = 0;
    while seen < 500 {
        let Bounds { head, .. } = store.bounds(acme()).await.unwrap();
        assert_eq!(head % 10, 0, "a part of a batch was seen");
        let read = store.read(acme(), 0, 1000).await.unwrap().len();
        assert_eq!(read % 10, 0, "a part of a batch was read");
        seen = read;
    }
    writing.await.unwrap();
}

/// A store that was dropped without being closed has everything that it answered for.
pub async fn what_was_answered_is_there_after_reopening(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![note("first"), start("e-1", "Fetch")]).await.unwrap();
    let before = read_all(&store, &acme(), 0).await;
    let bounds = store.bounds(acme()).await.unwrap();
    drop(store);

    let store = subject.open().await;
    assert_eq!(read_all(&store, &acme(), 0).await, before);
    assert_eq!(store.bounds(acme()).await.unwrap(), bounds);
    assert_eq!(*store.head(&acme()).borrow(), bounds.head, "the head is known before anything is appended");
    let appended = store.append(acme(), vec![note("next")]).await.unwrap();
    assert_eq!(appended.seq, bounds.head + 1, "the numbers go on where they were");
}

/// A page starts after the cursor and ends at its size or the log's end.
pub async fn pages_follow_each_other(subject: &dyn Subject) {
    let store = subject.open().await;
    let reports: Vec<_> = (1..=10).map(|number| note(&number.to_string())).collect();
    store.append(acme(), reports).await.unwrap();
    let seqs = async |after, limit| {
        let page = store.read(acme(), after, limit).await.unwrap();
        page.iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 4).await, [1, 2, 3, 4]);
    assert_eq!(seqs(4, 4).await, [5, 6, 7, 8]);
    assert_eq!(seqs(8, 4).await, [9, 10]);
    assert!(seqs(10, 4).await.is_empty());
    assert!(seqs(u64::MAX, 4).await.is_empty());
    assert!(seqs(3, 0).await.is_empty());
    assert_eq!(seqs(9, usize::MAX).await, [10]);
}

/// Whoever waits for the head is woken after the commit, can read up to it at once, and is not woken by others.
pub async fn heads_wake_after_each_commit(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut head = store.head(&acme());
    let other = store.head(&"other".into());
    assert_eq!(*head.borrow_and_update(), 0);
    let appending = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 1..=20 {
                let appended = store.append(acme(), vec![note("one"), output("e-1", number)]).await.unwrap();
                let known = *store.head(&acme()).borrow();
                assert!(known >= appended.seq, "the head {known} is behind the answer {}", appended.seq);
            }
        })
    };
    let mut seen = 0;
    // Two reports each of twenty times, and one update, since the execution came to exist.
    while seen < 41 {
        head.changed().await.unwrap();
        let woken_at = *head.borrow_and_update();
        assert!(woken_at > seen, "woken without anything new");
        let page = store.read(acme(), seen, 100).await.unwrap();
        assert!(page.last().is_some_and(|last| last.seq >= woken_at), "woken before it could be read");
        seen = woken_at;
    }
    appending.await.unwrap();
    assert!(!other.has_changed().unwrap(), "woken by another organization");
}

/// Two organizations with the same report ids and the same executions know nothing of each other.
pub async fn organizations_are_apart(subject: &dyn Subject) {
    let store = subject.open().await;
    let other = switchboard_protocol::OrganizationId::from("other");
    let with_id = |mut report: crate::Report| {
        report.id = Some("r-1".to_owned());
        report
    };
    let ours = store.append(acme(), vec![with_id(start("e-1", "Ours")), output("e-1", 1)]).await.unwrap();
    let theirs = store.append(other.clone(), vec![with_id(start("e-1", "Theirs"))]).await.unwrap();
    assert_eq!((ours.accepted, ours.seq), (2, 2));
    assert_eq!((theirs.accepted, theirs.duplicates, theirs.seq), (1, 0, 1), "each log counts for itself");
    for (organization, title, events) in [(acme(), "Ours", 2), (other.clone(), "Theirs", 1)] {
        let snapshot = store.execution(organization.clone(), "e-1".into(), 10).await.unwrap().unwrap();
        assert_eq!(snapshot.summary.title.as_deref(), Some(title));
        assert_eq!(snapshot.summary.organization_id, organization);
        assert_eq!(snapshot.events.len(), events);
        let list = store.executions(organization.clone(), crate::ExecutionQuery::default()).await.unwrap();
        assert_eq!(list.items.len(), 1);
        let entries = read_all(&store, &organization, 0).await;
        assert_eq!(entries.len(), events + 1);
        assert_gapless(&entries, 1);
    }
    assert_eq!(store.organizations().await.unwrap(), [acme(), other]);
    assert!(store.execution("nobody".into(), "e-1".into(), 10).await.unwrap().is_none());
}

/// An organization that nobody reported to can be asked everything.
pub async fn a_log_nobody_reported_to_is_empty(subject: &dyn Subject) {
    let store = subject.open().await;
    let bounds = store.bounds(acme()).await.unwrap();
    assert_eq!((bounds.first, bounds.head), (1, 0));
    assert!(store.read(acme(), 0, 10).await.unwrap().is_empty());
    assert!(store.execution(acme(), "e-1".into(), 10).await.unwrap().is_none());
    let list = store.executions(acme(), crate::ExecutionQuery::default()).await.unwrap();
    assert!(list.items.is_empty() && list.next_before.is_none());
    assert_eq!(list.seq, Some(0));
    assert_eq!(*store.head(&acme()).borrow(), 0);
    assert!(store.organizations().await.unwrap().is_empty(), "asking made an organization");
}

/// A batch of nothing stores nothing and says how far the log is.
pub async fn an_empty_batch_answers_the_head(subject: &dyn Subject) {
    let store = subject.open().await;
    assert_eq!(store.append(acme(), Vec::new()).await.unwrap().seq, 0);
    assert!(store.organizations().await.unwrap().is_empty());
    store.append(acme(), vec![note("one")]).await.unwrap();
    let appended = store.append(acme(), Vec::new()).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (0, 0, 1));
}

/// The epoch names the storage: it stays when that is reopened, and is the same for all its organizations.
pub async fn the_epoch_is_the_storages_own(subject: &dyn Subject) {
    let store = subject.open().await;
    let epoch = store.bounds(acme()).await.unwrap().epoch;
    assert!(epoch.len() >= 16, "{epoch:?} could be another storage's by chance");
    assert_eq!(store.bounds("other".into()).await.unwrap().epoch, epoch);
    drop(store);
    assert_eq!(subject.open().await.bounds(acme()).await.unwrap().epoch, epoch);
}

/// Each append that races with the close is stored and answered, or refused and not stored.
pub async fn a_closing_store_stores_what_it_took(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store: Arc<dyn Store> = Arc::clone(&store);
        tasks.spawn(async move {
            let mut stored = Vec::new();
            for number in 0.. {
                let text = format!("{task}/{number}");
                match store.append(acme(), vec![note(&text)]).await {
                    Ok(_) => stored.push(note(&text).body.into_string()),
                    Err(StoreError::Closing) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            stored
        });
    }
    let mut head = store.head(&acme());
    head.wait_for(|head| *head >= 20).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    let answered: HashSet<String> = tasks.join_all().await.into_iter().flatten().collect();
    drop(store);
    let entries = read_all(&subject.open().await, &acme(), 0).await;
    let stored: HashSet<String> = bodies(&entries).into_iter().map(str::to_owned).collect();
    assert_eq!(stored, answered);
}
