//! Storing what must not be lost because the store is busy for a moment.

use std::time::Duration;

use switchboard_store::{Answer, StoreError};
use tokio::time::sleep;

/// How often a call is tried. Then the run is let go of, and goes on when its lease has run out.
const TRIES: u32 = 6;

/// How long it is from the first try to the second. Each further wait is twice as long.
const AGAIN: Duration = Duration::from_millis(100);

/// What a call of the store answers, tried again where it fails.
pub async fn stored<'a, T>(call: impl Fn() -> Answer<'a, T>) -> Result<T, StoreError> {
    let mut wait = AGAIN;
    for _ in 1..TRIES {
        match call().await {
            Err(error) if !matches!(error, StoreError::Closing) => {
                tracing::warn!(%error, "the store failed a scrape run; trying again");
            }
            answered => return answered,
        }
        sleep(wait).await;
        wait *= 2;
    }
    call().await
}
