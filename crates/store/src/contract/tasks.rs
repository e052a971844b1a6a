//! Tasks: each goes to one worker, ends once, and outlives workers that do not.

use std::{collections::HashSet, sync::Arc};

use switchboard_protocol::{
    Timestamp,
    rest::{Reply, TaskStatus},
};
use tokio::task::JoinSet;

use super::{
    Subject,
    chatting::{
        answer, anybody, claim, conversation, everybody_is_lost, failed, further, head, last_step, opening,
        part, post, state, told,
    },
    material::{acme, note, now},
};
use crate::{CLAIM_HISTORY, Claim, MOST_ATTEMPTS, Recovered};

fn nobody_is_lost(_: &str) -> bool {
    false
}

/// The log tells each step in the order in which it is understood: the result before the job's end, both before the
/// list that shows it; and what follows from a batch after the whole batch.
pub async fn each_step_of_a_task_is_told(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    post(&store, &acme(), further("2", "1", "And?")).await;
    let mut after = head(&store).await;
    let mut new = async || {
        let told = told(&store, after).await;
        after = head(&store).await;
        told
    };
    claim(&store, "w").await;
    assert_eq!(new().await, ["t-1 started"]);
    let step = last_step(&store, "t-1").await;
    assert_eq!((&step["lane"], &step["worker"], &step["attempt"]), (&"local".into(), &"w".into(), &1.into()));
    store.append(acme(), vec![part("t-1", 0, "H", None)]).await.unwrap();
    assert_eq!(new().await, ["t-1 progress"]);
    store.recover_tasks(now(), everybody_is_lost).await.unwrap();
    assert_eq!(new().await, ["t-1 queued"]);
    let step = last_step(&store, "t-1").await;
    assert_eq!(step["attempt"], 1);
    assert!(step["reason"].as_str().unwrap().contains('w'), "{step}");
    let before = head(&store).await;
    let appended = store
        .append(acme(), vec![answer("t-1", "Hi"), failed("t-2", Some("No")), note("last")])
        .await
        .unwrap();
    assert_eq!((appended.accepted, appended.seq), (3, before + 3), "the number of the last report");
    assert_eq!(
        new().await,
        [
            "t-1 has its result",
            "t-2 has its reason",
            "note",
            "t-1 completed",
            "t-2 failed",
            "c-1: 4 messages, 0 open",
        ]
    );
    assert_eq!(last_step(&store, "t-2").await["error"], "No");
}

/// However many workers ask at once, each task is one worker's.
pub async fn concurrent_claims_give_each_task_to_one_worker(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 0..20 {
        post(&store, &acme(), opening(&number.to_string(), "Hello")).await;
    }
    let mut claims = JoinSet::new();
    for worker in 0..8 {
        let store = Arc::clone(&store);
        claims.spawn(async move {
            let mut taken = Vec::new();
            while let Some(task) = store.claim_task(anybody(&format!("w-{worker}"))).await.unwrap() {
                assert_eq!((task.attempt, &*task.worker), (1, &*format!("w-{worker}")));
                taken.push(task.task_id);
            }
            taken
        });
    }
    let taken: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!((taken.len(), taken.iter().collect::<HashSet<_>>().len()), (20, 20));
}

