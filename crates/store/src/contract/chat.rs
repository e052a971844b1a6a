//! Conversations: messages come in once, outlive everything but their age, and are one organization's.

use std::sync::Arc;

use switchboard_protocol::{
    Frame, OrganizationId, TaskOutcome,
    rest::{Reply, Role, TaskStatus},
};
use tokio::task::JoinSet;

use super::{
    Subject,
    chatting::{
        answer, anybody, claim, completed, conversation, failed, further, head, listed, opening, post, told,
    },
    material::{acme, moment_between, now, read_all},
};
use crate::{Claim, PostOutcome, Retention, Store};

/// A message begins a conversation, its task waits, and the log tells both.
pub async fn a_message_is_stored_with_its_task(subject: &dyn Subject) {
    let store = subject.open().await;
    let content = "# What **is** new?\n\nTell me\tall.";
    let posted = store.post_message(acme(), opening("1", content)).await.unwrap();
    let PostOutcome::Queued { conversation: id, task, message } = posted else { panic!("{posted:?}") };
    assert_eq!((id.as_str(), task.as_str(), message.id.as_str()), ("c-1", "t-1", "m-1"));
    assert_eq!((message.role, &*message.content), (Role::User, content));
    assert_eq!(message.task_id, Some(task.clone()));

    let read = conversation(&store, "c-1").await;
    assert_eq!(read.messages, [message]);
    assert_eq!(
        (&*read.summary.title, read.summary.message_count, read.summary.pending),
        ("What is new?", 1, 1)
    );
    assert_eq!(read.summary.preview.as_deref(), Some("# What **is** new? Tell me all."));
    assert!(read.summary.created_at.is_some() && read.summary.created_at == read.summary.updated_at);
    assert_eq!((read.seq, read.next_before), (Some(2), None));
    let state = store.task(acme(), task).await.unwrap().unwrap();
    assert_eq!(read.tasks, std::slice::from_ref(&state));
    assert_eq!(
        (state.status, state.lane.as_deref(), state.attempt),
        (TaskStatus::Queued, Some("local"), None)
    );
    assert_eq!(state.conversation_id, Some(id));
    assert_eq!(told(&store, 0).await, ["t-1 queued", "c-1: 1 messages, 1 open"]);
}

/// Whoever was not answered sends again, at once or later, and gets what the first time came to.
pub async fn a_message_sent_again_is_not_stored_again(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut posts = JoinSet::new();
    for number in 0..16 {
        // Only the message has the same name: what else it would have been called, nobody has heard of.
        let again = crate::NewMessage { id: "m-once".into(), ..opening(&number.to_string(), "Hello") };
        let store = Arc::clone(&store);
        posts.spawn(async move { store.post_message(acme(), again).await.unwrap() });
    }
    let outcomes = posts.join_all().await;
    let first = outcomes.iter().find_map(|outcome| match outcome {
        PostOutcome::Queued { conversation, task, message } => Some(PostOutcome::Known {
            conversation: conversation.clone(),
            task: task.clone(),
            message: message.clone(),
        }),
        _ => None,
    });
    let first = first.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == first).count(), 15);
    assert_eq!(head(&store).await, 2, "stored and told once");

    let task = claim(&store, "w").await;
    store.append(acme(), vec![answer(task.task_id.as_str(), "Hi")]).await.unwrap();
    drop(store);
    let store = subject.open().await;
    let before = head(&store).await;
    let again = crate::NewMessage { id: "m-once".into(), ..further("late", "nowhere", "Hello") };
    assert_eq!(store.post_message(acme(), again).await.unwrap(), first);
    assert_eq!(head(&store).await, before);
    // The name is free in another organization.
    let elsewhere = crate::NewMessage { id: "m-once".into(), ..opening("0", "Hello") };
    post(&store, &"other".into(), elsewhere).await;
}

/// A message for a conversation that is not there leaves no trace, not even of an organization.
pub async fn an_unknown_conversation_stores_nothing(subject: &dyn Subject) {
    let store = subject.open().await;
    let to_nobody = store.post_message(acme(), further("1", "nowhere", "Hello")).await.unwrap();
    assert_eq!(to_nobody, PostOutcome::UnknownConversation);
    assert!(store.organizations().await.unwrap().is_empty());

    post(&store, &"other".into(), opening("theirs", "Hello")).await;
    post(&store, &acme(), opening("ours", "Hello")).await;
    for name in ["theirs", "nowhere"] {
        let outcome = store.post_message(acme(), further("1", name, "Hello")).await.unwrap();
        assert_eq!(outcome, PostOutcome::UnknownConversation);
    }
    assert_eq!(head(&store).await, 2);
    assert_eq!(store.task(acme(), "t-1".into()).await.unwrap(), None);
}

