//! Agents watched through a daemon.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgentId, Timestamp};

/// `heartbeat`, `agent_started`, `agent_stopped` or `agent_error` of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentEvent {
    /// The agent.
    pub agent_id: AgentId,
    /// When it happened; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
    /// What happened.
    pub kind: AgentEventKind,
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

    /// The status named `name`, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Idle, Self::Stopped, Self::Error]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

impl fmt::Display for AgentStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
