//! A task ends.

use rusqlite::params;
use switchboard_protocol::{
    ConversationId, Json, MessageId, Object, TaskId, TaskOutcome, TaskResult,
    rest::{Message, Reply, Role, TaskStatus},
};

use super::{
    super::{
        changes::{Changes, Fate},
        failure::Failure,
        memory::Organization,
        position::Position,
    },
    rows, text,
};
use crate::Report;

/// What is said of a task that failed without a reason.
const NO_REASON: &str = "The task failed, and its worker did not say why.";

/// What ending a task has to know of it.
pub(in crate::sqlite) const TASK: &str =
    "SELECT number, conversation, conversation_id, lane, status, attempt, answer
    FROM tasks JOIN conversations ON conversations.id = tasks.conversation
    WHERE tasks.organization = ?1 AND task_id = ?2";

/// A task that has ended, and what the log is to be told of it.
pub(in crate::sqlite) struct Ended {
    pub(super) task: TaskId,
    pub(super) lane: String,
    pub(super) conversation: i64,
    pub(super) conversation_id: ConversationId,
    pub(super) attempt: u32,
    /// Why it failed, where it did.
    pub(super) error: Option<String>,
}

/// A task as it stands before it ends.
struct Task {
    number: i64,
    conversation: i64,
    conversation_id: ConversationId,
    lane: String,
    status: TaskStatus,
    attempt: u32,
    /// The entry that ended it.
    answer: Option<Position>,
}

impl Changes<'_> {
    /// Stores a task's result: the first one ends the task and becomes its conversation's message.
    pub(in crate::sqlite) fn task_result(
        &self,
        organization: &mut Organization,
        report: &Report,
        result: &TaskResult,
        ended: &mut Vec<Ended>,
    ) -> Result<Fate, Failure> {
        let params = params![organization.id, result.task_id.as_str()];
        let task = rows::find(self.transaction, TASK, params, |row| {
            Ok(Task {
                number: row.get(0)?,
                conversation: row.get(1)?,
                conversation_id: row.get::<_, String>(2)?.into(),
                lane: row.get(3)?,
                status: rows::status(row, 4)?,
                attempt: row.get(5)?,
                answer: row.get::<_, Option<i64>>(6)?.map(Position::from_key),
            })
        })?;
        let Some(task) = task else { return self.plain(organization, report) };
        if task.status.is_final() {
            return Ok(task.answer.map_or(Fate::Known, |answer| Fate::Late(answer.seq())));
        }
        let message = self.reply(&task, result)?;
        let stated = stated_result(&task, result, &message)?;
        let body = restated(report, &stated, message.error.as_deref())?;
        if !self.insert(organization, report.id.as_deref(), &body, |_| None)? {
            return Ok(Fate::Known);
        }
        let position = Position::new(organization.id, organization.head)?;
        self.insert_message(position, task.conversation, &result.task_id, &message)?;
        self.end(&task, position, &message, &stated)?;
        ended.push(Ended {
            task: result.task_id.clone(),
            lane: task.lane,
            conversation: task.conversation,
            conversation_id: task.conversation_id,
            attempt: task.attempt,
            error: message.error,
        });
        Ok(Fate::Stored)
    }

    /// The message that a result becomes.
    fn reply(&self, task: &Task, result: &TaskResult) -> Result<Message, Failure> {
        let (reply, error) = match &result.outcome {
            TaskOutcome::Completed { result } => (result.as_ref().and_then(Reply::read), None),
            TaskOutcome::Failed { error, result } => {
                let reply = result.as_ref().and_then(Reply::read);
                let error = error.clone().filter(|error| !error.trim().is_empty());
                // What a failed task brought is no answer; the reason stands in its place.
                let reply = reply.map(|reply| Reply { content: String::new(), ..reply });
                (reply, Some(error.unwrap_or_else(|| NO_REASON.to_owned())))
            }
        };
        let reply = reply.unwrap_or_default();
        let begun_again = (task.attempt > 1)
            .then(|| format!("Begun again after its worker was lost; this is attempt {}.", task.attempt));
        Ok(Message {
            id: self.new_message_id()?,
            role: Role::Assistant,
            content: reply.content,
            lane: Some(task.lane.clone()),
            model: reply.model,
            cost_usd: reply.cost_usd,
            files: reply.files,
            created_at: Some(self.received_at),
            task_id: Some(result.task_id.clone()),
            error,
            note: reply.note.or(begun_again),
        })
    }

    /// A name that no message has: 128 random bits.
    fn new_message_id(&self) -> Result<MessageId, Failure> {
        let id: String = self
            .transaction
            .prepare_cached("SELECT lower(hex(randomblob(16)))")?
            .query_row((), |row| row.get(0))?;
        Ok(id.into())
    }

    /// Writes the end into the task and its conversation.
    fn end(&self, task: &Task, position: Position, message: &Message, stated: &Json) -> Result<(), Failure> {
        let status = if message.error.is_some() { TaskStatus::Failed } else { TaskStatus::Completed };
        let now = self.received_at.as_millis();
        self.transaction
            .prepare_cached(
                "UPDATE tasks SET status = ?2, answer = ?3, finished_at = ?4, error = ?5, result = ?6,
                     worker = NULL, lease_until = NULL, partial = NULL, partial_length = 0
                 WHERE number = ?1",
            )?
            .execute(params![
                task.number,
                status.as_str(),
                position.key(),
                now,
                message.error,
                stated.text(),
            ])?;
        self.transaction
            .prepare_cached(
                "UPDATE conversations SET latest = ?2, updated_at = ?3, preview = ?4,
                     message_count = message_count + 1, pending = max(pending - 1, 0),
                     cost_usd = CASE WHEN ?5 IS NULL THEN cost_usd ELSE ifnull(cost_usd, 0) + ?5 END
                 WHERE id = ?1",
            )?
            .execute(params![
                task.conversation,
                position.key(),
                now,
                text::preview(message),
                message.cost_usd,
            ])?;
        Ok(())
    }
}

/// The `result` with what only the store knows: which message it has become, where and when. What else the worker
/// wrote into it stays.
fn stated_result(task: &Task, result: &TaskResult, message: &Message) -> Result<Json, Failure> {
    let (TaskOutcome::Completed { result } | TaskOutcome::Failed { result, .. }) = &result.outcome;
    let mut stated = result.as_ref().and_then(Json::object).unwrap_or_default();
    if message.error.is_none() && stated.text("content").is_none() {
        // A plain string, or nothing at all.
        stated.set("content", &Json::write(&message.content)?);
    }
    stated.set("id", &Json::write(&message.id)?);
    stated.set("conversationId", &Json::write(&task.conversation_id)?);
    stated.set("lane", &Json::write(&task.lane)?);
    stated.set("createdAt", &Json::write(&message.created_at)?);
    if let Some(note) = &message.note {
        stated.set("note", &Json::write(note)?);
    }
    Ok(stated.to_json()?.on_one_line())
}

/// The report's body with that result, and with the reason of a failure where it had none.
fn restated(report: &Report, stated: &Json, error: Option<&str>) -> Result<String, Failure> {
    let mut frame = Object::parse(&report.body)?;
    let data = frame.json("data");
    let mut data = data.as_ref().and_then(Json::object).unwrap_or_default();
    data.set("result", stated);
    if let Some(error) = error
        && data.text("error").is_none_or(|error| error.trim().is_empty())
    {
        data.set("error", &Json::write(error)?);
    }
    let data = data.to_json()?;
    frame.set("data", &data);
    Ok(frame.to_json()?.on_one_line().text().to_owned())
}
