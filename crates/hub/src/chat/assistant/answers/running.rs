//! What is running.

use std::cmp::Reverse;

use switchboard_model::duration_text;
use switchboard_protocol::ExecutionStatus;
use switchboard_store::StoreError;

use super::{Asked, and_more, counted, list, paragraphs, zone};
use crate::chat::assistant::{
    intent::Selection,
    markdown::{TITLE_CHARACTERS, escape, link},
    reading::{Execution, Which, executions},
};

/// The executions that are running now, the one that started last first.
pub async fn running(asked: Asked<'_>, selection: &Selection) -> Result<String, StoreError> {
    let about = selection.about.as_deref();
    let which = Which { status: Some(ExecutionStatus::Running), about, or_error: false };
    let reading = executions(&asked, which, |_| false).await?;
    let bound = reading.bound("running executions", &asked).unwrap_or_default();
    let span = asked.span(selection);
    let mut running = reading.executions;
    running.retain(|execution| match execution.started_at {
        Some(at) => span.contains(at),
        None => selection.range.is_none(),
    });
    let which = asked.describe(selection);
    let started = if selection.range.is_some() { " that started" } else { "" };
    if running.is_empty() {
        return Ok(paragraphs([format!("No execution is running now{started}{which}."), bound]));
    }
    running.sort_by_key(|execution| Reverse(execution.started_at));
    let shown = running.len().min(selection.rows);
    let rows = running.iter().take(shown).map(|execution| row(execution, &asked));
    let more = and_more(running.len(), shown);
    let verb = if running.len() == 1 { "is" } else { "are" };
    Ok(paragraphs([
        format!(
            "**{} {verb} running** now{started}{which}.{}",
            counted(running.len(), "execution", "executions"),
            zone(selection)
        ),
        list(rows),
        if more.is_empty() {
            String::new()
        } else {
            format!("{more}; see [all running executions](/executions?status=running).")
        },
        bound,
    ]))
}

fn row(execution: &Execution, asked: &Asked<'_>) -> String {
    let link = link(&execution.id, execution.title.as_deref());
    let since = execution.started_at.map(|started| {
        let took = duration_text(asked.now.millis_since(started));
        format!(" since {} ({took})", asked.short(started))
    });
    let agent =
        execution.agent.as_deref().map(|agent| format!(", agent {}", escape(agent, TITLE_CHARACTERS)));
    let silent = execution
        .silent_since
        .map(|since| format!(", but its worker is silent since {}", asked.short(since)));
    [Some(link), since, agent, silent].into_iter().flatten().collect()
}
