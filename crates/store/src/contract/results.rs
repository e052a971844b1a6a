//! What workers report of tasks: the first result counts, and whatever it looks like it becomes the reply.

use std::sync::Arc;

use switchboard_protocol::{
    Frame,
    rest::{Reply, TaskStatus},
};
use tokio::task::JoinSet;

use super::{
    Subject,
    chatting::{
        answer, claim, completed, conversation, everybody_is_lost, failed, head, in_a_minute, opening, part,
        post, state, told,
    },
    material::{acme, bodies, note, now, read_all},
};
use crate::{Recovered, Report};

/// Results and cancellations that race: one is stored, and it is the one that everybody sees.
pub async fn racing_results_are_stored_once(subject: &dyn Subject) {
    let store = subject.open().await;
    for round in 0..10 {
        post(&store, &acme(), opening(&round.to_string(), "Hello")).await;
        let task = format!("t-{round}");
        let before = head(&store).await;
        let mut results = JoinSet::new();
        for racer in 0..8 {
            let report = if racer % 2 == 0 {
                answer(&task, &format!("from {racer}"))
            } else {
                failed(&task, Some(&format!("Cancelled by {racer}.")))
            };
            let store = Arc::clone(&store);
            results.spawn(async move { store.append(acme(), vec![report]).await.unwrap() });
        }
        let outcomes = results.join_all().await;
        assert_eq!(outcomes.iter().map(|outcome| outcome.accepted).sum::<u64>(), 1);
        assert_eq!(outcomes.iter().map(|outcome| outcome.duplicates).sum::<u64>(), 7);
        assert!(outcomes.iter().all(|outcome| outcome.seq == before + 1), "{outcomes:?}");
        assert_eq!(told(&store, before).await.len(), 3);

        let read = conversation(&store, &format!("c-{round}")).await;
        let [_, reply] = &read.messages[..] else { panic!("{read:?}") };
        let state = state(&store, &task).await;
        assert_eq!(
            (reply.error.as_deref(), state.error.as_deref()),
            (state.error.as_deref(), reply.error.as_deref())
        );
        assert_eq!(state.status == TaskStatus::Failed, reply.error.is_some());
        assert!(read.tasks.is_empty() && read.summary.pending == 0);
    }
}

/// A task that has ended stays as it ended, whatever else comes; reports around a late result are stored.
pub async fn a_late_result_is_a_duplicate(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    let with_id = |id: &str, report: Report| Report { id: Some(id.to_owned()), ..report };
    let first = with_id("r-1", answer("t-1", "Hi"));
    let ended = store.append(acme(), vec![first.clone(), answer("t-1", "twice in a batch")]).await.unwrap();
    assert_eq!((ended.accepted, ended.duplicates, ended.seq), (1, 1, 3));
    let (before, then) = (conversation(&store, "c-1").await, state(&store, "t-1").await);
    let late = vec![first, failed("t-1", Some("Cancelled.")), note("stored"), answer("t-1", "late")];
    let appended = store.append(acme(), late).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates), (1, 3));
    assert_eq!(appended.seq, ended.seq, "where the end stands already");
    assert_eq!(store.append(acme(), vec![part("t-1", 0, "x", None)]).await.unwrap().accepted, 1);
    let after = conversation(&store, "c-1").await;
    assert_eq!((after.messages, after.summary), (before.messages, before.summary));
    assert_eq!(state(&store, "t-1").await, then);
    assert_eq!(store.recover_tasks(in_a_minute(), everybody_is_lost).await.unwrap(), Recovered::default());
    // A report whose id is known is not stored, though its task is open.
    post(&store, &acme(), opening("2", "Hello")).await;
    let appended = store.append(acme(), vec![with_id("r-1", answer("t-2", "Hi"))]).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates, appended.seq), (0, 1, 3));
    assert_eq!(state(&store, "t-2").await.status, TaskStatus::Queued);
}

/// A result of a task of somebody else's is theirs: it passes through as it is.
pub async fn a_result_of_an_unknown_task_is_stored_as_it_is(subject: &dyn Subject) {
    let store = subject.open().await;
    let reports = [answer("elsewhere", "Hi"), answer("elsewhere", "Hi"), part("elsewhere", 0, "H", Some(1))];
    let appended = store.append(acme(), reports.to_vec()).await.unwrap();
    assert_eq!((appended.accepted, appended.seq), (3, 3));
    let entries = read_all(&store, &acme(), 0).await;
    assert_eq!(bodies(&entries), reports.each_ref().map(|report| &*report.body));
    assert_eq!(store.task(acme(), "elsewhere".into()).await.unwrap(), None);
}

