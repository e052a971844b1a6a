//! What goes out: one message after the other, each known by its name until it is known to be stored.

use switchboard_model::{ConnectionMark, Item, Shown};
use switchboard_protocol::{
    ConversationId, MessageId, TaskId,
    rest::{PostMessage, Posted, Role},
};

use super::Talk;
use crate::realtime::{
    clock,
    outbox_storage::{self, Unsent},
};

/// What is said of a message that was on its way when the page was left.
const LEFT: &str =
    "This page was left before the answer came. Retry sends it once, also if it has arrived already.";

/// A message that is to be sent.
pub(super) struct Outgoing {
    pub id: MessageId,
    pub content: String,
    /// Whether it was sent before, without an answer. It may have been stored then, and its task may have ended since.
    pub again: bool,
}

impl Talk {
    pub(super) fn send(&self, message: Outgoing) {
        self.state.borrow_mut().sending(&message.id, message.content.clone());
        self.publish();
        self.outbox.borrow_mut().push_back(message);
        self.send_next();
    }

    pub(super) fn retry(&self, key: &str) {
        let again = {
            let state = self.state.borrow();
            let items = state.items();
            let place = items.iter().position(|item| &*item.key == key);
            match place.and_then(|place| items.get(place)).map(|item| &item.shown) {
                // By the same name: if it was stored after all, it is not stored twice.
                Some(Shown::NotSent { content, .. }) => {
                    let id = message_id(key).unwrap_or_else(new_message_id);
                    Some(Outgoing { id, content: content.clone(), again: true })
                }
                Some(Shown::Message(failed)) if failed.error.is_some() => {
                    let before = items.iter().take(place.unwrap_or(0)).rev();
                    question(before, failed.task_id.as_ref()).map(|content| Outgoing {
                        id: new_message_id(),
                        content,
                        again: false,
                    })
                }
                _ => None,
            }
        };
        if let Some(message) = again {
            self.send(message);
        }
    }

    /// Sends what waits, one message after the other: the first of a conversation gives it its name, and the order is the
    /// person's.
    fn send_next(&self) {
        if self.sending.get() {
            return;
        }
        let (Some(outgoing), Some(this)) = (self.outbox.borrow_mut().pop_front(), self.this.upgrade()) else {
            return;
        };
        let Outgoing { id, content, again } = outgoing;
        self.sending.set(true);
        // Of a task from before, no connection proves that it has not ended.
        let mark = if again { ConnectionMark::default() } else { self.context.connection_mark() };
        let message = PostMessage {
            content,
            conversation_id: self.id.borrow().clone(),
            organization_id: Some(self.organization.clone()),
            lane: None,
            id: Some(id.clone()),
        };
        leptos::task::spawn_local(async move {
            let posted = this.api.post_message(&message).await;
            this.sending.set(false);
            match posted {
                Ok(Posted::Queued { task_id, conversation_id, message }) => {
                    this.state.borrow_mut().queued(&id, &task_id, message, clock::wall());
                    this.created(conversation_id);
                    this.publish();
                    this.context.register_pending_task(this.pending(task_id), mark);
                }
                Ok(Posted::Completed { conversation_id, message }) => {
                    this.state.borrow_mut().answered(&id, message, clock::wall());
                    this.created(conversation_id);
                }
                Err(error) => this.state.borrow_mut().not_sent(&id, error.to_string()),
            }
            this.publish();
            this.send_next();
        });
    }

    /// Shows what was not sent when the conversation was last shown in this tab.
    pub(super) fn recall_unsent(&self) {
        let unsent = outbox_storage::recall(&self.organization, self.id.borrow().as_ref());
        for Unsent { id, content } in &unsent {
            let mut state = self.state.borrow_mut();
            state.sending(id, content.clone());
            state.not_sent(id, LEFT.to_owned());
        }
        self.unsent.replace(unsent);
        self.publish();
    }

    /// Has the tab remember what is not known to be sent, where that has changed.
    pub(super) fn remember_unsent(&self) {
        let unsent: Vec<Unsent> = self.state.borrow().items().iter().filter_map(unsent).collect();
        if *self.unsent.borrow() != unsent {
            outbox_storage::remember(&self.organization, self.id.borrow().as_ref(), &unsent);
            self.unsent.replace(unsent);
        }
    }

    /// The conversation's first message has created it.
    pub(super) fn created(&self, id: Option<ConversationId>) {
        let Some(id) = id.filter(|_| self.id.borrow().is_none()) else { return };
        // What else waits in the new conversation is remembered by its name from here on.
        outbox_storage::remember(&self.organization, None, &[]);
        self.unsent.take();
        self.id.replace(Some(id.clone()));
        // The updates that told of it came before its name was known.
        self.fetch_soon(0);
        (self.on_created)(id);
    }
}

/// The message that an entry shows, where it is not known to be sent.
fn unsent(item: &Item) -> Option<Unsent> {
    let (Shown::Sending { content } | Shown::NotSent { content, .. }) = &item.shown else { return None };
    Some(Unsent { id: message_id(&item.key)?, content: content.clone() })
}

/// The name of the message that a key stands for.
fn message_id(key: &str) -> Option<MessageId> {
    key.strip_prefix("message ").map(MessageId::from)
}

/// What the person said that a failed reply was to answer: by its task, where the server says which, else the last before it.
fn question<'a>(before: impl Iterator<Item = &'a Item> + Clone, task: Option<&TaskId>) -> Option<String> {
    let mut said = before.filter_map(|item| match &item.shown {
        Shown::Message(message) if message.role == Role::User => Some(message),
        _ => None,
    });
    let by_task = said.clone().find(|message| task.is_some() && message.task_id.as_ref() == task);
    by_task.or_else(|| said.next()).map(|message| message.content.clone())
}

/// A name that nobody else gives: 128 random bits.
pub(super) fn new_message_id() -> MessageId {
    let part = || {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 2^32, and a float cast saturates"
        )]
        let bits = (js_sys::Math::random() * 4_294_967_296.0) as u32;
        bits
    };
    format!("{:08x}{:08x}{:08x}{:08x}", part(), part(), part(), part()).into()
}
