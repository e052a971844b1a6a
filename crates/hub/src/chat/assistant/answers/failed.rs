//! Which executions failed, and why.

use std::cmp::Reverse;

use switchboard_protocol::{ExecutionEvent, ExecutionEventKind, ExecutionStatus, OutputData, OutputStream};
use switchboard_store::StoreError;

use super::{Asked, and_more, counted, list, paragraphs, zone};
use crate::chat::assistant::{
    intent::Selection,
    markdown::{LINE_CHARACTERS, code, escape, link},
    reading::{Execution, Which, executions},
};

/// How many of an execution's latest events are looked through for its last words.
const LAST_EVENTS: usize = 200;

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
    let mut rows = Vec::with_capacity(shown);
    for execution in failed.iter().take(shown) {
        rows.push(row(execution, &asked).await?);
    }
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

async fn row(execution: &Execution, asked: &Asked<'_>) -> Result<String, StoreError> {
    let link = link(&execution.id, execution.title.as_deref());
    let at = execution.latest().map(|at| format!(" at {}", asked.short(at))).unwrap_or_default();
    let exit = execution.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    // That it exited with its exit code is no reason. What it wrote last where programs complain mostly is one.
    let only_the_code = execution.exit_code.map(|code| format!("exited with code {code}"));
    let reason = execution.error.as_deref().filter(|error| Some(*error) != only_the_code.as_deref());
    let reason = match reason {
        Some(reason) => escape(reason, LINE_CHARACTERS),
        None => match last_words(execution, asked).await? {
            Some(words) => format!("last on standard error {}", code(&words, LINE_CHARACTERS)),
            None => "no reason was reported".to_owned(),
        },
    };
    Ok(format!("{link}{at}{exit}: {reason}"))
}

/// The last line that an execution wrote to standard error.
async fn last_words(execution: &Execution, asked: &Asked<'_>) -> Result<Option<String>, StoreError> {
    let organization = asked.organization.clone();
    let snapshot = asked.store.execution(organization, execution.id.clone(), LAST_EVENTS).await?;
    let events = snapshot.into_iter().flat_map(|snapshot| snapshot.events.into_iter().rev());
    Ok(events.map(|event| event.event).find_map(|event| complaint(&event)))
}

/// The line that an event brings from standard error, if it does and the line is not blank.
fn complaint(event: &ExecutionEvent) -> Option<String> {
    if event.kind != ExecutionEventKind::Output {
        return None;
    }
    let data = event.data.as_ref()?.object()?;
    let output = OutputData::read(&data).filter(|output| output.stream == OutputStream::Stderr)?;
    let line = output.text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}
