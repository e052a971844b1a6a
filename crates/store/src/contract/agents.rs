//! The agents: folded from what they say, and the executions whose workers beat.

use std::sync::Arc;

use switchboard_model::MOST_AGENTS;
use switchboard_protocol::{
    AgentEvent, AgentEventKind, AgentStatus, Envelope, Frame, Timestamp,
    rest::{AgentList, AgentSummary},
};

use super::{
    Subject,
    material::{acme, event, moment_between, now, output, read_all, start},
};
use crate::{Entry, ExecutionQuery, Fold, Report, Retention, Store};

fn agent(id: &str, kind: AgentEventKind) -> AgentEvent {
    AgentEvent { received_at: Some(Timestamp::from_millis(0)), ..AgentEvent::of(id.into(), kind) }
}

fn beat(id: &str, task: &str) -> AgentEvent {
    let kind = AgentEventKind::Heartbeat {
        status: Some(AgentStatus::Running),
        current_task: Some(task.to_owned()),
        heartbeat_seconds: Some(5),
    };
    agent(id, kind)
}

fn report(event: AgentEvent) -> Report {
    let body = Envelope::unsequenced(Frame::AgentEvent(event.clone())).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::Agent(event)) }
}

/// What the log's entries say of the agents.
fn fold(entries: &[Entry]) -> Vec<AgentSummary> {
    let mut agents = switchboard_model::Agents::new(acme());
    for entry in entries {
        if let Frame::AgentEvent(event) = switchboard_protocol::decode(&entry.body).unwrap().frame {
            agents.event(Some(entry.seq), &event, now());
        }
    }
    agents.iter().cloned().collect()
}

async fn names(store: &Arc<dyn Store>) -> Vec<String> {
    let list = store.agents(acme()).await.unwrap();
    list.items.into_iter().map(|agent| agent.agent_id.as_str().to_owned()).collect()
}

/// Over mixed batches, the list says what folding the log says, in the order of names, also for who opens it anew.
pub async fn agents_are_the_fold_of_their_frames(subject: &dyn Subject) {
    let store = subject.open().await;
    assert_eq!(store.agents(acme()).await.unwrap(), AgentList { items: Vec::new(), seq: Some(0) });
    let failed = AgentEventKind::Error { error: Some("disk full".to_owned()) };
    store
        .append(
            acme(),
            vec![report(beat("b", "one")), report(agent("a", AgentEventKind::Started)), output("e-1", 1)],
        )
        .await
        .unwrap();
    store.append(acme(), vec![report(beat("b", "two")), report(agent("a", failed))]).await.unwrap();
    store.append("other".into(), vec![report(beat("z", "elsewhere"))]).await.unwrap();
    let before = store.agents(acme()).await.unwrap();
    let entries = read_all(&store, &acme(), 0).await;
    assert_eq!(before.items, fold(&entries));
    assert_eq!(before.seq, entries.last().map(|entry| entry.seq));
    assert_eq!(names(&store).await, ["a", "b"]);
    assert!(
        entries.iter().all(|entry| entry.execution_id.is_none() || entry.seq == 3),
        "they are for everybody"
    );
    drop(store);

    let store = subject.open().await;
    assert_eq!(store.agents(acme()).await.unwrap(), before);
    store.append(acme(), vec![report(agent("b", AgentEventKind::Stopped))]).await.unwrap();
    assert_eq!(store.agents(acme()).await.unwrap().items, fold(&read_all(&store, &acme(), 0).await));
}

/// A repetition changes nothing.
pub async fn a_duplicate_changes_no_agent(subject: &dyn Subject) {
    let store = subject.open().await;
    let first = Report { id: Some("r-1".to_owned()), ..report(beat("a", "one")) };
    store.append(acme(), vec![first]).await.unwrap();
    let known = store.agents(acme()).await.unwrap();
    let again = Report { id: Some("r-1".to_owned()), ..report(beat("a", "two")) };
    assert_eq!(store.append(acme(), vec![again]).await.unwrap().duplicates, 1);
    assert_eq!(store.agents(acme()).await.unwrap(), known);
}

/// While heartbeats come, every list is exactly what the log was at its `seq`.
pub async fn agents_are_as_of_their_seq_while_reports_come(subject: &dyn Subject) {
    let store = subject.open().await;
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0..100 {
                let task = number.to_string();
                let batch = vec![report(beat("a", &task)), report(beat(&format!("a-{number}"), &task))];
                store.append(acme(), batch).await.unwrap();
            }
        })
    };
    let mut lists = Vec::new();
    while !writing.is_finished() {
        lists.push(store.agents(acme()).await.unwrap());
    }
    writing.await.unwrap();
    let entries = read_all(&store, &acme(), 0).await;
    for list in lists {
        let until: Vec<_> = entries.iter().filter(|entry| Some(entry.seq) <= list.seq).cloned().collect();
        assert_eq!(list.items, fold(&until));
    }
}

