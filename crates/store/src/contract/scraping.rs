//! What the tests of scrape runs share: a crawler's calls, and what the log was told, in a line each.

use std::sync::Arc;

use switchboard_model::ScrapeRun;
use switchboard_protocol::{
    Frame, Json, ScrapePhase, ScrapeProgress, ScrapedItem, ScrapedPage, Timestamp,
    rest::{ScrapeLimits, ScrapeRunChanged, ScrapeRunSnapshot},
};

use super::material::{acme, now, read_all};
use crate::{
    Address, ClaimedScrape, Finished, NewAddress, NewScrape, PlatformNews, ScrapeClaim, StartOutcome, Store,
    Telling,
};

/// Seconds of the clock that the tests of leases drive.
pub(super) fn second(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_774_958_400_000 + 1000 * seconds)
}

/// An address, of the platform that its host is.
pub(super) fn address(url: &str, depth: u32) -> NewAddress {
    let platform = url.split('/').nth(2).unwrap().to_owned();
    NewAddress { url: url.to_owned(), platform, depth, hops: 0 }
}

/// A run with those targets.
pub(super) fn run(name: &str, targets: &[&str]) -> NewScrape {
    NewScrape {
        run_id: name.into(),
        title: None,
        targets: targets.iter().map(|target| address(target, 0)).collect(),
        limits: ScrapeLimits { max_pages: Some(1000), ..ScrapeLimits::default() },
        extract: None,
    }
}

pub(super) async fn start(store: &Arc<dyn Store>, new: NewScrape) {
    assert_eq!(store.start_scrape(acme(), new).await.unwrap(), StartOutcome::Started);
}

pub(super) fn nobody_is_lost(_: &str) -> bool {
    false
}

/// A claim at a second of the clock, for ten seconds.
pub(super) fn claim_at(crawler: &str, now: i64) -> ScrapeClaim {
    ScrapeClaim {
        crawler: crawler.to_owned(),
        now: second(now),
        lease_until: second(now + 10),
        is_lost: nobody_is_lost,
    }
}

pub(super) async fn claim(store: &Arc<dyn Store>, crawler: &str) -> Option<ClaimedScrape> {
    store.claim_scrape(claim_at(crawler, 0)).await.unwrap()
}

pub(super) async fn take(store: &Arc<dyn Store>, run: &str, platform: &str, limit: usize) -> Vec<Address> {
    store.take_addresses(acme(), run.into(), platform.to_owned(), limit).await.unwrap()
}

/// The same without what is known of them.
pub(super) async fn take_urls(
    store: &Arc<dyn Store>,
    run: &str,
    platform: &str,
    limit: usize,
) -> Vec<String> {
    take(store, run, platform, limit).await.into_iter().map(|address| address.url).collect()
}

/// A page as a crawler fetched it, of 100 bytes.
pub(super) fn page(url: &str) -> ScrapedPage {
    let platform = Some(address(url, 0).platform);
    ScrapedPage { platform, status: Some(200), bytes: Some(100), ..ScrapedPage::of(url) }
}

pub(super) fn item(fields: &str) -> ScrapedItem {
    ScrapedItem { url: None, platform: None, fields: Json::from_text(fields.to_owned()).unwrap() }
}

/// A fetched page with what was found in it.
pub(super) fn finished(url: &str, items: &[&str], found: &[&str]) -> Finished {
    Finished {
        page: page(url),
        items: items.iter().map(|fields| item(fields)).collect(),
        found: found.iter().map(|url| address(url, 1)).collect(),
    }
}

pub(super) async fn finish(store: &Arc<dyn Store>, run: &str, pages: Vec<Finished>) {
    store.finish_pages(acme(), run.into(), pages).await.unwrap();
}

/// What a crawler tells of platforms that are running.
pub(super) fn running(platforms: &[&str]) -> Telling {
    let news = |platform: &&str| PlatformNews {
        platform: (*platform).to_owned(),
        phase: ScrapePhase::Running,
        message: None,
    };
    Telling {
        platforms: platforms.iter().map(news).collect(),
        phase: Some(ScrapePhase::Running),
        ..Telling::default()
    }
}

/// The end of a run.
pub(super) fn ending(phase: ScrapePhase, message: &str) -> Telling {
    Telling { end: Some(phase), message: Some(message.to_owned()), ..Telling::default() }
}

pub(super) async fn tell(store: &Arc<dyn Store>, run: &str, telling: Telling) {
    store.tell_progress(acme(), run.into(), telling).await.unwrap();
}

