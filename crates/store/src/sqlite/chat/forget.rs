//! Retention of conversations.

use rusqlite::{Connection, TransactionBehavior, params};

use super::super::failure::Failure;

/// How many messages one transaction deletes, about: a conversation goes as a whole.
const CHUNK_MESSAGES: i64 = 1000;

/// Conversations that wait for nothing, the one that has been silent for longest first.
pub(in crate::sqlite) const IDLE: &str = "SELECT id, message_count FROM conversations
    WHERE pending = 0 AND updated_at < ?1 ORDER BY updated_at LIMIT ?2";

/// Deletes some conversations whose latest message is older than the cutoff, with their messages and tasks. Answers
/// whether there may be more.
pub(in crate::sqlite) fn forget(connection: &mut Connection, cutoff: i64) -> Result<bool, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut messages = 0;
    {
        let mut statement = transaction.prepare_cached(IDLE)?;
        let mut rows = statement.query(params![cutoff, CHUNK_MESSAGES])?;
        let mut conversations = Vec::new();
        while messages < CHUNK_MESSAGES
            && let Some(row) = rows.next()?
        {
            conversations.push(row.get::<_, i64>(0)?);
            messages += row.get::<_, i64>(1)?.max(1);
        }
        for conversation in conversations {
            for table in ["messages", "tasks"] {
                transaction
                    .prepare_cached(&format!("DELETE FROM {table} WHERE conversation = ?1"))?
                    .execute([conversation])?;
            }
            transaction.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([conversation])?;
        }
    }
    transaction.commit()?;
    Ok(messages >= CHUNK_MESSAGES)
}
