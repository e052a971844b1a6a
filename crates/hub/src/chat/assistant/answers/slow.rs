//! Which executions took longest.

use std::{cmp::Reverse, collections::HashSet};

use switchboard_model::duration_text;
use switchboard_protocol::ExecutionStatus;
use switchboard_store::StoreError;

use super::{Asked, counted, paragraphs, zone};
use crate::chat::assistant::{
    intent::Selection,
    markdown::link,
    range::Span,
    reading::{Execution, Which, executions},
};

/// The executions that were at work in the range, the one that took longest first. Those that run count
/// with their time so far.
///
/// What has been running for long began long ago, where the list's bound may not reach. So those that run
/// are read for themselves.
pub async fn slow(asked: Asked<'_>, selection: &Selection) -> Result<String, StoreError> {
    let which = Which { about: selection.about.as_deref(), ..Which::default() };
    let status = Some(ExecutionStatus::Running);
    let running = executions(&asked, Which { status, ..which }, |_| false).await?;
    let all = executions(&asked, which, |_| false).await?;
    let bound = all.bound("executions, and at those that are running", &asked).unwrap_or_default();
    let span = asked.span(selection);
    let mut known = HashSet::new();
    let mut timed: Vec<(u64, Execution)> = all
        .executions
        .into_iter()
        .chain(running.executions)
        .filter(|execution| known.insert(execution.id.clone()) && was_at_work(execution, &span))
        .filter_map(|execution| Some((execution.took(asked.now)?, execution)))
        .collect();
    let which = asked.describe(selection);
    if timed.is_empty() {
        return Ok(paragraphs([format!("No execution was at work{which}."), bound]));
    }
    timed.sort_by_key(|(took, _)| Reverse(*took));
    let shown = timed.len().min(selection.rows);
    let rows = timed.iter().take(shown).map(|(took, execution)| row(*took, execution, &asked));
    let table = ["| execution | took | started | status |".to_owned(), "|---|---|---|---|".to_owned()];
    let lead = match timed.len() {
        1 => format!("**One execution** was at work{which}."),
        _ => format!(
            "**The slowest {shown}** of {} at work{which}.",
            counted(timed.len(), "execution", "executions")
        ),
    };
    Ok(paragraphs([
        lead + zone(selection),
        table.into_iter().chain(rows).collect::<Vec<_>>().join("\n"),
        bound,
    ]))
}

/// Whether any of the execution's time lies in the span.
fn was_at_work(execution: &Execution, span: &Span) -> bool {
    let Some(started) = execution.started_at else { return false };
    let began_in_time = span.end.is_none_or(|end| started < end);
    let ended_in_time =
        execution.finished_at.is_none_or(|finished| span.begin.is_none_or(|begin| finished >= begin));
    began_in_time && ended_in_time
}

fn row(took: u64, execution: &Execution, asked: &Asked<'_>) -> String {
    let so_far = if execution.status.is_final() { "" } else { " so far" };
    let started = execution.started_at.map(|started| asked.short(started)).unwrap_or_default();
    format!(
        "| {} | {}{so_far} | {started} | {} |",
        link(&execution.id, execution.title.as_deref()),
        duration_text(took),
        execution.status
    )
}
