//! How rows become types.

use rusqlite::{OptionalExtension, Params, Row, Transaction, types::Type};
use switchboard_protocol::{
    Json, Timestamp,
    rest::{ConversationSummary, Message, Role, TaskState, TaskStatus},
};

use super::super::{failure::Failure, position::Position};

/// The columns that [`message`] reads.
macro_rules! message_columns {
    () => {
        "message_id, role, content, lane, model, messages.cost_usd, files, messages.created_at, task_id, error, note"
    };
}

/// The columns that [`summary`] reads.
macro_rules! conversation_columns {
    () => {
        "conversation_id, title, created_at, updated_at, message_count, pending, preview, cost_usd"
    };
}

pub(super) use {conversation_columns, message_columns};

/// A task by its name.
pub(in crate::sqlite) const TASK_STATE: &str =
    "SELECT task_id, status, result, error, conversation_id, lane, attempt,
        CASE WHEN status = 'running' THEN partial END, tasks.created_at, started_at, finished_at
    FROM tasks JOIN conversations ON conversations.id = tasks.conversation
    WHERE tasks.organization = ?1 AND task_id = ?2";

/// A message, of the `message_columns`.
pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let files: Option<String> = row.get(6)?;
    Ok(Message {
        id: row.get::<_, String>(0)?.into(),
        role: Role::from_name(row.get_ref(1)?.as_str()?),
        content: row.get(2)?,
        lane: row.get(3)?,
        model: row.get(4)?,
        cost_usd: row.get(5)?,
        files: files.map(|files| json(6, &files)).transpose()?.unwrap_or_default(),
        created_at: time(row, 7)?,
        task_id: Some(row.get::<_, String>(8)?.into()),
        error: row.get(9)?,
        note: row.get(10)?,
    })
}

/// What lists show of a conversation, of the `conversation_columns`.
pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<ConversationSummary> {
    Ok(ConversationSummary {
        id: row.get::<_, String>(0)?.into(),
        title: row.get(1)?,
        created_at: time(row, 2)?,
        updated_at: time(row, 3)?,
        message_count: row.get::<_, i64>(4)?.cast_unsigned(),
        pending: row.get::<_, i64>(5)?.cast_unsigned(),
        preview: row.get(6)?,
        cost_usd: row.get(7)?,
    })
}

/// A task, of the columns of [`TASK_STATE`].
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<TaskState> {
    let result: Option<String> = row.get(2)?;
    let attempt: u32 = row.get(6)?;
    Ok(TaskState {
        task_id: row.get::<_, String>(0)?.into(),
        status: status(row, 1)?,
        result: result.map(Json::from_text).transpose().map_err(|error| unreadable(2, error))?,
        error: row.get(3)?,
        conversation_id: Some(row.get::<_, String>(4)?.into()),
        lane: row.get(5)?,
        attempt: (attempt > 0).then_some(attempt),
        partial: row.get(7)?,
        created_at: time(row, 8)?,
        started_at: time(row, 9)?,
        finished_at: time(row, 10)?,
    })
}

pub(super) fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<TaskStatus> {
    let name = row.get_ref(column)?.as_str()?;
    TaskStatus::from_name(name).ok_or_else(|| unreadable(column, format!("`{name}` is no status of a task")))
}

pub(super) fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    row.get(column).map(Position::from_key)
}

/// Runs a statement that finds one row at most.
pub(in crate::sqlite) fn find<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Failure> {
    Ok(transaction.prepare_cached(sql)?.query_row(params, read).optional()?)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn json<T: serde::de::DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
