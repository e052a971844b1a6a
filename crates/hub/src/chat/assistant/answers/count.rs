//! How many executions there were.

use switchboard_protocol::ExecutionStatus;
use switchboard_store::StoreError;

use super::{Asked, counted, paragraphs, thousands};
use crate::chat::assistant::{
    intent::Selection,
    reading::{Which, executions},
};

/// How many executions started in the range, by the status that they have now. Those whose workers fell silent are counted
/// apart: nobody knows whether they run.
pub async fn count(asked: Asked<'_>, selection: &Selection) -> Result<String, StoreError> {
    let span = asked.span(selection);
    // The list is in the order of first events. A single execution may have been started anew since, but
    // where a whole page was last at work before the range, so was what came before.
    let which = Which { about: selection.about.as_deref(), ..Which::default() };
    let reading = executions(&asked, which, |page| {
        let is_before = |at| span.begin.is_some_and(|begin| at < begin);
        page.iter().all(|execution| {
            !(execution.status == ExecutionStatus::Running) && execution.latest().is_some_and(is_before)
        })
    })
    .await?;
    let bound = reading.bound("executions", &asked).unwrap_or_default();
    let started = reading.executions.iter().filter(|execution| match execution.started_at {
        Some(at) => span.contains(at),
        None => selection.range.is_none(),
    });
    let started: Vec<_> = started.collect();
    let which = asked.describe(selection);
    let verb = if selection.range.is_some() { " started" } else { "" };
    if started.is_empty() {
        let sentence = if verb.is_empty() {
            format!("There is no execution yet{which}.")
        } else {
            format!("No execution started{which}.")
        };
        return Ok(paragraphs([sentence, bound]));
    }
    let lead =
        format!("**{}**{verb}{which}, by status now:", counted(started.len(), "execution", "executions"));
    let kinds = ExecutionStatus::ALL.into_iter().flat_map(|status| [(status, false), (status, true)]);
    let rows = kinds.filter_map(|(status, is_silent)| {
        let of_kind = started
            .iter()
            .filter(|execution| (execution.status, execution.silent_since.is_some()) == (status, is_silent));
        let count = Some(of_kind.count()).filter(|count| *count > 0)?;
        let note = if is_silent { ", worker silent" } else { "" };
        Some(format!("| [{status}](/executions?status={status}){note} | {} |", thousands(count as u64)))
    });
    let head = ["| status | executions |".to_owned(), "|---|---:|".to_owned()];
    let table = head.into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let all = "The executions themselves: [all, the newest first](/executions).".to_owned();
    Ok(paragraphs([lead, table, all, bound]))
}
