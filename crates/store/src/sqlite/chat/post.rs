//! A person's message comes in.

use rusqlite::params;
use switchboard_protocol::{
    ConversationId, JobEventKind, OrganizationId, TaskId,
    rest::{Message, Role},
};

use super::{
    super::{changes::Changes, failure::Failure, memory::Organization, position::Position},
    announce::Step,
    rows, text,
};
use crate::{NewMessage, PostOutcome};

/// A message by its name, and its conversation's.
pub(in crate::sqlite) const KNOWN: &str = concat!(
    "SELECT ",
    rows::message_columns!(),
    ", conversation_id FROM messages JOIN conversations ON conversations.id = messages.conversation
     WHERE messages.organization = ?1 AND message_id = ?2"
);

impl Changes<'_> {
    /// Stores a message and queues its task. See [`Chat::post_message`](crate::Chat::post_message).
    pub(super) fn post_message(
        &mut self,
        name: &OrganizationId,
        new: &NewMessage,
    ) -> Result<PostOutcome, Failure> {
        let mut conversation = None;
        if let Some(organization) = self.known_organization(name) {
            if let Some(known) = self.known_message(organization, new)? {
                return Ok(known);
            }
            if let Some(id) = &new.conversation {
                let sql = "SELECT id FROM conversations WHERE organization = ?1 AND conversation_id = ?2";
                let params = params![organization.id, id.as_str()];
                conversation = rows::find(self.transaction, sql, params, |row| row.get(0))?;
            }
        }
        if new.conversation.is_some() && conversation.is_none() {
            return Ok(PostOutcome::UnknownConversation);
        }
        let mut organization = self.organization(name)?;
        let conversation_id = new.conversation.as_ref().unwrap_or(&new.new_conversation);
        let step = Step { lane: &new.lane, conversation_id: Some(conversation_id), ..Step::default() };
        let position = self.announce_step(name, &mut organization, &new.task, JobEventKind::Queued, &step)?;
        let message = Message {
            id: new.id.clone(),
            role: Role::User,
            content: new.content.clone(),
            lane: None,
            model: None,
            cost_usd: None,
            files: Vec::new(),
            created_at: Some(self.received_at),
            task_id: Some(new.task.clone()),
            error: None,
            note: None,
        };
        let conversation = match conversation {
            Some(conversation) => conversation,
            None => self.begin_conversation(organization, conversation_id, position, &message)?,
        };
        self.insert_message(position, conversation, &new.task, &message)?;
        self.transaction
            .prepare_cached(
                "UPDATE conversations SET latest = ?2, updated_at = ?3, preview = ?4,
                     message_count = message_count + 1, pending = pending + 1
                 WHERE id = ?1",
            )?
            .execute(params![
                conversation,
                position.key(),
                self.received_at.as_millis(),
                text::preview(&message),
            ])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO tasks (organization, task_id, conversation, question, lane, status, attempt, created_at,
                     partial_length)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'queued', 0, ?6, 0)",
            )?
            .execute(params![
                organization.id,
                new.task.as_str(),
                conversation,
                position.key(),
                new.lane,
                self.received_at.as_millis(),
            ])?;
        self.announce_conversation(name, &mut organization, conversation)?;
        self.keep(name, organization);
        Ok(PostOutcome::Queued { conversation: conversation_id.clone(), task: new.task.clone(), message })
    }

    fn known_message(
        &self,
        organization: Organization,
        new: &NewMessage,
    ) -> Result<Option<PostOutcome>, Failure> {
        rows::find(self.transaction, KNOWN, params![organization.id, new.id.as_str()], |row| {
            let message = rows::message(row)?;
            let task = message.task_id.clone().unwrap_or_else(|| new.task.clone());
            let conversation = row.get::<_, String>(11)?.into();
            Ok(PostOutcome::Known { conversation, task, message })
        })
    }

    /// Makes a conversation that has no message yet.
    fn begin_conversation(
        &self,
        organization: Organization,
        id: &ConversationId,
        position: Position,
        first: &Message,
    ) -> Result<i64, Failure> {
        self.transaction
            .prepare_cached(
                "INSERT INTO conversations (organization, conversation_id, latest, title, created_at, updated_at,
                     message_count, pending, preview)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, '')",
            )?
            .execute(params![
                organization.id,
                id.as_str(),
                position.key(),
                text::title(&first.content),
                self.received_at.as_millis(),
            ])?;
        Ok(self.transaction.last_insert_rowid())
    }

    /// Adds a message to its conversation's.
    pub(super) fn insert_message(
        &self,
        position: Position,
        conversation: i64,
        task: &TaskId,
        message: &Message,
    ) -> Result<(), Failure> {
        let files = (!message.files.is_empty()).then(|| serde_json::to_string(&message.files)).transpose()?;
        self.transaction
            .prepare_cached(
                "INSERT INTO messages (position, conversation, message_id, task_id, role, created_at, lane, model,
                     cost_usd, files, error, note, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                position.key(),
                conversation,
                message.id.as_str(),
                task.as_str(),
                message.role.as_str(),
                self.received_at.as_millis(),
                message.lane,
                message.model,
                message.cost_usd,
                files,
                message.error,
                message.note,
                message.content,
            ])?;
        Ok(())
    }
}
