//! Addresses go out, and pages come in.

use switchboard_protocol::{ScrapePhase, rest::ScrapeLimits};

use super::{
    Subject,
    material::acme,
    scraping::{
        address, claim, claim_at, ending, finish, finished, run, running, second, snapshot, start, take,
        take_urls, tell,
    },
};
use crate::{Address, Finished, MOST_PAGE_ATTEMPTS, NewScrape, RowQuery};

/// Addresses go out in the order in which they were found, each platform's apart, and none twice.
pub async fn addresses_go_out_once_in_their_order(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://b.test/1", "https://a.test/2"])).await;
    start(&store, run("r-2", &["https://a.test/1"])).await;
    claim(&store, "c").await.unwrap();
    let first = Address { url: "https://a.test/1".to_owned(), depth: 0, hops: 0, attempt: 1 };
    assert_eq!(take(&store, "r-1", "a.test", 1).await, [first]);
    let found = ["https://a.test/3", "https://b.test/2", "https://a.test/1", "https://a.test/2"];
    finish(&store, "r-1", vec![finished("https://a.test/1", &[], &found)]).await;
    let mut more = address("https://a.test/4", 7);
    more.hops = 2;
    let known = address("https://a.test/3", 1);
    let added = store.add_addresses(acme(), "r-1".into(), vec![more.clone(), known, more]).await.unwrap();
    assert_eq!(added, 1);
    assert_eq!(take_urls(&store, "r-1", "a.test", 2).await, ["https://a.test/2", "https://a.test/3"]);
    let last = Address { url: "https://a.test/4".to_owned(), depth: 7, hops: 2, attempt: 1 };
    assert_eq!(take(&store, "r-1", "a.test", 9).await, [last]);
    assert_eq!(take_urls(&store, "r-1", "b.test", 9).await, ["https://b.test/1", "https://b.test/2"]);
    for platform in ["a.test", "b.test", "c.test"] {
        assert!(take(&store, "r-1", platform, 9).await.is_empty());
    }
    assert_eq!(take_urls(&store, "r-2", "a.test", 9).await, ["https://a.test/1"], "another run's own");
}

/// Addresses are compared byte by byte, however long and whatever they are.
pub async fn any_address_is_its_own(subject: &dyn Subject) {
    let store = subject.open().await;
    let long = format!("https://a.test/{}", "x".repeat(20_000));
    let urls = ["https://a.test/ä", "https://a.test/Ä", "https://a.test/a\0b", "https://a.test/%", &long];
    start(&store, run("r-1", &urls)).await;
    assert_eq!(take_urls(&store, "r-1", "a.test", 9).await, urls);
    finish(&store, "r-1", urls.map(|url| finished(url, &[], &urls)).to_vec()).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let pages: Vec<_> = snapshot(&store, "r-1").await.pages.into_iter().map(|page| page.url).collect();
    assert_eq!(pages, urls);
}

/// The limit of pages bounds the frontier itself, targets included.
pub async fn no_more_addresses_enter_than_a_run_may_fetch(subject: &dyn Subject) {
    let store = subject.open().await;
    let limits = ScrapeLimits { max_pages: Some(3), ..ScrapeLimits::default() };
    let two = ["https://a.test/1", "https://b.test/1"];
    start(&store, NewScrape { limits, ..run("r-1", &two) }).await;
    let found = ["https://a.test/1", "https://a.test/2", "https://a.test/3"];
    finish(&store, "r-1", vec![finished("https://a.test/1", &[], &found)]).await;
    let more = vec![address("https://a.test/4", 1)];
    assert_eq!(store.add_addresses(acme(), "r-1".into(), more).await.unwrap(), 0);
    assert_eq!(take_urls(&store, "r-1", "a.test", 9).await, ["https://a.test/2"]);
    assert_eq!(take_urls(&store, "r-1", "b.test", 9).await, ["https://b.test/1"]);
    tell(&store, "r-1", running(&[])).await;
    let summary = snapshot(&store, "r-1").await.summary;
    assert_eq!((summary.current, summary.total), (1, 3));

    let four = ["https://a.test/1", "https://a.test/2", "https://a.test/3", "https://b.test/1"];
    start(&store, NewScrape { limits, ..run("r-2", &four) }).await;
    let summary = snapshot(&store, "r-2").await.summary;
    assert_eq!((summary.total, summary.platforms.len()), (3, 1));
}

