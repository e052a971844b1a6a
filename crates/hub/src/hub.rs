//! What all parts of a running hub share.

use std::sync::Arc;

use switchboard_protocol::rest::DashboardConfig;
use switchboard_store::Store;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{assets::Assets, auth::Keys, chat::Queue, feed::Feeds, origin::Origins, scrape::Scraper};

/// What all parts of a running hub share.
pub struct Hub {
    /// The log, and what is derived from it.
    pub store: Arc<dyn Store>,
    /// Who may speak to the hub.
    pub keys: Keys,
    /// Which pages may.
    pub origins: Origins,
    /// The logs that somebody follows.
    pub feeds: Feeds,
    /// The tasks that answer messages.
    pub queue: Arc<Queue>,
    /// The scrape runs that this hub crawls.
    pub scraper: Arc<Scraper>,
    /// The built dashboard.
    pub assets: Assets,
    /// What `/config.json` answers.
    pub dashboard: DashboardConfig,
    /// One for each connection that may be open.
    pub seats: Arc<Semaphore>,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
    /// The connections' tasks, waited for when the hub stops.
    pub connections: TaskTracker,
}
