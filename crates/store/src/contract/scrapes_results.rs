//! Pages and items are read in portions.

use switchboard_protocol::{ScrapedPage, Timestamp};

use super::{
    Subject,
    material::acme,
    scraping::{finish, finished, frames, run, running, snapshot, start, tell},
};
use crate::{MAX_SCRAPE_ROWS, RowQuery};

/// A run with ten pages of two items each.
async fn filled(subject: &dyn Subject) -> std::sync::Arc<dyn crate::Store> {
    let store = subject.open().await;
    for (run_id, host) in [("r-0", "z.test"), ("r-1", "a.test"), ("r-2", "z.test")] {
        let urls: Vec<_> = (1..=10).map(|number| format!("https://{host}/{number}")).collect();
        start(&store, run(run_id, &urls.iter().map(String::as_str).collect::<Vec<_>>())).await;
        for (number, url) in (1..).zip(&urls) {
            let items = [2 * number - 1, 2 * number].map(|item| format!(r#"{{"n":{item}}}"#));
            let page = finished(url, &items.each_ref().map(String::as_str), &[]);
            finish(&store, run_id, vec![page]).await;
        }
    }
    store
}

/// Who turns pages back from the latest sees each row once, while others come.
pub async fn rows_are_read_back_from_the_latest(subject: &dyn Subject) {
    let store = filled(subject).await;
    let (mut pages, mut items) = (Vec::new(), Vec::new());
    let mut query = RowQuery { limit: 3, before: None };
    loop {
        let page = store.scrape_pages(acme(), "r-1".into(), query.clone()).await.unwrap().unwrap();
        pages.extend(page.items.into_iter().map(|page| page.url));
        let found = format!("https://a.test/later/{}", pages.len());
        store.add_addresses(acme(), "r-1".into(), vec![super::scraping::address(&found, 1)]).await.unwrap();
        finish(&store, "r-1", vec![finished(&found, &[], &[])]).await;
        query.before = page.next_before;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(pages, (1..=10).rev().map(|number| format!("https://a.test/{number}")).collect::<Vec<_>>());
    query.before = None;
    loop {
        let page = store.scrape_items(acme(), "r-1".into(), query.clone()).await.unwrap().unwrap();
        items.extend(page.items.into_iter().map(|item| (item.number, item.fields.text().to_owned())));
        query.before = page.next_before;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(items, (1..=20).rev().map(|n| (n, format!(r#"{{"n":{n}}}"#))).collect::<Vec<_>>());
    for nonsense in ["", "x", "-1", "0"] {
        query.before = Some(nonsense.to_owned());
        let page = store.scrape_pages(acme(), "r-1".into(), query.clone()).await.unwrap().unwrap();
        assert!(page.items.is_empty() && page.next_before.is_none(), "{nonsense}");
    }
    query.before = Some(u64::MAX.to_string());
    assert_eq!(store.scrape_items(acme(), "r-1".into(), query).await.unwrap().unwrap().items[0].number, 20);
    let one = RowQuery { limit: 0, before: None };
    assert_eq!(store.scrape_pages(acme(), "r-1".into(), one).await.unwrap().unwrap().items.len(), 1);
    assert_eq!(store.scrape_pages(acme(), "r-9".into(), RowQuery::default()).await.unwrap(), None);
    assert_eq!(store.scrape_items(acme(), "r-9".into(), RowQuery::default()).await.unwrap(), None);
}

/// An export reads to the end in portions, from the first row to the last, told or not.
pub async fn an_export_reads_all_in_portions(subject: &dyn Subject) {
    let store = filled(subject).await;
    let (mut pages, mut items): (Vec<(u64, String)>, Vec<u64>) = (Vec::new(), Vec::new());
    loop {
        let after = pages.last().map_or(0, |(number, _)| *number);
        let portion = store.scrape_pages_after(acme(), "r-1".into(), after, 4).await.unwrap();
        if portion.is_empty() {
            break;
        }
        assert!(portion.len() <= 4);
        pages.extend(portion.into_iter().map(|(number, page)| (number, page.url)));
    }
    assert_eq!(pages, (1..=10).map(|n| (n, format!("https://a.test/{n}"))).collect::<Vec<_>>());
    loop {
        let after = items.last().copied().unwrap_or(0);
        let portion = store.scrape_items_after(acme(), "r-1".into(), after, 7).await.unwrap();
        if portion.is_empty() {
            break;
        }
        items.extend(portion.iter().map(|item| item.number));
    }
    assert_eq!(items, (1..=20).collect::<Vec<_>>());
    assert!(store.scrape_pages_after(acme(), "r-1".into(), u64::MAX, 4).await.unwrap().is_empty());
}

/// Whatever a crawler says of a page and an item is what is read of it, here and in frames.
pub async fn a_page_is_kept_as_it_was_fetched(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let page = ScrapedPage {
        url: "https://a.test/1".to_owned(),
        platform: Some("a.test".to_owned()),
        status: Some(301),
        title: Some("\"Märkte\" \\ 🦀\n\0".to_owned()),
        text_length: Some(u64::from(u32::MAX)),
        links: Some(0),
        duration_ms: Some(12),
        content_type: Some("text/html".to_owned()),
        bytes: Some(1 << 40),
        items: Some(1),
        depth: Some(3),
        redirect: Some("https://a.test/2".to_owned()),
        error: Some("No.".to_owned()),
        note: Some("Cut off.".to_owned()),
        at: Some(Timestamp::from_millis(1_774_958_400_123)),
    };
    let mut one = finished("https://a.test/1", &[r#"{"a":[1.50,null,"ü\u0000"],"a":1e400}"#], &[]);
    one.page = page.clone();
    finish(&store, "r-1", vec![one]).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    assert_eq!(snapshot(&store, "r-1").await.pages, std::slice::from_ref(&page));
    assert_eq!(frames(&store, 0).await[2].1.pages, std::slice::from_ref(&page));
    assert_eq!(store.scrape_pages_after(acme(), "r-1".into(), 0, 9).await.unwrap(), [(1, page)]);
    let items = store.scrape_items_after(acme(), "r-1".into(), 0, 9).await.unwrap();
    assert_eq!(items[0].fields.text(), r#"{"a":[1.50,null,"ü\u0000"],"a":1e400}"#, "verbatim");
}

/// Items may be large. A portion of them fits the memory, and all are read.
pub async fn large_items_are_read_in_small_portions(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(1_000_000));
    finish(&store, "r-1", vec![finished("https://a.test/1", &[large.as_str(); 12], &[])]).await;
    let (mut read, mut after) = (Vec::new(), 0);
    loop {
        let portion = store.scrape_items_after(acme(), "r-1".into(), after, 1000).await.unwrap();
        let Some(last) = portion.last() else { break };
        after = last.number;
        assert!(portion.len() < 12, "all of them at once");
        read.extend(portion.iter().map(|item| item.number));
    }
    assert_eq!(read, (1..=12).collect::<Vec<_>>());
    let (mut read, mut query) = (Vec::new(), RowQuery { limit: 1000, before: None });
    loop {
        let page = store.scrape_items(acme(), "r-1".into(), query.clone()).await.unwrap().unwrap();
        assert!(page.items.len() < 12, "all of them at once");
        read.extend(page.items.iter().map(|item| item.number));
        query.before = page.next_before;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(read, (1..=12).rev().collect::<Vec<_>>());
}

/// A snapshot holds the latest pages, oldest first, and says how many there are.
pub async fn a_runs_snapshot_holds_the_latest_pages(subject: &dyn Subject) {
    let store = filled(subject).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let read = store.scrape_run(acme(), "r-1".into(), 3).await.unwrap().unwrap();
    let urls: Vec<_> = read.pages.iter().map(|page| page.url.as_str()).collect();
    assert_eq!(urls, ["https://a.test/8", "https://a.test/9", "https://a.test/10"]);
    assert_eq!(read.page_count, 10);
    let none = store.scrape_run(acme(), "r-1".into(), 0).await.unwrap().unwrap();
    assert_eq!((none.pages.len(), none.page_count), (0, 10));

    let urls: Vec<_> = (1..=MAX_SCRAPE_ROWS + 1).map(|number| format!("https://b.test/{number}")).collect();
    let limits = switchboard_protocol::rest::ScrapeLimits::default();
    let new = run("r-3", &urls.iter().map(String::as_str).collect::<Vec<_>>());
    start(&store, crate::NewScrape { limits, ..new }).await;
    finish(&store, "r-3", urls.iter().map(|url| finished(url, &[], &[])).collect()).await;
    tell(&store, "r-3", running(&["b.test"])).await;
    let read = snapshot(&store, "r-3").await;
    assert_eq!((read.pages.len(), read.page_count), (MAX_SCRAPE_ROWS, 1001));
    let all = RowQuery { limit: usize::MAX, before: None };
    let page = store.scrape_pages(acme(), "r-3".into(), all).await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.next_before.as_deref()), (MAX_SCRAPE_ROWS, Some("2")));
}
