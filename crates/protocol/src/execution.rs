//! Executions: their events, their status, and typed views of the events' data.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{EventId, ExecutionId, Json, Object, Timestamp};

/// `{"type":"event","executionId":…,"event":{…}}`: one event of one execution.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionFrame {
    /// The execution that the event belongs to.
    pub execution_id: ExecutionId,
    /// What happened.
    pub event: ExecutionEvent,
}

/// One event of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionEvent {
    /// Unique inside its execution. Absent from servers that number nothing.
    pub id: Option<EventId>,
    /// What kind of event this is.
    pub kind: ExecutionEventKind,
    /// When it happened; absent, it is the time of receipt.
    pub timestamp: Option<Timestamp>,
    /// The reporter's payload, verbatim. The `…Data` types read it.
    pub data: Option<Json>,
}

/// The `type` of an execution event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExecutionEventKind {
    /// `agent-start`: the execution runs. Data: [`AgentStartData`].
    AgentStart,
    /// `agent-complete`: it ended well. Data: [`AgentCompleteData`].
    AgentComplete,
    /// `error`: it failed. Data: [`ErrorData`].
    Error,
    /// `output`: a line that it wrote. Data: [`OutputData`].
    Output,
    /// `tool-call`: an agent used a tool. Data: [`ToolCallData`].
    ToolCall,
    /// `log`: a message for the reader. Data: [`LogData`].
    Log,
    /// `progress`: how far it is. Data: [`ProgressData`].
    Progress,
    /// Any other; kept and shown by its name.
    Other(Box<str>),
}

impl ExecutionEventKind {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AgentStart => "agent-start",
            Self::AgentComplete => "agent-complete",
            Self::Error => "error",
            Self::Output => "output",
            Self::ToolCall => "tool-call",
            Self::Log => "log",
            Self::Progress => "progress",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for ExecutionEventKind {
    fn from(name: &str) -> Self {
        match name {
            "agent-start" => Self::AgentStart,
            "agent-complete" => Self::AgentComplete,
            "error" => Self::Error,
            "output" => Self::Output,
            "tool-call" => Self::ToolCall,
            "log" => Self::Log,
            "progress" => Self::Progress,
            other => Self::Other(other.into()),
        }
    }
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionStatus {
    /// Known, but not started.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl ExecutionStatus {
    /// Every status, in the order in which an execution can pass through them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status named `name`, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether the execution has ended: completed, failed or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An agent or a department: `{"id","name"}`. Reporters may also write a plain string, which is both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedEntity {
    /// Its identifier.
    pub id: String,
    /// What people call it.
    pub name: String,
}

impl NamedEntity {
    /// An entity whose name is its identifier too.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { id: name.clone(), name }
    }

    /// Reads a member that is a string or `{"id"?,"name"?}`; `None` where neither id nor name is there.
    pub fn read(object: &Object<'_>, member: &str) -> Option<Self> {
        if let Some(name) = object.text(member) {
            return (!name.is_empty()).then(|| Self::named(name));
        }
        let entity = object.object(member)?;
        let (id, name) = (entity.text("id"), entity.text("name"));
        let either = name.clone().or_else(|| id.clone())?;
        Some(Self { id: id.unwrap_or_else(|| either.clone()).into_owned(), name: either.into_owned() })
    }
}

/// Data of `agent-start`. Every member is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentStartData {
    /// The agent at work.
    pub agent: Option<NamedEntity>,
    /// The department that it works for.
    pub department: Option<NamedEntity>,
    /// What the execution is about, in a few words.
    pub title: Option<String>,
}

impl AgentStartData {
    /// Reads the data of an event.
    pub fn read(data: &Object<'_>) -> Self {
        Self {
            agent: NamedEntity::read(data, "agent"),
            department: NamedEntity::read(data, "department"),
            title: data.text("title").filter(|title| !title.is_empty()).map(Cow::into_owned),
        }
    }
}

