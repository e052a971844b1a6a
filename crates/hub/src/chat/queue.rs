//! The queue of tasks: this hub's own workers take from it, and what a lost worker had is put back.
//!
//! The queue itself is in the store. Here is who looks at it and when: at once when a message comes through this hub or
//! a lease ends, and once in a while because another hub may share the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{join, join_all};
use switchboard_protocol::{OrganizationId, TaskId, Timestamp, rest::ClaimedTask};
use switchboard_store::{Claim, Store};
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    lanes::{Lanes, OwnLane},
    worker,
};
use crate::{clock, random};

/// How the names of hubs as workers begin. Nobody else's may.
pub const HUB_WORKERS: &str = "hub:";

/// For how long a hub takes a task. It renews that long before the end; a hub that was killed loses its tasks to another
/// after this time.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long it is from one look at the queue to the next where nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long it is at least, whatever the clocks of several hubs say.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long a lane rests after the store refused.
const REST: Duration = Duration::from_secs(1);

/// How long workers may take to notice that the hub stops. They have nothing left to do then.
const WORKERS_END: Duration = Duration::from_secs(5);

/// The hub's view of the queue.
pub struct Queue {
    /// Where the queue is.
    pub store: Arc<dyn Store>,
    /// Who may answer.
    pub lanes: Lanes,
    /// How long a worker of this hub has for a task.
    pub time_limit: Duration,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// Under which name this hub takes tasks: another one with each start.
    worker: String,
    /// What this hub's workers have.
    running: Mutex<HashMap<(OrganizationId, TaskId), Running>>,
    /// The earliest end of a lease that this hub knows of.
    next_lease: watch::Sender<Option<Timestamp>>,
}

impl Queue {
    /// The queue in `store`. Nothing is taken before [`run`](Self::run).
    pub fn new(store: Arc<dyn Store>, lanes: Lanes, time_limit: Duration, stop: CancellationToken) -> Self {
        Self {
            store,
            lanes,
            time_limit,
            stop,
            worker: format!("{HUB_WORKERS}{}", random::identifier()),
            running: Mutex::default(),
            next_lease: watch::Sender::new(None),
        }
    }

    /// Answers tasks until the hub stops. Tasks of workers for which `is_lost` says so are put back first.
    ///
    /// What runs when the hub stops stays as it is: the next start finds it and begins it again.
    pub async fn run(self: Arc<Self>, is_lost: fn(&str) -> bool) {
        self.recover(is_lost).await;
        let workers = TaskTracker::new();
        let lanes = self.lanes.own().iter().enumerate().map(|(index, _)| self.serve(index, &workers));
        join(self.keep_leases(), join_all(lanes)).await;
        workers.close();
        if timeout(WORKERS_END, workers.wait()).await.is_err() {
            tracing::warn!(running = workers.len(), "tasks that do not stop are left for the next start");
        }
    }

    /// Stops this hub's worker of a task, if it has one.
    pub fn give_up(&self, organization: &OrganizationId, task: &TaskId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.get(&(organization.clone(), task.clone())) {
            running.given_up.cancel();
        }
    }

    /// Learns that somebody holds a lease which ends then.
    pub fn lease_ends(&self, at: Timestamp) {
        self.next_lease.send_if_modified(|next| {
            let is_earlier = next.is_none_or(|next| at < next);
            if is_earlier {
                *next = Some(at);
            }
            is_earlier
        });
    }

    /// Makes it known that a worker of this hub has the task, until the answer is dropped.
    pub fn register(&self, task: &ClaimedTask) -> Registered<'_> {
        let key = (task.organization_id.clone(), task.task_id.clone());
        let given_up = CancellationToken::new();
        let entry = Running { attempt: task.attempt, given_up: given_up.clone() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), entry);
        Registered { queue: self, key, attempt: task.attempt, given_up }
    }

    /// Takes tasks of one lane, as many at a time as it may.
    async fn serve(self: &Arc<Self>, index: usize, workers: &TaskTracker) {
        let Some(lane) = self.lanes.own().get(index) else { return };
        let seats = Arc::new(Semaphore::new(lane.concurrency));
        loop {
            let seat = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                seat = Arc::clone(&seats).acquire_owned() => seat,
            };
            let Ok(seat) = seat else { return };
            match self.store.claim_task(self.claim(lane)).await {
                Ok(Some(task)) => {
                    let queue = Arc::clone(self);
                    workers.spawn(worker::run(queue, index, task, seat));
                }
                Ok(None) => {
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = lane.wake.notified() => {}
                        () = sleep(LOOK_EVERY) => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, lane = lane.name, "cannot look for tasks");
                    self.rest(REST).await;
                }
            }
        }
    }

    fn claim(&self, lane: &OwnLane) -> Claim {
        Claim {
            organizations: None,
            lanes: vec![lane.name.to_owned()],
            worker: self.worker.clone(),
            lease_until: lease_until(LEASE),
        }
    }

    /// Puts tasks back when their leases end.
    async fn keep_leases(&self) {
        let mut next_lease = self.next_lease.subscribe();
        while !self.stop.is_cancelled() {
            let next = *next_lease.borrow_and_update();
            let wait = next.map_or(LOOK_EVERY, |next| until(next).clamp(LOOK_AGAIN, LOOK_EVERY));
            tokio::select! {
                () = self.stop.cancelled() => return,
                // An earlier end than was known: it may be before the wait is over.
                _ = next_lease.changed() => continue,
                () = sleep(wait) => {}
            }
            self.next_lease.send_if_modified(|next| {
                *next = None;
                false
            });
            self.recover(|_| false).await;
        }
    }

    /// Puts back what was lost, and wakes those who can take it.
    async fn recover(&self, is_lost: fn(&str) -> bool) {
        match self.store.recover_tasks(clock::now(), is_lost).await {
            Ok(recovered) => {
                if let Some(next) = recovered.next_lease {
                    self.lease_ends(next);
                }
                if recovered.requeued > 0 || recovered.failed > 0 {
                    let (requeued, failed) = (recovered.requeued, recovered.failed);
                    tracing::info!(requeued, failed, "put back the tasks of workers that were lost");
                    self.lanes.wake_all();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot put back the tasks of lost workers; trying again");
                self.rest(REST).await;
            }
        }
    }

    /// Waits, but not beyond the hub's end.
    pub async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }
}

/// What this hub's worker of a task is at.
struct Running {
    /// Which attempt: a worker that has lost its lease may still be there when the next attempt begins.
    attempt: u32,
    /// Cancelled when the worker is to give up.
    given_up: CancellationToken,
}

/// A task that a worker of this hub has.
pub struct Registered<'a> {
    queue: &'a Queue,
    key: (OrganizationId, TaskId),
    attempt: u32,
    /// Cancelled when the worker is to give up.
    pub given_up: CancellationToken,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut running = self.queue.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&self.key).is_some_and(|running| running.attempt == self.attempt) {
            running.remove(&self.key);
        }
    }
}

/// When a lease that begins now ends.
pub fn lease_until(lease: Duration) -> Timestamp {
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(clock::now().as_millis().saturating_add(lease))
}

/// How long it is until then, and a moment more, so that it has passed by a clock in milliseconds.
fn until(then: Timestamp) -> Duration {
    let wait = then.as_millis().saturating_sub(clock::now().as_millis()).saturating_add(1);
    Duration::from_millis(u64::try_from(wait).unwrap_or_default())
}
