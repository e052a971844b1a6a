//! Sitemaps: the addresses that a site names itself.

mod document;

use std::{collections::HashSet, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::{Fetcher, Site, address::is_http, body::Body, charset, head, normalize, transport::Trouble};
use document::Document;

/// What is asked for.
const ACCEPT: &str = "application/xml, text/xml, text/plain;q=0.8, */*;q=0.5";
/// How deep an index may name further ones.
const DEEPEST: usize = 2;
/// The most sitemaps that are fetched for one site.
const MOST_SITEMAPS: usize = 50;
/// How long the sitemaps of one site may take together.
const TOGETHER: Duration = Duration::from_mins(2);
/// How many redirects of a sitemap are followed.
const MOST_REDIRECTS: usize = 3;

impl Fetcher {
    /// The addresses in a site's sitemaps, of the site's own host, at most `limit`, each once. Trouble with a
    /// sitemap costs that sitemap only.
    pub async fn sitemap(&self, site: &Site, limit: usize) -> Vec<Url> {
        let mut found = Found { platform: site.platform(), limit, pages: Vec::new(), seen: HashSet::new() };
        let _ = tokio::time::timeout(TOGETHER, self.walk(site, &mut found)).await;
        found.pages
    }

    /// Reads the sitemaps one after another, each index before what it names.
    async fn walk(&self, site: &Site, found: &mut Found) {
        let mut asked = HashSet::new();
        // The last is next.
        let mut ahead: Vec<(Url, usize)> =
            site.sitemaps().into_iter().rev().map(|address| (address, 0)).collect();
        while let Some((address, depth)) = ahead.pop() {
            if found.is_full() || asked.len() >= MOST_SITEMAPS {
                break;
            }
            if !asked.insert(address.clone()) {
                continue;
            }
            if let Some(delay) = site.crawl_delay().filter(|_| asked.len() > 1) {
                sleep(delay).await;
            }
            match self.document(&address).await {
                Ok(Document::Pages(pages)) => pages.iter().for_each(|page| found.add(&address, page)),
                Ok(Document::Index(sitemaps)) if depth < DEEPEST => {
                    let named = sitemaps.iter().rev().filter_map(|sitemap| address.join(sitemap).ok());
                    ahead.extend(named.filter(is_http).map(|sitemap| (sitemap, depth + 1)));
                }
                // What is not there, cannot be read, or is an index too deep, costs itself only.
                Ok(Document::Index(_)) | Err(_) => {}
            }
        }
    }

    /// Fetches one sitemap.
    async fn document(&self, address: &Url) -> Result<Document, Trouble> {
        let deadline = self.transport.deadline();
        let nothing = || Ok(Document::Pages(Vec::new()));
        let mut address = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.transport.get(&address, ACCEPT, deadline).await?;
            if response.status().is_redirection() {
                address = head::location(response.headers(), &address).map_err(Trouble::Lasting)?;
                continue;
            }
            if !response.status().is_success() {
                return nothing();
            }
            let (_, charset) = head::media_type(response.headers());
            let bytes = self.sitemap_body(response, &address, deadline).await?;
            let limit = self.options.max_body_bytes;
            let read = tokio::task::spawn_blocking(move || {
                let bytes = document::unpack(bytes, limit);
                document::read(&charset::decode(&bytes, charset.as_deref()))
            });
            return read.await.map_or_else(|_| nothing(), Ok);
        }
        nothing()
    }

    async fn sitemap_body(
        &self,
        response: reqwest::Response,
        address: &Url,
        deadline: Instant,
    ) -> Result<Vec<u8>, Trouble> {
        let mut body = Body::new(response, self.options.max_body_bytes)?;
        let read = timeout_at(deadline, body.read(usize::MAX)).await;
        read.map_err(|_| self.transport.slow(address))??;
        Ok(body.take_bytes())
    }
}

/// The addresses found so far.
struct Found {
    platform: String,
    limit: usize,
    pages: Vec<Url>,
    seen: HashSet<Url>,
}

impl Found {
    fn is_full(&self) -> bool {
        self.pages.len() >= self.limit
    }

    fn add(&mut self, sitemap: &Url, page: &str) {
        let Some(page) = sitemap.join(page).ok().filter(is_http).map(normalize) else { return };
        if !self.is_full() && crate::platform(&page) == self.platform && self.seen.insert(page.clone()) {
            self.pages.push(page);
        }
    }
}
