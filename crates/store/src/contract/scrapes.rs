//! Runs of this store: made, listed and read.

use switchboard_protocol::{
    ScrapePhase,
    rest::{Extraction, ScrapeField, ScrapeLimits},
};

use super::{
    Subject,
    material::acme,
    scraping::{
        claim, ending, head, nobody_is_lost, run, running, second, snapshot, start, take, tell, told,
    },
};
use crate::{CancelOutcome, Held, NewScrape, RowQuery, ScrapeClaim, ScrapeQuery, StartOutcome};

/// A run that was started is in the list and in the log, and can be read with all that it was started with.
pub async fn a_started_run_is_told_and_listed(subject: &dyn Subject) {
    let store = subject.open().await;
    let limits = ScrapeLimits { max_pages: Some(50), delay_ms: Some(10), ..ScrapeLimits::default() };
    let field = ScrapeField { name: "price".to_owned(), selector: ".price".to_owned(), ..Default::default() };
    let extract = Extraction { item: Some("li".to_owned()), fields: vec![field] };
    let new = NewScrape {
        title: Some("Prices".to_owned()),
        limits,
        extract: Some(extract.clone()),
        ..run("r-1", &["https://b.test/1", "https://a.test/1", "https://b.test/2", "https://b.test/1"])
    };
    start(&store, new).await;
    let expected = ["r-1 pending 0/3", "r-1/b.test pending 0/2", "r-1/a.test pending 0/1", "r-1 is pending"];
    assert_eq!(told(&store, 0).await, expected);

    drop(store);
    let store = subject.open().await;
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.seq, read.pages.len(), read.page_count), (Some(4), 0, 0));
    assert_eq!((read.limits, read.extract), (Some(limits), Some(extract)));
    let summary = read.summary;
    assert_eq!((summary.phase, summary.current, summary.total), (ScrapePhase::Pending, 0, 3));
    assert_eq!((summary.title.as_deref(), summary.own), (Some("Prices"), true));
    assert_eq!(summary.targets.len(), 4, "as they were named");
    let platforms: Vec<_> = summary.platforms.iter().map(|platform| platform.platform.as_str()).collect();
    assert_eq!(platforms, ["b.test", "a.test"]);
    assert!(summary.created_at.is_some() && summary.started_at.is_none());
    let list = store.scrape_runs(acme(), ScrapeQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!((list.items, list.next_before, list.seq), (vec![summary], None, Some(4)));
    assert_eq!(store.scrape_run(acme(), "r-2".into(), 10).await.unwrap(), None);
}

/// Sending a start again is harmless, whatever became of the run.
pub async fn a_run_that_is_known_is_not_made_again(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let again = async || {
        let before = head(&store).await;
        let new = run("r-1", &["https://b.test/1", "https://b.test/2"]);
        assert_eq!(store.start_scrape(acme(), new).await.unwrap(), StartOutcome::Known);
        assert_eq!(head(&store).await, before);
    };
    again().await;
    claim(&store, "c").await.unwrap();
    again().await;
    tell(&store, "r-1", ending(ScrapePhase::Completed, "")).await;
    again().await;
    assert_eq!(snapshot(&store, "r-1").await.summary.targets, ["https://a.test/1"]);
    assert_eq!(take(&store, "r-1", "b.test", 9).await, []);
}

