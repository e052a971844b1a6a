//! Coming back: what a client missed, exactly, or the word that it must fetch anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod serve_support;

use std::sync::Arc;

use serde_json::{Value, json};
use serve_support::{Api, Client, TestHub, event, heartbeat, seqs, soon};
use switchboard_hub::Config;
use switchboard_protocol::Timestamp;
use switchboard_store::{Retention, SqliteOptions, SqliteStore, Upkeep};

fn resuming(epoch: &Value, seq: u64) -> Value {
    json!({"token": "stream", "batch": true, "resume": {"epoch": epoch, "seq": seq}, "subscribe": ["e-1"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_cut_off_again_and_again_misses_nothing_and_sees_nothing_twice() {
    let hub = TestHub::start().await;
    let first = hub.connect(json!({"token": "stream"})).await;
    let (epoch, url) = (first.ack["epoch"].clone(), hub.url("/api/events"));
    let reporter = tokio::spawn(async move {
        let api = Api::default();
        for number in 0..400 {
            let frames = [event("e-1", "output", &number.to_string()), heartbeat(&number.to_string())];
            assert_eq!(api.post(&url, json!(frames).to_string()).await.0, 202);
        }
    });
    let (mut cursor, mut outputs, mut heartbeats) = (0, Vec::new(), Vec::new());
    for round in 0.. {
        let mut client = hub.connect(resuming(&epoch, cursor)).await;
        assert_eq!(client.next().await["type"], "subscribed");
        let resumed = client.next().await;
        assert_eq!(resumed["type"], "resumed");
        assert_eq!((&resumed["from"], &resumed["to"]), (&json!(cursor + 1), &client.ack["seq"]));
        for _ in 0..50 + round {
            if heartbeats.len() == 400 {
                break;
            }
            let frame = client.next().await;
            let seq = frame["seq"].as_u64().unwrap();
            assert!(seq > cursor);
            cursor = seq;
            if frame["type"] == "event" {
                outputs.push(frame["event"]["data"]["text"].as_str().unwrap().to_owned());
            } else if frame["type"] == "heartbeat" {
                heartbeats.push(frame["agentId"].as_str().unwrap().to_owned());
            }
        }
        client.cut();
        if heartbeats.len() == 400 {
            break;
        }
    }
    let all: Vec<_> = (0..400).map(|number| number.to_string()).collect();
    assert_eq!((outputs, heartbeats), (all.clone(), all));
    reporter.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_outlives_the_hub() {
    let mut hub = TestHub::start().await;
    let client = hub.connect(json!({"token": "stream"})).await;
    let epoch = client.ack["epoch"].clone();
    hub.report(&[heartbeat("before")]).await;
    let stopped = tokio::spawn(async move {
        let mut client = client;
        client.closed().await
    });
    hub.stop().await;
    stopped.await.unwrap();
    hub.restart().await;
    hub.report(&[heartbeat("after")]).await;
    let mut client = hub.connect(resuming(&epoch, 0)).await;
    let frames = client.until_seq(2).await;
    assert_eq!(seqs(&frames), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_log_is_worth_nothing() {
    let hub = TestHub::start().await;
    hub.report(&[heartbeat("a"), heartbeat("b")]).await;
    let epoch = hub.connect(json!({"token": "stream"})).await.ack["epoch"].clone();
    for (epoch, seq) in [(&json!("another"), 1), (&epoch, 99)] {
        let mut client = hub.connect(resuming(epoch, seq)).await;
        let (_, resync) = client.until_type("resync").await;
        assert_eq!(resync["reason"], "epoch-changed");
        let head = hub.report(&[heartbeat("new")]).await["seq"].as_u64().unwrap();
        let frames = client.until_seq(head).await;
        assert_eq!(seqs(&frames), [head], "delivery goes on from the ack's seq");
    }
}

/// A hub on a store that the test can prune.
async fn with_store() -> (tempfile::TempDir, Arc<SqliteStore>, switchboard_hub::RunningHub) {
    let data = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(data.path(), SqliteOptions::default()).unwrap());
    let config = Config { data: data.path().to_owned(), ..Config::default() };
    let hub = switchboard_hub::start_on(config, store.clone()).await.unwrap();
    (data, store, hub)
}

async fn prune_all(store: &SqliteStore) {
    let everything = Retention { age_ms: Some(0), bytes: None };
    store.prune(everything, Timestamp::from_millis(i64::MAX)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_before_what_retention_has_left_is_too_old() {
    let (_data, store, hub) = with_store().await;
    let url = format!("http://{}/api/events", hub.addr());
    let api = Api::default();
    let report = json!([heartbeat("a"), heartbeat("b"), heartbeat("c")]).to_string();
    assert_eq!(api.post(&url, report).await.0, 202);
    let epoch = Client::open(hub.addr(), json!({"token": "stream"})).await.ack["epoch"].clone();
    prune_all(&store).await;
    let mut client = Client::open(hub.addr(), resuming(&epoch, 2)).await;
    let (_, resync) = client.until_type("resync").await;
    assert_eq!(resync["reason"], "too-old");
    let mut client = Client::open(hub.addr(), resuming(&epoch, 3)).await;
    let (_, resumed) = client.until_type("resumed").await;
    assert_eq!((&resumed["from"], &resumed["to"]), (&json!(4), &json!(3)), "nothing was missed");
    soon("the end", hub.shutdown()).await.unwrap();
}

/// A reader that had fallen out of the feed's memory, and whose frames retention deleted meanwhile, was once at risk
/// of going on after the gap as if nothing were missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_that_retention_passes_is_sent_away_to_resume() {
    let (_data, store, hub) = with_store().await;
    let mut slow = Client::open(hub.addr(), json!({"token": "stream"})).await;
    let url = format!("http://{}/api/events", hub.addr());
    let api = Api::default();
    let filler = "x".repeat(100_000);
    let frames: Vec<_> =
        (0..60).map(|_| json!({"type": "heartbeat", "agentId": "a", "filler": filler})).collect();
    let report = serde_json::to_string(&frames).unwrap();
    for _ in 0..3 {
        assert_eq!(api.post(&url, report.clone()).await.0, 202);
    }
    prune_all(&store).await;
    let (code, reason) = slow.closed().await;
    assert_eq!(code, 1013, "{reason}");
    soon("the end", hub.shutdown()).await.unwrap();
}
