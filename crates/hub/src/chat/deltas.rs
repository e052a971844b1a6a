//! An answer, bit by bit: what a model writes is gathered for a moment, then appended as one frame.

use std::{sync::Arc, time::Duration};

use switchboard_protocol::rest::{ClaimedTask, TaskDelta};
use switchboard_store::Store;
use tokio::time::{Instant, sleep_until};

use super::report;

/// For how long text is gathered: short enough to read along, and a tenth of the frames that a fast model would make.
const GATHERED_FOR: Duration = Duration::from_millis(100);

/// The text of one answer on its way into the log.
pub struct Deltas {
    store: Arc<dyn Store>,
    task: ClaimedTask,
    /// What is not appended yet.
    waiting: String,
    /// When it is due; `None` while nothing waits.
    due: Option<Instant>,
    /// How many characters are appended.
    appended: u64,
}

impl Deltas {
    /// The beginning of a task's answer.
    pub fn new(store: Arc<dyn Store>, task: ClaimedTask) -> Self {
        Self { store, task, waiting: String::new(), due: None, appended: 0 }
    }

    /// Takes more of the text.
    pub fn push(&mut self, text: &str) {
        if !text.is_empty() {
            self.waiting.push_str(text);
            self.due.get_or_insert_with(|| Instant::now() + GATHERED_FOR);
        }
    }

    /// Returns when something is due; never while nothing waits.
    pub async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Appends what waits. Reading along is a courtesy: where the log cannot take it now, it waits for the next time,
    /// and the answer itself comes with the result.
    pub async fn flush(&mut self) {
        if self.waiting.is_empty() {
            self.due = None;
            return;
        }
        let delta = TaskDelta {
            delta: self.waiting.clone(),
            offset: self.appended,
            attempt: Some(self.task.attempt),
        };
        let (organization, task) = (&self.task.organization_id, &self.task.task_id);
        let appended = match report::delta(organization, task, delta) {
            Ok(report) => self.store.append(organization.clone(), vec![report]).await.map(drop),
            Err(error) => {
                tracing::error!(%error, "cannot write a part of an answer");
                Ok(())
            }
        };
        match appended {
            Ok(()) => {
                self.appended += self.waiting.chars().count() as u64;
                self.waiting.clear();
                self.due = None;
            }
            Err(error) => {
                tracing::debug!(%error, "a part of an answer waits");
                self.due = Some(Instant::now() + GATHERED_FOR);
            }
        }
    }
}
