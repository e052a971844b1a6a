//! One connection's place in a feed.

use std::sync::{Arc, PoisonError};

use futures::future::BoxFuture;
use switchboard_store::StoreError;
use tokio::sync::watch;

use super::{Feed, SEGMENT_BYTES, Segment, read::ReadSize};

/// A cursor on a feed.
pub struct Reader {
    feed: Arc<Feed>,
    published: watch::Receiver<u64>,
    cursor: u64,
    size: ReadSize,
}

/// What follows a cursor.
#[derive(Debug)]
pub enum Next {
    /// These segments, in order; about [`SEGMENT_BYTES`] of them, or one.
    Segments(Vec<Arc<Segment>>),
    /// Nothing yet.
    Nothing,
    /// More than the feed holds in memory: [`Reader::catch_up`] reads it from the log.
    Behind,
}

/// What was read from the log itself.
#[derive(Debug)]
pub enum CaughtUp {
    /// The segments that follow the cursor.
    Segments(Vec<Arc<Segment>>),
    /// Retention has deleted what follows the cursor.
    Overrun,
}

/// A read of the log on its way.
pub type CatchingUp = BoxFuture<'static, Result<(CaughtUp, ReadSize), StoreError>>;

impl Reader {
    pub(super) fn new(feed: Arc<Feed>, cursor: u64) -> Self {
        let published = feed.published.subscribe();
        Self { feed, published, cursor, size: ReadSize::default() }
    }

    /// The sequence number up to which this connection has been sent what is for it.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Moves the cursor on. It never moves back.
    pub fn advance(&mut self, seq: u64) {
        self.cursor = self.cursor.max(seq);
    }

    /// Whether there is more after the cursor.
    pub fn has_more(&self) -> bool {
        *self.published.borrow() > self.cursor
    }

    /// Waits until the feed has grown since this was last asked.
    pub async fn changed(&mut self) {
        // Fails only when the feed is gone, and this holds it.
        let _ = self.published.changed().await;
    }

    /// What follows the cursor.
    pub fn next(&self) -> Next {
        if !self.has_more() {
            return Next::Nothing;
        }
        let ring = self.feed.ring.read().unwrap_or_else(PoisonError::into_inner);
        match ring.after_cursor(self.cursor, SEGMENT_BYTES) {
            Some(segments) if segments.is_empty() => Next::Nothing,
            Some(segments) => Next::Segments(segments),
            None => Next::Behind,
        }
    }

    /// Reads from the log what follows the cursor. What comes with the answer is for [`Self::learn`].
    pub fn catch_up(&self) -> CatchingUp {
        let (feed, cursor, mut size) = (Arc::clone(&self.feed), self.cursor, self.size);
        Box::pin(async move {
            // Never closed, so the permit is only missing where there is none to be had.
            let _turn = feed.reads.acquire().await;
            let organization = &feed.organization;
            let entries = feed.store.read(organization.clone(), cursor, size.limit()).await?;
            let next = entries.first().map(|entry| entry.seq);
            if next != Some(cursor + 1) && feed.store.bounds(organization.clone()).await?.first > cursor + 1 {
                return Ok((CaughtUp::Overrun, size));
            }
            size.learn(&entries);
            Ok((CaughtUp::Segments(Segment::encode(&entries)), size))
        })
    }

    /// Takes over what a read told of the entries' size.
    pub fn learn(&mut self, size: ReadSize) {
        self.size = size;
    }
}
