//! What the log is told of conversations and tasks.

use std::collections::HashSet;

use serde::Serialize;
use switchboard_protocol::{
    ConversationId, DashboardUpdate, Frame, JobEvent, JobEventKind, Json, OrganizationId, TaskId,
    rest::ConversationChanged,
};

use super::{
    super::{changes::Changes, failure::Failure, memory::Organization, position::Position},
    finish::Ended,
    rows,
};

/// The `data` of the job events of a task.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step<'a> {
    pub(super) lane: &'a str,
    pub(super) conversation_id: Option<&'a ConversationId>,
    /// How often the task has been begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) worker: Option<&'a str>,
    /// Why it is queued once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
}

impl Changes<'_> {
    /// Appends the job event of a task's step. Answers where it stands.
    pub(super) fn announce_step(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        task: &TaskId,
        kind: JobEventKind,
        step: &Step<'_>,
    ) -> Result<Position, Failure> {
        let event = JobEvent {
            organization_id: Some(name.clone()),
            job_id: task.as_str().into(),
            kind,
            timestamp: Some(self.received_at),
            data: Some(Json::write(step)?),
        };
        self.derive(organization, Frame::JobEvent(event))
    }

    /// Appends the `dashboard:update` that shows a conversation as it is now.
    pub(super) fn announce_conversation(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        conversation: i64,
    ) -> Result<(), Failure> {
        let sql = concat!("SELECT ", rows::conversation_columns!(), " FROM conversations WHERE id = ?1");
        let summary = rows::find(self.transaction, sql, [conversation], rows::summary)?;
        let Some(summary) = summary else { return Ok(()) };
        let changed = ConversationChanged {
            organization_id: name.clone(),
            kind: ConversationChanged::KIND.to_owned(),
            conversation: summary,
        };
        let update = DashboardUpdate { organization_id: name.clone(), data: Json::write(&changed)? };
        self.derive(organization, Frame::DashboardUpdate(update)).map(drop)
    }

    /// Appends what follows the results of a batch: the end of each task as its job's, and each conversation once.
    pub(in crate::sqlite) fn announce_ended(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        ended: &[Ended],
    ) -> Result<(), Failure> {
        for Ended { task, lane, conversation_id, attempt, error, .. } in ended {
            let kind = if error.is_some() { JobEventKind::Failed } else { JobEventKind::Completed };
            let step = Step {
                lane,
                conversation_id: Some(conversation_id),
                attempt: Some(*attempt),
                error: error.as_deref(),
                ..Step::default()
            };
            self.announce_step(name, organization, task, kind, &step)?;
        }
        let mut told = HashSet::new();
        for Ended { conversation, .. } in ended {
            if told.insert(*conversation) {
                self.announce_conversation(name, organization, *conversation)?;
            }
        }
        Ok(())
    }
}