/// A flood of names is bounded: those that were not heard of for longest go, and other organizations keep theirs.
pub async fn too_many_agents_push_the_longest_unheard_out(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append("other".into(), vec![report(beat("mine", ""))]).await.unwrap();
    store.append(acme(), vec![report(beat("kept", "")), report(beat("gone", ""))]).await.unwrap();
    moment_between().await;
    let many = |prefix: &str, count: usize| {
        (0..count).map(|number| report(beat(&format!("{prefix}-{number:05}"), ""))).collect::<Vec<_>>()
    };
    store.append(acme(), many("b", MOST_AGENTS - 2)).await.unwrap();
    assert_eq!(names(&store).await.len(), MOST_AGENTS);
    moment_between().await;
    store.append(acme(), vec![report(beat("kept", "")), report(beat("one too many", ""))]).await.unwrap();
    let left = names(&store).await;
    assert!(left.len() <= MOST_AGENTS && left.len() > MOST_AGENTS / 2, "{}", left.len());
    assert!(left.contains(&"kept".to_owned()) && left.contains(&"one too many".to_owned()));
    assert!(!left.contains(&"gone".to_owned()), "it was not heard of for longest");
    store.append(acme(), many("c", 3 * MOST_AGENTS)).await.unwrap();
    assert!(names(&store).await.len() <= MOST_AGENTS);
    assert_eq!(store.agents("other".into()).await.unwrap().items.len(), 1);
}

/// An agent that was not heard of for longer than the limit of age goes; bytes do not make it go.
pub async fn silent_agents_go_with_age(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![report(beat("old", "")), report(beat("heard of", ""))]).await.unwrap();
    let moment = moment_between().await;
    store.append(acme(), vec![report(beat("heard of", ""))]).await.unwrap();
    let at = now();
    store.prune(Retention { age_ms: None, bytes: Some(0) }, at).await.unwrap();
    assert_eq!(names(&store).await, ["heard of", "old"]);
    store.prune(Retention { age_ms: Some(at.millis_since(moment)), bytes: None }, at).await.unwrap();
    assert_eq!(names(&store).await, ["heard of"]);
    store.append(acme(), vec![report(agent("old", AgentEventKind::Started))]).await.unwrap();
    let old = &store.agents(acme()).await.unwrap().items[1];
    assert_eq!(
        (old.current_task.as_deref(), old.beats.len()),
        (None, 0),
        "nothing of the earlier one is known"
    );
}

/// A heartbeat that names an execution is a sign of life of its worker: lists and snapshots show it, and no update tells
/// of it. One that names an execution which nobody knows makes none.
pub async fn a_heartbeat_is_a_sign_of_life_of_its_execution(subject: &dyn Subject) {
    let store = subject.open().await;
    let of = |execution: &str| report(AgentEvent { execution_id: Some(execution.into()), ..beat("a", "") });
    store.append(acme(), vec![of("e-1")]).await.unwrap();
    assert!(store.execution(acme(), "e-1".into(), 10).await.unwrap().is_none());
    store.append(acme(), vec![start("e-1", "One"), start("e-2", "Two")]).await.unwrap();
    let head = store.bounds(acme()).await.unwrap().head;
    store.append(acme(), vec![of("e-1"), of("e-1"), of("unknown")]).await.unwrap();
    assert_eq!(store.bounds(acme()).await.unwrap().head, head + 3, "no update");
    let shown = async || {
        let query = ExecutionQuery { limit: 10, ..Default::default() };
        let listed = store.executions(acme(), query).await.unwrap().items;
        let beats: Vec<_> = listed.iter().map(|item| (item.heartbeat_at, item.heartbeat_seconds)).collect();
        let snapshot = store.execution(acme(), "e-1".into(), 10).await.unwrap().unwrap().summary;
        assert_eq!((snapshot.heartbeat_at, snapshot.heartbeat_seconds), beats[1]);
        assert_eq!(beats[0], (None, None), "the other one's worker never beat");
        beats[1]
    };
    assert_eq!(shown().await, (Some(Timestamp::from_millis(0)), Some(5)), "when the hub had it");
    let events = store.execution(acme(), "e-1".into(), 10).await.unwrap().unwrap().summary.event_count;
    assert_eq!(events, 1, "a beat is no event");
    // An event is a sign of life too, and stands in the update that it brings.
    store.append(acme(), vec![event("e-1", 7, "agent-complete", None)]).await.unwrap();
    assert_eq!(shown().await.0, Some(Timestamp::from_millis(1_774_958_400_007)));
    drop(store);
    let store = subject.open().await;
    let snapshot = store.execution(acme(), "e-1".into(), 10).await.unwrap().unwrap().summary;
    assert_eq!(snapshot.heartbeat_seconds, Some(5), "it is stored");
}

/// An execution whose worker beats, and that is quiet for longer than its events are kept, is still known: its next line is its own.
///
/// It was once forgotten: links to it led nowhere, and its next line made a new execution without agent, title and start.
pub async fn a_quiet_execution_whose_worker_beats_is_kept(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![start("beats", "One"), start("silent", "Two")]).await.unwrap();
    let moment = moment_between().await;
    let sign = AgentEvent {
        execution_id: Some("beats".into()),
        received_at: Some(now()),
        ..beat("a", "waits for work")
    };
    store.append(acme(), vec![report(sign)]).await.unwrap();
    let at = now();
    store.prune(Retention { age_ms: Some(at.millis_since(moment)), bytes: None }, at).await.unwrap();
    assert!(store.execution(acme(), "silent".into(), 10).await.unwrap().is_none());
    store.append(acme(), vec![output("beats", 1)]).await.unwrap();
    let kept = store.execution(acme(), "beats".into(), 10).await.unwrap().unwrap();
    assert_eq!((kept.events.len(), kept.summary.title.as_deref()), (1, Some("One")));
}
