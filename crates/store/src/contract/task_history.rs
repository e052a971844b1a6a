//! Long random histories of tasks, compared with a model that is as plain as can be.

use std::sync::Arc;

use switchboard_protocol::{OrganizationId, Timestamp, rest::TaskStatus};

use super::{
    Subject,
    chatting::{answer, anybody, failed, further, opening, part},
    history::Random,
};
use crate::{Claim, ConversationQuery, MOST_ATTEMPTS, PostOutcome, Store};

const LANES: [&str; 2] = ["local", "model"];
const WORKERS: [&str; 3] = ["hub:1", "hub:2", "elsewhere"];

/// Messages, claims, renewals, parts, results, lost workers and reopening, in any order and in two organizations
/// with the same names: after each step every task, every conversation and the order of the lists are what the
/// model says.
pub async fn random_tasks_match_a_plain_model(subject: &dyn Subject) {
    let mut store = subject.open().await;
    for seed in 1..=8 {
        let mut random = Random(seed);
        let mut plain =
            Plain { names: ["one", "two"].map(|name| format!("{name}-{seed}").into()), ..Plain::default() };
        for step in 0..80 {
            let context = format!("seed {seed}, step {step}");
            if random.below(25) == 0 {
                drop(store);
                store = subject.open().await;
            }
            plain.step(&store, &mut random, &context).await;
            plain.assert_same(&store, &context).await;
        }
        // Tasks are recovered in all organizations, so the next round must find none at work.
        for task in plain.tasks.iter().filter(|task| !task.status.is_final()) {
            let organization = plain.names[task.owner].clone();
            store.append(organization, vec![answer(&task.name, "Hi")]).await.unwrap();
        }
    }
}

/// A task and the conversation that waits for it.
struct Task {
    /// Which of the two organizations.
    owner: usize,
    name: String,
    conversation: String,
    lane: &'static str,
    status: TaskStatus,
    attempt: u32,
    worker: &'static str,
    lease: i64,
    partial: String,
}

#[derive(Default)]
struct Plain {
    names: [OrganizationId; 2],
    /// In the order in which they were queued.
    tasks: Vec<Task>,
    /// Owner and name of each conversation, the one with the latest message last, and how many messages it has.
    conversations: Vec<(usize, String, u64)>,
    /// How many names were given, and the time that leases are measured by.
    named: u64,
    clock: i64,
}

impl Plain {
    async fn step(&mut self, store: &Arc<dyn Store>, random: &mut Random, context: &str) {
        self.clock += 1;
        let owner = usize::try_from(random.below(2)).unwrap();
        let organization = self.names[owner].clone();
        match random.below(12) {
            0..3 => self.post(store, random, owner, context).await,
            3..6 => self.claim(store, random, owner, context).await,
            6 => self.recover(store, random, context).await,
            7 => {
                let (name, worker) = (self.any(random), pick(random, &WORKERS));
                let until = self.clock + 5;
                let clock = Timestamp::from_millis(until);
                let renewed =
                    store.renew_task(organization, name.as_str().into(), worker.to_owned(), clock).await;
                let task = self.find(owner, &name);
                let held = task.filter(|task| task.status == TaskStatus::Running && task.worker == worker);
                assert_eq!(renewed.expect(context), held.is_some(), "{context}");
                if let Some(task) = held {
                    task.lease = task.lease.max(until);
                }
            }
            8 => {
                let (name, offset) = (self.any(random), random.below(4));
                store.append(organization, vec![part(&name, offset, "äb", None)]).await.expect(context);
                if let Some(task) = self.find(owner, &name)
                    && task.status == TaskStatus::Running
                    && task.partial.chars().count() as u64 == offset
                {
                    task.partial.push_str("äb");
                }
            }
            _ => {
                let name = self.any(random);
                let fails = random.below(3) == 0;
                let report = if fails { failed(&name, Some("Broken")) } else { answer(&name, "Hi") };
                let appended = store.append(organization, vec![report]).await.expect(context);
                let task = self.find(owner, &name);
                let new = task.as_ref().is_none_or(|task| !task.status.is_final());
                assert_eq!(appended.accepted == 1, new, "{context}");
                if let Some(task) = task.filter(|task| !task.status.is_final()) {
                    task.status = if fails { TaskStatus::Failed } else { TaskStatus::Completed };
                    let conversation = task.conversation.clone();
                    self.said(owner, &conversation);
                }
            }
        }
    }

    async fn post(&mut self, store: &Arc<dyn Store>, random: &mut Random, owner: usize, context: &str) {
        self.named += 1;
        let name = self.named.to_string();
        let into = (random.below(2) == 0).then(|| random.below(self.named).to_string());
        let new = match &into {
            Some(conversation) => further(&name, conversation, "More"),
            None => opening(&name, "Hello"),
        };
        let lane = pick(random, &LANES);
        let message = crate::NewMessage { lane: lane.to_owned(), ..new };
        let organization = self.names[owner].clone();
        let outcome = store.post_message(organization, message).await.expect(context);
        let conversation = format!("c-{}", into.as_ref().unwrap_or(&name));
        let known = self.conversations.iter().any(|known| known.0 == owner && known.1 == conversation);
        if into.is_some() && !known {
            assert_eq!(outcome, PostOutcome::UnknownConversation, "{context}");
            return;
        }
        assert!(matches!(outcome, PostOutcome::Queued { .. }), "{context}: {outcome:?}");
        if !known {
            self.conversations.push((owner, conversation.clone(), 0));
        }
        self.said(owner, &conversation);
        self.tasks.push(Task {
            owner,
            name: format!("t-{name}"),
            conversation,
            lane,
            status: TaskStatus::Queued,
            attempt: 0,
            worker: "",
            lease: 0,
            partial: String::new(),
        });
    }

