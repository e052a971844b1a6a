//! Which executions failed, and why.

use std::cmp::Reverse;

use switchboard_protocol::ExecutionStatus;
use switchboard_store::StoreError;

use super::{Asked, and_more, counted, list, paragraphs, zone};
use crate::chat::assistant::{
    intent::Selection,
    markdown::{LINE_CHARACTERS, escape, link},
    reading::{Execution, Which, executions},
};

/// The executions whose failure lies in the range, the latest first.
///
/// What counts is when they failed. The list has another order, that of their first events, so it is read
/// to its end or to the bound: one that began a week ago may have failed just now.
pub async fn failed(asked: Asked<'_>, selection: &Selection) -> Result<String, StoreError> {
    let about = selection.about.as_deref();
    let which = Which { status: Some(ExecutionStatus::Failed), about, or_error: true };
    let reading = executions(&asked, which, |_| false).await?;
    let bound = reading.bound("failed executions", &asked).unwrap_or_default();
    let span = asked.span(selection);
    let mut failed = reading.executions;
    failed.retain(|execution| match execution.latest() {
        Some(at) => span.contains(at),
        None => selection.range.is_none(),
    });
    let which = asked.describe_in(selection, "title, agent, department, identifier or error");
    if failed.is_empty() {
        return Ok(paragraphs([format!("No execution failed{which}."), bound]));
    }
    failed.sort_by_key(|execution| Reverse(execution.latest()));
    let shown = failed.len().min(selection.rows);
    let rows = failed.iter().take(shown).map(|execution| row(execution, &asked));
    let more = and_more(failed.len(), shown);
    let all = "[all failed executions](/executions?status=failed)";
    Ok(paragraphs([
        format!(
            "**{} failed**{which}{}{}",
            counted(failed.len(), "execution", "executions"),
            if selection.range.is_some() { ":" } else { "." },
            zone(selection)
        ),
        list(rows),
        if more.is_empty() { String::new() } else { format!("{more}; see {all}.") },
        bound,
    ]))
}

fn row(execution: &Execution, asked: &Asked<'_>) -> String {
    let link = link(&execution.id, execution.title.as_deref());
    let at = execution.latest().map(|at| format!(" at {}", asked.short(at))).unwrap_or_default();
    let code = execution.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    let reason = execution.error.as_deref().map(|error| escape(error, LINE_CHARACTERS));
    format!("{link}{at}{code}: {}", reason.as_deref().unwrap_or("no reason was reported"))
}