/// Tasks go out in the order in which they came, among those that the worker can do.
pub async fn claims_take_the_oldest_task_that_matches(subject: &dyn Subject) {
    let store = subject.open().await;
    let in_lane =
        |name: &str, lane: &str| crate::NewMessage { lane: lane.to_owned(), ..opening(name, "Hello") };
    post(&store, &"zeta".into(), in_lane("0", "model")).await;
    for (name, lane) in [("1", "local"), ("2", "model"), ("3", "local"), ("4", "other")] {
        post(&store, &acme(), in_lane(name, lane)).await;
    }
    let take = async |lanes: &[&str], any: bool| {
        let lanes = lanes.iter().map(|lane| (*lane).to_owned()).collect();
        let organizations = (!any).then(|| vec![acme(), "nobody".into()]);
        let claim = Claim { organizations, lanes, ..anybody("w") };
        store.claim_task(claim).await.unwrap().map(|task| task.task_id.as_str().to_owned())
    };
    assert_eq!(take(&["nothing"], true).await, None);
    assert_eq!(take(&["model", "other"], false).await.as_deref(), Some("t-2"));
    assert_eq!(take(&[], true).await.as_deref(), Some("t-0"), "the oldest, whoever's it is");
    assert_eq!(take(&[], false).await.as_deref(), Some("t-1"));
    assert_eq!(take(&["model"], true).await, None);
    assert_eq!(take(&[], true).await.as_deref(), Some("t-3"));
    assert_eq!(take(&[], true).await.as_deref(), Some("t-4"));
    assert_eq!(take(&[], true).await, None);
}

/// A worker gets what was said up to the question, with what was answered and what failed, and not what came after.
pub async fn a_claim_brings_the_conversation(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("0", "first")).await;
    store.append(acme(), vec![answer("t-0", "one")]).await.unwrap();
    post(&store, &acme(), further("1", "0", "second")).await;
    store.append(acme(), vec![failed("t-1", Some("Broken"))]).await.unwrap();
    post(&store, &acme(), further("2", "0", "third")).await;
    post(&store, &acme(), further("3", "0", "fourth")).await;
    let task = claim(&store, "w").await;
    assert_eq!((&*task.content, task.conversation_id.as_str(), &*task.lane), ("third", "c-0", "local"));
    let contents: Vec<_> = task.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(contents, ["first", "one", "second", "", "third"]);
    assert_eq!(task.messages[3].error.as_deref(), Some("Broken"));
    for number in 0..CLAIM_HISTORY {
        post(&store, &acme(), further(&format!("more-{number}"), "0", &number.to_string())).await;
    }
    store.append(acme(), vec![answer("t-3", "Hi")]).await.unwrap();
    let last = format!("t-more-{}", CLAIM_HISTORY - 1);
    loop {
        let task = claim(&store, "w").await;
        if task.task_id.as_str() == last {
            assert_eq!(task.messages.len(), CLAIM_HISTORY);
            assert_eq!(task.messages[0].content, "0");
            break;
        }
    }
}

/// A lease is one worker's, for as long as it has the task.
pub async fn a_lease_is_renewed_by_its_worker_only(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    let until = |seconds: i64| Timestamp::from_millis(1_774_958_400_000 + 1000 * seconds);
    let renew = async |task: &str, worker: &str, seconds| {
        store.renew_task(acme(), task.into(), worker.into(), until(seconds)).await.unwrap()
    };
    assert!(!renew("t-1", "w", 20).await, "nobody has it");
    store.claim_task(Claim { lease_until: until(10), ..anybody("w") }).await.unwrap().unwrap();
    assert!(renew("t-1", "w", 20).await);
    assert!(renew("t-1", "w", 5).await, "a lease only gets longer");
    assert!(!renew("t-1", "another", 90).await);
    assert!(!renew("t-none", "w", 90).await);
    let held = Recovered { next_lease: Some(until(20)), ..Recovered::default() };
    assert_eq!(store.recover_tasks(until(19), nobody_is_lost).await.unwrap(), held);
    let lost = Recovered { requeued: 1, ..Recovered::default() };
    assert_eq!(store.recover_tasks(until(20), nobody_is_lost).await.unwrap(), lost);
    assert!(!renew("t-1", "w", 90).await, "it was taken back");
    claim(&store, "another").await;
    assert!(!renew("t-1", "w", 90).await);
    assert!(renew("t-1", "another", 90).await);
    store.append(acme(), vec![answer("t-1", "Hi")]).await.unwrap();
    assert!(!renew("t-1", "another", 90).await, "it has ended");
}

