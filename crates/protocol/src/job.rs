//! Background jobs.

use crate::{JobId, Json, OrganizationId, Timestamp};

/// `{"event":"job:event","data":{…}}`: one event of a background job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// The organization that the job belongs to, where the server says so.
    pub organization_id: Option<OrganizationId>,
    /// The job (the "run" by which `use_job_events` filters).
    pub job_id: JobId,
    /// What happened.
    pub kind: JobEventKind,
    /// When it happened; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
    /// The reporter's payload, verbatim.
    pub data: Option<Json>,
}

/// The `type` of a job event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JobEventKind {
    /// Waiting for a worker.
    Queued,
    /// A worker took it.
    Started,
    /// How far it is.
    Progress,
    /// A message for the reader.
    Log,
    /// It ended well.
    Completed,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Any other; kept and shown by its name.
    Other(Box<str>),
}

impl JobEventKind {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Progress => "progress",
            Self::Log => "log",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for JobEventKind {
    fn from(name: &str) -> Self {
        match name {
            "queued" => Self::Queued,
            "started" => Self::Started,
            "progress" => Self::Progress,
            "log" => Self::Log,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            other => Self::Other(other.into()),
        }
    }
}
