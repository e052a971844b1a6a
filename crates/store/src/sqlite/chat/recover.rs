//! Tasks whose worker was lost are taken back.

use rusqlite::params;
use switchboard_protocol::{
    ConversationId, Envelope, Frame, JobEventKind, OrganizationId, TaskId, TaskOutcome, TaskResult, Timestamp,
};

use super::{
    super::{changes::Changes, failure::Failure},
    announce::Step,
};
use crate::{MOST_ATTEMPTS, Recovered, Report};

/// How many tasks one transaction takes back.
const CHUNK_TASKS: usize = 500;

/// Every task that a worker has.
pub(in crate::sqlite) const RUNNING: &str =
    "SELECT number, organizations.name, task_id, conversation_id, lane, attempt,
        ifnull(worker, ''), ifnull(lease_until, 0)
    FROM tasks JOIN conversations ON conversations.id = tasks.conversation
        JOIN organizations ON organizations.id = tasks.organization
    WHERE status = 'running' ORDER BY number";

/// A task that a worker had.
struct Lost {
    number: i64,
    organization: OrganizationId,
    task: TaskId,
    conversation_id: ConversationId,
    lane: String,
    attempt: u32,
    worker: String,
    lease_until: Timestamp,
}

/// What one transaction took back.
pub(super) struct Chunk {
    pub(super) recovered: Recovered,
    /// Whether there may be more.
    pub(super) more: bool,
}

impl Changes<'_> {
    /// Takes some tasks back. See [`Chat::recover_tasks`](crate::Chat::recover_tasks).
    pub(super) fn recover_tasks(
        &mut self,
        now: Timestamp,
        is_lost: fn(&str) -> bool,
    ) -> Result<Chunk, Failure> {
        let mut recovered = Recovered::default();
        let mut lost = Vec::new();
        {
            let mut statement = self.transaction.prepare_cached(RUNNING)?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                let lease_until = Timestamp::from_millis(row.get(7)?);
                if lease_until > now && !is_lost(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?) {
                    let next = recovered.next_lease.map_or(lease_until, |next| next.min(lease_until));
                    recovered.next_lease = Some(next);
                } else if lost.len() < CHUNK_TASKS {
                    lost.push(Lost {
                        number: row.get(0)?,
                        organization: row.get::<_, String>(1)?.into(),
                        task: row.get::<_, String>(2)?.into(),
                        conversation_id: row.get::<_, String>(3)?.into(),
                        lane: row.get(4)?,
                        attempt: row.get(5)?,
                        worker: row.get(6)?,
                        lease_until,
                    });
                }
            }
        }
        for task in &lost {
            if task.attempt < MOST_ATTEMPTS {
                self.requeue(task, now)?;
                recovered.requeued += 1;
            } else {
                self.give_up(task)?;
                recovered.failed += 1;
            }
        }
        Ok(Chunk { recovered, more: lost.len() >= CHUNK_TASKS })
    }

    /// Puts a task back. It keeps its place in the queue, so it is among the next.
    fn requeue(&mut self, lost: &Lost, now: Timestamp) -> Result<(), Failure> {
        self.transaction
            .prepare_cached(
                "UPDATE tasks SET status = 'queued', worker = NULL, lease_until = NULL, partial = NULL,
                     partial_length = 0
                 WHERE number = ?1",
            )?
            .execute(params![lost.number])?;
        let reason = if lost.lease_until > now {
            format!("The worker {} was lost.", lost.worker)
        } else {
            format!("The worker {} has not renewed its lease.", lost.worker)
        };
        let mut organization = self.organization(&lost.organization)?;
        let step = Step {
            lane: &lost.lane,
            conversation_id: Some(&lost.conversation_id),
            attempt: Some(lost.attempt),
            reason: Some(&reason),
            ..Step::default()
        };
        let kind = JobEventKind::Queued;
        self.announce_step(&lost.organization, &mut organization, &lost.task, kind, &step)?;
        self.keep(&lost.organization, organization);
        Ok(())
    }

    /// Fails a task that was begun too often, as if its worker had reported that.
    fn give_up(&mut self, lost: &Lost) -> Result<(), Failure> {
        let error = format!(
            "This was begun {} times, and each time its worker was lost. It is not begun again; change the message, \
             or look into the workers' logs.",
            lost.attempt
        );
        let result = TaskResult {
            task_id: lost.task.clone(),
            organization_id: Some(lost.organization.clone()),
            outcome: TaskOutcome::Failed { error: Some(error), result: None },
        };
        let body = Envelope::unsequenced(Frame::TaskResult(result.clone())).encode()?;
        let report = Report { id: None, body: body.into(), fold: None };
        let mut organization = self.organization(&lost.organization)?;
        let mut ended = Vec::new();
        self.task_result(&mut organization, &report, &result, &mut ended)?;
        self.announce_ended(&lost.organization, &mut organization, &ended)?;
        self.keep(&lost.organization, organization);
        Ok(())
    }
}
