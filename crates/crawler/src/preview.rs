//! One page for a person who tries out what a run would find.

use url::Url;

use crate::{Extractor, Fetched, Fetcher, Site, SiteError, TargetError, platform, words};

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 10;
/// How many times the time for one page the whole may take. There is a `robots.txt` before each page.
const PATIENCE: u32 = 2;

/// Why a preview cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreviewError {
    /// The address, or one that it redirects to, cannot be scraped.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The rules of a site on the way are not known.
    #[error(transparent)]
    Site(SiteError),
    /// The site forbids it.
    #[error("The robots.txt of {platform} forbids {}.", words::quote(.url))]
    Forbidden {
        /// The host, and its port where it is not the usual one.
        platform: String,
        /// The address.
        url: String,
    },
    /// The redirects do not come to an end.
    #[error("{} redirects more than {MOST_REDIRECTS} times. Give the address of the page itself.", words::quote(.url))]
    TooManyRedirects {
        /// The address that was asked for.
        url: String,
    },
    /// The page could not be read.
    #[error("{0}")]
    Failed(String),
}

impl From<SiteError> for PreviewError {
    fn from(error: SiteError) -> Self {
        match error {
            SiteError::Private(refused) => Self::Target(refused),
            error => Self::Site(error),
        }
    }
}

impl Fetcher {
    /// Fetches one page to be shown, following up to 10 redirects, each checked, as far as `robots.txt` allows.
    /// The page that comes back is the last of them.
    ///
    /// # Errors
    /// [`PreviewError`], a sentence for the person who asked.
    pub async fn preview(&self, url: &Url, extractor: Option<&Extractor>) -> Result<Fetched, PreviewError> {
        let limit = self.options.timeout.saturating_mul(PATIENCE);
        let previewed = tokio::time::timeout(limit, self.follow(url, extractor)).await;
        previewed.unwrap_or_else(|_| {
            let (host, time) = (words::host(url), words::seconds(limit));
            Err(PreviewError::Failed(format!("{host} did not show the page within {time}.")))
        })
    }

    async fn follow(&self, url: &Url, extractor: Option<&Extractor>) -> Result<Fetched, PreviewError> {
        let mut address = url.clone();
        let mut known: Option<(url::Origin, Site)> = None;
        for _ in 0..=MOST_REDIRECTS {
            self.check(&address).await?;
            let site = match known.take() {
                Some((origin, site)) if origin == address.origin() => site,
                _ => self.site(&address).await?,
            };
            if !site.allows(&address) {
                return Err(PreviewError::Forbidden { platform: platform(&address), url: address.into() });
            }
            known = Some((address.origin(), site));
            let fetched = self.fetch(&address, extractor).await;
            if let Some(error) = fetched.page.error {
                return Err(PreviewError::Failed(error));
            }
            match fetched.redirect {
                Some(to) => address = to,
                None => return Ok(fetched),
            }
        }
        Err(PreviewError::TooManyRedirects { url: url.to_string() })
    }
}
