//! Requests, one at a time, and what came of them.

use std::{sync::Arc, time::Duration};

use switchboard_protocol::{ScrapedItem, ScrapedPage};
use url::Url;

use crate::{TargetError, robots, transport::Transport};

/// The name in `robots.txt` of a crawler that has no other.
const DEFAULT_AGENT: &str = "Switchboard";

/// How requests are made.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// What the crawler calls itself. Its first word is the name under which `robots.txt` speaks to it.
    pub user_agent: String,
    /// The most time that one page may take, from the request to the end of the body.
    pub timeout: Duration,
    /// The most bytes of a page that are read, after decompression.
    pub max_body_bytes: u64,
    /// The most items that are taken out of a page.
    pub max_items: usize,
    /// Whether addresses may be fetched that are not public.
    pub allow_private: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            user_agent: format!(
                "{DEFAULT_AGENT}/{version} (self-hosted scraper; robots.txt name: {DEFAULT_AGENT})"
            ),
            timeout: Duration::from_secs(30),
            max_body_bytes: 10 * 1024 * 1024,
            max_items: 1_000,
            allow_private: false,
        }
    }
}

/// Makes requests. Cheap to clone; one is enough for a process.
#[derive(Debug, Clone)]
pub struct Fetcher {
    pub(crate) transport: Transport,
    pub(crate) options: Arc<FetchOptions>,
    /// The name under which sites speak to this crawler.
    pub(crate) agent: Arc<str>,
}

/// Why no [`Fetcher`] can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetcherError {
    /// The user agent cannot be sent.
    #[error("The user agent holds characters that cannot be sent. Use printable ASCII characters only.")]
    UserAgent,
    /// The machine lacks what HTTP connections need.
    #[error(
        "Web pages cannot be fetched from this machine ({0}). It may lack root certificates: install ca-certificates."
    )]
    Client(String),
}

/// What came of one request.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The page in numbers and words. Its platform and depth are the caller's to fill in.
    pub page: ScrapedPage,
    /// The pages that it links to, normalized, each once, in order, of any host; at most 10,000.
    pub links: Vec<Url>,
    /// Where it redirects to.
    pub redirect: Option<Url>,
    /// What was taken out of it.
    pub items: Vec<ScrapedItem>,
    /// Set where the same request may succeed later.
    pub retry: Option<Retry>,
}

/// The same request may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retry {
    /// How long the server asks to be left alone, at most 120 seconds.
    pub after: Option<Duration>,
}

impl Fetcher {
    /// A fetcher that keeps these options.
    ///
    /// # Errors
    /// [`FetcherError`]: a user agent that cannot be sent, or a machine without root certificates.
    pub fn new(options: FetchOptions) -> Result<Self, FetcherError> {
        let transport = Transport::new(&options)?;
        let agent = robots::product(&options.user_agent);
        let agent = if agent.is_empty() { DEFAULT_AGENT } else { agent };
        Ok(Self { transport, agent: agent.into(), options: Arc::new(options) })
    }

    /// Resolves the target's host, and refuses one that is not public. For the moment in which a person names a
    /// target; each request checks again.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn check(&self, target: &Url) -> Result<(), TargetError> {
        self.transport.check(target).await
    }
}
