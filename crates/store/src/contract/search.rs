//! Search: what was written is found by the beginnings of its words, and nothing that has gone is.

use std::sync::Arc;

use switchboard_protocol::{OrganizationId, Timestamp};

use super::{
    Subject,
    material::{acme, event, moment_between, note, now, output, start},
};
use crate::{Found, Report, Retention, Store};

fn written(execution: &str, number: u32, kind: &str, text: &str) -> Report {
    let member = if kind == "output" { "text" } else { "message" };
    let text = serde_json::to_string(text).unwrap();
    event(execution, number, kind, Some(&format!(r#"{{"{member}":{text}}}"#)))
}

async fn search(store: &Arc<dyn Store>, text: &str) -> Found {
    store.search(acme(), text.to_owned(), 100).await.unwrap()
}

async fn texts(store: &Arc<dyn Store>, text: &str) -> Vec<String> {
    search(store, text).await.lines.into_iter().map(|line| line.text).collect()
}

/// All words, each as the beginning of one, in any case and with or without diacritics; the newest first.
pub async fn lines_are_found_by_the_beginnings_of_their_words(subject: &dyn Subject) {
    let store = subject.open().await;
    let batch = vec![
        start("e-1", "Disk check"),
        written("e-1", 1, "output", "Reading the disk of Zürich"),
        written("e-1", 2, "log", "The DISK is full"),
        written("e-2", 3, "error", "disk: Märkte-report failed"),
        event("e-2", 4, "tool-call", Some(r#"{"tool":"disk","text":"disk","message":"disk"}"#)),
        note("disk"),
    ];
    store.append(acme(), batch).await.unwrap();
    let all = ["disk: Märkte-report failed", "The DISK is full", "Reading the disk of Zürich"];
    for (text, expected) in [
        ("disk", &all[..]),
        ("DI", &all[..]),
        ("isk", &[]),
        ("disk full", &all[1..2]),
        ("ful dis", &all[1..2]),
        ("disk empty", &[]),
        ("zurich", &all[2..]),
        ("ZÜRI", &all[2..]),
        ("markte", &all[..1]),
        ("märkte-rep", &all[..1]),
        ("report-märkte", &[]),
        ("check", &[]),
    ] {
        assert_eq!(texts(&store, text).await, expected, "{text:?}");
    }
    let found = search(&store, "full").await;
    let line = &found.lines[0];
    assert_eq!((line.execution_id.as_str(), line.seq), ("e-1", 3));
    assert_eq!(line.at, Timestamp::from_millis(1_774_958_400_002));
    assert_eq!((found.more, found.missing), (0, 0));
}

/// What a person types is text, whatever it means to an index.
pub async fn any_text_can_be_searched_for(subject: &dyn Subject) {
    let store = subject.open().await;
    let batch = ["say \"hello\" AND wave", "a-b c:d {e} ^f", "日本語 テキスト", "नमस्ते दुनिया", "count=3*7"];
    let reports = (0..).zip(batch).map(|(number, text)| written("e-1", number, "output", text)).collect();
    store.append(acme(), reports).await.unwrap();
    for (text, expected) in [
        ("\"hello", 1),
        ("\"hello\"", 1),
        ("AND", 1),
        ("wave OR nothing", 0),
        ("NOT hello", 0),
        ("NEAR(hello wave)", 0),
        ("a-b", 1),
        ("a - b", 1),
        ("c:d", 1),
        ("text:hello", 0),
        ("{e}", 1),
        ("^f", 1),
        ("hello*", 1),
        ("*", 0),
        ("🦀", 0),
        ("hello 🦀", 1),
        ("日本", 1),
        ("नमस्ते", 1),
        ("3*7", 1),
        ("", 0),
        (" \u{0}\t", 0),
        ("hello\u{0}wave", 1),
        ("'; DROP TABLE entries", 0),
        ("\\", 0),
        ("-", 0),
        ("\u{301}\u{302}", 0),
    ] {
        assert_eq!(texts(&store, text).await.len(), expected, "{text:?}");
    }
    let long = "word ".repeat(100_000);
    assert!(texts(&store, &long).await.is_empty());
    assert!(texts(&store, &"x".repeat(1_000_000)).await.is_empty());
}

/// The same word in two logs is found in each by itself.
pub async fn searches_are_apart(subject: &dyn Subject) {
    let store = subject.open().await;
    let other = OrganizationId::from("other");
    store.append(acme(), vec![written("e-1", 1, "output", "shared ours")]).await.unwrap();
    store.append(other.clone(), vec![written("e-1", 1, "output", "shared theirs")]).await.unwrap();
    store.append("third".into(), vec![note("nothing")]).await.unwrap();
    assert_eq!(texts(&store, "shared").await, ["shared ours"]);
    let theirs = store.search(other, "shared".to_owned(), 10).await.unwrap();
    assert_eq!(theirs.lines.len(), 1);
    for nobody in ["third", "nobody"] {
        let found = store.search(nobody.into(), "shared".to_owned(), 10).await.unwrap();
        assert_eq!(found, Found::default(), "{nobody}");
    }
}

/// What was reported before the search is found by it, in pieces of any number and after reopening; no more lines
/// than asked for, and a count of the others.
pub async fn what_was_just_reported_is_found(subject: &dyn Subject) {
    let store = subject.open().await;
    for round in 0..5 {
        let lines = (0..1200).map(|number| output("e-1", round * 1200 + number)).collect();
        store.append(acme(), lines).await.unwrap();
        let found = store.search(acme(), "line".to_owned(), 10).await.unwrap();
        let newest: Vec<_> = found.lines.iter().map(|line| line.text.clone()).collect();
        let expected: Vec<_> =
            (0..10).map(|back| format!("line {}", (round + 1) * 1200 - 1 - back)).collect();
        assert_eq!(newest, expected);
        assert_eq!((found.more, found.missing), (1000, 0), "counted up to a thousand");
    }
    drop(store);
    let store = subject.open().await;
    store.append(acme(), vec![written("e-2", 1, "log", "line of another day")]).await.unwrap();
    assert_eq!(texts(&store, "line day").await, ["line of another day"]);
    let found = store.search(acme(), "line 599".to_owned(), 5).await.unwrap();
    assert_eq!((found.lines.len(), found.more), (5, 6), "599 and 5990 to 5999");
    assert_eq!(search(&store, "line").await.lines.len(), 100);
    let all = store.search(acme(), "line".to_owned(), usize::MAX).await.unwrap();
    assert_eq!(all.lines.len(), crate::MAX_PAGE);
}

/// What retention deletes is not found any more, also while both are at work.
pub async fn nothing_is_found_that_has_gone(subject: &dyn Subject) {
    let store = subject.open().await;
    for number in 0..6000_u32 {
        // Half of it is in the index when retention begins.
        if number == 3000 {
            search(&store, "line").await;
        }
        if number % 500 == 0 {
            let lines = (number..number + 500).map(|number| output("e-1", number)).collect();
            store.append(acme(), lines).await.unwrap();
        }
    }
    let moment = moment_between().await;
    store.append(acme(), vec![written("e-2", 1, "output", "young line")]).await.unwrap();
    let searching = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..20 {
                let first = store.bounds(acme()).await.unwrap().first;
                for line in search(&store, "line").await.lines {
                    assert!(line.seq >= first, "{} had gone before the search", line.seq);
                }
            }
        })
    };
    let at = now();
    let old = Retention { age_ms: Some(at.millis_since(moment)), bytes: None };
    assert!(store.prune(old, at).await.unwrap() >= 6000);
    searching.await.unwrap();
    let found = search(&store, "line").await;
    assert_eq!(found.lines.len(), 1);
    assert_eq!((found.lines[0].text.as_str(), found.more, found.missing), ("young line", 0, 0));
    // An emptied log lacks nothing either.
    store.prune(Retention { age_ms: None, bytes: Some(0) }, now()).await.unwrap();
    assert_eq!(search(&store, "line").await, Found::default());
    store.append(acme(), vec![written("e-2", 2, "output", "one more line")]).await.unwrap();
    assert_eq!(texts(&store, "line").await, ["one more line"]);
}

/// The latest entries that are for everybody, within the last few of the log.
pub async fn the_latest_entries_are_those_for_everybody(subject: &dyn Subject) {
    let store = subject.open().await;
    assert!(store.latest(acme(), 10).await.unwrap().is_empty());
    store
        .append(acme(), vec![note("one"), note("two"), start("e-1", "Fetch"), output("e-1", 1)])
        .await
        .unwrap();
    store.append("other".into(), vec![note("theirs")]).await.unwrap();
    store.append(acme(), vec![output("e-1", 2), note("three")]).await.unwrap();
    let seqs = async |limit| {
        let entries = store.latest(acme(), limit).await.unwrap();
        assert!(entries.iter().all(|entry| entry.execution_id.is_none()));
        entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    // 5 is the update about e-1.
    assert_eq!(seqs(usize::MAX).await, [7, 5, 2, 1]);
    assert_eq!(seqs(3).await, [7, 5], "6 was looked at");
    assert_eq!(seqs(1).await, [7]);
    assert!(seqs(0).await.is_empty());
    assert_eq!(&*store.latest(acme(), 1).await.unwrap()[0].body, &*note("three").body);
}
