//! From the log to the connections: each organization's tail is read once and encoded once, and a connection is
//! a cursor on it.
//!
//! A [`Feed`] follows one organization's log while anybody listens. It holds the newest frames as shared
//! [`Segment`]s in a bounded ring. A [`Reader`] takes from the ring what follows its cursor; where the ring
//! begins later, because the reader is slow or resumes from long ago, it reads the log itself. There is no queue
//! per connection that could overflow: a slow connection only falls behind.

mod follow;
mod read;
mod reader;
mod ring;
mod segment;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};

use switchboard_protocol::OrganizationId;
use switchboard_store::{Bounds, Store, StoreError};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use reader::{CatchingUp, CaughtUp, Next, Reader};
pub use segment::{Interest, SEGMENT_BYTES, Segment};

use ring::Ring;

/// How many entries of the past a new feed reads: after a restart of the hub everybody resumes from about the same
/// place, and the log is read once for all of them.
const WARM_ENTRIES: u64 = 1024;

/// How many connections may read the log at the same time. Bounds the memory that catching up takes, whatever
/// the number of those who do; commits are not held up by a crowd of readers.
const CONCURRENT_READS: usize = 4;

/// The feeds of all organizations that somebody listens to.
pub struct Feeds {
    store: Arc<dyn Store>,
    reads: Arc<Semaphore>,
    open: Mutex<HashMap<OrganizationId, Weak<Feed>>>,
}

/// One organization's tail, shared by its connections. It stops following the log when the last of them leaves.
pub struct Feed {
    organization: OrganizationId,
    store: Arc<dyn Store>,
    reads: Arc<Semaphore>,
    ring: RwLock<Ring>,
    /// The newest sequence number in the ring: what connections wait on.
    published: watch::Sender<u64>,
    _stops_following: DropGuard,
}

impl Feeds {
    /// Feeds of the logs in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let reads = Arc::new(Semaphore::new(CONCURRENT_READS));
        Self { store, reads, open: Mutex::default() }
    }

    /// The organization's feed, and how far its log reaches at this moment: a reader whose cursor is the head
    /// gets everything that is stored from now on.
    pub async fn join(&self, organization: &OrganizationId) -> Result<(Arc<Feed>, Bounds), StoreError> {
        let bounds = self.store.bounds(organization.clone()).await?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = open.get(organization).and_then(Weak::upgrade) {
            return Ok((feed, bounds));
        }
        open.retain(|_, feed| feed.strong_count() > 0);
        let feed = self.start(organization.clone(), &bounds);
        open.insert(organization.clone(), Arc::downgrade(&feed));
        Ok((feed, bounds))
    }

    /// How many organizations somebody listens to.
    #[cfg(test)]
    pub fn open_count(&self) -> usize {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().filter(|feed| feed.strong_count() > 0).count()
    }

    fn start(&self, organization: OrganizationId, bounds: &Bounds) -> Arc<Feed> {
        let floor = bounds.head.saturating_sub(WARM_ENTRIES).max(bounds.first.saturating_sub(1));
        let stop = CancellationToken::new();
        let head = self.store.head(&organization);
        let feed = Arc::new(Feed {
            organization,
            store: Arc::clone(&self.store),
            reads: Arc::clone(&self.reads),
            ring: RwLock::new(Ring::after(floor)),
            published: watch::Sender::new(floor),
            _stops_following: stop.clone().drop_guard(),
        });
        tokio::spawn(follow::follow(Arc::downgrade(&feed), head, bounds.head, stop));
        feed
    }
}

impl Feed {
    /// A connection's place in the feed, after `cursor`.
    pub fn reader(self: &Arc<Self>, cursor: u64) -> Reader {
        Reader::new(Arc::clone(self), cursor)
    }
}

#[cfg(test)]
mod tests;
