//! The index: what of it is there, and what it costs the log.

use super::{note, output, temporary};
use crate::{Found, Log, Retention, Search, SqliteStore, Upkeep};

async fn found(store: &SqliteStore, word: &str) -> Found {
    store.find("acme".into(), word.to_owned(), 10).await.unwrap()
}

/// A log that is longer than one search brings in is searched as far as it is, and the answer says so.
#[tokio::test]
async fn what_the_index_lacks_is_counted() {
    let temporary = temporary();
    let store = temporary.store();
    let mut batch: Vec<_> = (0..4500).map(|number| note(&number.to_string())).collect();
    batch.insert(0, output("e-1", "early"));
    batch.push(output("e-1", "late"));
    store.append("acme".into(), batch).await.unwrap();
    assert_eq!(found(&store, "early").await.missing, 4503, "nothing is in the index");
    assert_eq!(store.index(&"acme".into(), 1).await.unwrap(), 4096, "one piece");
    let early = found(&store, "early").await;
    assert_eq!((early.lines.len(), early.missing), (1, 4503 - 4096));
    assert!(found(&store, "late").await.lines.is_empty());
    let late = store.search("acme".into(), "late".to_owned(), 10).await.unwrap();
    assert_eq!((late.lines.len(), late.missing), (1, 0));
    assert_eq!(store.index(&"acme".into(), 1000).await.unwrap(), 0, "it has all");
}

/// Long lines make short pieces, so that a report waits no longer for them.
#[tokio::test]
async fn a_piece_is_bounded_in_bytes() {
    let temporary = temporary();
    let store = temporary.store();
    let lines = (0..10).map(|number| output("e-1", &format!("{number} {}", "word ".repeat(60_000))));
    store.append("acme".into(), lines.collect()).await.unwrap();
    assert_eq!(store.index(&"acme".into(), 1).await.unwrap(), 4);
    assert_eq!(store.index(&"acme".into(), 1000).await.unwrap(), 7);
    assert_eq!(found(&store, "word").await.lines.len(), 10);
}

/// Appending alone writes no word into the index.
#[tokio::test]
async fn reports_do_not_wait_for_the_index() {
    let temporary = temporary();
    let store = temporary.store();
    store.append("acme".into(), vec![output("e-1", "one")]).await.unwrap();
    let indexed = || -> i64 {
        let sql = "SELECT count(*) FROM line_words_docsize";
        temporary.intruder().query_row(sql, (), |row| row.get(0)).unwrap()
    };
    assert_eq!(indexed(), 0);
    let keep_all = Retention { age_ms: None, bytes: None };
    let now = switchboard_protocol::Timestamp::from_millis(0);
    store.prune(keep_all, now).await.unwrap();
    assert_eq!(indexed(), 1, "retention brings it on, so that a search finds little to do");
    let keep_none = Retention { age_ms: None, bytes: Some(0) };
    store.prune(keep_none, now).await.unwrap();
    assert_eq!(indexed(), 0);
}

/// Words go after their entries, in transactions of their own; whoever searches in between must not meet them.
#[tokio::test]
async fn words_that_outlive_their_entries_are_not_found() {
    let temporary = temporary();
    let store = temporary.store();
    let lines = (0..1200).map(|number| output("e-1", &format!("line {number}")));
    store.append("acme".into(), lines.collect()).await.unwrap();
    store.index(&"acme".into(), 10_000).await.unwrap();
    let cut = |sql: &'static str| {
        store.work(move |connection, _| {
            connection.execute(sql, ())?;
            Ok(())
        })
    };
    cut("DELETE FROM entries WHERE seq <= 1195").await.unwrap();
    let left = found(&store, "line").await;
    assert_eq!((left.lines.len(), left.more, left.missing), (5, 0, 0));
    cut("DELETE FROM entries").await.unwrap();
    assert_eq!(found(&store, "line").await, Found::default());
    store.tend_index().await.unwrap();
    let indexed: i64 = temporary
        .intruder()
        .query_row("SELECT count(*) FROM line_words_docsize", (), |row| row.get(0))
        .unwrap();
    assert_eq!(indexed, 0, "more than one transaction took them out");
}