/// The same names in two organizations are two things, and nothing of one is seen, taken or ended from the other.
pub async fn organizations_do_not_see_each_others_chats(subject: &dyn Subject) {
    let store = subject.open().await;
    let other = OrganizationId::from("other");
    post(&store, &acme(), opening("1", "ours")).await;
    post(&store, &other, opening("1", "theirs")).await;
    post(&store, &other, opening("2", "theirs only")).await;
    assert_eq!(listed(&store, None).await, ["c-1"]);
    assert!(listed(&store, Some("theirs")).await.is_empty());
    assert_eq!(store.conversation(acme(), "c-2".into(), 10, None).await.unwrap(), None);
    assert_eq!(store.task(acme(), "t-2".into()).await.unwrap(), None);

    let ours = claim(&store, "w").await;
    assert_eq!((ours.content.as_str(), &ours.organization_id), ("ours", &acme()));
    assert_eq!(store.claim_task(anybody("w")).await.unwrap(), None, "what waits is the other's");
    assert!(!store.renew_task(other.clone(), "t-1".into(), "w".into(), now()).await.unwrap());
    // The result of a task of theirs, in our log, is a frame like any other there.
    assert_eq!(store.append(acme(), vec![answer("t-2", "stolen")]).await.unwrap().accepted, 1);
    assert_eq!(store.task(other.clone(), "t-2".into()).await.unwrap().unwrap().status, TaskStatus::Queued);
    store.append(other.clone(), vec![completed("t-1", r#"{"content":"Hi","cost_usd":5}"#)]).await.unwrap();
    assert_eq!(store.task(acme(), "t-1".into()).await.unwrap().unwrap().status, TaskStatus::Running);
    assert_eq!(store.chat_cost(acme(), now_ago()).await.unwrap(), crate::ChatCost::default());
    let nobody = Claim { organizations: Some(Vec::new()), ..anybody("w") };
    assert_eq!(store.claim_task(nobody).await.unwrap(), None);
    let of_any = Claim { organizations: None, ..anybody("w") };
    assert_eq!(store.claim_task(of_any).await.unwrap().unwrap().task_id.as_str(), "t-2");
}

fn now_ago() -> switchboard_protocol::Timestamp {
    switchboard_protocol::Timestamp::from_millis(now().as_millis() - 3_600_000)
}

/// Everything is there again after the storage was opened anew, as it was.
pub async fn chats_live_on_after_reopening(subject: &dyn Subject) {
    let store = subject.open().await;
    for name in ["done", "failed", "running", "queued"] {
        post(&store, &acme(), opening(name, name)).await;
    }
    let result = r#"{"content":"Hi","model":"m","cost_usd":0.25,"files":[{"name":"a.txt","url":"https://x.example/a","size":7}],"note":"Slow."}"#;
    store
        .append(acme(), vec![completed("t-done", result), failed("t-failed", Some("Broken"))])
        .await
        .unwrap();
    assert_eq!(claim(&store, "w").await.task_id.as_str(), "t-running");
    let names = ["done", "failed", "running", "queued"];
    let all = async |store: &Arc<dyn Store>| {
        let mut all = Vec::new();
        for name in names {
            let task = store.task(acme(), format!("t-{name}").into()).await.unwrap().unwrap();
            all.push((conversation(store, &format!("c-{name}")).await, task));
        }
        all
    };
    let before = all(&store).await;
    let message = before[0].0.messages[1].clone();
    assert_eq!(
        (&*message.content, message.model.as_deref(), message.cost_usd),
        ("Hi", Some("m"), Some(0.25))
    );
    assert_eq!((message.files[0].name.as_str(), message.files[0].size), ("a.txt", Some(7)));
    assert_eq!((message.lane.as_deref(), message.note.as_deref()), (Some("local"), Some("Slow.")));
    drop(store);
    let store = subject.open().await;
    assert_eq!(all(&store).await, before);
    assert_eq!(claim(&store, "w").await.task_id.as_str(), "t-queued");
    let late = store.append(acme(), vec![answer("t-done", "again")]).await.unwrap();
    assert_eq!((late.accepted, late.duplicates), (0, 1));
    assert!(store.renew_task(acme(), "t-running".into(), "w".into(), now()).await.unwrap());
}

/// Age lets conversations go that are silent, with their tasks, and none that waits for a reply.
pub async fn silent_conversations_go_with_age(subject: &dyn Subject) {
    let store = subject.open().await;
    for name in ["silent", "waiting", "lively"] {
        post(&store, &acme(), opening(name, name)).await;
    }
    store.append(acme(), vec![answer("t-silent", "Hi"), answer("t-lively", "Hi")]).await.unwrap();
    let moment = moment_between().await;
    post(&store, &acme(), further("again", "lively", "Still there?")).await;
    store.append(acme(), vec![answer("t-again", "Yes")]).await.unwrap();
    let at = now();
    store.prune(Retention { age_ms: None, bytes: Some(0) }, at).await.unwrap();
    assert_eq!(listed(&store, None).await.len(), 3, "their bytes are not the log's");
    store.prune(Retention { age_ms: Some(at.millis_since(moment)), bytes: None }, at).await.unwrap();
    assert_eq!(listed(&store, None).await, ["c-lively", "c-waiting"]);
    assert_eq!(conversation(&store, "c-lively").await.messages.len(), 4, "a conversation goes as a whole");
    assert_eq!(store.conversation(acme(), "c-silent".into(), 10, None).await.unwrap(), None);
    assert_eq!(store.task(acme(), "t-silent".into()).await.unwrap(), None);
    assert_eq!(claim(&store, "w").await.task_id.as_str(), "t-waiting");
    // What has gone is nowhere in the way: its names are new ones.
    post(&store, &acme(), opening("silent", "Hello again")).await;
    assert_eq!(conversation(&store, "c-silent").await.messages.len(), 1);
}

/// Costs are summed over answers since a moment; failures are no answers, though they may have cost something, which
/// their conversation shows.
pub async fn answers_are_counted_with_their_costs(subject: &dyn Subject) {
    let store = subject.open().await;
    for name in ["early", "priced", "unpriced", "failed"] {
        post(&store, &acme(), opening(name, name)).await;
    }
    post(&store, &acme(), further("second", "priced", "And?")).await;
    store.append(acme(), vec![completed("t-early", r#"{"content":"a","cost_usd":100}"#)]).await.unwrap();
    let since = moment_between().await;
    let results = vec![
        completed("t-priced", r#"{"content":"a","cost_usd":0.25}"#),
        completed("t-second", r#"{"content":"a","cost_usd":0.5}"#),
        completed("t-unpriced", r#"{"content":"a"}"#),
        failed("t-failed", Some("Broken")),
    ];
    store.append(acme(), results).await.unwrap();
    let cost = store.chat_cost(acme(), since).await.unwrap();
    assert_eq!((cost.priced, cost.answers), (2, 3));
    assert!((cost.cost_usd - 0.75).abs() < 1e-9);
    let shown = conversation(&store, "c-priced").await.summary.cost_usd.unwrap();
    assert!((shown - 0.75).abs() < 1e-9);
    assert_eq!(conversation(&store, "c-unpriced").await.summary.cost_usd, None);
}

/// A reply's frame says which message it has become, so that a client needs no further question.
pub async fn a_results_frame_is_the_message(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    let before = head(&store).await;
    // A member that nobody here knows, and names that are not the worker's to give.
    let result = r#"{"content":"Hi","x":1.50,"id":"mine","conversationId":"c-9","lane":"other"}"#;
    store.append(acme(), vec![completed("t-1", result)]).await.unwrap();
    let entries = read_all(&store, &acme(), before).await;
    let Frame::TaskResult(frame) = switchboard_protocol::decode(&entries[0].body).unwrap().frame else {
        panic!("{}", entries[0].body)
    };
    let TaskOutcome::Completed { result: Some(result) } = frame.outcome else {
        panic!("{}", entries[0].body)
    };
    assert!(result.text().contains(r#""x":1.50"#), "verbatim: {}", result.text());
    let reply = Reply::read(&result).unwrap();
    let message = conversation(&store, "c-1").await.messages.pop().unwrap();
    assert_eq!(reply.id, Some(message.id));
    assert_eq!(
        (&reply.content, reply.lane, reply.created_at),
        (&message.content, message.lane, message.created_at)
    );
    assert_eq!(reply.conversation_id.unwrap().as_str(), "c-1");
    let state = store.task(acme(), "t-1".into()).await.unwrap().unwrap();
    assert_eq!((state.status, state.result), (TaskStatus::Completed, Some(result)));
    assert!(state.finished_at.is_some());
}
