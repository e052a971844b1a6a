//! The vocabulary: what a server can say, whichever outer shape it wrote.

use crate::{
    AgentEvent, Control, ExecutionFrame, JobEvent, Json, OrganizationId, ScrapeProgress, TaskResult,
};

/// One frame with what part 2 of the contract puts around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The frame's place in its organization's log. Absent on control frames and from servers without a log.
    pub seq: Option<u64>,
    /// The top-level `organizationId`, which the hub stamps on every stored frame whose payload has none.
    pub organization_id: Option<OrganizationId>,
    /// What it says.
    pub frame: Frame,
}

impl Envelope {
    /// A frame without a sequence number.
    pub fn unsequenced(frame: Frame) -> Self {
        Self { seq: None, organization_id: None, frame }
    }

    /// The organization that the frame belongs to: the payload's, else the envelope's.
    pub fn organization(&self) -> Option<&OrganizationId> {
        match &self.frame {
            Frame::DashboardUpdate(update) => Some(&update.organization_id),
            Frame::JobEvent(job) => job.organization_id.as_ref(),
            Frame::TaskResult(task) => task.organization_id.as_ref(),
            _ => None,
        }
        .or(self.organization_id.as_ref())
    }
}

/// What a server can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// About the connection itself.
    Control(Control),
    /// `dashboard:update`: something that an organization's lists show has changed.
    DashboardUpdate(DashboardUpdate),
    /// `job:event`.
    JobEvent(JobEvent),
    /// `event` of an execution; sent only to those who subscribed to it.
    ExecutionEvent(ExecutionFrame),
    /// `scrape_progress`.
    ScrapeProgress(ScrapeProgress),
    /// `update` with `task.completed` or `task.failed`.
    TaskResult(TaskResult),
    /// `heartbeat`, `agent_started`, `agent_stopped`, `agent_error`.
    AgentEvent(AgentEvent),
    /// Well-formed, and of a kind that nobody here knows. Counted and shown; never an error.
    Unknown(UnknownFrame),
}

impl Frame {
    /// The frame's kind as written on the wire: its `type`, or its `event`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Control(control) => control.as_str(),
            Self::DashboardUpdate(_) => "dashboard:update",
            Self::JobEvent(_) => "job:event",
            Self::ExecutionEvent(_) => "event",
            Self::ScrapeProgress(_) => "scrape_progress",
            Self::TaskResult(_) => "update",
            Self::AgentEvent(agent) => agent.kind.as_str(),
            Self::Unknown(unknown) => &unknown.kind,
        }
    }
}

/// `{"event":"dashboard:update","data":{"organizationId":…,…}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardUpdate {
    /// The organization whose lists changed.
    pub organization_id: OrganizationId,
    /// The whole payload, verbatim, `organizationId` included. The hub puts the changed summary in it
    /// (see [`rest::ExecutionChanged`](crate::rest::ExecutionChanged)); other servers put what they like.
    pub data: Json,
}

/// A frame of an unknown kind, kept whole.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownFrame {
    /// Its `type` or `event`; for `update` frames also the payload's type, as in `update/task.paused`.
    pub kind: Box<str>,
    /// The frame, verbatim.
    pub raw: Json,
}