/// A failure stands in the conversation as a message without content that says why.
pub async fn a_failure_says_why(subject: &dyn Subject) {
    let store = subject.open().await;
    for (name, error) in [("1", Some("The disk\nis full")), ("2", None), ("3", Some(" "))] {
        post(&store, &acme(), opening(name, "Hello")).await;
        let before = head(&store).await;
        store.append(acme(), vec![failed(&format!("t-{name}"), error)]).await.unwrap();
        let read = conversation(&store, &format!("c-{name}")).await;
        let message = read.messages.last().unwrap();
        let said = message.error.as_deref().unwrap();
        match name {
            "1" => assert_eq!(said, "The disk\nis full"),
            _ => assert!(said.contains("did not say why"), "{said}"),
        }
        assert_eq!((&*message.content, message.lane.as_deref()), ("", Some("local")));
        assert_eq!(read.summary.preview.unwrap(), said.replace('\n', " "));
        let state = state(&store, &format!("t-{name}")).await;
        assert_eq!((state.status, state.error.as_deref()), (TaskStatus::Failed, Some(said)));

        let entries = read_all(&store, &acme(), before).await;
        let Frame::TaskResult(frame) = switchboard_protocol::decode(&entries[0].body).unwrap().frame else {
            panic!("{}", entries[0].body)
        };
        assert_eq!(Some(frame.outcome), state.outcome(), "the frame and the task say the same");
        let reply = Reply::read(&state.result.unwrap()).unwrap();
        assert_eq!((reply.id.as_ref(), reply.created_at), (Some(&message.id), message.created_at));
    }
}

/// Workers write results as they can.
pub async fn results_of_any_shape_end_their_tasks(subject: &dyn Subject) {
    let store = subject.open().await;
    for (name, result, content) in [
        ("1", "", ""),
        ("2", r#""plain text""#, "plain text"),
        ("3", "17", ""),
        ("4", r#"{"content":null,"cost_usd":"free","files":7}"#, ""),
        ("5", "{\n\"content\":\"two\\nlines\"}", "two\nlines"),
    ] {
        post(&store, &acme(), opening(name, "Hello")).await;
        let before = head(&store).await;
        store.append(acme(), vec![completed(&format!("t-{name}"), result)]).await.unwrap();
        let message = conversation(&store, &format!("c-{name}")).await.messages.pop().unwrap();
        assert_eq!((&*message.content, message.error), (content, None), "{result}");
        let state = state(&store, &format!("t-{name}")).await;
        let reply = Reply::read(&state.result.unwrap()).unwrap();
        assert_eq!((&*reply.content, reply.id), (content, Some(message.id)), "{result}");
        let entries = read_all(&store, &acme(), before).await;
        assert!(entries.iter().all(|entry| !entry.body.contains('\n')), "{result}");
    }
}

/// Whoever comes late sees what was answered so far. Parts that come twice, out of order or from an earlier attempt
/// do not spoil it; characters are counted, not bytes.
pub async fn parts_of_an_answer_accumulate(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    let partial = async || state(&store, "t-1").await.partial;
    let add = async |offset, delta: &str, attempt| {
        store.append(acme(), vec![part("t-1", offset, delta, attempt)]).await.unwrap()
    };
    add(0, "too early", None).await;
    assert_eq!(partial().await, None);
    claim(&store, "w").await;
    add(0, "Grüße, ", None).await;
    add(7, "🦀", Some(1)).await;
    add(0, "Grüße, ", None).await;
    add(100, "after a hole", None).await;
    add(u64::MAX, "nowhere", None).await;
    add(8, "of another attempt", Some(2)).await;
    store.append(acme(), vec![part("t-1", 8, "!", None), part("t-1", 9, " Bye", None)]).await.unwrap();
    assert_eq!(partial().await.as_deref(), Some("Grüße, 🦀! Bye"));
    assert_eq!(conversation(&store, "c-1").await.tasks[0].partial, partial().await);
    // A part whose report is known is not new.
    let named = |offset| Report { id: Some("r-1".to_owned()), ..part("t-1", offset, ".", None) };
    assert_eq!(store.append(acme(), vec![named(13), named(14)]).await.unwrap().accepted, 1);
    assert_eq!(partial().await.as_deref(), Some("Grüße, 🦀! Bye."));

    store.recover_tasks(now(), everybody_is_lost).await.unwrap();
    assert_eq!(partial().await, None, "nobody is answering");
    claim(&store, "w").await;
    add(0, "from the lost one", Some(1)).await;
    add(0, "Anew", Some(2)).await;
    assert_eq!(partial().await.as_deref(), Some("Anew"));
    // Beyond a bound parts are delivered and not kept.
    let large = "x".repeat(1024 * 1024);
    assert_eq!(add(4, &large, None).await.accepted, 1);
    assert_eq!(partial().await.as_deref(), Some("Anew"));
    store.append(acme(), vec![answer("t-1", "Anew and whole")]).await.unwrap();
    assert_eq!(partial().await, None);
}
