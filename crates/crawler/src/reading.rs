//! Reading what was received, beside the runtime: a large page keeps a processor busy for a while.

use std::{sync::Arc, time::Duration};

use switchboard_protocol::ScrapedItem;
use url::Url;

use crate::{
    Extractor,
    budget::Budget,
    charset,
    html::{self, Following, Shortfall, TextLength},
    words,
};

/// The time that a page is given at least, although it came late.
const LEAST_TIME: Duration = Duration::from_secs(1);
/// The time that a page is given at most. An ordinary page takes a small part of it.
const MOST_TIME: Duration = Duration::from_secs(10);

/// What is to be read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Whether it is a page, and not plain text.
    pub(crate) is_html: bool,
    /// What was received.
    pub(crate) bytes: Vec<u8>,
    /// The encoding that the server named.
    pub(crate) charset: Option<String>,
    /// The page's address.
    pub(crate) address: Url,
    /// The crawler's name.
    pub(crate) agent: Arc<str>,
    /// Whether the server forbids to follow the links.
    pub(crate) is_nofollow: bool,
    /// How much time is left.
    pub(crate) time: Duration,
}

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Its title.
    pub(crate) title: Option<String>,
    /// How many characters of text it has.
    pub(crate) text_length: u64,
    /// Where it links to; absent where it cannot.
    pub(crate) links: Option<Vec<Url>>,
    /// What was taken out of it; absent where nothing was asked for.
    pub(crate) items: Option<Vec<ScrapedItem>>,
    /// What there is to say of the reading.
    pub(crate) notes: Vec<String>,
}

/// Reads a page, or `None` where the parser failed. Dropping the future ends the work soon after.
pub(crate) async fn read(
    reading: Reading,
    extractor: Option<Extractor>,
    with_links: bool,
    max_items: usize,
) -> Option<Read> {
    let (budget, waiting) = Budget::new(reading.time.clamp(LEAST_TIME, MOST_TIME));
    let work = move || {
        if reading.is_html {
            read_page(&reading, extractor.as_ref(), with_links, max_items, &budget)
        } else {
            read_text(&reading)
        }
    };
    // A page of any size goes there, so that a fault in the parser costs this page only.
    let read = tokio::task::spawn_blocking(work).await.ok();
    drop(waiting);
    read
}

fn read_text(reading: &Reading) -> Read {
    let mut length = TextLength::default();
    length.add(&charset::decode(&reading.bytes, reading.charset.as_deref()));
    Read { text_length: length.total(), ..Read::default() }
}

fn read_page(
    reading: &Reading,
    extractor: Option<&Extractor>,
    with_links: bool,
    max_items: usize,
    budget: &Budget,
) -> Read {
    let text = charset::decode(&reading.bytes, reading.charset.as_deref());
    let parsed = html::parse(&text, budget);
    let mut notes = Vec::new();
    match parsed.shortfall {
        Some(Shortfall::Nodes) => notes.push("The page has too many elements; the rest was not read.".into()),
        Some(Shortfall::Time) => notes.push("The page takes too long to read; the rest was not read.".into()),
        None => {}
    }
    let page = &parsed.page;
    let following = Following { forbidden: reading.is_nofollow, agent: &reading.agent };
    let links = with_links.then(|| html::links(page, &reading.address, following, budget));
    let extracted = extractor.map(|extractor| extractor.extract(page, &reading.address, max_items, budget));
    if extracted.as_ref().is_some_and(|extracted| extracted.is_cut) {
        let limit = words::thousands(max_items as u64);
        notes.push(format!("The page has more than {limit} items; the rest was left out."));
    }
    if parsed.shortfall.is_none() && budget.is_spent() {
        notes.push("The page takes too long to search; links and items may be missing.".into());
    }
    Read {
        title: html::title(page),
        text_length: html::text_length(page),
        links,
        items: extracted.map(|extracted| extracted.items),
        notes,
    }
}
