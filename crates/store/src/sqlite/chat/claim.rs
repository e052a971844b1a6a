//! Tasks go to workers, and stay with them.

use rusqlite::{Transaction, params};
use switchboard_protocol::{
    ConversationId, JobEventKind, OrganizationId, TaskId, Timestamp,
    rest::{ClaimedTask, Message},
};

use super::{
    super::{changes::Changes, failure::Failure, position::Position},
    announce::Step,
    rows,
};
use crate::{CLAIM_HISTORY, Claim};

/// The oldest queued task of certain organizations and lanes, both as JSON.
pub(in crate::sqlite) const NEXT: &str =
    "SELECT number, organizations.name, task_id, conversation, conversation_id, lane,
        attempt, question
    FROM tasks JOIN conversations ON conversations.id = tasks.conversation
        JOIN organizations ON organizations.id = tasks.organization
    WHERE number = (
        SELECT number FROM tasks
        WHERE status = 'queued'
            AND (?1 IS NULL OR organization IN (
                SELECT id FROM organizations WHERE name IN (SELECT value FROM json_each(?1))))
            AND (?2 IS NULL OR lane IN (SELECT value FROM json_each(?2)))
        ORDER BY number LIMIT 1)";

/// A conversation's messages up to a position, the newest first.
pub(in crate::sqlite) const HISTORY: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    " FROM messages WHERE conversation = ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3"
);

/// Prolongs a worker's lease.
pub(in crate::sqlite) const RENEW: &str = "UPDATE tasks SET lease_until = max(lease_until, ?4)
    WHERE organization = ?1 AND task_id = ?2 AND status = 'running' AND worker = ?3";

/// A task that waits for a worker.
struct Queued {
    number: i64,
    organization: OrganizationId,
    task: TaskId,
    conversation: i64,
    conversation_id: ConversationId,
    lane: String,
    attempt: u32,
    question: Position,
}

impl Changes<'_> {
    /// Gives the oldest queued task to a worker. See [`Chat::claim_task`](crate::Chat::claim_task).
    pub(super) fn claim_task(&mut self, claim: &Claim) -> Result<Option<ClaimedTask>, Failure> {
        let Some(queued) = next(self.transaction, claim)? else { return Ok(None) };
        let attempt = queued.attempt + 1;
        self.transaction
            .prepare_cached(
                "UPDATE tasks SET status = 'running', attempt = ?2, worker = ?3, lease_until = ?4, started_at = ?5,
                     partial = NULL, partial_length = 0
                 WHERE number = ?1",
            )?
            .execute(params![
                queued.number,
                attempt,
                claim.worker,
                claim.lease_until.as_millis(),
                self.received_at.as_millis(),
            ])?;
        let mut organization = self.organization(&queued.organization)?;
        let step = Step {
            lane: &queued.lane,
            conversation_id: Some(&queued.conversation_id),
            attempt: Some(attempt),
            worker: Some(&claim.worker),
            ..Step::default()
        };
        let kind = JobEventKind::Started;
        self.announce_step(&queued.organization, &mut organization, &queued.task, kind, &step)?;
        self.keep(&queued.organization, organization);
        let messages = history(self.transaction, &queued)?;
        Ok(Some(ClaimedTask {
            task_id: queued.task,
            organization_id: queued.organization,
            conversation_id: queued.conversation_id,
            lane: queued.lane,
            attempt,
            worker: claim.worker.clone(),
            lease_until: claim.lease_until,
            content: messages.last().map(|message| message.content.clone()).unwrap_or_default(),
            messages,
        }))
    }

    /// Prolongs a lease. See [`Chat::renew_task`](crate::Chat::renew_task).
    pub(super) fn renew_task(
        &self,
        name: &OrganizationId,
        task: &TaskId,
        worker: &str,
        lease_until: Timestamp,
    ) -> Result<bool, Failure> {
        let Some(organization) = self.known_organization(name) else { return Ok(false) };
        let renewed = self.transaction.prepare_cached(RENEW)?.execute(params![
            organization.id,
            task.as_str(),
            worker,
            lease_until.as_millis(),
        ])?;
        Ok(renewed > 0)
    }
}

fn next(transaction: &Transaction<'_>, claim: &Claim) -> Result<Option<Queued>, Failure> {
    let organizations = claim.organizations.as_ref().map(serde_json::to_string).transpose()?;
    let lanes = (!claim.lanes.is_empty()).then(|| serde_json::to_string(&claim.lanes)).transpose()?;
    rows::find(transaction, NEXT, params![organizations, lanes], |row| {
        Ok(Queued {
            number: row.get(0)?,
            organization: row.get::<_, String>(1)?.into(),
            task: row.get::<_, String>(2)?.into(),
            conversation: row.get(3)?,
            conversation_id: row.get::<_, String>(4)?.into(),
            lane: row.get(5)?,
            attempt: row.get(6)?,
            question: rows::position(row, 7)?,
        })
    })
}

/// The conversation up to and with the message that is to be answered, oldest first.
fn history(transaction: &Transaction<'_>, queued: &Queued) -> Result<Vec<Message>, Failure> {
    let mut statement = transaction.prepare_cached(HISTORY)?;
    let limit = i64::try_from(CLAIM_HISTORY).unwrap_or(i64::MAX);
    let messages =
        statement.query_map(params![queued.conversation, queued.question.key(), limit], rows::message)?;
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
    messages.reverse();
    Ok(messages)
}
