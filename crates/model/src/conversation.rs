//! One conversation as its page shows it.

use std::{collections::VecDeque, sync::Arc};

use switchboard_protocol::{
    MessageId, TaskId, Timestamp,
    rest::{Conversation as Snapshot, ConversationSummary, Message, Reply, Role, TaskDelta, TaskState},
};

use crate::tasks::TaskEnd;

/// One conversation: its messages, what is on its way, and what is awaited.
///
/// It is folded from snapshots and from what happens after them. A snapshot is the truth about everything that happened
/// before it was asked for; what the page has done and heard since then stays.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    summary: Option<ConversationSummary>,
    items: Vec<Item>,
    /// How many messages there are, as far as is known: more in an update means that one is missing here.
    known_messages: u64,
    /// Grows with each change.
    stamp: u64,
    /// What to ask with for the messages before the first.
    older: Option<String>,
    /// Ends of tasks that were heard of before anything here said that they are awaited.
    early: VecDeque<(TaskId, TaskEnd)>,
}

/// How many ends wait for a snapshot that says where they belong: far more than come while one is on its way.
const EARLY_ENDS: usize = 256;

/// One entry of a conversation.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is known by, through all that it shows: a message that is sent and then stored, a reply that is awaited and
    /// then there.
    pub key: Arc<str>,
    /// What it shows.
    pub shown: Shown,
    /// The conversation's stamp when it last changed.
    pub stamp: u64,
}

/// What one entry of a conversation shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A message; one with an `error` is a reply that failed.
    Message(Message),
    /// The person's message, on its way.
    Sending {
        /// What it says.
        content: String,
    },
    /// The person's message, which could not be sent.
    NotSent {
        /// What it says.
        content: String,
        /// Why, and what to do.
        error: String,
    },
    /// A reply that is awaited.
    Waiting {
        /// The task that brings it.
        task_id: TaskId,
        /// What of it is there already.
        partial: String,
        /// Whether a worker has it.
        running: bool,
        /// How often it was begun; 0 while it is not known to have been.
        attempt: u32,
    },
}

impl Conversation {
    /// What lists show of it.
    pub fn summary(&self) -> Option<&ConversationSummary> {
        self.summary.as_ref()
    }

    /// The entries, oldest first.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Grows with each change. To be taken before a snapshot is asked for.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// What to ask with for the messages before the first; `None` where there are none.
    pub fn older(&self) -> Option<&str> {
        self.older.as_deref()
    }

    /// The tasks whose replies are awaited.
    pub fn awaited(&self) -> impl Iterator<Item = &TaskId> {
        self.items.iter().filter_map(|item| match &item.shown {
            Shown::Waiting { task_id, .. } => Some(task_id),
            _ => None,
        })
    }

    /// Takes over a snapshot that was asked for at `asked_at`; `now` stands in for times that a server leaves out. Answers whether another one is needed, because the page kept
    /// something of which a server without identifiers may tell under another name.
    pub fn show(&mut self, snapshot: Snapshot, asked_at: u64, now: Timestamp) -> bool {
        let Snapshot { summary, messages, tasks, next_before, seq } = snapshot;
        self.stamp += 1;
        let before = std::mem::take(&mut self.items);
        let mut items: Vec<Item> = messages.into_iter().map(|message| self.item(message)).collect();
        for task in tasks {
            insert_awaited(&mut items, self.stamp, task);
        }
        // What stood before the snapshot's first message was fetched as older pages, and stays.
        let first = items.first().map(|item| Arc::clone(&item.key));
        let place = first.and_then(|first| before.iter().position(|item| item.key == first));
        if place.is_none_or(|place| place == 0) {
            self.older = next_before;
        }
        let (mut kept, mut doubtful) = (0, false);
        let mut before = before.into_iter();
        let older: Vec<Item> = before.by_ref().take(place.unwrap_or(0)).collect();
        for item in before {
            let is_newer = item.stamp > asked_at;
            if let Some(known) = items.iter_mut().find(|known| known.key == item.key) {
                // A reply that came since then is not awaited again, and what is written of one only grows.
                if is_newer && matches!(known.shown, Shown::Waiting { .. }) {
                    kept += u64::from(matches!(item.shown, Shown::Message(_)));
                    *known = item;
                }
                continue;
            }
            match &item.shown {
                Shown::Message(_) if is_newer => {
                    kept += 1;
                    doubtful |= seq.is_none();
                }
                Shown::Message(_) => continue,
                // Nothing that the person wrote is lost, and what is awaited ends by its task.
                Shown::Sending { .. } | Shown::NotSent { .. } | Shown::Waiting { .. } => {}
            }
            items.push(item);
        }
        items.splice(0..0, older);
        // A snapshot from before an end says that the reply is awaited; nothing would end it again.
        for item in &mut items {
            let Shown::Waiting { task_id, .. } = &item.shown else { continue };
            if let Some((task, end)) = self.early.iter().find(|(task, _)| task == task_id) {
                item.shown = Shown::Message(reply(task, end, now));
                kept += 1;
            }
        }
        self.early.clear();
        self.known_messages = summary.message_count + kept;
        self.items = items;
        self.summary = Some(summary);
        doubtful
    }

