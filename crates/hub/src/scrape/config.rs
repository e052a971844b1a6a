//! What scraping is started with.

use switchboard_crawler::{FetchOptions, Fetcher, FetcherError};

/// How many runs are crawled at the same time, unless configured otherwise.
pub const DEFAULT_SCRAPE_RUNS: usize = 4;

/// What scraping is started with. `Default` fetches public addresses only.
#[derive(Debug, Clone)]
pub struct ScrapeConfig {
    /// Whether addresses may be fetched that are not public: of this machine, or of its networks.
    pub allow_private: bool,
    /// What the crawler calls itself; `None` is Switchboard with its version.
    pub user_agent: Option<String>,
    /// How many runs are crawled at the same time.
    pub runs: usize,
}

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self { allow_private: false, user_agent: None, runs: DEFAULT_SCRAPE_RUNS }
    }
}

impl ScrapeConfig {
    /// What makes the requests.
    ///
    /// # Errors
    /// A configuration that cannot be, in words for the person who starts the hub.
    pub fn fetcher(&self) -> Result<Fetcher, String> {
        let mut options = FetchOptions { allow_private: self.allow_private, ..FetchOptions::default() };
        if let Some(user_agent) = &self.user_agent {
            options.user_agent.clone_from(user_agent);
        }
        Fetcher::new(options).map_err(|error| match error {
            FetcherError::UserAgent => format!("--scrape-user-agent: {error}"),
            FetcherError::Client(_) => error.to_string(),
        })
    }
}
