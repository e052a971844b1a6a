//! Deletes what is too old or too much, once in a while.

use std::{sync::Arc, time::Duration};

use switchboard_store::{Retention, Store};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// When the first run is: soon, for a hub that is restarted daily, but not while everybody reconnects.
const FIRST: Duration = Duration::from_secs(30);

/// How long it is from one run to the next.
const EVERY: Duration = Duration::from_hours(1);

/// Prunes the store until `stop` is cancelled.
pub async fn keep(store: Arc<dyn Store>, retention: Retention, stop: CancellationToken) {
    let mut due = interval_at(Instant::now() + FIRST, EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = due.tick() => {}
        }
        match store.prune(retention, clock::now()).await {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "deleted what retention does not keep"),
            Err(error) => {
                tracing::error!(%error, "cannot delete what retention does not keep; trying again in an hour");
            }
        }
    }
}
