//! Retention of runs: what has ended goes as a whole, and what is worked on stays.

use std::sync::Arc;

use switchboard_protocol::{Envelope, Frame, ScrapePhase, ScrapeProgress, rest::ScrapeLimits};

use super::{
    Subject,
    material::{acme, moment_between, now},
    scraping::{
        address, claim, ending, finish, finished, item, page, run, running, snapshot, start, take, tell,
    },
};
use crate::{Fold, NewScrape, Report, Retention, RowQuery, ScrapeQuery, Store};

fn reported(run: &str, phase: ScrapePhase, url: &str) -> Report {
    let progress = ScrapeProgress {
        phase: Some(phase),
        pages: vec![page(url)],
        results: vec![item("{}")],
        ..ScrapeProgress::of(run.into())
    };
    let body = Envelope::unsequenced(Frame::ScrapeProgress(progress.clone())).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::Scrape(progress)) }
}

async fn listed(store: &Arc<dyn Store>) -> Vec<String> {
    let query = ScrapeQuery { limit: 100, ..Default::default() };
    let page = store.scrape_runs(acme(), query).await.unwrap();
    page.items.into_iter().map(|run| run.run_id.as_str().to_owned()).collect()
}

/// Runs that were silent for longer than the limit of age go, unless a crawler of this store is to work on them. A
/// name that is free again is that of another run.
pub async fn silent_runs_go_with_age(subject: &dyn Subject) {
    let store = subject.open().await;
    for name in ["own ended", "own open", "own pending"] {
        start(&store, run(name, &["https://a.test/1", "https://a.test/2"])).await;
        finish(&store, name, vec![finished("https://a.test/1", &["{}"], &[])]).await;
    }
    tell(&store, "own open", running(&["a.test"])).await;
    tell(&store, "own ended", ending(ScrapePhase::Completed, "")).await;
    let old = vec![
        reported("ended", ScrapePhase::Completed, "https://b.test/1"),
        reported("silent", ScrapePhase::Running, "https://b.test/1"),
        reported("heard of", ScrapePhase::Running, "https://b.test/1"),
    ];
    store.append(acme(), old).await.unwrap();
    let moment = moment_between().await;
    start(&store, run("young", &["https://a.test/1"])).await;
    tell(&store, "young", ending(ScrapePhase::Failed, "")).await;
    store.append(acme(), vec![reported("heard of", ScrapePhase::Running, "https://b.test/2")]).await.unwrap();

    let at = now();
    let by_bytes = Retention { age_ms: None, bytes: Some(0) };
    store.prune(by_bytes, at).await.unwrap();
    assert_eq!(listed(&store).await.len(), 7, "only age makes a run go");
    store.prune(Retention { age_ms: Some(at.millis_since(moment)), bytes: None }, at).await.unwrap();
    assert_eq!(listed(&store).await, ["young", "heard of", "own pending", "own open"]);
    let all = || RowQuery { limit: 10, before: None };
    for gone in ["own ended", "ended", "silent"] {
        assert_eq!(store.scrape_run(acme(), gone.into(), 9).await.unwrap(), None);
        assert_eq!(store.scrape_pages(acme(), gone.into(), all()).await.unwrap(), None);
        assert_eq!(store.scrape_items(acme(), gone.into(), all()).await.unwrap(), None);
        assert!(store.scrape_items_after(acme(), gone.into(), 0, 9).await.unwrap().is_empty());
    }
    assert_eq!(snapshot(&store, "heard of").await.page_count, 2);
    assert_eq!(store.scrape_pages_after(acme(), "own open".into(), 0, 9).await.unwrap().len(), 1);
    drop(store);

    let store = subject.open().await;
    assert_eq!(take(&store, "own open", "a.test", 9).await.len(), 1);
    start(&store, run("own ended", &["https://a.test/1"])).await;
    assert_eq!(take(&store, "own ended", "a.test", 9).await.len(), 1, "nothing of the earlier run is known");
    store.append(acme(), vec![reported("ended", ScrapePhase::Running, "https://c.test/1")]).await.unwrap();
    let read = snapshot(&store, "ended").await;
    assert_eq!((read.page_count, read.summary.phase), (1, ScrapePhase::Running));
    assert_eq!(store.scrape_items_after(acme(), "ended".into(), 0, 9).await.unwrap()[0].number, 1);
}

/// A run of more rows than one transaction deletes goes as a whole, while another one is worked on.
pub async fn a_large_run_goes_while_another_is_worked_on(subject: &dyn Subject) {
    let store = subject.open().await;
    let limits = ScrapeLimits::default();
    start(&store, NewScrape { limits, ..run("large", &["https://a.test/0"]) }).await;
    let urls: Vec<_> = (1..3500).map(|number| format!("https://a.test/{number}")).collect();
    let found = urls.iter().map(|url| address(url, 1)).collect();
    assert_eq!(store.add_addresses(acme(), "large".into(), found).await.unwrap(), 3499);
    let pages = urls.iter().map(|url| finished(url, &["{}"], &[])).take(2500).collect();
    finish(&store, "large", pages).await;
    tell(&store, "large", ending(ScrapePhase::Completed, "")).await;
    let keep = Retention { age_ms: None, bytes: None };
    store.prune(keep, now()).await.unwrap();
    let read = snapshot(&store, "large").await;
    assert_eq!((read.page_count, read.summary.total), (2500, 2500), "all that anybody may read stays");

    start(&store, run("other", &["https://a.test/0"])).await;
    claim(&store, "c").await.unwrap();
    let pruning = {
        let store = Arc::clone(&store);
        let at = switchboard_protocol::Timestamp::from_millis(now().as_millis() + 3_600_000);
        tokio::spawn(
            async move { store.prune(Retention { age_ms: Some(0), bytes: None }, at).await.unwrap() },
        )
    };
    let mut done = 0;
    while !pruning.is_finished() || done < 20 {
        let taken = take(&store, "other", "a.test", 1).await;
        let next = format!("https://a.test/{}", done + 1);
        finish(&store, "other", vec![finished(&taken[0].url, &["{}"], &[&next])]).await;
        done += 1;
    }
    pruning.await.unwrap();
    assert_eq!(listed(&store).await, ["other"]);
    let pages = store.scrape_pages_after(acme(), "other".into(), 0, usize::MAX).await.unwrap();
    assert_eq!(pages.len(), done);
}
