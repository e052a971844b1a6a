//! Conversations, their messages, and the tasks that answer them.

use switchboard_protocol::{
    ConversationId, MessageId, OrganizationId, TaskId, Timestamp,
    rest::{ClaimedTask, Conversation, ConversationList, Message, TaskState},
};

use crate::Answer;

/// How often a task is begun at most: once, and twice more where a worker was lost with it. What has cost three
/// workers is likelier to be the reason than the victim.
pub const MOST_ATTEMPTS: u32 = 3;

/// How many messages a claimed task brings, the one that is to be answered included.
pub const CLAIM_HISTORY: usize = 100;

/// How many messages a conversation is read with, whatever the query asks for.
pub const MAX_MESSAGES: usize = 500;

/// Conversations, their messages, and the tasks that answer them.
///
/// Each call changes everything that it means in one transaction, the log included: a message that is stored has its
/// task, a task that has ended has its reply, and what watchers must hear of it stands in the log. The log gets
///
/// * a `dashboard:update` with a [`rest::ConversationChanged`](switchboard_protocol::rest::ConversationChanged) for
///   each change that lists show;
/// * a `job:event` with the task's id as its job for each step: `queued`, `started` (data: lane, attempt, worker),
///   `completed`, `failed`. All name lane and conversation; a task that is queued once more has a `reason`, and one
///   that failed its `error`;
/// * an `update` with `task.completed` or `task.failed` when a task ends. Its `result` is a
///   [`rest::Reply`](switchboard_protocol::rest::Reply) with the message's id, conversation, lane and time filled in.
///
/// A task ends by a report: [`Log::append`](crate::Log::append) of a result. The first counts. A further one is a
/// duplicate, and is not stored; one for a task that nobody here knows is stored as any other frame, for the clients
/// of whoever does.
pub trait Chat: Send + Sync + 'static {
    /// Stores a message and queues the task that is to answer it.
    fn post_message(&self, organization: OrganizationId, message: NewMessage) -> Answer<'_, PostOutcome>;

    /// A page of conversations, the one with the latest message first.
    fn conversations(
        &self,
        organization: OrganizationId,
        query: ConversationQuery,
    ) -> Answer<'_, ConversationList>;

    /// One conversation with its latest `limit` messages, or those before `before`, as of one moment.
    fn conversation(
        &self,
        organization: OrganizationId,
        conversation: ConversationId,
        limit: usize,
        before: Option<String>,
    ) -> Answer<'_, Option<Conversation>>;

    /// A task as it stands.
    fn task(&self, organization: OrganizationId, task: TaskId) -> Answer<'_, Option<TaskState>>;

    /// Gives the oldest queued task that matches to a worker; `None` where there is none.
    fn claim_task(&self, claim: Claim) -> Answer<'_, Option<ClaimedTask>>;

    /// Prolongs a worker's lease. Answers whether the task is still that worker's.
    fn renew_task(
        &self,
        organization: OrganizationId,
        task: TaskId,
        worker: String,
        lease_until: Timestamp,
    ) -> Answer<'_, bool>;

    /// Puts tasks back whose worker was lost: those whose lease has run out by `now`, and those of any worker for
    /// which `is_lost` says so. One that has been begun [`MOST_ATTEMPTS`] times fails instead, and says why.
    fn recover_tasks(&self, now: Timestamp, is_lost: fn(&str) -> bool) -> Answer<'_, Recovered>;

    /// What the organization's answers have cost together since a moment, in US dollars, and how many there were.
    fn chat_cost(&self, organization: OrganizationId, since: Timestamp) -> Answer<'_, ChatCost>;
}

/// A person's message, with the names that it and what it sets off are to have.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The message's name. One that is known already in this organization is not stored again.
    pub id: MessageId,
    /// The conversation that it belongs to; `None` begins one.
    pub conversation: Option<ConversationId>,
    /// The name of the conversation that it begins, where it does.
    pub new_conversation: ConversationId,
    /// The name of the task that is to answer it.
    pub task: TaskId,
    /// What the person says, as Markdown.
    pub content: String,
    /// Who is to answer.
    pub lane: String,
}

/// What [`Chat::post_message`] did.
#[derive(Debug, Clone, PartialEq)]
pub enum PostOutcome {
    /// Stored, and queued.
    Queued {
        /// The conversation.
        conversation: ConversationId,
        /// The task.
        task: TaskId,
        /// The message as it is stored.
        message: Message,
    },
    /// The message was stored before. It is answered with what it was answered with then.
    Known {
        /// The conversation.
        conversation: ConversationId,
        /// The task, which may have ended.
        task: TaskId,
        /// The message as it is stored.
        message: Message,
    },
    /// The organization has no such conversation. Nothing was stored.
    UnknownConversation,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, Default)]
pub struct ConversationQuery {
    /// Only those whose title or messages hold this text, in any case. Blank is no condition.
    pub text: Option<String>,
    /// At most this many; the implementation holds it inside 1 to [`MAX_PAGE`](crate::MAX_PAGE).
    pub limit: usize,
    /// Only those after this place in the order, as an earlier page's `next_before` gave it.
    pub before: Option<String>,
}

/// Who wants a task, and which.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Only tasks of these organizations; `None`, of any.
    pub organizations: Option<Vec<OrganizationId>>,
    /// Only tasks of these lanes; empty, of any.
    pub lanes: Vec<String>,
    /// Who takes it.
    pub worker: String,
    /// When the lease runs out.
    pub lease_until: Timestamp,
}

/// What [`Chat::recover_tasks`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// How many tasks wait for a worker again.
    pub requeued: u64,
    /// How many were begun too often, and have failed.
    pub failed: u64,
    /// When the next lease runs out, if any is held.
    pub next_lease: Option<Timestamp>,
}

/// What answers have cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChatCost {
    /// All that had a price, in US dollars.
    pub cost_usd: f64,
    /// How many had one.
    pub priced: u64,
    /// How many there were.
    pub answers: u64,
}
