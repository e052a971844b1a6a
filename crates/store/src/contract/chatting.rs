//! What the tests of conversations and tasks say and report, and how they read it back.

use std::sync::Arc;

use switchboard_protocol::{
    Frame, JobEvent, JobEventKind, Json, OrganizationId, TaskId, TaskOutcome, TaskResult, Timestamp,
    rest::{ClaimedTask, Conversation, ConversationChanged, TaskDelta, TaskState},
};

use super::material::{acme, now, read_all};
use crate::{Claim, ConversationQuery, Entry, Fold, NewMessage, PostOutcome, Report, Store};

/// A message that begins a conversation. `name` names all of it: the message `m-…`, the conversation `c-…`, the task
/// `t-…`.
pub(super) fn opening(name: &str, content: &str) -> NewMessage {
    NewMessage {
        id: format!("m-{name}").into(),
        conversation: None,
        new_conversation: format!("c-{name}").into(),
        task: format!("t-{name}").into(),
        content: content.to_owned(),
        lane: "local".to_owned(),
    }
}

/// A further message in the conversation `c-…` of another.
pub(super) fn further(name: &str, conversation: &str, content: &str) -> NewMessage {
    NewMessage { conversation: Some(format!("c-{conversation}").into()), ..opening(name, content) }
}

/// Posts a message, which must be new.
pub(super) async fn post(store: &Arc<dyn Store>, organization: &OrganizationId, message: NewMessage) {
    let posted = store.post_message(organization.clone(), message).await.unwrap();
    assert!(matches!(posted, PostOutcome::Queued { .. }), "{posted:?}");
}

/// Who takes any task of the usual organization, for a minute.
pub(super) fn anybody(worker: &str) -> Claim {
    Claim {
        organizations: Some(vec![acme()]),
        lanes: Vec::new(),
        worker: worker.to_owned(),
        lease_until: in_a_minute(),
    }
}

pub(super) async fn claim(store: &Arc<dyn Store>, worker: &str) -> ClaimedTask {
    store.claim_task(anybody(worker)).await.unwrap().expect("a task waits")
}

pub(super) fn in_a_minute() -> Timestamp {
    Timestamp::from_millis(now().as_millis() + 60_000)
}

/// The `result` of a task, as the hub hands it on.
pub(super) fn completed(task: &str, result: &str) -> Report {
    let result = (!result.is_empty()).then(|| Json::from_text(result.to_owned()).unwrap());
    ended(task, TaskOutcome::Completed { result })
}

/// An answer with a text, and nothing else.
pub(super) fn answer(task: &str, content: &str) -> Report {
    completed(task, &format!(r#"{{"content":"{content}"}}"#))
}

pub(super) fn failed(task: &str, error: Option<&str>) -> Report {
    ended(task, TaskOutcome::Failed { error: error.map(str::to_owned), result: None })
}

fn ended(task: &str, outcome: TaskOutcome) -> Report {
    let result = TaskResult { task_id: task.into(), organization_id: None, outcome };
    let frame = Frame::TaskResult(result.clone());
    let body = switchboard_protocol::Envelope::unsequenced(frame).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::TaskResult(result)) }
}

/// A part of an answer.
pub(super) fn part(task: &str, offset: u64, delta: &str, attempt: Option<u32>) -> Report {
    let delta = TaskDelta { delta: delta.to_owned(), offset, attempt };
    let event = JobEvent {
        organization_id: Some(acme()),
        job_id: task.into(),
        kind: JobEventKind::Progress,
        timestamp: Some(now()),
        data: Some(Json::write(&delta).unwrap()),
    };
    let body = switchboard_protocol::Envelope::unsequenced(Frame::JobEvent(event)).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::TaskDelta(TaskId::from(task), delta)) }
}

pub(super) async fn conversation(store: &Arc<dyn Store>, id: &str) -> Conversation {
    store.conversation(acme(), id.into(), 100, None).await.unwrap().expect("the conversation is known")
}

pub(super) async fn head(store: &Arc<dyn Store>) -> u64 {
    store.bounds(acme()).await.unwrap().head
}

/// What the log tells after `after`, an entry a line: a conversation's update with messages and open tasks, a
/// job's events, results, and the kinds of all others.
pub(super) async fn told(store: &Arc<dyn Store>, after: u64) -> Vec<String> {
    read_all(store, &acme(), after).await.iter().map(tell).collect()
}

fn tell(entry: &Entry) -> String {
    assert_eq!(entry.execution_id, None, "everybody hears of it");
    match switchboard_protocol::decode(&entry.body).unwrap().frame {
        Frame::DashboardUpdate(update) => {
            let changed = ConversationChanged::read(&update.data).unwrap();
            assert_eq!(changed.organization_id, acme());
            let summary = changed.conversation;
            format!("{}: {} messages, {} open", summary.id, summary.message_count, summary.pending)
        }
        Frame::JobEvent(job) => {
            assert!(job.organization_id == Some(acme()) && job.timestamp.is_some(), "{}", entry.body);
            format!("{} {}", job.job_id, job.kind.as_str())
        }
        Frame::TaskResult(task) => match task.outcome {
            TaskOutcome::Completed { .. } => format!("{} has its result", task.task_id),
            TaskOutcome::Failed { .. } => format!("{} has its reason", task.task_id),
        },
        other => other.kind().to_owned(),
    }
}

/// The data of the last job event of a task.
pub(super) async fn last_step(store: &Arc<dyn Store>, task: &str) -> serde_json::Value {
    let entries = read_all(store, &acme(), 0).await;
    let data = entries.iter().rev().find_map(|entry| {
        match switchboard_protocol::decode(&entry.body).unwrap().frame {
            Frame::JobEvent(job) if job.job_id.as_str() == task => job.data,
            _ => None,
        }
    });
    data.unwrap().read().unwrap()
}

/// The names of the conversations that a list shows, all on one page.
pub(super) async fn listed(store: &Arc<dyn Store>, text: Option<&str>) -> Vec<String> {
    let query = ConversationQuery { text: text.map(str::to_owned), limit: 100, before: None };
    let list = store.conversations(acme(), query).await.unwrap();
    assert_eq!(list.next_before, None);
    list.items.into_iter().map(|item| item.id.as_str().to_owned()).collect()
}

/// A task as it stands; it must be known.
pub(super) async fn state(store: &Arc<dyn Store>, task: &str) -> TaskState {
    store.task(acme(), task.into()).await.unwrap().expect("the task is known")
}

pub(super) fn everybody_is_lost(_: &str) -> bool {
    true
}