    /// Puts older messages before the first. `next_before` leads to those before them.
    pub fn show_older(&mut self, messages: Vec<Message>, next_before: Option<String>) {
        self.stamp += 1;
        let older: Vec<Item> = messages
            .into_iter()
            .map(|message| self.item(message))
            .filter(|item| self.items.iter().all(|known| known.key != item.key))
            .collect();
        self.items.splice(0..0, older);
        self.older = next_before;
    }

    /// An update has told how the conversation stands. Answers whether a message is missing here.
    pub fn changed(&mut self, summary: ConversationSummary) -> bool {
        self.stamp += 1;
        self.summary = Some(summary);
        self.lacks_messages()
    }

    /// Whether there are more messages than are known here: somebody else wrote, or this page's own is on its way.
    pub fn lacks_messages(&self) -> bool {
        self.summary.as_ref().is_some_and(|summary| summary.message_count > self.known_messages)
    }

    /// The person sends a message; `id` is the name that it is to have. One that could not be sent is sent again.
    pub fn sending(&mut self, id: &MessageId, content: String) {
        let key = message_key(id);
        self.put(key, Shown::Sending { content });
    }

    /// It could not be sent.
    pub fn not_sent(&mut self, id: &MessageId, error: String) {
        let key = message_key(id);
        if let Some(Shown::Sending { content }) = self.find(&key) {
            let content = content.clone();
            self.put(key, Shown::NotSent { content, error });
        }
    }

    /// The person gives up a message that could not be sent.
    pub fn discard(&mut self, key: &str) {
        self.stamp += 1;
        self.items.retain(|item| &*item.key != key || !matches!(item.shown, Shown::NotSent { .. }));
    }

    /// The message is stored, and its reply is awaited as the end of a task. `stored` is the message as the server has it.
    pub fn queued(&mut self, id: &MessageId, task: &TaskId, stored: Option<Message>, now: Timestamp) {
        self.sent(id, stored, now);
        if self.find(&task_key(task)).is_none() {
            let waiting =
                Shown::Waiting { task_id: task.clone(), partial: String::new(), running: false, attempt: 0 };
            self.put(task_key(task), waiting);
        }
    }

    /// The message is stored, and this is the reply.
    pub fn answered(&mut self, id: &MessageId, reply: Message, now: Timestamp) {
        self.sent(id, None, now);
        let item = self.item(reply);
        self.known_messages += u64::from(self.find(&item.key).is_none());
        self.put(item.key, item.shown);
    }

    /// A worker has taken the task.
    pub fn started(&mut self, task: &TaskId, began: u32) {
        let Some(Shown::Waiting { partial, attempt, .. }) = self.find(&task_key(task)) else { return };
        // What an earlier attempt has written is not part of this one's answer.
        let partial = if began > *attempt { String::new() } else { partial.clone() };
        let shown = Shown::Waiting { task_id: task.clone(), partial, running: true, attempt: began };
        self.put(task_key(task), shown);
    }

    /// A part of a reply came. Answers whether one before it is missing.
    pub fn delta(&mut self, task: &TaskId, delta: &TaskDelta) -> bool {
        let key = task_key(task);
        let Some(item) = self.items.iter_mut().find(|item| item.key == key) else { return false };
        let Shown::Waiting { partial, running, attempt, .. } = &mut item.shown else { return false };
        let began = delta.attempt.unwrap_or(*attempt);
        if began < *attempt {
            return false;
        }
        if began > *attempt {
            partial.clear();
            *attempt = began;
        }
        let known = partial.chars().count() as u64;
        if delta.offset > known {
            return true;
        }
        *running = true;
        let overlap = usize::try_from(known - delta.offset).unwrap_or(usize::MAX);
        partial.extend(delta.delta.chars().skip(overlap));
        self.stamp += 1;
        item.stamp = self.stamp;
        false
    }

