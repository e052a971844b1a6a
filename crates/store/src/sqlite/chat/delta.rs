//! A running task's answer grows.

use rusqlite::params;
use switchboard_protocol::{TaskId, rest::TaskDelta};

use super::super::{
    changes::{Changes, Fate},
    failure::Failure,
    memory::Organization,
};
use crate::Report;

/// The most bytes of an unfinished answer that are kept. What comes beyond is delivered, and not kept.
const MOST_PARTIAL_BYTES: usize = 1024 * 1024;

/// Appends a part to what a running task has answered, where it is the part that comes next.
pub(in crate::sqlite) const KEEP: &str = "UPDATE tasks
    SET partial = ifnull(partial, '') || ?3, partial_length = partial_length + ?4
    WHERE organization = ?1 AND task_id = ?2 AND status = 'running' AND partial_length = ?5
        AND (?6 IS NULL OR attempt = ?6) AND ifnull(octet_length(partial), 0) <= ?7";

impl Changes<'_> {
    /// Stores a part of an answer as any frame, and keeps it with its task. A part that is known already, one after
    /// a hole, and one of another attempt change nothing there.
    pub(in crate::sqlite) fn task_delta(
        &self,
        organization: &mut Organization,
        report: &Report,
        task: &TaskId,
        delta: &TaskDelta,
    ) -> Result<Fate, Failure> {
        let fate = self.plain(organization, report)?;
        if let Fate::Stored = fate
            && let Some(room) = MOST_PARTIAL_BYTES.checked_sub(delta.delta.len())
        {
            self.transaction.prepare_cached(KEEP)?.execute(params![
                organization.id,
                task.as_str(),
                delta.delta,
                i64::try_from(delta.delta.chars().count()).unwrap_or(i64::MAX),
                i64::try_from(delta.offset).unwrap_or(-1),
                delta.attempt,
                i64::try_from(room).unwrap_or(i64::MAX),
            ])?;
        }
        Ok(fate)
    }
}
