//! Lists and pages of conversations hold still while messages come.

use std::sync::Arc;

use switchboard_protocol::{Frame, JobEventKind};

use super::{
    Subject,
    chatting::{answer, conversation, failed, further, head, listed, opening, post},
    material::{acme, note, read_all},
};
use crate::ConversationQuery;

/// A list is ordered by the latest message, and filtered by what people wrote and were told, in any case.
pub async fn conversations_are_listed_by_their_latest_message(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Über Märkte")).await;
    post(&store, &acme(), opening("2", "100% of it_all")).await;
    post(&store, &acme(), opening("3", "Three")).await;
    assert_eq!(listed(&store, None).await, ["c-3", "c-2", "c-1"]);
    post(&store, &acme(), further("1b", "1", "Once more")).await;
    assert_eq!(listed(&store, None).await, ["c-1", "c-3", "c-2"]);
    store.append(acme(), vec![answer("t-2", "An ÄPFEL report")]).await.unwrap();
    assert_eq!(listed(&store, None).await, ["c-2", "c-1", "c-3"], "a reply is a message");
    store.append(acme(), vec![failed("t-3", Some("Out of memory"))]).await.unwrap();
    for (text, expected) in [
        ("über MÄRKTE", vec!["c-1"]),
        ("once", vec!["c-1"]),
        ("äpfel", vec!["c-2"]),
        ("of memory", vec!["c-3"]),
        ("0%", vec!["c-2"]),
        ("t_a", vec!["c-2"]),
        ("%", vec!["c-2"]),
        ("nowhere", vec![]),
        (" \t", vec!["c-3", "c-2", "c-1"]),
    ] {
        assert_eq!(listed(&store, Some(text)).await, expected, "{text:?}");
    }
    let list = store.conversations("nobody".into(), ConversationQuery::default()).await.unwrap();
    assert_eq!((list.items.len(), list.seq), (0, Some(0)));
}

/// Whoever turns pages while messages come meets no conversation twice, and misses none but those that have moved to
/// the front, of which the log tells.
pub async fn pages_of_conversations_are_stable_while_messages_come(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 0..10 {
        post(&store, &acme(), opening(&number.to_string(), "Hello")).await;
    }
    let page = async |before: Option<String>| {
        store.conversations(acme(), ConversationQuery { text: None, limit: 3, before }).await.unwrap()
    };
    let (mut before, mut seen, mut turns) = (None, Vec::new(), 0);
    loop {
        let list = page(before).await;
        assert_eq!(list.seq, Some(head(&store).await));
        seen.extend(list.items.into_iter().map(|item| item.id.as_str().to_owned()));
        before = list.next_before;
        if before.is_none() {
            break;
        }
        post(&store, &acme(), further(&format!("more-{turns}"), "9", "And more")).await;
        post(&store, &acme(), opening(&format!("new-{turns}"), "New")).await;
        turns += 1;
    }
    let all: Vec<_> = (0..10).rev().map(|number| format!("c-{number}")).collect();
    assert_eq!(seen, all);
    let nowhere = page(Some("no page gave this".to_owned())).await;
    assert!(nowhere.items.is_empty() && nowhere.next_before.is_none());
}

/// The latest messages first, then those before them, until there are none.
pub async fn a_conversation_is_read_in_pages(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("0", "0")).await;
    for number in 1..7 {
        post(&store, &acme(), further(&number.to_string(), "0", &number.to_string())).await;
    }
    let page = async |limit, before: Option<String>| {
        let page = store.conversation(acme(), "c-0".into(), limit, before).await.unwrap().unwrap();
        let contents: Vec<_> = page.messages.into_iter().map(|message| message.content).collect();
        (contents, page.next_before)
    };
    let (latest, before) = page(3, None).await;
    assert_eq!(latest, ["4", "5", "6"]);
    post(&store, &acme(), further("7", "0", "7")).await;
    let (earlier, before) = page(3, before).await;
    assert_eq!(earlier, ["1", "2", "3"]);
    assert_eq!(page(3, before).await, (vec!["0".to_owned()], None));
    assert_eq!(page(0, None).await.0, ["7"], "at least one");
    assert_eq!(page(usize::MAX, None).await.0.len(), 8);
    assert!(page(3, Some("no page gave this".to_owned())).await.0.is_empty());
    assert_eq!(conversation(&store, "c-0").await.tasks.len(), 8);
    assert_eq!(store.conversation(acme(), "c-none".into(), 3, None).await.unwrap(), None);
}

/// What is read while messages and replies come holds those up to its number, and no others: a client goes on
/// with the frames after it.
pub async fn a_conversation_is_as_of_its_seq(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("0", "Hello")).await;
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 1..40 {
                store
                    .append(acme(), vec![note("between"), answer(&format!("t-{}", number - 1), "Hi")])
                    .await
                    .unwrap();
                post(&store, &acme(), further(&number.to_string(), "0", "More")).await;
            }
        })
    };
    let mut snapshots = Vec::new();
    while !writing.is_finished() || snapshots.is_empty() {
        snapshots.push(conversation(&store, "c-0").await);
    }
    writing.await.unwrap();
    snapshots.push(conversation(&store, "c-0").await);
    let entries = read_all(&store, &acme(), 0).await;
    let frames: Vec<_> = entries
        .iter()
        .map(|entry| (entry.seq, switchboard_protocol::decode(&entry.body).unwrap().frame))
        .collect();
    for snapshot in snapshots {
        let until = |is: fn(&Frame) -> bool| {
            frames.iter().filter(|(seq, frame)| Some(*seq) <= snapshot.seq && is(frame)).count()
        };
        let questions =
            until(|frame| matches!(frame, Frame::JobEvent(job) if job.kind == JobEventKind::Queued));
        let answers = until(|frame| matches!(frame, Frame::TaskResult(_)));
        assert_eq!(snapshot.messages.len(), questions + answers);
        assert_eq!(snapshot.summary.message_count, (questions + answers) as u64);
        assert_eq!(snapshot.tasks.len(), questions - answers);
        assert_eq!(snapshot.summary.pending, (questions - answers) as u64);
    }
}