    /// A task has ended: what was awaited is there, or is not to come.
    pub fn ended(&mut self, task: &TaskId, end: &TaskEnd, now: Timestamp) {
        let key = task_key(task);
        match self.find(&key) {
            Some(Shown::Waiting { .. }) => {}
            // It has ended before.
            Some(_) => return,
            None => {
                if self.early.len() == EARLY_ENDS {
                    self.early.pop_front();
                }
                return self.early.push_back((task.clone(), end.clone()));
            }
        }
        self.known_messages += 1;
        self.put(key, Shown::Message(reply(task, end, now)));
    }

    fn sent(&mut self, id: &MessageId, stored: Option<Message>, now: Timestamp) {
        let key = message_key(id);
        let content = match self.find(&key) {
            Some(Shown::Sending { content } | Shown::NotSent { content, .. }) => content.clone(),
            // A snapshot knew it first.
            _ => return,
        };
        let message = stored.unwrap_or_else(|| Message {
            content,
            created_at: Some(now),
            ..empty_message(id.clone(), Role::User)
        });
        self.known_messages += 1;
        self.put(key, Shown::Message(message));
    }

    fn find(&self, key: &str) -> Option<&Shown> {
        self.items.iter().find(|item| &*item.key == key).map(|item| &item.shown)
    }

    /// Changes an entry, or adds it at the end.
    fn put(&mut self, key: Arc<str>, shown: Shown) {
        self.stamp += 1;
        let stamp = self.stamp;
        match self.items.iter_mut().find(|item| item.key == key) {
            Some(item) => {
                item.shown = shown;
                item.stamp = stamp;
            }
            None => self.items.push(Item { key, shown, stamp }),
        }
    }

    fn item(&self, message: Message) -> Item {
        let key = match (&message.task_id, message.role) {
            (Some(task), Role::Assistant) => task_key(task),
            _ => message_key(&message.id),
        };
        Item { key, shown: Shown::Message(message), stamp: self.stamp }
    }
}

/// A reply that a snapshot says is awaited stands after the message that it answers.
fn insert_awaited(items: &mut Vec<Item>, stamp: u64, task: TaskState) {
    if task.status.is_final() {
        return;
    }
    let answers = |item: &Item| matches!(&item.shown, Shown::Message(message) if message.task_id.as_ref() == Some(&task.task_id));
    let place = items.iter().position(answers).map_or(items.len(), |place| place + 1);
    let key = task_key(&task.task_id);
    let shown = Shown::Waiting {
        partial: task.partial.unwrap_or_default(),
        running: task.status == switchboard_protocol::rest::TaskStatus::Running,
        attempt: task.attempt.unwrap_or(0),
        task_id: task.task_id,
    };
    items.insert(place, Item { key, shown, stamp });
}

/// What the reply to a task shows.
fn reply(task: &TaskId, end: &TaskEnd, now: Timestamp) -> Message {
    use switchboard_protocol::TaskOutcome::{Completed, Failed};
    let (result, error) = match end {
        TaskEnd::Result(Completed { result }) => (result.as_ref(), None),
        TaskEnd::Result(Failed { error, result }) => {
            let error = error.clone().unwrap_or_else(|| "The task failed; no reason was given.".to_owned());
            (result.as_ref(), Some(error))
        }
        TaskEnd::Unknown => {
            (None, Some("The server no longer knows this task. Send the message again.".to_owned()))
        }
        TaskEnd::TooMany => {
            (None, Some("This page waits for too many replies. Open the conversation again.".to_owned()))
        }
    };
    let reply = result.and_then(Reply::read).unwrap_or_default();
    let id = reply.id.unwrap_or_else(|| MessageId::from(task.as_str()));
    Message {
        content: if error.is_some() { String::new() } else { reply.content },
        lane: reply.lane,
        model: reply.model,
        cost_usd: reply.cost_usd,
        files: reply.files,
        created_at: reply.created_at.or(Some(now)),
        task_id: Some(task.clone()),
        error,
        note: reply.note,
        ..empty_message(id, Role::Assistant)
    }
}

fn empty_message(id: MessageId, role: Role) -> Message {
    Message {
        id,
        role,
        content: String::new(),
        lane: None,
        model: None,
        cost_usd: None,
        files: Vec::new(),
        created_at: None,
        task_id: None,
        error: None,
        note: None,
    }
}

fn message_key(id: &MessageId) -> Arc<str> {
    format!("message {id}").into()
}

fn task_key(task: &TaskId) -> Arc<str> {
    format!("task {task}").into()
}
