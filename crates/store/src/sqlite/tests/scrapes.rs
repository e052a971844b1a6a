//! What of scrape runs is SQLite's own: that rows go, and that a failed change leaves nothing.

use switchboard_protocol::{
    ScrapePhase, ScrapedItem, ScrapedPage, Timestamp,
    rest::{ScrapeLimits, ScrapeRunSnapshot},
};

use super::{Temporary, temporary};
use crate::{Finished, NewAddress, NewScrape, Retention, ScrapeClaim, Scrapes, SqliteStore, Telling, Upkeep};

fn address(number: u32) -> NewAddress {
    NewAddress { url: format!("https://a.test/{number}"), platform: "a.test".to_owned(), depth: 0, hops: 0 }
}

/// A run of that name with so many addresses.
async fn start(store: &SqliteStore, name: &str, addresses: u32) {
    let new = NewScrape {
        run_id: name.into(),
        title: None,
        targets: (0..addresses).map(address).collect(),
        limits: ScrapeLimits::default(),
        extract: None,
    };
    store.start_scrape("acme".into(), new).await.unwrap();
}

fn finished(number: u32) -> Finished {
    let fields = switchboard_protocol::Json::from_text("{}".to_owned()).unwrap();
    Finished {
        page: ScrapedPage::of(address(number).url),
        items: vec![ScrapedItem { url: None, platform: None, fields }],
        found: Vec::new(),
    }
}

async fn end(store: &SqliteStore, name: &str) {
    let end = Telling { end: Some(ScrapePhase::Completed), ..Telling::default() };
    store.tell_progress("acme".into(), name.into(), end).await.unwrap();
}

async fn snapshot(store: &SqliteStore, name: &str) -> ScrapeRunSnapshot {
    store.scrape_run("acme".into(), name.into(), 100).await.unwrap().unwrap()
}

/// How many rows each table of runs has.
fn rows(temporary: &Temporary) -> Vec<i64> {
    let tables = ["runs", "work", "platforms", "addresses", "pages", "items", "leftovers"];
    let count = |table| {
        let sql = format!("SELECT count(*) FROM scrape_{table}");
        temporary.intruder().query_row(&sql, (), |row| row.get(0)).unwrap()
    };
    tables.into_iter().map(count).collect()
}

/// The frontier of a run that has ended takes no room, and a run that was forgotten leaves no row behind.
#[tokio::test]
async fn no_row_outlives_its_run() {
    let temporary = temporary();
    let store = temporary.store();
    start(&store, "open", 3).await;
    start(&store, "ended", 1500).await;
    store.finish_pages("acme".into(), "ended".into(), (0..1200).map(finished).collect()).await.unwrap();
    end(&store, "ended").await;
    assert_eq!(rows(&temporary), [2, 2, 2, 1503, 1200, 1200, 1]);
    store.prune(Retention { age_ms: None, bytes: None }, Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(rows(&temporary), [2, 2, 2, 3, 1200, 1200, 0]);
    let late = Timestamp::from_millis(i64::MAX);
    store.prune(Retention { age_ms: Some(0), bytes: None }, late).await.unwrap();
    assert_eq!(rows(&temporary), [1, 1, 1, 3, 0, 0, 0]);
    // One that goes before its frontier has.
    end(&store, "open").await;
    store.prune(Retention { age_ms: Some(0), bytes: None }, late).await.unwrap();
    assert_eq!(rows(&temporary), [0; 7]);
}

/// A call that fails in the middle changes nothing: not the counters, not the frontier, not the pages.
#[tokio::test]
async fn a_failed_finish_leaves_nothing() {
    let temporary = temporary();
    let store = temporary.store();
    start(&store, "r-1", 3).await;
    let claim = ScrapeClaim {
        crawler: "c".to_owned(),
        now: Timestamp::from_millis(0),
        lease_until: Timestamp::from_millis(10),
        is_lost: |_| false,
    };
    store.claim_scrape(claim).await.unwrap().unwrap();
    store.take_addresses("acme".into(), "r-1".into(), "a.test".to_owned(), 2).await.unwrap();
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON scrape_items WHEN NEW.key & 0xffffffff = 2
                  BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    temporary.intruder().execute_batch(poison).unwrap();
    let both = || vec![finished(0), finished(1)];
    let error = store.finish_pages("acme".into(), "r-1".into(), both()).await.unwrap_err();
    assert!(error.to_string().contains("poisoned"), "{error}");
    assert_eq!(rows(&temporary), [1, 1, 1, 3, 0, 0, 0]);
    temporary.intruder().execute_batch("DROP TRIGGER poison").unwrap();
    store.finish_pages("acme".into(), "r-1".into(), both()).await.unwrap();
    end(&store, "r-1").await;
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.page_count, read.summary.current, read.summary.items), (2, 2, 2));
}
