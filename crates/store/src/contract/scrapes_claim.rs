//! Runs go to crawlers, stay with them, and are cancelled.

use std::{collections::HashSet, sync::Arc};

use switchboard_protocol::{
    ScrapePhase,
    rest::{Extraction, ScrapeLimits},
};
use tokio::task::JoinSet;

use super::{
    Subject,
    material::acme,
    scraping::{
        address, claim, claim_at, ending, finish, finished, head, run, running, second, snapshot, start,
        take, take_urls, tell, told,
    },
};
use crate::{CancelOutcome, Held, NewAddress, NewScrape, ScrapeClaim};

/// However many crawlers ask at once, each run is one crawler's, and the oldest goes first.
pub async fn concurrent_claims_give_each_run_to_one_crawler(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 0..20 {
        start(&store, run(&format!("r-{number}"), &["https://a.test/1"])).await;
    }
    tell(&store, "r-1", ending(ScrapePhase::Cancelled, "")).await;
    let first = claim(&store, "first").await.unwrap();
    assert_eq!((first.summary.run_id.as_str(), first.resumed), ("r-0", false));
    assert_eq!(claim(&store, "first").await.unwrap().summary.run_id.as_str(), "r-2");
    let mut claims = JoinSet::new();
    for crawler in 0..4 {
        let store = Arc::clone(&store);
        claims.spawn(async move {
            let mut taken = Vec::new();
            while let Some(claimed) = claim(&store, &format!("c-{crawler}")).await {
                assert!(!claimed.resumed);
                taken.push(claimed.summary.run_id);
            }
            taken
        });
    }
    let taken: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!((taken.len(), taken.iter().collect::<HashSet<_>>().len()), (17, 17));
}

/// A claim brings what the crawler has to know: the limits, what to extract, which hosts belong to which platform.
pub async fn a_claim_brings_the_run(subject: &dyn Subject) {
    let store = subject.open().await;
    assert_eq!(claim(&store, "c").await, None);
    let limits = ScrapeLimits { max_pages: Some(9), delay_ms: Some(7), ..ScrapeLimits::default() };
    let extract = Some(Extraction { item: Some("li".to_owned()), fields: Vec::new() });
    let targets = ["https://a.test/1", "https://b.test/1", "https://a.test/2"];
    start(&store, NewScrape { limits, extract: extract.clone(), ..run("r-1", &targets) }).await;
    let claimed = claim(&store, "c").await.unwrap();
    assert_eq!((claimed.organization, claimed.limits, claimed.extract), (acme(), limits, extract));
    assert_eq!(claimed.roots, targets.map(|target| address(target, 0)));
    assert_eq!(claimed.waiting, [("a.test".to_owned(), 2), ("b.test".to_owned(), 1)]);
    assert_eq!(claimed.summary, snapshot(&store, "r-1").await.summary);
    assert!(!claimed.resumed && !claimed.cancelling);
}

/// A run whose crawler is lost goes on with another one where it was: what was being fetched is fetched again, what
/// was finished is not, and a root that redirected to another host is still known.
pub async fn a_lost_crawlers_run_goes_on(subject: &dyn Subject) {
    let store = subject.open().await;
    let targets: Vec<_> = (1..=6).map(|number| format!("https://a.test/{number}")).collect();
    start(&store, run("r-1", &targets.iter().map(String::as_str).collect::<Vec<_>>())).await;
    store.claim_scrape(claim_at("hub:1", 0)).await.unwrap().unwrap();
    assert_eq!(take(&store, "r-1", "a.test", 4).await.len(), 4);
    let mut redirecting = finished("https://a.test/1", &[], &[]);
    let moved = NewAddress {
        url: "https://www.a.test/1".to_owned(),
        platform: "a.test".to_owned(),
        depth: 0,
        hops: 1,
    };
    redirecting.found = vec![moved.clone()];
    finish(&store, "r-1", vec![redirecting, finished("https://a.test/3", &[], &[])]).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    drop(store);

    let store = subject.open().await;
    assert_eq!(store.claim_scrape(claim_at("hub:2", 9)).await.unwrap(), None, "its lease runs");
    let lost = ScrapeClaim { is_lost: |crawler| crawler == "hub:1", ..claim_at("hub:2", 9) };
    let claimed = store.claim_scrape(lost.clone()).await.unwrap().unwrap();
    assert!(claimed.resumed);
    assert_eq!(claimed.waiting, [("a.test".to_owned(), 5)], "2 and 4 wait again");
    let all_are_lost = ScrapeClaim { is_lost: |crawler| crawler.starts_with("hub:"), ..claim_at("hub:2", 9) };
    assert_eq!(store.claim_scrape(all_are_lost).await.unwrap(), None, "who asks is not lost");
    assert_eq!(claimed.roots.last(), Some(&moved));
    assert_eq!(claimed.summary.phase, ScrapePhase::Running);
    assert_eq!(store.claim_scrape(lost).await.unwrap(), None, "who took it over is not lost");
    let taken = take(&store, "r-1", "a.test", 9).await;
    let expected = [("2", 2), ("4", 2), ("5", 1), ("6", 1), ("1", 1)];
    assert_eq!(taken.len(), expected.len());
    for (address, (name, attempt)) in taken.iter().zip(expected) {
        assert!(address.url.ends_with(name) && address.attempt == attempt, "{address:?}");
    }
    let claimed = store.claim_scrape(claim_at("hub:3", 19)).await.unwrap().unwrap();
    assert!(claimed.resumed, "a lease that has run out needs nobody who says so");
    assert_eq!(claimed.waiting, [("a.test".to_owned(), 5)]);
}

