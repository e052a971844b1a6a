//! Agents watched through a daemon.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgentId, ExecutionId, NamedEntity, Timestamp};

/// `heartbeat`, `agent_started`, `agent_stopped` or `agent_error` of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentEvent {
    /// The agent.
    pub agent_id: AgentId,
    /// When it happened; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
    /// When the hub received it, by the hub's clock: the member `receivedAt`. Silence is measured from it and not from
    /// `timestamp`, because an agent's clock may be wrong, and because a replay brings what is old.
    pub received_at: Option<Timestamp>,
    /// The department that the agent works for.
    pub department: Option<NamedEntity>,
    /// The execution that the agent works on.
    pub execution_id: Option<ExecutionId>,
    /// What happened.
    pub kind: AgentEventKind,
}

impl AgentEvent {
    /// An event of which nothing but its kind and its agent is known.
    pub fn of(agent_id: AgentId, kind: AgentEventKind) -> Self {
        Self { agent_id, timestamp: None, received_at: None, department: None, execution_id: None, kind }
    }
}

/// What happened to an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentEventKind {
    /// `heartbeat`: it is alive.
    Heartbeat {
        /// Its status as reported; an unknown word is kept out, not guessed.
        status: Option<AgentStatus>,
        /// What it is doing.
        current_task: Option<String>,
        /// How often it beats, in seconds: the member `heartbeatSeconds`. Absent, the intervals that were observed say so.
        heartbeat_seconds: Option<u64>,
    },
    /// `agent_started`: it runs.
    Started,
    /// `agent_stopped`: it ended.
    Stopped,
    /// `agent_error`: it failed.
    Error {
        /// What went wrong.
        error: Option<String>,
    },
}

impl AgentEventKind {
    /// The frame's `type`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Heartbeat { .. } => "heartbeat",
            Self::Started => "agent_started",
            Self::Stopped => "agent_stopped",
            Self::Error { .. } => "agent_error",
        }
    }
}

/// What an agent says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentStatus {
    /// At work.
    Running,
    /// Waiting for work.
    Idle,
    /// Ended.
    Stopped,
    /// Failed.
    Error,
}

impl AgentStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Idle => "idle",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }

    /// Every status.
    pub const ALL: [Self; 4] = [Self::Running, Self::Idle, Self::Stopped, Self::Error];

    /// The status named `name`, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl fmt::Display for AgentStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
