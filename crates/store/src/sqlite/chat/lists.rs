//! Reading conversations and tasks.

use rusqlite::{Transaction, params};
use switchboard_protocol::{
    ConversationId, OrganizationId, TaskId, Timestamp,
    rest::{Conversation, ConversationList, TaskState},
};

use super::{
    super::{entries, failure::Failure, position::Position},
    rows,
};
use crate::{ChatCost, ConversationQuery, MAX_MESSAGES, MAX_PAGE};

/// The most open tasks that a conversation is read with: far more than a person has patience for.
const MAX_TASKS: usize = 200;

/// The statements, for a test that looks at how SQLite runs them.
pub(in crate::sqlite) const PAGE: &str = concat!(
    "SELECT ",
    rows::conversation_columns!(),
    ", latest FROM conversations
     WHERE latest > ?1 AND latest < ?2 AND (?3 IS NULL OR holds(title, ?3) OR EXISTS (
         SELECT 1 FROM messages
         WHERE conversation = conversations.id AND (holds(content, ?3) OR holds(error, ?3))))
     ORDER BY latest DESC LIMIT ?4"
);
pub(in crate::sqlite) const SUMMARY: &str = concat!(
    "SELECT ",
    rows::conversation_columns!(),
    ", id FROM conversations WHERE organization = ?1 AND conversation_id = ?2"
);
pub(in crate::sqlite) const LATEST_MESSAGES: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    ", position FROM messages WHERE conversation = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3"
);
pub(in crate::sqlite) const OPEN_TASKS: &str = "SELECT task_id, status, NULL, NULL, ?2, lane, attempt,
        CASE WHEN status = 'running' THEN partial END, created_at, started_at, NULL
    FROM tasks WHERE conversation = ?1 AND finished_at IS NULL ORDER BY number LIMIT ?3";
pub(in crate::sqlite) const COST: &str = "SELECT total(cost_usd), count(cost_usd), count(*) FROM messages
    WHERE organization = ?1 AND created_at >= ?2 AND role = 'assistant' AND error IS NULL";

/// A page of conversations, the one with the latest message first.
pub(super) fn page(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    query: &ConversationQuery,
) -> Result<ConversationList, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else {
        return Ok(ConversationList { items: Vec::new(), next_before: None, seq: Some(0) });
    };
    let before = cursor(organization, query.before.as_deref());
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
    let limit = query.limit.clamp(1, MAX_PAGE);
    let from = Position::bound(organization, 0);
    let mut statement = transaction.prepare_cached(PAGE)?;
    let rows = statement.query_map(params![from.key(), before.key(), text, one_more(limit)], |row| {
        Ok((rows::summary(row)?, rows::position(row, 8)?))
    })?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let next_before = cut(&mut rows, limit);
    let items = rows.into_iter().map(|(summary, _)| summary).collect();
    Ok(ConversationList { items, next_before, seq: Some(head) })
}

/// One conversation with its latest messages.
pub(super) fn conversation(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    conversation: &ConversationId,
    limit: usize,
    before: Option<&str>,
) -> Result<Option<Conversation>, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else { return Ok(None) };
    let found = rows::find(transaction, SUMMARY, params![organization, conversation.as_str()], |row| {
        Ok((rows::summary(row)?, row.get::<_, i64>(8)?))
    })?;
    let Some((summary, conversation)) = found else { return Ok(None) };

    let limit = limit.clamp(1, MAX_MESSAGES);
    let before = cursor(organization, before);
    let mut statement = transaction.prepare_cached(LATEST_MESSAGES)?;
    let messages = statement.query_map(params![conversation, before.key(), one_more(limit)], |row| {
        Ok((rows::message(row)?, rows::position(row, 11)?))
    })?;
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
    let next_before = cut(&mut messages, limit);
    let messages = messages.into_iter().rev().map(|(message, _)| message).collect();

    let mut statement = transaction.prepare_cached(OPEN_TASKS)?;
    let most = i64::try_from(MAX_TASKS).unwrap_or(i64::MAX);
    let tasks = statement.query_map(params![conversation, summary.id.as_str(), most], rows::task)?;
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Conversation { summary, messages, tasks, next_before, seq: Some(head) }))
}

/// A task as it stands.
pub(super) fn task(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    task: &TaskId,
) -> Result<Option<TaskState>, Failure> {
    let Some((organization, _)) = entries::organization(transaction, name)? else { return Ok(None) };
    rows::find(transaction, rows::TASK_STATE, params![organization, task.as_str()], rows::task)
}

/// What the answers since a moment have cost.
pub(super) fn cost(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    since: Timestamp,
) -> Result<ChatCost, Failure> {
    let Some((organization, _)) = entries::organization(transaction, name)? else {
        return Ok(ChatCost::default());
    };
    let cost = rows::find(transaction, COST, params![organization, since.as_millis()], |row| {
        Ok(ChatCost {
            cost_usd: row.get(0)?,
            priced: row.get::<_, i64>(1)?.cast_unsigned(),
            answers: row.get::<_, i64>(2)?.cast_unsigned(),
        })
    })?;
    Ok(cost.unwrap_or_default())
}

/// The place that a cursor names: the sequence number of a page's last item. One that nobody gave out is after
/// everything, so that whoever follows it ends.
fn cursor(organization: i64, before: Option<&str>) -> Position {
    match before {
        Some(cursor) => Position::bound(organization, cursor.parse().unwrap_or(0)),
        None => Position::last(organization),
    }
}

/// One more than is asked for tells whether there is a next page.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit + 1).unwrap_or(i64::MAX)
}

/// Takes the one item away that is too many. Answers the cursor of the next page, where there is one.
fn cut<T>(items: &mut Vec<(T, Position)>, limit: usize) -> Option<String> {
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more).map(|(_, position)| position.seq().to_string())
}
