//! Chat calls and the group commit.

use std::sync::Arc;

use super::{commits::Held, note, temporary};
use crate::{Chat, Claim, Log, NewMessage, PostOutcome, SqliteOptions, SqliteStore, StoreError, Upkeep};

fn message(name: &str) -> NewMessage {
    NewMessage {
        id: format!("m-{name}").into(),
        conversation: None,
        new_conversation: format!("c-{name}").into(),
        task: format!("t-{name}").into(),
        content: name.to_owned(),
        lane: "local".to_owned(),
    }
}

type Post = tokio::task::JoinHandle<Result<PostOutcome, StoreError>>;

/// Posts each message, each after the one before it has begun to wait.
async fn post(store: &Arc<SqliteStore>, names: &[&str]) -> Vec<Post> {
    let mut posts = Vec::new();
    for name in names {
        let before = store.stats().waiting_batches;
        let (task, message) = (Arc::clone(store), message(name));
        posts.push(tokio::spawn(async move { task.post_message("acme".into(), message).await }));
        while store.stats().waiting_batches == before {
            tokio::task::yield_now().await;
        }
    }
    posts
}

/// One call that cannot be stored costs no other that shares its commit, and leaves nothing.
#[tokio::test]
async fn a_bad_call_fails_alone_and_leaves_nothing() {
    let temporary = temporary();
    let store = Arc::new(temporary.store());
    store.append("acme".into(), vec![note("first")]).await.unwrap();
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON tasks WHEN NEW.task_id = 't-poison'
                  BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    temporary.intruder().execute_batch(poison).unwrap();
    let held = Held::hold(&temporary);
    let mut posts = post(&store, &["alone at the lock", "one", "poison", "two"]).await;
    let appended = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.append("acme".into(), vec![note("last")]).await })
    };
    held.release();
    let (two, poisoned, one) = (posts.pop().unwrap(), posts.pop().unwrap(), posts.pop().unwrap());
    assert!(matches!(one.await.unwrap(), Ok(PostOutcome::Queued { .. })));
    assert!(matches!(two.await.unwrap(), Ok(PostOutcome::Queued { .. })));
    assert!(poisoned.await.unwrap().unwrap_err().to_string().contains("poisoned"));
    appended.await.unwrap().unwrap();
    let bounds = store.bounds("acme".into()).await.unwrap();
    assert_eq!(bounds.head, 2 + 3 * 2, "two notes, and two entries for each message that was stored");
    assert_eq!(store.conversation("acme".into(), "c-poison".into(), 10, None).await.unwrap(), None);
    assert_eq!(store.stats().waiting_batches, 0);
}

/// Calls take the same bounded room as batches.
#[tokio::test]
async fn calls_beyond_the_room_are_refused_and_a_closed_store_says_so() {
    let temporary = temporary();
    let options = SqliteOptions { waiting_batches: 2, ..SqliteOptions::default() };
    let store = Arc::new(temporary.store_with(options));
    let held = Held::hold(&temporary);
    let posts = post(&store, &["one", "two"]).await;
    let refused = store.post_message("acme".into(), message("three")).await;
    assert_eq!(refused, Err(StoreError::Busy));
    held.release();
    for outcome in posts {
        assert!(outcome.await.unwrap().is_ok());
    }
    store.close().await.unwrap();
    let claim = Claim {
        organizations: None,
        lanes: Vec::new(),
        worker: "w".to_owned(),
        lease_until: switchboard_protocol::Timestamp::from_millis(0),
    };
    assert_eq!(store.claim_task(claim).await, Err(StoreError::Closing));
}
