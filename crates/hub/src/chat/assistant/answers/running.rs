//! What is running.

use std::cmp::Reverse;

use switchboard_model::duration_text;
use switchboard_protocol::ExecutionStatus;
use switchboard_store::StoreError;

use super::{Asked, and_more, list, paragraphs, thousands, zone};
use crate::chat::assistant::{
    intent::Selection,
    markdown::{TITLE_CHARACTERS, escape, link},
    reading::{Execution, Which, executions},
};

/// The executions that are running now, the one that started last first, and after them those whose workers fell silent: of
/// these nobody knows whether they run, so they are not counted as running.
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
    running.sort_by_key(|execution| (execution.silent_since.is_some(), Reverse(execution.started_at)));
    let heard = running.iter().filter(|execution| execution.silent_since.is_none()).count();
    let silent = match running.len() - heard {
        0 => String::new(),
        1 => ", and 1 has a silent worker".to_owned(),
        silent => format!(", and {} have silent workers", thousands(silent as u64)),
    };
    let shown = running.len().min(selection.rows);
    let rows = running.iter().take(shown).map(|execution| row(execution, &asked));
    let more = and_more(running.len(), shown);
    let lead = match heard {
        0 => "No execution is running".to_owned(),
        1 => "1 execution is running".to_owned(),
        heard => format!("{} executions are running", thousands(heard as u64)),
    };
    Ok(paragraphs([
        format!("**{lead}** now{started}{which}{silent}.{}", zone(selection)),
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
