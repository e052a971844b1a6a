//! Progress by server-sent events: what an `EventSource` gets, from wherever it comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod scrape_support;
mod serve_support;

use std::pin::Pin;

use chat_support::Calls;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use serve_support::{Api, TestHub, heartbeat, seqs, soon};
use sse_stream::{Sse, SseStream};
use switchboard_hub::auth::Keys;

/// An event stream.
struct Events {
    stream: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
    headers: reqwest::header::HeaderMap,
}

/// One event: its id, and the frame in it.
type Event = (u64, Value);

async fn request(hub: &TestHub, path: &str, last: Option<&str>) -> reqwest::Response {
    let client = Api::default().client;
    let mut request = client.get(hub.url(path)).header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.unwrap()
}

impl Events {
    async fn open(hub: &TestHub, path: &str, last: Option<&str>) -> Self {
        let response = request(hub, path, last).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers().clone();
        Self { stream: Box::pin(SseStream::new(reqwest::Body::from(response))), headers }
    }

    /// The next event; `None` where the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = soon("an event", self.stream.next()).await?.unwrap();
            let Some(data) = event.data else { continue };
            assert_eq!(event.event.as_deref(), Some("scrape_progress"));
            assert!(!data.contains('\n'));
            return Some((event.id.unwrap().parse().unwrap(), serde_json::from_str(&data).unwrap()));
        }
    }

    async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.expect("the stream goes on"));
        }
        events
    }

    async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn progress(run: &str, members: Value) -> Value {
    let mut frame = members;
    (frame["type"], frame["runId"]) = (json!("scrape_progress"), json!(run));
    frame
}