/// An organization neither sees nor changes another one's runs, and may use their names.
pub async fn organizations_do_not_see_each_others_runs(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let before = head(&store).await;
    let other = switchboard_protocol::OrganizationId::from("other");
    for organization in [other.clone(), "nobody".into()] {
        let all = ScrapeQuery { limit: 10, ..Default::default() };
        assert!(store.scrape_runs(organization.clone(), all).await.unwrap().items.is_empty());
        let name = || (organization.clone(), "r-1".into());
        let rows = RowQuery { limit: 10, before: None };
        let (whose, run) = name();
        assert_eq!(store.scrape_run(whose, run, 10).await.unwrap(), None);
        let (whose, run) = name();
        assert_eq!(store.scrape_pages(whose, run, rows.clone()).await.unwrap(), None);
        let (whose, run) = name();
        assert_eq!(store.scrape_items(whose, run, rows).await.unwrap(), None);
        let (whose, run) = name();
        assert!(store.scrape_pages_after(whose, run, 0, 10).await.unwrap().is_empty());
        let (whose, run) = name();
        assert!(store.take_addresses(whose, run, "a.test".to_owned(), 9).await.unwrap().is_empty());
        let (whose, run) = name();
        let renewed = store.renew_scrape(whose, run, "c".to_owned(), second(0)).await.unwrap();
        assert_eq!(renewed, Held::Lost);
        let (whose, run) = name();
        let outcome = store.cancel_scrape(whose, run, "Cancelled.".to_owned()).await.unwrap();
        assert_eq!(outcome, CancelOutcome::Unknown);
        let (whose, run) = name();
        store.tell_progress(whose, run, ending(ScrapePhase::Failed, "")).await.unwrap();
    }
    assert_eq!(head(&store).await, before);
    let outcome = store.start_scrape(other.clone(), run("r-1", &["https://b.test/1"])).await.unwrap();
    assert_eq!(outcome, StartOutcome::Started);
    assert_eq!(snapshot(&store, "r-1").await.summary.targets, ["https://a.test/1"]);
    let mut claimed = Vec::new();
    for crawler in ["c-1", "c-2", "c-3"] {
        let claim = ScrapeClaim {
            crawler: crawler.to_owned(),
            now: second(0),
            lease_until: second(10),
            is_lost: nobody_is_lost,
        };
        claimed.extend(store.claim_scrape(claim).await.unwrap().map(|claimed| claimed.organization));
    }
    assert_eq!(claimed, [acme(), other], "a crawler works for all of them");
}

/// A list shows the runs in a phase, and those whose name, title, targets or platforms hold a text.
pub async fn runs_are_filtered_by_phase_and_text(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, NewScrape { title: Some("Preise Zürich".to_owned()), ..run("r-1", &["https://a.test/x"]) })
        .await;
    start(&store, run("r-2", &["https://b.test/Katalog"])).await;
    start(&store, run("r-3", &["https://b.test/y"])).await;
    tell(&store, "r-2", running(&["b.test"])).await;
    tell(&store, "r-3", ending(ScrapePhase::Failed, "No.")).await;
    let found = async |phase: Option<ScrapePhase>, text: &str| {
        let query = ScrapeQuery { phase, text: Some(text.to_owned()), limit: 10, before: None };
        let page = store.scrape_runs(acme(), query).await.unwrap();
        page.items.into_iter().map(|run| run.run_id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(None, " ").await, ["r-3", "r-2", "r-1"]);
    assert_eq!(found(Some(ScrapePhase::Pending), "").await, ["r-1"]);
    assert_eq!(found(Some(ScrapePhase::Running), "").await, ["r-2"]);
    assert_eq!(found(Some(ScrapePhase::Failed), "").await, ["r-3"]);
    assert!(found(Some(ScrapePhase::Completed), "").await.is_empty());
    assert_eq!(found(None, "ZÜRICH").await, ["r-1"]);
    assert_eq!(found(None, "katalog").await, ["r-2"]);
    assert_eq!(found(None, "B.TEST").await, ["r-3", "r-2"]);
    assert_eq!(found(None, "R-1").await, ["r-1"]);
    assert_eq!(found(Some(ScrapePhase::Failed), "b.test").await, ["r-3"]);
    assert!(found(None, "%").await.is_empty(), "no wildcards");
}

/// Whoever turns pages sees each run once, while others come.
pub async fn pages_of_runs_are_stable_while_runs_come(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 0..10 {
        start(&store, run(&format!("r-{number}"), &["https://a.test/1"])).await;
    }
    let mut query = ScrapeQuery { limit: 3, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = store.scrape_runs(acme(), query.clone()).await.unwrap();
        seen.extend(page.items.iter().map(|run| run.run_id.as_str().to_owned()));
        start(&store, run(&format!("later-{}", seen.len()), &["https://a.test/1"])).await;
        query.before = page.next_before;
        if query.before.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..10).rev().map(|number| format!("r-{number}")).collect();
    assert_eq!(seen, expected);
    for nonsense in ["", "x", "-1"] {
        query.before = Some(nonsense.to_owned());
        assert!(store.scrape_runs(acme(), query.clone()).await.unwrap().items.is_empty());
    }
}
