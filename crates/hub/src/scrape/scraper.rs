//! Which runs this hub crawls: it takes them from the store, as many at a time as it may.
//!
//! The runs themselves are in the store. Here is who looks for them and when: at once when a run comes through this hub,
//! and once in a while, because another hub may share the store and may be lost.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use switchboard_crawler::Fetcher;
use switchboard_protocol::{OrganizationId, RunId, Timestamp};
use switchboard_store::{ClaimedScrape, ScrapeClaim, Store};
use tokio::{
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::run;
use crate::{chat::HUB_WORKERS, clock, random};

/// For how long a hub takes a run. It renews that long before the end; a hub that was killed loses its runs to another
/// after this time.
const LEASE: Duration = Duration::from_secs(30);

/// How long it is from one look for runs to the next where nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long looking rests after the store refused.
const REST: Duration = Duration::from_secs(1);

/// How long runs may take to notice that the hub stops. They have nothing left to do then.
const RUNS_END: Duration = Duration::from_secs(5);

/// How many previews are made at the same time.
const PREVIEWS: usize = 4;

/// The names under which hubs of this process take runs. All hubs of one process are known to it, and a folder has one process,
/// so that on the embedded store every other name is that of a hub that is gone.
static ALIVE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether a crawler was a hub that is gone, on a store that this process has for itself.
pub fn is_gone(crawler: &str) -> bool {
    let alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
    crawler.starts_with(HUB_WORKERS) && !alive.contains(crawler)
}

/// Makes it known that a hub is alive, until this is dropped.
struct Alive<'a>(&'a str);

impl<'a> Alive<'a> {
    fn new(crawler: &'a str) -> Self {
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(crawler.to_owned());
        Self(crawler)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(self.0);
    }
}

/// This hub's part in scraping.
pub struct Scraper {
    /// Where runs are.
    pub store: Arc<dyn Store>,
    /// What makes the requests.
    pub fetcher: Fetcher,
    /// One for each preview that may be under way.
    pub previews: Semaphore,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// Under which name this hub takes runs: another one with each start.
    pub crawler: String,
    seats: Arc<Semaphore>,
    wake: Notify,
    /// The runs that this hub crawls, each with what is cancelled when somebody ends it through this hub.
    running: Mutex<HashMap<(OrganizationId, RunId), CancellationToken>>,
}

impl Scraper {
    /// The runs in `store`, of which this hub crawls `runs` at a time. None is taken before [`run`](Self::run).
    pub fn new(store: Arc<dyn Store>, fetcher: Fetcher, runs: usize, stop: CancellationToken) -> Self {
        Self {
            store,
            fetcher,
            previews: Semaphore::new(PREVIEWS),
            stop,
            crawler: format!("{HUB_WORKERS}{}", random::identifier()),
            seats: Arc::new(Semaphore::new(runs.clamp(1, Semaphore::MAX_PERMITS))),
            wake: Notify::new(),
            running: Mutex::default(),
        }
    }

    /// Crawls until the hub stops, also runs of crawlers for which `is_lost` says so.
    ///
    /// What runs when the hub stops stays as it is: the next start finds it and goes on.
    pub async fn run(self: Arc<Self>, is_lost: fn(&str) -> bool) {
        let _alive = Alive::new(&self.crawler);
        let runs = TaskTracker::new();
        self.take_runs(is_lost, &runs).await;
        runs.close();
        if timeout(RUNS_END, runs.wait()).await.is_err() {
            tracing::warn!(running = runs.len(), "runs that do not stop are left for the next start");
        }
    }

    /// Learns that there is a run to take.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends a run that was cancelled in the store, if this hub crawls it.
    pub fn cancel(&self, organization: &OrganizationId, run: &RunId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cancelled) = running.get(&(organization.clone(), run.clone())) {
            cancelled.cancel();
        }
    }

    /// Makes it known that this hub crawls the run, until the answer is dropped.
    pub fn register(&self, run: &ClaimedScrape) -> Registered<'_> {
        let key = (run.organization.clone(), run.summary.run_id.clone());
        let cancelled = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), cancelled.clone());
        Registered { scraper: self, key, cancelled }
    }

    async fn take_runs(self: &Arc<Self>, is_lost: fn(&str) -> bool, runs: &TaskTracker) {
        loop {
            let seat = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                seat = Arc::clone(&self.seats).acquire_owned() => seat,
            };
            let Ok(seat) = seat else { return };
            let claim = ScrapeClaim {
                crawler: self.crawler.clone(),
                now: clock::now(),
                lease_until: lease_until(),
                is_lost,
            };
            let wait = match self.store.claim_scrape(claim).await {
                Ok(Some(claimed)) => {
                    runs.spawn(run::work(Arc::clone(self), claimed, seat));
                    continue;
                }
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for scrape runs");
                    REST
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }
}

/// A run that this hub crawls.
pub struct Registered<'a> {
    scraper: &'a Scraper,
    key: (OrganizationId, RunId),
    /// Cancelled when somebody ends the run through this hub.
    pub cancelled: CancellationToken,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.scraper.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// When a lease that begins now ends.
pub fn lease_until() -> Timestamp {
    let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(clock::now().as_millis().saturating_add(lease))
}
