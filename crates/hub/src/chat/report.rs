//! What the hub's own workers append to the log: the same frames that a worker outside reports.

use switchboard_protocol::{
    Envelope, Frame, JobEvent, JobEventKind, Json, OrganizationId, TaskId, TaskOutcome, TaskResult,
    rest::{Reply, TaskDelta},
};
use switchboard_store::{Fold, Report};

use crate::clock;

/// A task's reply.
pub fn completed(
    organization: &OrganizationId,
    task: &TaskId,
    reply: &Reply,
) -> Result<Report, serde_json::Error> {
    ended(organization, task, TaskOutcome::Completed { result: Some(Json::write(reply)?) })
}

/// Why there is none.
pub fn failed(
    organization: &OrganizationId,
    task: &TaskId,
    error: String,
) -> Result<Report, serde_json::Error> {
    ended(organization, task, TaskOutcome::Failed { error: Some(error), result: None })
}

fn ended(
    organization: &OrganizationId,
    task: &TaskId,
    outcome: TaskOutcome,
) -> Result<Report, serde_json::Error> {
    let result = TaskResult { task_id: task.clone(), organization_id: Some(organization.clone()), outcome };
    let body = write(Frame::TaskResult(result.clone()))?;
    Ok(Report { id: None, body, fold: Some(Fold::TaskResult(result)) })
}

/// A part of a reply that is being made.
pub fn delta(
    organization: &OrganizationId,
    task: &TaskId,
    delta: TaskDelta,
) -> Result<Report, serde_json::Error> {
    let event = JobEvent {
        organization_id: Some(organization.clone()),
        job_id: task.as_str().into(),
        kind: JobEventKind::Progress,
        timestamp: Some(clock::now()),
        data: Some(Json::write(&delta)?),
    };
    let body = write(Frame::JobEvent(event))?;
    Ok(Report { id: None, body, fold: Some(Fold::TaskDelta(task.clone(), delta)) })
}

fn write(frame: Frame) -> Result<Box<str>, serde_json::Error> {
    Envelope::unsequenced(frame).encode().map(Into::into)
}
