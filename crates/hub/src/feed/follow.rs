//! The task that follows one organization's log and fills its feed's ring.

use std::{
    sync::{PoisonError, Weak},
    time::Duration,
};

use switchboard_store::StoreError;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{Feed, Ring, Segment, read::ReadSize};

/// The least time between two reads of the tail. The first frame after a silence goes out at once; in a stream of
/// single reports, those of this long share a segment, and so a message, a wake-up of each connection, and a
/// browser task. A quarter of a display frame, so that no eye sees it.
const PACE: Duration = Duration::from_millis(4);

/// How long to wait after the store failed: doubled from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Follows the log until the feed is dropped. `head` wakes it; `known_head` is what the log reached when the feed
/// began.
pub async fn follow(
    feed: Weak<Feed>,
    mut head: watch::Receiver<u64>,
    known_head: u64,
    stop: CancellationToken,
) {
    let mut size = ReadSize::default();
    let mut retry = RETRY.0;
    let mut goal = known_head;
    loop {
        goal = goal.max(*head.borrow_and_update());
        let Some(strong) = feed.upgrade() else { return };
        let began = Instant::now();
        let advanced = strong.advance(goal, &mut size).await;
        // Not held while waiting: the feed lives as long as its connections do.
        drop(strong);
        if let Err(error) = advanced {
            tracing::warn!(%error, "cannot read the log; trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(retry) => {}
            }
            retry = (retry * 2).min(RETRY.1);
            continue;
        }
        retry = RETRY.0;
        tokio::select! {
            () = stop.cancelled() => return,
            woken = async { sleep_until(began + PACE).await; head.changed().await } => if woken.is_err() { return },
        }
    }
}

impl Feed {
    /// Reads up to `goal` and publishes it.
    async fn advance(&self, goal: u64, size: &mut ReadSize) -> Result<(), StoreError> {
        loop {
            let tail = *self.published.borrow();
            if tail >= goal {
                return Ok(());
            }
            let entries = self.store.read(self.organization.clone(), tail, size.limit()).await?;
            let Some((first, last)) =
                entries.first().zip(entries.last()).map(|(first, last)| (first.seq, last.seq))
            else {
                return Ok(());
            };
            size.learn(&entries);
            let gap =
                first > tail + 1 && self.store.bounds(self.organization.clone()).await?.first > tail + 1;
            let segments = Segment::encode(&entries);
            {
                let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
                if gap {
                    // Retention was faster than we: who is before the gap must hear of it, and reads the log.
                    *ring = Ring::after(first - 1);
                }
                ring.extend(segments);
            }
            self.published.send_replace(last);
        }
    }
}
