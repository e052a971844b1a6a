//! Waiting for a condition.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// How often a condition is looked at. Short beside what a person notices, long beside what a look costs.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long a condition may take: generous, since a slow machine is not a fault of the product.
fn patience() -> Duration {
    let seconds = std::env::var("E2E_PATIENCE").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    Duration::from_secs(seconds)
}

/// Looks until `look` answers `Ok`, and hands on its value. What `Err` holds is what was seen instead.
pub async fn until<T, E: Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let limit = patience();
    let started = Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) if started.elapsed() > limit => {
                panic!("waited {} s for {what}; last saw: {seen:#?}", limit.as_secs())
            }
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}

/// Looks until `look` answers `true`.
pub async fn until_true(what: &str, mut look: impl AsyncFnMut() -> bool) {
    until(what, async || if look().await { Ok(()) } else { Err("not so") }).await;
}