/// A lease is one crawler's, for as long as it has the run.
pub async fn a_crawlers_lease_is_its_own(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let renew = async |run: &str, crawler: &str, until| {
        store.renew_scrape(acme(), run.into(), crawler.to_owned(), second(until)).await.unwrap()
    };
    assert_eq!(renew("r-1", "c", 20).await, Held::Lost, "nobody has it");
    store.claim_scrape(claim_at("c", 0)).await.unwrap().unwrap();
    assert_eq!(renew("r-1", "c", 20).await, Held::Yours);
    assert_eq!(renew("r-1", "c", 5).await, Held::Yours, "a lease only gets longer");
    assert_eq!(renew("r-1", "another", 90).await, Held::Lost);
    assert_eq!(renew("r-none", "c", 90).await, Held::Lost);
    assert_eq!(store.claim_scrape(claim_at("another", 19)).await.unwrap(), None);
    assert!(store.claim_scrape(claim_at("another", 20)).await.unwrap().is_some());
    assert_eq!(renew("r-1", "c", 90).await, Held::Lost, "it was taken over");
    assert_eq!(renew("r-1", "another", 90).await, Held::Yours);
    tell(&store, "r-1", ending(ScrapePhase::Completed, "")).await;
    assert_eq!(renew("r-1", "another", 99).await, Held::Lost, "it has ended");
    assert_eq!(store.claim_scrape(claim_at("another", 500)).await.unwrap(), None);
}

/// A run that nobody has begun ends at once; one that is worked on is ended by its crawler, or by the next one where
/// that is lost; one that has ended stays what it is.
pub async fn a_run_is_cancelled_in_each_state(subject: &dyn Subject) {
    let store = subject.open().await;
    let cancel =
        async |run: &str| store.cancel_scrape(acme(), run.into(), "Cancelled.".to_owned()).await.unwrap();
    assert_eq!(cancel("r-1").await, CancelOutcome::Unknown);
    start(&store, run("r-1", &["https://a.test/1", "https://b.test/1"])).await;
    let before = head(&store).await;
    assert_eq!(cancel("r-1").await, CancelOutcome::Cancelled);
    let expected = ["r-1/a.test - 0/0", "r-1/b.test - 0/0", "r-1 cancelled 0/0", "r-1 is cancelled"];
    assert_eq!(told(&store, before).await, expected);
    let summary = snapshot(&store, "r-1").await.summary;
    assert_eq!(summary.message.as_deref(), Some("Cancelled."));
    assert!(summary.platforms.iter().all(|platform| platform.phase == ScrapePhase::Cancelled));
    assert_eq!(cancel("r-1").await, CancelOutcome::Ended(ScrapePhase::Cancelled));
    assert_eq!(claim(&store, "c").await, None);

    start(&store, run("r-2", &["https://a.test/1", "https://a.test/2"])).await;
    store.claim_scrape(claim_at("c-1", 0)).await.unwrap().unwrap();
    assert_eq!(take(&store, "r-2", "a.test", 1).await.len(), 1);
    let before = head(&store).await;
    assert_eq!(cancel("r-2").await, CancelOutcome::Asked);
    assert_eq!(cancel("r-2").await, CancelOutcome::Asked, "as often as somebody likes");
    assert_eq!(head(&store).await, before);
    assert!(take_urls(&store, "r-2", "a.test", 9).await.is_empty(), "nothing more is begun");
    let held = store.renew_scrape(acme(), "r-2".into(), "c-1".to_owned(), second(10)).await.unwrap();
    assert_eq!(held, Held::Cancelling);
    let claimed = store.claim_scrape(claim_at("c-2", 50)).await.unwrap().unwrap();
    assert!(claimed.cancelling && claimed.resumed);
    finish(&store, "r-2", vec![finished("https://a.test/1", &[], &[])]).await;
    tell(&store, "r-2", ending(ScrapePhase::Cancelled, "Cancelled.")).await;
    let expected = ["r-2/a.test - 1/1 1", "r-2 cancelled 1/1", "r-2 is cancelled"];
    assert_eq!(told(&store, before).await, expected);

    start(&store, run("r-3", &["https://a.test/1"])).await;
    tell(&store, "r-3", ending(ScrapePhase::Completed, "")).await;
    assert_eq!(cancel("r-3").await, CancelOutcome::Ended(ScrapePhase::Completed));
}
