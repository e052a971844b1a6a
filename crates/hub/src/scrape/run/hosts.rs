//! What the hosts of a run ask of crawlers, each asked once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use switchboard_crawler::{Fetcher, Gate, Site, SiteError};
use tokio::{sync::OnceCell, time::sleep};
use url::Url;

/// How long it is until a `robots.txt` that could not be had is asked for again.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The hosts that a run has met. Platforms share them, so that two that lead to one host do not ask twice as much of it.
pub struct Hosts {
    fetcher: Fetcher,
    delay: Duration,
    concurrency: usize,
    known: Mutex<HashMap<String, Arc<OnceCell<Host>>>>,
}

/// One host.
pub struct Host {
    /// What it allows.
    pub site: Result<Site, SiteError>,
    /// How soon after one another it may be asked.
    pub gate: Gate,
}

/// A host that has been asked, or is being asked.
pub struct Known(Arc<OnceCell<Host>>);

impl Hosts {
    /// No host yet. Each is left alone for `delay` between two requests, or for as long as it asks for if that is longer.
    pub fn new(fetcher: Fetcher, delay: Duration, concurrency: usize) -> Self {
        Self { fetcher, delay, concurrency, known: Mutex::default() }
    }

    /// Whether a host that was asked already forbids an address. One that was not asked is asked before anything is fetched
    /// there.
    pub fn forbids(&self, url: &Url) -> bool {
        let cell = self.cell(url);
        cell.get().and_then(|host| host.site.as_ref().ok()).is_some_and(|site| !site.allows(url))
    }

    /// The host of an address, once it has been asked.
    pub async fn of(&self, url: &Url) -> Known {
        let cell = self.cell(url);
        cell.get_or_init(|| self.ask(url)).await;
        Known(cell)
    }

    fn cell(&self, url: &Url) -> Arc<OnceCell<Host>> {
        let origin = url.origin().ascii_serialization();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(origin).or_default())
    }

    async fn ask(&self, url: &Url) -> Host {
        let mut site = self.fetcher.site(url).await;
        for wait in AGAIN {
            match &site {
                Err(SiteError::Unreachable { .. } | SiteError::ServerError { .. }) => sleep(wait).await,
                _ => break,
            }
            site = self.fetcher.site(url).await;
        }
        let asked = site.as_ref().ok().and_then(Site::crawl_delay).unwrap_or_default();
        Host { site, gate: Gate::new(self.delay.max(asked), self.concurrency) }
    }
}

impl Known {
    /// What is known of the host.
    pub fn get(&self) -> Option<&Host> {
        self.0.get()
    }
}
