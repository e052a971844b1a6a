//! Executions by identifier, or by a text in what lists show of them.

use switchboard_model::duration_text;
use switchboard_protocol::{ExecutionId, ExecutionStatus};
use switchboard_store::{ExecutionQuery, MAX_PAGE, StoreError};

use super::super::{Asked, counted, list, paragraphs, thousands};
use crate::chat::assistant::{
    intent::MOST_ROWS,
    markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, escape, link},
    reading::Execution,
};

/// How many are shown of an agent that has been described already.
const FEW: usize = 3;

/// The execution of that identifier, or else those that have the name somewhere; `None` where there is none.
pub async fn describe(asked: &Asked<'_>, name: &str, is_beside: bool) -> Result<Option<String>, StoreError> {
    // One event is the least that can be asked for.
    if let Some(snapshot) =
        asked.store.execution(asked.organization.clone(), ExecutionId::from(name), 1).await?
    {
        let (department, events) = (snapshot.summary.department.clone(), snapshot.summary.event_count);
        let execution = Execution::of(snapshot.summary, asked.now);
        let agent =
            execution.agent.as_deref().map(|agent| format!("agent {}", escape(agent, TITLE_CHARACTERS)));
        let department =
            department.map(|department| format!("department {}", escape(&department.name, TITLE_CHARACTERS)));
        let events = counted(usize::try_from(events).unwrap_or(usize::MAX), "event", "events");
        let details: Vec<String> = [agent, department, Some(events)].into_iter().flatten().collect();
        let details = format!("It has {}.", details.join(", "));
        return Ok(Some(paragraphs([row(&execution, asked), details])));
    }
    let query = ExecutionQuery { status: None, text: Some(name.to_owned()), limit: MAX_PAGE, before: None };
    let page = asked.store.executions(asked.organization.clone(), query).await?;
    let is_more = page.next_before.is_some();
    let executions: Vec<Execution> =
        page.items.into_iter().map(|item| Execution::of(item, asked.now)).collect();
    let total = executions.len();
    let shown = total.min(if is_beside { FEW } else { MOST_ROWS });
    let rows = list(executions.iter().take(shown).map(|execution| row(execution, asked)));
    let name = code(name, TITLE_CHARACTERS);
    let lead = match (executions.as_slice(), is_beside) {
        ([], _) => return Ok(None),
        ([one], false) => return Ok(Some(row(one, asked))),
        (_, true) => format!("Executions that name {name}, the newest first:"),
        (_, false) => {
            let count = if is_more { format!("More than {total}") } else { thousands(total as u64) };
            format!(
                "**{count} executions** have {name} in title, agent, department or identifier, \
                 the newest first:"
            )
        }
    };
    let more = match total - shown {
        0 => String::new(),
        more if is_more => format!("and more than {more} others"),
        more => format!("and {more} more"),
    };
    Ok(Some(paragraphs([lead, rows, more])))
}

/// How an execution is, in a sentence.
fn row(execution: &Execution, asked: &Asked<'_>) -> String {
    let link = link(&execution.id, execution.title.as_deref());
    let status = execution.status;
    let at = execution.latest().map(|at| asked.short(at));
    let took = execution.took(asked.now).map(duration_text);
    let (is, at, took) = if status.is_final() {
        ("", at.map(|at| format!(" at {at}")), took.map(|took| format!(" after {took}")))
    } else {
        (" is", at.map(|at| format!(" since {at}")), took.map(|took| format!(" ({took} so far)")))
    };
    let code = execution.exit_code.map(|code| format!(", exit code {code}"));
    let silent = execution
        .silent_since
        .map(|since| format!(", but its worker is silent since {}", asked.short(since)));
    let reason = match &execution.error {
        Some(error) => format!(": {}", escape(error, LINE_CHARACTERS)),
        None if status == ExecutionStatus::Failed => ": no reason was reported.".to_owned(),
        None => ".".to_owned(),
    };
    let told = [at, took, code, silent].into_iter().flatten().collect::<String>();
    format!("{link}{is} **{status}**{told}{reason}")
}