pub(super) async fn snapshot(store: &Arc<dyn Store>, run: &str) -> ScrapeRunSnapshot {
    store.scrape_run(acme(), run.into(), usize::MAX).await.unwrap().expect("no such run")
}

pub(super) async fn head(store: &Arc<dyn Store>) -> u64 {
    store.bounds(acme()).await.unwrap().head
}

/// The frames of runs after a place in the log, each with its own.
pub(super) async fn frames(store: &Arc<dyn Store>, after: u64) -> Vec<(u64, ScrapeProgress)> {
    let entries = read_all(store, &acme(), after).await;
    let frame = |body: &str| match switchboard_protocol::decode(body).unwrap().frame {
        Frame::ScrapeProgress(progress) => Some(progress),
        _ => None,
    };
    entries.iter().filter_map(|entry| Some((entry.seq, frame(&entry.body)?))).collect()
}

/// The pages that frames tell of.
pub(super) fn urls_of(frames: &[(u64, ScrapeProgress)]) -> Vec<String> {
    frames.iter().flat_map(|(_, frame)| &frame.pages).map(|page| page.url.clone()).collect()
}

/// The frames of one run.
pub(super) async fn frames_of(store: &Arc<dyn Store>, run: &str) -> Vec<(u64, ScrapeProgress)> {
    let all = frames(store, 0).await;
    all.into_iter().filter(|(_, frame)| frame.run_id.as_str() == run).collect()
}

/// The addresses of all pages that a run has, in order.
pub(super) async fn stored_urls(store: &Arc<dyn Store>, run: &str) -> Vec<String> {
    let pages = store.scrape_pages_after(acme(), run.into(), 0, usize::MAX).await.unwrap();
    let mut urls: Vec<_> = pages.into_iter().map(|(_, page)| page.url).collect();
    urls.sort_unstable();
    urls
}

/// A run as one sees it who took a snapshot and followed the log from there.
pub(super) struct Followed {
    seq: u64,
    run: ScrapeRun,
}

/// Folds the frames after a snapshot into it.
pub(super) fn follow(snapshot: ScrapeRunSnapshot, frames: &[(u64, ScrapeProgress)]) -> Followed {
    let seq = snapshot.seq.unwrap();
    let mut run = ScrapeRun::from_snapshot(snapshot);
    for (at, frame) in frames {
        run.apply(Some(*at), frame, now());
    }
    Followed { seq, run }
}

impl Followed {
    /// Asserts that it is the run as the store has it in the end, with each page once.
    pub(super) fn assert_is(&self, last: &ScrapeRunSnapshot, stored: &[String], context: &str) {
        let context = format!("{context}, snapshot as of {}", self.seq);
        assert_eq!(self.run.summary(), &last.summary, "{context}");
        assert_eq!(self.run.page_count(), last.page_count, "{context}");
        let mut urls: Vec<_> = self.run.pages().iter().map(|page| page.url.clone()).collect();
        urls.sort_unstable();
        assert_eq!(urls, stored, "{context}");
    }
}

/// What the log was told after a place in it: `r-1/a.test running 1/2` with the pages, or `r-1 is running` for lists.
pub(super) async fn told(store: &Arc<dyn Store>, after: u64) -> Vec<String> {
    let entries = read_all(store, &acme(), after).await;
    entries.iter().map(|entry| line(&entry.body)).collect()
}

fn line(body: &str) -> String {
    assert!(!body.contains('\n'), "a frame stands on one line");
    let envelope = switchboard_protocol::decode(body).unwrap();
    match envelope.frame {
        Frame::ScrapeProgress(progress) => {
            assert_eq!(envelope.organization_id, Some(acme()), "{body}");
            assert!(progress.timestamp.is_some(), "{body}");
            assert!(progress.platform.is_some() || progress.pages.is_empty(), "{body}");
            let platform = progress.platform.map(|platform| format!("/{platform}")).unwrap_or_default();
            let phase = progress.phase.map_or("-", ScrapePhase::as_str);
            let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
            let (current, total) = (number(progress.current), number(progress.total));
            let mut line = format!("{}{platform} {phase} {current}/{total}", progress.run_id);
            for page in &progress.pages {
                line.push(' ');
                line.push_str(page.url.rsplit('/').next().unwrap());
            }
            line
        }
        Frame::DashboardUpdate(update) => {
            let run = ScrapeRunChanged::read(&update.data).expect(body).scrape_run;
            format!("{} is {}", run.run_id, run.phase)
        }
        other => format!("{other:?}"),
    }
}