/// What was fetched is stored once, whoever fetches it again; what was found in it counts even then.
pub async fn a_page_is_finished_once(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://a.test/2"])).await;
    assert_eq!(take(&store, "r-1", "a.test", 1).await.len(), 1);
    let one = || finished("https://a.test/1", &[r#"{"n":1}"#], &["https://a.test/3"]);
    let mut again = one();
    again.page.status = Some(500);
    again.items = vec![super::scraping::item(r#"{"n":2}"#)];
    again.found = vec![address("https://a.test/4", 1)];
    finish(&store, "r-1", vec![one(), again.clone()]).await;
    finish(&store, "r-1", vec![again]).await;
    let stranger = finished("https://a.test/nobody asked", &[r#"{"n":3}"#], &["https://a.test/5"]);
    finish(&store, "r-1", vec![stranger]).await;
    drop(store);
    let store = subject.open().await;
    let all = || RowQuery { limit: 10, before: None };
    let pages = store.scrape_pages(acme(), "r-1".into(), all()).await.unwrap().unwrap().items;
    assert_eq!(pages, [one().page]);
    let items = store.scrape_items(acme(), "r-1".into(), all()).await.unwrap().unwrap().items;
    assert_eq!(items.iter().map(|item| item.fields.text()).collect::<Vec<_>>(), [r#"{"n":1}"#]);
    assert_eq!(items[0].url.as_deref(), Some("https://a.test/1"), "the page in which it was found");
    assert_eq!(items[0].platform.as_deref(), Some("a.test"));
    tell(&store, "r-1", running(&["a.test"])).await;
    let summary = snapshot(&store, "r-1").await.summary;
    assert_eq!((summary.current, summary.total, summary.items, summary.errors), (1, 5, 1, 0));
    assert_eq!(summary.bytes, 100);
    let left = take_urls(&store, "r-1", "a.test", 9).await;
    assert_eq!(left, ["https://a.test/2", "https://a.test/3", "https://a.test/4", "https://a.test/5"]);
}

/// Whatever a crawler still has in its hands when the run has ended changes nothing any more.
pub async fn nothing_comes_in_after_the_end(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://a.test/2"])).await;
    claim(&store, "c").await.unwrap();
    assert_eq!(take(&store, "r-1", "a.test", 1).await.len(), 1);
    tell(&store, "r-1", ending(ScrapePhase::Cancelled, "Cancelled.")).await;
    let ended = snapshot(&store, "r-1").await;
    finish(&store, "r-1", vec![finished("https://a.test/1", &["{}"], &["https://a.test/3"])]).await;
    let more = vec![address("https://a.test/4", 1)];
    assert_eq!(store.add_addresses(acme(), "r-1".into(), more).await.unwrap(), 0);
    assert!(take(&store, "r-1", "a.test", 9).await.is_empty());
    tell(&store, "r-1", running(&["a.test"])).await;
    tell(&store, "r-1", ending(ScrapePhase::Failed, "No.")).await;
    assert_eq!(snapshot(&store, "r-1").await, ended);
    assert!(store.scrape_pages_after(acme(), "r-1".into(), 0, 9).await.unwrap().is_empty());
    assert!(store.scrape_items_after(acme(), "r-1".into(), 0, 9).await.unwrap().is_empty());
}

/// An address that was being fetched whenever a crawler was lost becomes a page that says so, and the others go on.
pub async fn an_address_that_costs_its_crawlers_is_given_up(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://a.test/2", "https://a.test/3"])).await;
    for attempt in 1..=MOST_PAGE_ATTEMPTS {
        store.claim_scrape(claim_at("c", i64::from(attempt) * 100)).await.unwrap().unwrap();
        let taken = take(&store, "r-1", "a.test", 1).await;
        assert_eq!((taken[0].url.as_str(), taken[0].attempt), ("https://a.test/1", attempt));
    }
    store.claim_scrape(claim_at("c", 1000)).await.unwrap().unwrap();
    assert_eq!(take_urls(&store, "r-1", "a.test", 2).await, ["https://a.test/2", "https://a.test/3"]);
    finish(&store, "r-1", vec![finished("https://a.test/1", &[], &[])]).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.summary.current, read.summary.errors), (1, 1));
    let page = &read.pages[0];
    assert_eq!((page.url.as_str(), page.platform.as_deref()), ("https://a.test/1", Some("a.test")));
    assert!(page.error.as_deref().unwrap().contains("3 times"), "{page:?}");
    assert!(page.at.is_some() && page.status.is_none());
    let renewed = store.renew_scrape(acme(), "r-1".into(), "c".to_owned(), second(2000)).await.unwrap();
    assert_eq!(renewed, crate::Held::Yours);
}

/// A crawler that was taken for lost, and was not, may still bring a page; the one after it need not fetch that.
pub async fn a_late_page_of_a_lost_crawler_counts(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://a.test/2"])).await;
    store.claim_scrape(claim_at("c-1", 0)).await.unwrap().unwrap();
    assert_eq!(take(&store, "r-1", "a.test", 9).await.len(), 2);
    let again = store.claim_scrape(claim_at("c-2", 100)).await.unwrap().unwrap();
    assert_eq!(again.waiting, [("a.test".to_owned(), 2)]);
    let one = |url| Finished { page: super::scraping::page(url), items: Vec::new(), found: Vec::new() };
    finish(&store, "r-1", vec![one("https://a.test/1")]).await;
    assert_eq!(take_urls(&store, "r-1", "a.test", 9).await, ["https://a.test/2"]);
    finish(&store, "r-1", vec![one("https://a.test/1"), one("https://a.test/2")]).await;
    assert_eq!(store.scrape_pages_after(acme(), "r-1".into(), 0, 9).await.unwrap().len(), 2);
}