/// Data of `agent-complete` (and of `error`, where a process ended badly). Every member is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentCompleteData {
    /// The exit code of the process: `data.exitCode`.
    pub exit_code: Option<i32>,
    /// How long it ran, in milliseconds: `data.durationMs`.
    pub duration_ms: Option<u64>,
    /// What came out of it, in words: `data.summary`, or `data.result` where that is a string.
    pub summary: Option<String>,
}

impl AgentCompleteData {
    /// Reads the data of an event.
    pub fn read(data: &Object<'_>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        Self {
            exit_code: data.number("exitCode").map(|code| code as i32),
            duration_ms: data.whole("durationMs"),
            summary: data.text("summary").or_else(|| data.text("result")).map(Cow::into_owned),
        }
    }
}

/// Data of `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorData {
    /// What went wrong: `data.message` or `data.error` (a string, or an object with a `message`).
    pub message: Option<String>,
    /// Whether `data.code` or `data.reason` says that somebody cancelled it (`cancelled` or `canceled`).
    pub cancelled: bool,
}

impl ErrorData {
    /// Reads the data of an event.
    pub fn read(data: &Object<'_>) -> Self {
        let nested =
            || data.object("error").and_then(|error| error.text("message").map(std::borrow::Cow::into_owned));
        let message =
            data.text("message").or_else(|| data.text("error")).map(Cow::into_owned).or_else(nested);
        let cancelled = ["code", "reason"]
            .iter()
            .filter_map(|member| data.text(member))
            .any(|word| word == "cancelled" || word == "canceled");
        Self { message, cancelled }
    }
}

/// Which of a process's streams a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputStream {
    /// Standard output; also where nothing says which.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

impl OutputStream {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Data of `output`: what was written, without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputData<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Where it was written.
    pub stream: OutputStream,
}

impl<'a> OutputData<'a> {
    /// Reads the data of an event; `None` where it has no text.
    pub fn read(data: &'a Object<'_>) -> Option<Self> {
        let stream = match data.text("stream").as_deref() {
            Some("stderr") => OutputStream::Stderr,
            _ => OutputStream::Stdout,
        };
        Some(Self { text: data.text("text")?, stream })
    }
}

/// Data of `log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogData<'a> {
    /// `data.level` as written: `debug`, `info`, `warn`, `error` … Absent, it is `info`.
    pub level: Cow<'a, str>,
    /// The message.
    pub message: Cow<'a, str>,
}

impl<'a> LogData<'a> {
    /// Reads the data of an event; `None` where it has no message.
    pub fn read(data: &'a Object<'_>) -> Option<Self> {
        let level = data.text("level").unwrap_or(Cow::Borrowed("info"));
        Some(Self { level, message: data.text("message").or_else(|| data.text("text"))? })
    }
}

/// Data of `progress`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProgressData {
    /// How much is done, 0 to 1: from `current` and `total`, from `percent` (0 to 100), or unknown.
    pub fraction: Option<f64>,
    /// `data.current`.
    pub current: Option<f64>,
    /// `data.total`.
    pub total: Option<f64>,
    /// What is being done: `data.message`.
    pub message: Option<String>,
}

impl ProgressData {
    /// Reads the data of an event.
    pub fn read(data: &Object<'_>) -> Self {
        let (current, total) = (data.number("current"), data.number("total"));
        let fraction = match (current, total) {
            (Some(current), Some(total)) if total > 0.0 => Some(current / total),
            _ => data.number("percent").map(|percent| percent / 100.0),
        };
        let message = data.text("message").map(Cow::into_owned);
        Self { fraction: fraction.map(|share| share.clamp(0.0, 1.0)), current, total, message }
    }
}

/// Data of `tool-call`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallData<'a> {
    /// The tool: `data.tool` or `data.name`.
    pub tool: Cow<'a, str>,
}

impl<'a> ToolCallData<'a> {
    /// Reads the data of an event; `None` where it names no tool.
    pub fn read(data: &'a Object<'_>) -> Option<Self> {
        Some(Self { tool: data.text("tool").or_else(|| data.text("name"))? })
    }
}