    async fn claim(&mut self, store: &Arc<dyn Store>, random: &mut Random, owner: usize, context: &str) {
        let worker = pick(random, &WORKERS);
        let organizations =
            if random.below(2) == 0 { self.names.to_vec() } else { vec![self.names[owner].clone()] };
        let lanes = if random.below(2) == 0 { Vec::new() } else { vec![pick(random, &LANES).to_owned()] };
        let lease = self.clock + i64::try_from(random.below(20)).unwrap();
        let expected = self.tasks.iter_mut().find(|task| {
            task.status == TaskStatus::Queued
                && organizations.contains(&self.names[task.owner])
                && (lanes.is_empty() || lanes.iter().any(|lane| lane == task.lane))
        });
        let lease_until = Timestamp::from_millis(lease);
        let claim = Claim {
            organizations: Some(organizations.clone()),
            lanes: lanes.clone(),
            lease_until,
            ..anybody(worker)
        };
        let claimed = store.claim_task(claim).await.expect(context);
        let told = claimed.map(|task| (task.task_id.as_str().to_owned(), task.organization_id, task.attempt));
        let expected = expected.map(|task| {
            (task.status, task.worker, task.lease) = (TaskStatus::Running, worker, lease);
            task.attempt += 1;
            task.partial.clear();
            (task.name.clone(), self.names[task.owner].clone(), task.attempt)
        });
        assert_eq!(told, expected, "{context}");
    }

    async fn recover(&mut self, store: &Arc<dyn Store>, random: &mut Random, context: &str) {
        let all = random.below(2) == 0;
        let is_lost: fn(&str) -> bool = if all { |worker| worker.starts_with("hub:") } else { |_| false };
        let recovered =
            store.recover_tasks(Timestamp::from_millis(self.clock), is_lost).await.expect(context);
        let (mut requeued, mut ended) = (0, Vec::new());
        for task in self.tasks.iter_mut().filter(|task| task.status == TaskStatus::Running) {
            if task.lease > self.clock && !is_lost(task.worker) {
                continue;
            }
            if task.attempt < MOST_ATTEMPTS {
                task.status = TaskStatus::Queued;
                requeued += 1;
            } else {
                task.status = TaskStatus::Failed;
                ended.push((task.owner, task.conversation.clone()));
            }
        }
        assert_eq!((recovered.requeued, recovered.failed), (requeued, ended.len() as u64), "{context}");
        let running = self.tasks.iter().filter(|task| task.status == TaskStatus::Running);
        let next = running.map(|task| Timestamp::from_millis(task.lease)).min();
        assert_eq!(recovered.next_lease, next, "{context}");
        for (owner, conversation) in ended {
            self.said(owner, &conversation);
        }
    }

    /// A conversation got a message, so it is the latest.
    fn said(&mut self, owner: usize, name: &str) {
        let index = self.conversations.iter().position(|known| known.0 == owner && known.1 == name).unwrap();
        let (owner, name, messages) = self.conversations.remove(index);
        self.conversations.push((owner, name, messages + 1));
    }

    /// The name of a task, of either organization, or of none.
    fn any(&self, random: &mut Random) -> String {
        format!("t-{}", random.below(self.named + 2))
    }

    fn find(&mut self, owner: usize, name: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.owner == owner && task.name == name)
    }

    async fn assert_same(&self, store: &Arc<dyn Store>, context: &str) {
        for task in &self.tasks {
            let organization = self.names[task.owner].clone();
            let state =
                store.task(organization, task.name.as_str().into()).await.expect(context).expect(context);
            assert_eq!(state.status, task.status, "{context}: {}", task.name);
            assert_eq!(state.attempt.unwrap_or(0), task.attempt, "{context}: {}", task.name);
            let partial = (task.status == TaskStatus::Running).then_some(&*task.partial);
            assert_eq!(state.partial.as_deref(), partial.filter(|text| !text.is_empty()), "{context}");
        }
        for (owner, organization) in self.names.iter().enumerate() {
            let query = ConversationQuery { limit: 200, ..ConversationQuery::default() };
            let list = store.conversations(organization.clone(), query).await.expect(context);
            let told = list.items.iter().map(|item| (item.id.as_str(), item.message_count, item.pending));
            let open = |name: &str| {
                let of = |task: &&Task| task.owner == owner && task.conversation == name;
                self.tasks.iter().filter(of).filter(|task| !task.status.is_final()).count() as u64
            };
            let own = self.conversations.iter().rev().filter(|known| known.0 == owner);
            let expected: Vec<_> = own.map(|(_, name, messages)| (&**name, *messages, open(name))).collect();
            assert_eq!(told.collect::<Vec<_>>(), expected, "{context}");
        }
    }
}

fn pick(random: &mut Random, among: &[&'static str]) -> &'static str {
    among[usize::try_from(random.below(among.len() as u64)).unwrap()]
}
