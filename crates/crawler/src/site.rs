//! What a site says of itself to crawlers: `robots.txt`, and where its sitemaps are.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout_at;
use url::Url;

use crate::{
    Fetcher, TargetError,
    body::Body,
    charset, head,
    robots::{ROBOTS_LIMIT, Robots},
    transport::Trouble,
};

/// What is asked for.
const ACCEPT: &str = "text/plain, */*;q=0.5";
/// How many redirects of a `robots.txt` are followed: the number that RFC 9309 names.
const MOST_REDIRECTS: usize = 5;

/// What the `robots.txt` of one host says to this crawler. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    robots: Arc<Robots>,
    /// The address of the `robots.txt`.
    robots_address: Arc<Url>,
}

/// Why a site's rules are not known, so that nothing of it may be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No answer came.
    #[error("The robots.txt of {platform} cannot be read, so nothing of the site may be fetched. {reason}")]
    Unreachable {
        /// The host, and its port where it is not the usual one.
        platform: String,
        /// What happened, as a sentence.
        reason: String,
    },
    /// The server failed at `robots.txt`, which forbids everything until it works again (RFC 9309, 2.3.1.4).
    #[error(
        "{platform} answers with status {status} for its robots.txt, so nothing of the site may be fetched. Try again later."
    )]
    ServerError {
        /// The host, and its port where it is not the usual one.
        platform: String,
        /// The status.
        status: u16,
    },
    /// The host is in a network that is not public.
    #[error(transparent)]
    Private(TargetError),
}

impl Site {
    /// Whether this crawler may fetch the address, which must be one of the site's host.
    pub fn allows(&self, url: &Url) -> bool {
        self.robots.allows(url)
    }

    /// How long the site asks to leave between two requests, at most 60 seconds.
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.robots.delay()
    }

    /// The sitemaps that the site names, or where one would be if it names none.
    pub(crate) fn sitemaps(&self) -> Vec<Url> {
        if self.robots.sitemaps.is_empty() {
            return self.robots_address.join("/sitemap.xml").ok().into_iter().collect();
        }
        self.robots.sitemaps.iter().filter_map(|sitemap| self.robots_address.join(sitemap).ok()).collect()
    }

    /// The platform whose site it is.
    pub(crate) fn platform(&self) -> String {
        crate::platform(&self.robots_address)
    }
}

impl Fetcher {
    /// Reads the `robots.txt` of the address's host (RFC 9309), and the sitemaps that it names, or `/sitemap.xml`
    /// where it names none.
    ///
    /// # Errors
    /// [`SiteError`]: the rules are not known, so everything is forbidden.
    pub async fn site(&self, url: &Url) -> Result<Site, SiteError> {
        let platform = crate::platform(url);
        let unreachable = |reason| SiteError::Unreachable { platform: platform.clone(), reason };
        let robots_address = url.join("/robots.txt").map_err(|error| unreachable(error.to_string()))?;
        let robots_address = crate::normalize(robots_address);
        let answer = self.robots_of(&robots_address).await.map_err(|trouble| match trouble {
            Trouble::Refused(refused @ TargetError::Private { .. }) => SiteError::Private(refused),
            trouble => unreachable(trouble.to_string()),
        })?;
        let text = match answer {
            Answer::Text(text) => text,
            Answer::Failed(status) => return Err(SiteError::ServerError { platform, status }),
        };
        let robots = Arc::new(Robots::parse(&text, &self.agent));
        Ok(Site { robots, robots_address: Arc::new(robots_address) })
    }

    /// What a `robots.txt` holds. Where there is none, that is nothing, which allows everything.
    async fn robots_of(&self, address: &Url) -> Result<Answer, Trouble> {
        let deadline = self.transport.deadline();
        let mut address = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.transport.get(&address, ACCEPT, deadline).await?;
            let status = response.status();
            if status.is_server_error() {
                return Ok(Answer::Failed(status.as_u16()));
            }
            if status.is_redirection() {
                match head::location(response.headers(), &address) {
                    Ok(to) => address = to,
                    Err(_) => break,
                }
                continue;
            }
            if !status.is_success() {
                break;
            }
            let (_, charset) = head::media_type(response.headers());
            let mut body = Body::new(response, ROBOTS_LIMIT)?;
            let read = timeout_at(deadline, body.read(usize::MAX)).await;
            read.map_err(|_| self.transport.slow(&address))??;
            return Ok(Answer::Text(charset::decode(body.bytes(), charset.as_deref()).into_owned()));
        }
        Ok(Answer::Text(String::new()))
    }
}

/// What came of asking for a `robots.txt`.
enum Answer {
    /// What it says.
    Text(String),
    /// The server's status, from 500 on.
    Failed(u16),
}
