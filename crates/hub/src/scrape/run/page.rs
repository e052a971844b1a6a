//! One page of a run: fetched, tried again where that may help, and stored with what was found in it.

use std::{sync::Arc, time::Duration};

use switchboard_crawler::{Fetched, normalize};
use switchboard_protocol::{ScrapePhase, ScrapedItem, ScrapedPage};
use switchboard_store::{Address, Finished, NewAddress, StoreError};
use tokio::time::sleep;
use url::Url;

use super::{Run, hosts::Host, keep, platform::Scope};
use crate::clock;

/// How long it is until a page is asked for again whose server was in trouble for the moment.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// How many redirects in a row are followed.
const MOST_HOPS: u32 = 10;

/// The longest address that is followed, in bytes. Longer ones are mostly made by a fault of the site, without end.
const LONGEST_ADDRESS: usize = 8 * 1024;

/// How much of an address stands in a message, in characters.
const SHOWN: usize = 200;

/// What came of a page.
#[derive(Debug)]
pub struct Done {
    /// Whether a server answered, whatever it said.
    pub was_fetched: bool,
    /// Why it could not be read.
    pub error: Option<String>,
}

/// Fetches a page and stores it. Durable when it returns.
pub async fn work(run: Arc<Run>, scope: Arc<Scope>, address: Address) -> Result<Done, StoreError> {
    let mut finished = finish(&run, &scope, &address).await;
    scope.leave_out_known(&mut finished.found);
    let done = Done { was_fetched: finished.page.status.is_some(), error: finished.page.error.clone() };
    keep::stored(|| run.store.finish_pages(run.organization.clone(), run.id.clone(), vec![finished.clone()]))
        .await?;
    scope.know(&finished.found);
    run.news.say(&scope.name, ScrapePhase::Running, None);
    Ok(done)
}

async fn finish(run: &Run, scope: &Scope, address: &Address) -> Finished {
    let mut finished = match Url::parse(&address.url) {
        Ok(url) => fetch_as_allowed(run, scope, address, &url).await,
        Err(error) => unread(address, format!("The address cannot be read: {error}.")),
    };
    let page = &mut finished.page;
    // As it was taken: that is how the store knows it.
    page.url.clone_from(&address.url);
    page.platform = Some(scope.name.clone());
    page.depth = Some(address.depth);
    page.at.get_or_insert_with(clock::now);
    for item in &mut finished.items {
        item.url.get_or_insert_with(|| address.url.clone());
        item.platform = Some(scope.name.clone());
    }
    finished
}

async fn fetch_as_allowed(run: &Run, scope: &Scope, address: &Address, url: &Url) -> Finished {
    let known = run.hosts.of(url).await;
    let Some(host) = known.get() else {
        return unread(address, "The rules of its site are not known.".into());
    };
    match &host.site {
        Err(error) => unread(address, error.to_string()),
        Ok(site) if !site.allows(url) => {
            scope.forbid(url);
            unread(address, "It was not fetched: robots.txt forbids it.".into())
        }
        Ok(_) => {
            let fetched = fetch(run, scope, host, url).await;
            follow(run, scope, address, fetched)
        }
    }
}

/// Asks for the page, up to three times where the server is in trouble for the moment.
async fn fetch(run: &Run, scope: &Scope, host: &Host, url: &Url) -> Fetched {
    let mut waits = AGAIN.into_iter();
    loop {
        let fetched = {
            let _pass = host.gate.enter().await;
            run.news.say(&scope.name, ScrapePhase::Running, Some(shown(url)));
            run.fetcher.fetch(url, run.extractor.as_ref()).await
        };
        let Some((retry, wait)) = fetched.retry.zip(waits.next()) else { return fetched };
        if let Some(after) = retry.after {
            // It asks to be left alone by everybody.
            host.gate.pause(after);
        }
        sleep(wait).await;
    }
}

/// What was found in a page: its links, or where it redirects to.
fn follow(run: &Run, scope: &Scope, address: &Address, fetched: Fetched) -> Finished {
    let Fetched { mut page, links, redirect, items, .. } = fetched;
    let depth = address.depth.saturating_add(1);
    let mut found: Vec<NewAddress> =
        links.iter().filter_map(|link| linked(run, scope, link, depth)).collect();
    if let Some(target) = redirect.map(normalize) {
        match redirected(run, scope, address, &target) {
            Ok(next) => found.push(next),
            Err(NotFollowed::TooMany) => {
                page.error = Some(format!(
                    "It redirects once more, after {MOST_HOPS} redirects in a row that led to it."
                ));
            }
            Err(NotFollowed::Because(note)) => page.note = Some(note),
        }
    }
    Finished { page, items, found }
}

/// A link that belongs to the platform, as an address for its frontier.
pub fn linked(run: &Run, scope: &Scope, link: &Url, depth: u32) -> Option<NewAddress> {
    if depth > run.limits.max_depth || link.as_str().len() > LONGEST_ADDRESS || !scope.holds(link) {
        return None;
    }
    if run.hosts.forbids(link) {
        scope.forbid(link);
        return None;
    }
    Some(NewAddress { url: link.as_str().to_owned(), platform: scope.name.clone(), depth, hops: 0 })
}

/// Why the target of a redirect is not fetched.
enum NotFollowed {
    TooMany,
    Because(String),
}

/// Where a page redirects to, as an address for the frontier.
fn redirected(run: &Run, scope: &Scope, address: &Address, target: &Url) -> Result<NewAddress, NotFollowed> {
    if address.hops >= MOST_HOPS {
        return Err(NotFollowed::TooMany);
    }
    if target.as_str().len() > LONGEST_ADDRESS {
        return Err(NotFollowed::Because("It redirects to an address that is too long to follow.".into()));
    }
    if !scope.holds(target) {
        if address.depth > 0 {
            return Err(NotFollowed::Because(format!(
                "It redirects to another site ({}), which is not part of this run.",
                switchboard_crawler::platform(target)
            )));
        }
        // Whoever named the target means where it leads to.
        scope.adopt(target);
    }
    if run.hosts.forbids(target) {
        scope.forbid(target);
        return Err(NotFollowed::Because("It redirects to an address that robots.txt forbids.".into()));
    }
    Ok(NewAddress {
        url: target.as_str().to_owned(),
        platform: scope.name.clone(),
        depth: address.depth,
        hops: address.hops + 1,
    })
}

/// A page that was not asked for, or of which nothing came.
fn unread(address: &Address, error: String) -> Finished {
    let page = ScrapedPage { error: Some(error), ..ScrapedPage::of(address.url.as_str()) };
    Finished { page, items: Vec::<ScrapedItem>::new(), found: Vec::new() }
}

/// An address in a message: without its host, which the platform says.
fn shown(url: &Url) -> String {
    let text = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}
