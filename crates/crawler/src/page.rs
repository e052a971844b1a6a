//! Fetching one page.

use std::time::Instant;

use reqwest::{Response, StatusCode};
use switchboard_protocol::{ScrapedPage, Timestamp};
use tokio::time::timeout_at;
use url::Url;

use crate::{
    Extractor, Fetched, Fetcher, Retry,
    body::Body,
    head::{self, Kind},
    reading::{self, Reading},
    transport::Trouble,
    words,
};

/// What is asked for: pages, and text rather than the rest.
const ACCEPT: &str = "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.8, */*;q=0.5";
/// How much of a body of which nothing is said is looked at.
const SNIFFED: usize = 1024;

impl Fetcher {
    /// Makes one request: no redirect is followed, nothing is tried again. It does not outlast the timeout, and
    /// dropping the future ends it.
    pub async fn fetch(&self, url: &Url, extractor: Option<&Extractor>) -> Fetched {
        let mut fetched = Fetched {
            page: ScrapedPage::of(url.as_str()),
            links: Vec::new(),
            redirect: None,
            items: Vec::new(),
            retry: None,
        };
        if let Err(trouble) = self.fetch_into(&mut fetched, url, extractor).await {
            if matches!(trouble, Trouble::Transient(_)) {
                fetched.retry.get_or_insert_default();
            }
            fetched.page.error = Some(trouble.to_string());
        }
        fetched.page.at = Some(now());
        fetched
    }

    async fn fetch_into(
        &self,
        fetched: &mut Fetched,
        url: &Url,
        extractor: Option<&Extractor>,
    ) -> Result<(), Trouble> {
        let started = Instant::now();
        let received = self.receive(fetched, url).await;
        fetched.page.duration_ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        let Some(reading) = received? else { return Ok(()) };
        let is_page = fetched.page.status.is_none_or(|status| status < 400);
        // What an error page links to and holds is not what was asked for.
        let extractor = extractor.filter(|_| is_page).cloned();
        let read = reading::read(reading, extractor, is_page, self.options.max_items).await;
        let read =
            read.ok_or_else(|| Trouble::Lasting("The page could not be read: the parser failed.".into()))?;
        let page = &mut fetched.page;
        page.title = read.title;
        page.text_length = Some(read.text_length);
        page.links = read.links.as_ref().map(|links| links.len() as u64);
        page.items = read.items.as_ref().map(|items| items.len() as u64);
        for note in read.notes {
            add_note(page, &note);
        }
        fetched.links = read.links.unwrap_or_default();
        fetched.items = read.items.unwrap_or_default();
        Ok(())
    }

    /// Receives the page; `None` where it has nothing to read.
    async fn receive(&self, fetched: &mut Fetched, url: &Url) -> Result<Option<Reading>, Trouble> {
        let deadline = self.transport.deadline();
        let response = self.transport.get(url, ACCEPT, deadline).await?;
        let (kind, charset) = note_head(fetched, &response, url)?;
        let Some(kind) = kind else { return Ok(None) };
        let is_nofollow = head::forbids_following(response.headers(), &self.agent);
        let mut body = Body::new(response, self.options.max_body_bytes)?;
        let received = timeout_at(deadline, receive_body(&mut body, kind)).await;
        fetched.page.bytes = Some(body.received());
        let kind = received.map_err(|_| self.transport.slow(url))??;
        if kind == Kind::Other {
            return Ok(None);
        }
        if body.is_cut() {
            let limit = words::size(self.options.max_body_bytes);
            add_note(&mut fetched.page, &format!("The page is larger than {limit}; the rest was not read."));
        }
        Ok(Some(Reading {
            is_html: kind == Kind::Html,
            bytes: body.take_bytes(),
            charset,
            address: url.clone(),
            agent: self.agent.clone(),
            is_nofollow,
            time: deadline.saturating_duration_since(tokio::time::Instant::now()),
        }))
    }
}

/// Takes over what the head of the answer says, and says what its body is; `None` where it has none to read.
fn note_head(
    fetched: &mut Fetched,
    response: &Response,
    url: &Url,
) -> Result<(Option<Kind>, Option<String>), Trouble> {
    let (status, headers) = (response.status(), response.headers());
    let (media_type, charset) = head::media_type(headers);
    let kind = head::kind(media_type.as_deref());
    fetched.page.status = Some(status.as_u16());
    fetched.page.content_type = media_type;
    if is_transient(status) {
        fetched.retry = Some(Retry { after: head::retry_after(headers) });
    }
    if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        fetched.page.bytes = head::length(headers);
        let to = head::location(headers, url).map_err(Trouble::Lasting)?;
        fetched.page.redirect = Some(to.to_string());
        fetched.redirect = Some(to);
        return Ok((None, None));
    }
    let is_bodiless = matches!(status.as_u16(), 204 | 205 | 304);
    if is_bodiless || kind == Kind::Other {
        fetched.page.bytes = if is_bodiless { Some(0) } else { head::length(headers) };
        return Ok((None, None));
    }
    Ok((Some(kind), charset))
}

/// Receives the body, as far as it is worth it, and says what it is.
async fn receive_body(body: &mut Body, kind: Kind) -> Result<Kind, Trouble> {
    let kind = if kind == Kind::Unsaid {
        body.read(SNIFFED).await?;
        head::sniff(body.bytes())
    } else {
        kind
    };
    if kind != Kind::Other {
        body.read(usize::MAX).await?;
    }
    Ok(kind)
}

/// Whether the same request may succeed later.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn add_note(page: &mut ScrapedPage, note: &str) {
    page.note = Some(page.note.take().map_or_else(|| note.to_owned(), |before| format!("{before} {note}")));
}

fn now() -> Timestamp {
    let milliseconds = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    Timestamp::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}