/// A task that was lost waits again before younger ones, its reader is told that it was begun again, and whoever
/// had it may still be the one who ends it.
pub async fn lost_tasks_wait_again_and_are_counted(subject: &dyn Subject) {
    let store = subject.open().await;
    for name in ["1", "2", "3"] {
        post(&store, &acme(), opening(name, "Hello")).await;
    }
    claim(&store, "hub:1").await;
    claim(&store, "elsewhere").await;
    drop(store);
    let store = subject.open().await;
    let recovered = store.recover_tasks(now(), |worker| worker.starts_with("hub:")).await.unwrap();
    assert_eq!((recovered.requeued, recovered.failed), (1, 0));
    assert!(recovered.next_lease.is_some(), "the other one is still at work");
    let waiting = state(&store, "t-1").await;
    assert_eq!((waiting.status, waiting.attempt), (TaskStatus::Queued, Some(1)));
    let again = claim(&store, "hub:2").await;
    assert_eq!((again.task_id.as_str(), again.attempt), ("t-1", 2));
    assert_eq!(claim(&store, "hub:2").await.attempt, 1);
    store.append(acme(), vec![answer("t-1", "Hi"), answer("t-2", "Hi")]).await.unwrap();
    let note_of = async |id: &str| conversation(&store, id).await.messages.pop().unwrap().note;
    assert_eq!(note_of("c-1").await.unwrap(), "Begun again after its worker was lost; this is attempt 2.");
    assert_eq!(note_of("c-2").await, None);
    let stated = Reply::read(&state(&store, "t-1").await.result.unwrap()).unwrap();
    assert_eq!(stated.note, note_of("c-1").await, "the frame tells it too");
    store.recover_tasks(now(), everybody_is_lost).await.unwrap();
    store.append(acme(), vec![answer("t-3", "from the one that seemed lost")]).await.unwrap();
    assert_eq!(state(&store, "t-3").await.status, TaskStatus::Completed);
}

/// What has cost too many workers is not begun again.
pub async fn a_task_that_loses_its_workers_fails(subject: &dyn Subject) {
    let store = subject.open().await;
    post(&store, &acme(), opening("1", "Hello")).await;
    for attempt in 1..MOST_ATTEMPTS {
        assert_eq!(claim(&store, "w").await.attempt, attempt);
        let recovered = store.recover_tasks(now(), everybody_is_lost).await.unwrap();
        assert_eq!(recovered, Recovered { requeued: 1, ..Recovered::default() });
    }
    assert_eq!(claim(&store, "w").await.attempt, MOST_ATTEMPTS);
    let before = head(&store).await;
    let recovered = store.recover_tasks(now(), everybody_is_lost).await.unwrap();
    assert_eq!(recovered, Recovered { failed: 1, ..Recovered::default() });
    assert_eq!(told(&store, before).await, ["t-1 has its reason", "t-1 failed", "c-1: 2 messages, 0 open"]);
    let error = state(&store, "t-1").await.error.unwrap();
    assert!(error.contains("begun 3 times") && error.contains("its worker was lost"), "{error}");
    assert_eq!(conversation(&store, "c-1").await.messages[1].error.as_deref(), Some(&*error));
    assert_eq!(store.claim_task(anybody("w")).await.unwrap(), None);
}

/// More than one transaction takes back are taken back in one call.
pub async fn any_number_of_lost_tasks_is_recovered(subject: &dyn Subject) {
    let store = subject.open().await;
    let mut posts = JoinSet::new();
    for number in 0..1100 {
        let store = Arc::clone(&store);
        posts.spawn(async move {
            post(&store, &acme(), opening(&number.to_string(), "Hello")).await;
            claim(&store, "w").await;
        });
    }
    posts.join_all().await;
    let recovered = store.recover_tasks(now(), everybody_is_lost).await.unwrap();
    assert_eq!(recovered, Recovered { requeued: 1100, ..Recovered::default() });
    assert!(store.claim_task(anybody("w")).await.unwrap().is_some());
}
