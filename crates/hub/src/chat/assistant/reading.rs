//! Reading executions, page by page and up to a bound.

use switchboard_model::worker_silent_since;
use switchboard_protocol::{ExecutionId, ExecutionStatus, NamedEntity, Timestamp, rest::ExecutionSummary};
use switchboard_store::{ExecutionQuery, MAX_PAGE, StoreError};

use super::{
    answers::{Asked, thousands},
    markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, first_line},
};

/// The most executions that one answer looks at.
pub const MOST_EXECUTIONS: usize = 2_000;

/// What answers need of an execution. Long texts are cut, so that many fit into memory.
#[derive(Debug, Clone)]
pub struct Execution {
    /// Which execution.
    pub id: ExecutionId,
    /// What it is about.
    pub title: Option<String>,
    /// Who is at work.
    pub agent: Option<String>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The exit code of the process.
    pub exit_code: Option<i32>,
    /// What went wrong, the first line.
    pub error: Option<String>,
    /// Since when its worker is silent, where it runs and that one should beat.
    pub silent_since: Option<Timestamp>,
}

impl Execution {
    /// How long it took or, while it has not ended, has taken so far, in milliseconds.
    pub fn took(&self, now: Timestamp) -> Option<u64> {
        let end = self.finished_at.or((!self.status.is_final()).then_some(now))?;
        Some(end.millis_since(self.started_at?))
    }

    /// When it was heard of last, as far as lists show that: its end or else its start.
    pub fn latest(&self) -> Option<Timestamp> {
        self.finished_at.or(self.started_at)
    }
}

impl Execution {
    /// What answers need of an execution that lists show so now.
    pub fn of(summary: ExecutionSummary, now: Timestamp) -> Self {
        let silent_since = worker_silent_since(&summary, now);
        // One character more than is shown, so that it is seen that there is more.
        let cut = |text: &str, most: usize| text.trim().chars().take(most + 1).collect::<String>();
        let title = summary.title.as_deref().map(|title| cut(title, TITLE_CHARACTERS));
        let error = summary.error.as_deref().map(|error| cut(first_line(error), LINE_CHARACTERS));
        Self {
            id: summary.execution_id,
            title: title.filter(|title| !title.is_empty()),
            agent: summary.agent.map(|agent| cut(&agent.name, TITLE_CHARACTERS)),
            status: summary.status,
            started_at: summary.started_at,
            finished_at: summary.finished_at,
            exit_code: summary.exit_code,
            error: error.filter(|error| !error.is_empty()),
            silent_since,
        }
    }
}

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The executions, the newest first: in the order of their first events.
    pub executions: Vec<Execution>,
    /// Whether there are more than the bound lets be read.
    is_cut: bool,
    /// When the last one that was looked at started.
    oldest: Option<Timestamp>,
}

impl Reading {
    /// What an answer says where the bound was hit: how far it looked.
    pub fn bound(&self, what: &str, asked: &Asked<'_>) -> Option<String> {
        let back =
            self.oldest.map(|oldest| format!(", back to {} UTC", asked.short(oldest))).unwrap_or_default();
        let most = thousands(MOST_EXECUTIONS as u64);
        self.is_cut.then(|| format!("Looked at the latest {most} {what}{back}; there are more."))
    }
}

/// Which executions are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Only those with this status.
    pub status: Option<ExecutionStatus>,
    /// Only those with this text in title, agent, department or identifier.
    pub about: Option<&'a str>,
    /// Also those with that text in their error.
    pub or_error: bool,
}

/// Reads executions, the newest first, until there are no more, the bound is hit, or `is_enough` says of a
/// page that what comes before it does not matter.
pub async fn executions(
    asked: &Asked<'_>,
    which: Which<'_>,
    is_enough: impl Fn(&[Execution]) -> bool + Send,
) -> Result<Reading, StoreError> {
    let mut reading = Reading::default();
    let (mut before, mut looked) = (None, 0);
    // The store does not look into errors, so where those count all are read.
    let searched = which.about.filter(|_| which.or_error).map(str::to_lowercase);
    let text = which.about.filter(|_| !which.or_error).map(ToOwned::to_owned);
    loop {
        let query = ExecutionQuery {
            status: which.status,
            text: text.clone(),
            limit: MAX_PAGE,
            before: before.take(),
        };
        let mut page = asked.store.executions(asked.organization.clone(), query).await?;
        looked += page.items.len();
        reading.oldest =
            page.items.iter().rev().find_map(|execution| execution.started_at).or(reading.oldest);
        if let Some(searched) = &searched {
            page.items.retain(|execution| has_text(execution, searched));
        }
        let begin = reading.executions.len();
        reading.executions.extend(page.items.into_iter().map(|item| Execution::of(item, asked.now)));
        let is_enough = is_enough(reading.executions.get(begin..).unwrap_or_default());
        before = page.next_before;
        if before.is_none() || is_enough {
            return Ok(reading);
        }
        if looked >= MOST_EXECUTIONS {
            reading.is_cut = true;
            return Ok(reading);
        }
    }
}

/// Whether an execution has a text, given in lower case, in what the store searches or in its error.
fn has_text(execution: &ExecutionSummary, text: &str) -> bool {
    let both = |entity: &NamedEntity| [entity.id.clone(), entity.name.clone()];
    let names = [&execution.agent, &execution.department].into_iter().flatten().flat_map(both);
    let texts = [&execution.title, &execution.error].into_iter().flatten().cloned();
    let mut all = names.chain(texts).chain([execution.execution_id.as_str().to_owned()]);
    all.any(|one| one.to_lowercase().contains(text))
}