/// Two runs of another program, in between frames of other kinds.
async fn fill(hub: &TestHub) {
    let mut frames = Vec::new();
    for current in 1..=5 {
        frames.push(heartbeat("a-1"));
        frames.push(progress(
            "r-1",
            json!({"platform": "a.test", "current": current, "total": 5, "phase": "running"}),
        ));
        frames.push(progress("r-2", json!({"current": current, "phase": "running", "pages": [{"url": format!("https://b.test/{current}")}]})));
        frames.push(json!({"type": "event", "executionId": "e-1", "event": {"type": "log", "data": {"message": "\"scrape_progress\""}}}));
    }
    hub.report(&frames).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_the_frames_of_the_socket_with_their_seq_as_id() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let mut events = Events::open(&hub, "/api/scrape/stream", None).await;
    let header = |name: &str| events.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header("cache-control"), "no-cache, no-transform");
    assert_eq!(header("x-accel-buffering"), "no");
    fill(&hub).await;
    let events = events.take(10).await;
    let (frames, _) = client.ping().await;
    let frames: Vec<Value> = frames.into_iter().filter(|frame| frame["type"] == "scrape_progress").collect();
    let (ids, sent): (Vec<u64>, Vec<Value>) = events.into_iter().unzip();
    assert_eq!(sent, frames, "word for word");
    assert_eq!(ids, seqs(&frames));
    assert!(frames[0]["seq"].is_u64() && frames[0]["organizationId"] == "default");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_the_last_event_that_its_client_saw() {
    let hub = TestHub::start().await;
    fill(&hub).await;
    let all = Events::open(&hub, "/api/scrape/stream", Some("0")).await.take(10).await;
    let last = all[3].0.to_string();
    let rest = Events::open(&hub, "/api/scrape/stream", Some(&last)).await.take(6).await;
    assert_eq!(rest, all[4..], "no hole, no double");
    let by_query = format!("/api/scrape/stream?lastEventId={last}");
    assert_eq!(Events::open(&hub, &by_query, None).await.take(6).await, all[4..]);
    let newer = all[8].0.to_string();
    let mut events = Events::open(&hub, &by_query, Some(&newer)).await;
    assert_eq!(events.take(1).await, all[9..], "the header is newer");
    let of_one: Vec<Event> = all.iter().filter(|(_, frame)| frame["runId"] == "r-2").cloned().collect();
    let path = "/api/scrape/runs/r-2/progress";
    assert_eq!(Events::open(&hub, path, Some("0")).await.take(5).await, of_one);
    // Live goes on from there.
    hub.report(&[progress("r-1", json!({"phase": "running"})), progress("r-2", json!({"current": 6}))]).await;
    assert_eq!(events.take(2).await[1].1["current"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_seen_nothing_gets_how_things_stand_and_then_what_follows() {
    let hub = TestHub::start().await;
    fill(&hub).await;
    let head = hub.report(&[progress("r-3", json!({"phase": "completed"}))]).await["seq"].as_u64().unwrap();
    for last in [None, Some("no number"), Some("99999999")] {
        let mut events = Events::open(&hub, "/api/scrape/runs/r-1/progress", last).await;
        let state = events.take(2).await;
        assert_eq!(
            (&state[0].1["platform"], &state[0].1["current"]),
            (&json!("a.test"), &json!(5)),
            "{state:?}"
        );
        assert!(state[1].1.get("platform").is_none() && state[1].1["phase"] == "running");
        assert!(state.iter().all(|(id, _)| *id >= head), "as of the log's head");
        let report = hub
            .report(&[heartbeat("a-1"), progress("r-2", json!({})), progress("r-1", json!({"items": 7}))])
            .await;
        let (id, frame) = events.next().await.unwrap();
        assert_eq!((id, &frame["items"]), (report["seq"].as_u64().unwrap(), &json!(7)));
    }
    let state = Events::open(&hub, "/api/scrape/stream", None).await.take(2).await;
    let runs: Vec<&Value> = state.iter().map(|(_, frame)| &frame["runId"]).collect();
    assert_eq!(runs, ["r-1", "r-2"], "those that have not ended, the oldest first");
    assert!(state.iter().all(|(_, frame)| frame.get("platform").is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_a_run_ends_with_it_and_is_not_opened_again() {
    let hub = TestHub::start().await;
    fill(&hub).await;
    let path = "/api/scrape/runs/r-1/progress";
    let mut live = Events::open(&hub, path, None).await;
    live.take(2).await;
    let end = progress("r-1", json!({"phase": "completed", "message": "5 pages."}));
    hub.report(&[
        progress("r-1", json!({"platform": "a.test", "phase": "completed"})),
        end,
        heartbeat("a-1"),
    ])
    .await;
    let told = live.rest().await;
    assert_eq!(told.len(), 2, "{told:?}");
    let end = told[1].0;
    assert_eq!((&told[0].1["platform"], &told[1].1["message"]), (&json!("a.test"), &json!("5 pages.")));

    assert_eq!(request(&hub, path, Some(&end.to_string())).await.status(), 204, "nothing more is to come");
    assert_eq!(Events::open(&hub, path, Some(&told[0].0.to_string())).await.rest().await, told[1..]);
    let replayed = Events::open(&hub, path, Some("0")).await.rest().await;
    assert_eq!((replayed.len(), replayed.last()), (7, told.last()));
    let state = Events::open(&hub, path, None).await.rest().await;
    assert_eq!(state.len(), 2);
    assert_eq!((&state[1].1["phase"], &state[1].1["message"]), (&json!("completed"), &json!("5 pages.")));
    let seen = state[1].0.to_string();
    assert_eq!(request(&hub, path, Some(&seen)).await.status(), 204);
    for last in [None, Some("1")] {
        let unknown = request(&hub, "/api/scrape/runs/nope/progress", last).await;
        assert_eq!(
            (unknown.status().as_u16(), &unknown.headers()["content-type"]),
            (404, &"application/problem+json".parse().unwrap())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_stand_in_the_address_of_a_stream_and_nowhere_else() {
    let hub =
        TestHub::start_with(|config| config.keys = Keys::parse("acme-key-1=acme;beta-key-1=beta").unwrap())
            .await;
    let acme = Calls::to(&hub).with_key("acme-key-1");
    acme.report(progress("r-1", json!({"phase": "running"}))).await;
    for (path, status) in [
        ("/api/scrape/stream?token=acme-key-1", 200),
        ("/api/scrape/stream?token=wrong-key-1", 401),
        ("/api/scrape/stream", 401),
        ("/api/scrape/stream?token=beta-key-1&organizationId=acme", 403),
        ("/api/scrape/runs/r-1/progress?token=acme-key-1", 200),
        ("/api/scrape/runs/r-1/progress?token=beta-key-1", 404),
        ("/api/scrape/runs/r-1?token=acme-key-1", 401),
        ("/api/scrape/runs?token=acme-key-1", 401),
    ] {
        assert_eq!(request(&hub, path, None).await.status(), status, "{path}");
    }
    let client = Api::default().client.get(hub.url("/api/scrape/stream")).bearer_auth("acme-key-1");
    assert_eq!(client.send().await.unwrap().status(), 200);
    let mut other = Events::open(&hub, "/api/scrape/stream?token=beta-key-1", Some("0")).await;
    let beta = Calls::to(&hub).with_key("beta-key-1");
    beta.report(progress("r-9", json!({"phase": "running"}))).await;
    assert_eq!(other.next().await.unwrap().1["runId"], "r-9", "no frame of another organization");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_take_seats_give_them_back_and_end_with_the_hub() {
    let mut hub = TestHub::start_with(|config| config.max_connections = 1).await;
    fill(&hub).await;
    let mut events = Events::open(&hub, "/api/scrape/stream", None).await;
    events.take(2).await;
    let refused = request(&hub, "/api/scrape/stream", None).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    drop(events);
    let mut events = soon("a free seat", async {
        loop {
            if request(&hub, "/api/scrape/runs/nope/progress", None).await.status() == 404 {
                return Events::open(&hub, "/api/scrape/stream", None).await;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    events.take(2).await;
    hub.stop().await;
    assert_eq!(events.rest().await, [], "it ends well");
}

/// More than the hub keeps in memory for a feed: the log itself is read, as for a socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_far_behind_gets_everything_too() {
    let hub = TestHub::start().await;
    let filler = "x".repeat(90 * 1024);
    for current in 0..40 {
        hub.report(&[
            progress("r-1", json!({"current": current, "message": filler})),
            json!({"type": "heartbeat", "agentId": "a-1", "currentTask": filler}),
        ])
        .await;
    }
    let told = Events::open(&hub, "/api/scrape/runs/r-1/progress", Some("0")).await.take(40).await;
    let currents: Vec<u64> = told.iter().map(|(_, frame)| frame["current"].as_u64().unwrap()).collect();
    assert_eq!(currents, (0..40).collect::<Vec<_>>());
}
