//! A worker of this hub: sees one task to its end.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use switchboard_protocol::{
    TaskId,
    rest::{ClaimedTask, Reply},
};
use switchboard_store::{Report, StoreError};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{
    assistant,
    deltas::Deltas,
    lanes::{Answerer, LOCAL, OwnLane},
    model::ModelError,
    queue::{LEASE, Queue, lease_until},
    report,
};
use crate::{clock, ingest::LONGEST_FRAME};

/// How long it is from one renewal of the lease to the next: two may fail before it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// How often storing a result is tried. Then the lease runs out, and the task is begun again.
const STORE_TRIES: u32 = 6;

/// How long it is from the first of these tries to the second. Each further wait is twice as long.
const STORE_AGAIN: Duration = Duration::from_millis(100);

/// Why a task has no reply, in words for whoever waits for it.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("The hub could not read its own data; its log says why. Send the message again.")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(
        "There was no whole answer within {0} seconds, the time limit for one. Ask for less at once, or let the hub's \
         administrator raise --task-timeout."
    )]
    TimeLimit(u64),
    #[error(
        "The hub met a fault of its own while it answered; its log says more. Send the message again, or word it otherwise."
    )]
    Panicked,
    #[error("The answer is longer than a frame may be ({LONGEST_FRAME} bytes). Ask for less at once.")]
    TooLong,
    #[error("The hub could not write the answer as JSON; its log says why.")]
    Unwritable(#[from] serde_json::Error),
}

/// Answers a task of a lane and stores how it ended, unless somebody else ends it first. Its seat is free for the next
/// task then.
pub async fn run(queue: Arc<Queue>, lane: usize, task: ClaimedTask, _seat: OwnedSemaphorePermit) {
    let Some(lane) = queue.lanes.own().get(lane) else { return };
    let queue = &*queue;
    let began = Instant::now();
    let (organization, id) = (task.organization_id.clone(), task.task_id.clone());
    let registered = queue.register(&task);
    let lease = Lease { queue, task: task.clone() };
    let answered = tokio::select! {
        biased;
        // The next start begins it again.
        () = queue.stop.cancelled() => return,
        // Whoever cancelled it has stored that.
        () = registered.given_up.cancelled() => return,
        // It is another worker's now, or has ended.
        () = lease.lost() => return,
        answered = answer_in_time(queue, lane, task) => answered,
    };
    drop(registered);
    let written = answered.and_then(|reply| {
        let report = report::completed(&organization, &id, &reply)?;
        if report.body.len() > LONGEST_FRAME { Err(Unanswered::TooLong) } else { Ok(report) }
    });
    let report = match written {
        Ok(report) => {
            tracing::debug!(task = %id, lane = lane.name, elapsed = ?began.elapsed(), "answered");
            report
        }
        Err(reason) => {
            if let Unanswered::Store(error) = &reason {
                tracing::error!(task = %id, lane = lane.name, %error, "cannot answer from the hub's data");
            } else {
                tracing::warn!(task = %id, lane = lane.name, %reason, elapsed = ?began.elapsed(), "not answered");
            }
            match report::failed(&organization, &id, reason.to_string()) {
                Ok(report) => report,
                Err(error) => return tracing::error!(task = %id, %error, "cannot write why a task failed"),
            }
        }
    };
    store(queue, &lease.task, report).await;
}

/// The answer, in the time that there is for it.
async fn answer_in_time(queue: &Queue, lane: &OwnLane, task: ClaimedTask) -> Result<Reply, Unanswered> {
    let deadline = Instant::now() + queue.time_limit;
    in_time(queue.time_limit, answer(queue, lane, task, deadline)).await
}

/// What comes of `answering`, unless it takes too long or panics. Dropping this stops whatever works on it.
async fn in_time(
    limit: Duration,
    answering: impl Future<Output = Result<Reply, Unanswered>>,
) -> Result<Reply, Unanswered> {
    match timeout(limit, AssertUnwindSafe(answering).catch_unwind()).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_text(&*panic), "a worker panicked");
            Err(Unanswered::Panicked)
        }
        Err(_) => Err(Unanswered::TimeLimit(limit.as_secs().max(1))),
    }
}

async fn answer(
    queue: &Queue,
    lane: &OwnLane,
    task: ClaimedTask,
    deadline: Instant,
) -> Result<Reply, Unanswered> {
    let mut reply = match &lane.answerer {
        Answerer::Local => {
            let store = &*queue.store;
            let reply = assistant::answer(store, &task.organization_id, &task.content, clock::now()).await?;
            Reply { lane: reply.lane.or_else(|| Some(LOCAL.to_owned())), ..reply }
        }
        Answerer::Model(model) => {
            let mut deltas = Deltas::new(Arc::clone(&queue.store), task.clone());
            model.answer(&task, &mut deltas, deadline).await?
        }
    };
    reply.lane.get_or_insert_with(|| lane.name.to_owned());
    Ok(reply)
}

/// Stores how a task ended. It must not be lost because the store is busy for a moment.
async fn store(queue: &Queue, task: &ClaimedTask, report: Report) {
    let mut wait = STORE_AGAIN;
    for attempt in 1..=STORE_TRIES {
        match queue.store.append(task.organization_id.clone(), vec![report.clone()]).await {
            Ok(_) | Err(StoreError::Closing) => return,
            Err(error) => {
                tracing::warn!(task = %task.task_id, %error, attempt, "cannot store how a task ended");
            }
        }
        queue.rest(wait).await;
        if queue.stop.is_cancelled() {
            return;
        }
        wait *= 2;
    }
    tracing::error!(task = %task.task_id, "a task will be begun again because its end could not be stored");
}

/// What a worker holds while it works.
struct Lease<'a> {
    queue: &'a Queue,
    task: ClaimedTask,
}

impl Lease<'_> {
    /// Renews the lease as long as it can be, and returns when the task is not this worker's any more.
    async fn lost(&self) {
        let mut due = interval_at(Instant::now() + RENEW_EVERY, RENEW_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => {
                    let task: &TaskId = &self.task.task_id;
                    return tracing::info!(%task, "a task has ended elsewhere, or is another worker's");
                }
                Err(error) => {
                    tracing::warn!(task = %self.task.task_id, %error, "cannot renew a lease; trying again");
                }
            }
        }
    }

    async fn renew(&self) -> Result<bool, StoreError> {
        let (organization, task) = (self.task.organization_id.clone(), self.task.task_id.clone());
        self.queue.store.renew_task(organization, task, self.task.worker.clone(), lease_until(LEASE)).await
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(2);

    #[tokio::test]
    async fn a_worker_that_panics_fails_its_task_without_its_own_words() {
        let panicking = async { panic!("slice index 7 is out of range") };
        let words = in_time(LIMIT, panicking).await.unwrap_err().to_string();
        assert!(words.contains("fault of its own") && !words.contains("slice"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_hangs_fails_its_task_with_the_limit() {
        let words = in_time(LIMIT, std::future::pending()).await.unwrap_err().to_string();
        assert!(words.contains("120 seconds") && words.contains("--task-timeout"), "{words}");
    }

    #[test]
    fn what_the_store_says_stays_inside() {
        let words = Unanswered::from(StoreError::Database("no such table: x".into())).to_string();
        assert!(!words.contains("table"), "{words}");
    }
}
