//! Results of queued chat tasks.

use crate::{Json, OrganizationId, TaskId};

/// `{"event":"update","data":{"type":"task.completed"|"task.failed",…}}`: how a queued task ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskResult {
    /// The task.
    pub task_id: TaskId,
    /// The organization that it belongs to, where the server says so.
    pub organization_id: Option<OrganizationId>,
    /// How it ended.
    pub outcome: TaskOutcome,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskOutcome {
    /// `task.completed`, with its `result` verbatim.
    Completed {
        /// `{"content","model","cost_usd","files"}`, all optional.
        result: Option<Json>,
    },
    /// `task.failed`.
    Failed {
        /// The text in `error`, else in `result.content`, else `None`.
        error: Option<String>,
        /// The `result` verbatim, where there is one.
        result: Option<Json>,
    },
}
