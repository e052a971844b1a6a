//! [`Envelope`] back to wire text. Members that are absent are left out, and `seq` comes first, so that a
//! reader of a raw capture sees it at a glance.

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};

use crate::{
    AgentEventKind, Control, Envelope, ExecutionEvent, Frame, JobEvent, Object, TaskOutcome, TaskResult,
};

impl Envelope {
    /// The frame as JSON text on one line.
    ///
    /// # Errors
    /// Only where a verbatim part is not what its type promises, which [`decode`](crate::decode) never yields.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Frame::Unknown(unknown) = &self.frame {
            // Kept whole, and written whole.
            return Object::parse(unknown.raw.text()).map_err(S::Error::custom)?.serialize(serializer);
        }
        let mut map = Members(serializer.serialize_map(None)?);
        map.optional("seq", self.seq.as_ref())?;
        map.optional("organizationId", self.organization_id.as_ref())?;
        match &self.frame {
            Frame::Control(control) => write_control(&mut map, control)?,
            Frame::DashboardUpdate(update) => {
                map.entry("event", "dashboard:update")?;
                map.entry("data", &update.data)?;
            }
            Frame::JobEvent(job) => {
                map.entry("event", "job:event")?;
                map.entry("data", job)?;
            }
            Frame::TaskResult(task) => {
                map.entry("event", "update")?;
                map.entry("data", task)?;
            }
            Frame::ExecutionEvent(frame) => {
                map.entry("type", "event")?;
                map.entry("executionId", &frame.execution_id)?;
                map.entry("event", &frame.event)?;
            }
            Frame::ScrapeProgress(progress) => {
                map.entry("type", "scrape_progress")?;
                map.entry("runId", &progress.run_id)?;
                map.optional("phase", progress.phase.as_ref())?;
                map.optional("platform", progress.platform.as_ref())?;
                map.optional("current", progress.current.as_ref())?;
                map.optional("total", progress.total.as_ref())?;
                map.optional("message", progress.message.as_ref())?;
                map.optional("timestamp", progress.timestamp.as_ref())?;
                map.optional("items", progress.items.as_ref())?;
                map.optional("bytes", progress.bytes.as_ref())?;
                map.optional("errors", progress.errors.as_ref())?;
                map.filled("pages", &progress.pages)?;
                map.filled("results", &progress.results)?;
            }
            Frame::AgentEvent(agent) => {
                map.entry("type", agent.kind.as_str())?;
                map.entry("agentId", &agent.agent_id)?;
                map.optional("timestamp", agent.timestamp.as_ref())?;
                map.optional("receivedAt", agent.received_at.as_ref())?;
                map.optional("department", agent.department.as_ref())?;
                map.optional("executionId", agent.execution_id.as_ref())?;
                match &agent.kind {
                    AgentEventKind::Heartbeat { status, current_task, heartbeat_seconds } => {
                        map.optional("status", status.as_ref())?;
                        map.optional("currentTask", current_task.as_ref())?;
                        map.optional("heartbeatSeconds", heartbeat_seconds.as_ref())?;
                    }
                    AgentEventKind::Error { error } => map.optional("error", error.as_ref())?,
                    AgentEventKind::Started | AgentEventKind::Stopped => {}
                }
            }
            Frame::Unknown(_) => {}
        }
        map.0.end()
    }
}

fn write_control<M: SerializeMap>(map: &mut Members<M>, control: &Control) -> Result<(), M::Error> {
    map.entry("type", control.as_str())?;
    match control {
        Control::ConnectionAck(ack) => {
            map.optional("connectionId", ack.connection_id.as_ref())?;
            map.optional("epoch", ack.epoch.as_ref())?;
            map.optional("seq", ack.seq.as_ref())?;
            map.optional("heartbeatSeconds", ack.heartbeat_seconds.as_ref())
        }
        Control::Pong(pong) => {
            map.optional("seq", pong.seq.as_ref())?;
            map.optional("delivered", pong.delivered.as_ref())
        }
        Control::Resumed(resumed) => {
            map.entry("from", &resumed.from)?;
            map.entry("to", &resumed.to)
        }
        Control::Resync(resync) => map.entry("reason", resync.reason.as_str()),
        Control::Subscribed(subscribed) => {
            map.entry("executionId", &subscribed.execution_id)?;
            map.optional("seq", subscribed.seq.as_ref())
        }
    }
}

impl Serialize for ExecutionEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Members(serializer.serialize_map(None)?);
        map.optional("id", self.id.as_ref())?;
        map.entry("type", self.kind.as_str())?;
        map.optional("timestamp", self.timestamp.as_ref())?;
        map.optional("data", self.data.as_ref())?;
        map.0.end()
    }
}

impl Serialize for JobEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Members(serializer.serialize_map(None)?);
        map.optional("organizationId", self.organization_id.as_ref())?;
        map.entry("jobId", &self.job_id)?;
        map.entry("type", self.kind.as_str())?;
        map.optional("timestamp", self.timestamp.as_ref())?;
        map.optional("data", self.data.as_ref())?;
        map.0.end()
    }
}

impl Serialize for TaskResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Members(serializer.serialize_map(None)?);
        map.optional("organizationId", self.organization_id.as_ref())?;
        match &self.outcome {
            TaskOutcome::Completed { result } => {
                map.entry("type", "task.completed")?;
                map.entry("task_id", &self.task_id)?;
                map.optional("result", result.as_ref())?;
            }
            TaskOutcome::Failed { error, result } => {
                map.entry("type", "task.failed")?;
                map.entry("task_id", &self.task_id)?;
                map.optional("error", error.as_ref())?;
                map.optional("result", result.as_ref())?;
            }
        }
        map.0.end()
    }
}

/// A map that leaves out what is absent.
struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    fn entry<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn optional<T: Serialize>(&mut self, name: &'static str, value: Option<&T>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.entry(name, value))
    }

    fn filled<T: Serialize>(&mut self, name: &'static str, list: &[T]) -> Result<(), M::Error> {
        if list.is_empty() { Ok(()) } else { self.entry(name, list) }
    }
}
