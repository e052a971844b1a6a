//! The socket, as clients see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    missing_docs
)]

mod serve_support;

use serde_json::{Value, json};
use serve_support::{Api, Client, TestHub, event, heartbeat, seqs};
use switchboard_hub::auth::Keys;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_only_part_1_gets_every_shape_one_frame_a_message() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    client.subscribe("e-1").await;
    let reported = [
        json!({"event": "job:event", "data": {"jobId": "j-1", "type": "progress", "data": {"done": 1}}}),
        json!({"event": "update", "data": {"type": "task.completed", "task_id": "t-1", "result": {"content": "x"}}}),
        json!({"event": "update", "data": {"type": "task.failed", "task_id": "t-2"}}),
        json!({"type": "scrape_progress", "runId": "r-1", "phase": "running", "current": 12, "total": 40}),
        json!({"type": "heartbeat", "agentId": "a-1", "status": "running", "currentTask": "x"}),
        json!({"type": "agent_started", "agentId": "a-1"}),
        json!({"type": "agent_stopped", "agentId": "a-1"}),
        json!({"type": "agent_error", "agentId": "a-1", "error": "x"}),
        json!({"event": "dashboard:update", "data": {"kind": "own"}}),
        event("e-1", "agent-start", "x"),
    ];
    hub.report(&reported).await;
    for sent in &reported {
        let message = client.message().await;
        let Message::Text(text) = message else { panic!("{message:?} is no text") };
        let frame: Value = serde_json::from_str(&text).expect("one frame a message");
        assert!(frame["seq"].is_u64(), "{frame}");
        for (name, value) in sent.as_object().unwrap() {
            if let Some(members) = value.as_object() {
                assert!(members.iter().all(|(name2, value)| frame[name][name2] == *value), "{frame}");
            } else {
                assert_eq!(frame[name], *value, "{frame}");
            }
        }
        let organization = if frame["data"].is_object() {
            &frame["data"]["organizationId"]
        } else {
            &frame["organizationId"]
        };
        assert_eq!(organization, "default", "{frame}");
    }
    let derived = client.next().await;
    assert_eq!(
        (&derived["event"], &derived["data"]["execution"]["status"]),
        (&json!("dashboard:update"), &json!("running"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_says_where_the_log_stands_and_the_old_path_works_too() {
    let hub = TestHub::start().await;
    hub.report(&[heartbeat("a"), heartbeat("b")]).await;
    let client = hub.connect(json!({"token": "stream"})).await;
    assert_eq!(client.ack["seq"], 2);
    assert_eq!(client.ack["heartbeatSeconds"], 20);
    assert!(client.ack["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()));
    let other = hub.connect(json!({"token": "stream"})).await;
    assert_eq!(client.ack["epoch"], other.ack["epoch"]);
    assert_ne!(client.ack["connectionId"], other.ack["connectionId"]);
    let address = hub.address();
    assert!(tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_come_in_few_messages_as_text_or_binary() {
    let hub = TestHub::start().await;
    let mut text = hub.connect(json!({"token": "stream", "batch": true})).await;
    let mut binary = hub.connect(json!({"token": "stream", "batch": true, "binary": true})).await;
    let mut single = hub.connect(json!({"token": "stream", "binary": true})).await;
    let frames: Vec<_> = (0..200).map(|number| heartbeat(&number.to_string())).collect();
    hub.report(&frames).await;
    let message = text.message().await;
    assert!(matches!(message, Message::Text(_)));
    assert_eq!(message.to_text().unwrap().lines().count(), 200);
    let same = binary.message().await;
    assert!(matches!(same, Message::Binary(_)));
    assert_eq!(same.to_text().unwrap(), message.to_text().unwrap());
    assert_eq!(single.message().await.to_text().unwrap(), message.to_text().unwrap().lines().next().unwrap());
    assert_eq!(text.ping().await.1["delivered"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_to_the_subscribers_of_their_execution_only() {
    for batch in [false, true] {
        let hub = TestHub::start().await;
        let mut client = hub.connect(json!({"token": "stream", "batch": batch, "subscribe": ["e-1"]})).await;
        assert_eq!(client.next().await["type"], "subscribed", "handshake subscriptions are answered too");
        let events = |client: Vec<Value>| -> Vec<String> {
            let events = client.into_iter().filter(|frame| frame["type"] == "event");
            events.map(|frame| frame["executionId"].as_str().unwrap().to_owned()).collect()
        };
        let one_each =
            [event("e-1", "log", "x"), event("e-2", "log", "x"), heartbeat("a"), event("e-1", "log", "y")];
        let head = hub.report(&one_each).await["seq"].as_u64().unwrap();
        assert_eq!(events(client.until_seq(head).await), ["e-1", "e-1"]);

        client.subscribe("e-2").await;
        client.send(json!({"type": "unsubscribe", "executionId": "e-1"})).await;
        let (_, pong) = client.ping().await;
        hub.report(&one_each).await;
        let head = hub.report(&[heartbeat("last")]).await["seq"].as_u64().unwrap();
        assert_eq!(events(client.until_seq(head).await), ["e-2"]);
        assert!(pong["seq"].as_u64().unwrap() < head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pong_moves_the_cursor_past_frames_for_others_and_counts_what_was_sent() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    hub.report(&[heartbeat("a"), event("e-1", "log", "x")]).await;
    let head =
        hub.report(&[event("e-1", "log", "y"), event("e-1", "log", "z")]).await["seq"].as_u64().unwrap();
    let mut delivered = 0;
    loop {
        let (before, pong) = client.ping().await;
        delivered += before.len();
        assert_eq!(pong["delivered"], delivered, "what was counted is what had arrived");
        if pong["seq"].as_u64().unwrap() >= head {
            break;
        }
    }
    assert_eq!(delivered, 2, "the heartbeat, and the update of the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_and_subscription_together_have_no_hole_and_nothing_twice() {
    let hub = TestHub::start().await;
    let mut reporter = tokio::task::JoinSet::new();
    let url = hub.url("/api/events");
    reporter.spawn(async move {
        let api = Api::default();
        for number in 0..300 {
            let (status, _) = api.post(&url, event("e-1", "output", &number.to_string()).to_string()).await;
            assert_eq!(status, 202);
        }
    });
    for _ in 0..5 {
        let mut client = hub.connect(json!({"token": "stream", "batch": true})).await;
        let (_, subscribed) = client.subscribe("e-1").await;
        let (status, snapshot) = hub.get("/api/executions/e-1").await;
        if status == 404 {
            continue;
        }
        let seq = snapshot["seq"].as_u64().unwrap();
        assert!(seq >= subscribed, "a snapshot fetched now is at least this new");
        let text = |event: &Value| event["data"]["text"].as_str().unwrap().parse::<u64>().unwrap();
        let mut seen: Vec<u64> = snapshot["events"].as_array().unwrap().iter().map(text).collect();
        while seen.len() < 300 {
            let frame = client.next().await;
            if frame["type"] == "event" && frame["seq"].as_u64().unwrap() > seq {
                seen.push(text(&frame["event"]));
            }
        }
        assert_eq!(seen, (0..300).collect::<Vec<_>>());
    }
    reporter.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_not_being_let_in_has_its_close_code() {
    let keys = Keys::parse("acme-key=acme both-keys=acme,beta").unwrap();
    let hub = TestHub::start_with(|config| config.keys = keys).await;
    let handshakes = [
        (json!({"token": "stream"}), 4401),
        (json!({"token": ""}), 4401),
        (json!({"token": "acme-key", "organizationId": "beta"}), 4403),
        (json!({"token": "both-keys"}), 4403),
        (json!({"token": 5}), 4400),
        (json!({"token": "acme-key", "resume": 7}), 4400),
        (json!({"token": "acme-key", "subscribe": "e-1"}), 4400),
        (json!({"token": "acme-key", "subscribe": ["x".repeat(300)]}), 4400),
        (json!({"type": "ping"}), 4400),
        (json!({"type": "subscribe", "executionId": "e-1"}), 4400),
        (json!([]), 4400),
        (json!({"token": "acme-key", "subscribe": vec!["e"; 1001]}), 4429),
    ];
    for (handshake, code) in handshakes {
        let mut client = Client::silent(hub.address()).await;
        client.send(handshake.clone()).await;
        let (closed, reason) = client.closed().await;
        assert_eq!(closed, code, "{handshake}: {reason}");
        assert!(!reason.is_empty() && !reason.contains("acme-key"));
    }
    for message in [Message::text("{\"token\":"), Message::binary(vec![0xff, 0xfe]), Message::text("")] {
        let mut client = Client::silent(hub.address()).await;
        client.send_raw(message).await;
        assert_eq!(client.closed().await.0, 4400);
    }
    hub.connect(json!({"token": "acme-key"})).await;
    hub.connect(json!({"token": "both-keys", "organizationId": "beta"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_sees_its_own_frames_only() {
    let keys = Keys::parse("acme-key=acme beta-key=beta root-key=*").unwrap();
    let hub = TestHub::start_with(|config| config.keys = keys).await;
    let mut acme = hub.connect(json!({"token": "acme-key", "subscribe": ["e-1"]})).await;
    let mut beta =
        hub.connect(json!({"token": "root-key", "organizationId": "beta", "subscribe": ["e-1"]})).await;
    let (url, acme_api, beta_api) =
        (hub.url("/api/events"), Api::with_key("acme-key"), Api::with_key("beta-key"));
    for number in 0..10 {
        let text = |organization: &str| format!("{organization} {number}");
        assert_eq!(acme_api.post(&url, event("e-1", "log", &text("acme")).to_string()).await.0, 202);
        assert_eq!(beta_api.post(&url, event("e-1", "log", &text("beta")).to_string()).await.0, 202);
    }
    for (client, organization) in [(&mut acme, "acme"), (&mut beta, "beta")] {
        let mut texts = Vec::new();
        while texts.len() < 10 {
            let frame = client.next().await;
            if frame["type"] == "event" {
                assert_eq!(frame["organizationId"], organization);
                texts.push(frame["event"]["data"]["text"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(texts, (0..10).map(|number| format!("{organization} {number}")).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_or_malformed_after_the_handshake_disturbs_nothing() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    for text in
        ["", "{", "7", "{}", r#"{"type":"invented"}"#, r#"{"type":"subscribe"}"#, r#"{"token":"other"}"#]
    {
        client.send_raw(Message::text(text)).await;
    }
    client.send_raw(Message::binary(vec![0xff])).await;
    client.send(json!({"type": "subscribe", "executionId": "x".repeat(300)})).await;
    client.send_raw(Message::binary(json!({"type": "subscribe", "executionId": "e-1"}).to_string())).await;
    client.until_type("subscribed").await;
    hub.report(&[event("e-1", "log", "x")]).await;
    let (_, frame) = client.until_type("event").await;
    assert_eq!(frame["executionId"], "e-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_big_ends_its_connection_and_no_other() {
    let hub = TestHub::start().await;
    let mut other = hub.connect(json!({"token": "stream"})).await;
    for size in [100_000, 10_000_000] {
        let mut client = hub.connect(json!({"token": "stream"})).await;
        client.send_raw(Message::text("x".repeat(size))).await;
        let (code, reason) = client.closed().await;
        assert_eq!(code, 1009);
        assert!(reason.contains("65536"), "{reason}");
    }
    let mut before_handshake = Client::silent(hub.address()).await;
    before_handshake.send_raw(Message::text("x".repeat(10_000_000))).await;
    assert_eq!(before_handshake.closed().await.0, 1009);
    let (status, problem) = hub.post(vec![b' '; 10_000_000]).await;
    assert_eq!(status, 413);
    assert!(problem["detail"].as_str().unwrap().contains("8388608"));
    hub.report(&[heartbeat("a")]).await;
    assert_eq!(other.next().await["agentId"], "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_or_subscriptions_is_ended_and_told_when_to_return() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    for _ in 0..2000 {
        client.try_send_raw(Message::text(r#"{"type":"ping"}"#)).await;
    }
    let (code, reason) = client.closed().await;
    assert_eq!((code, reason.contains("retry_after=5")), (4429, true), "{reason}");

    let most: Vec<_> = (0..1000).map(|number| format!("e-{number}")).collect();
    let mut client = hub.connect(json!({"token": "stream", "subscribe": most})).await;
    client.send(json!({"type": "subscribe", "executionId": "e-0"})).await;
    client.send(json!({"type": "subscribe", "executionId": "one too many"})).await;
    assert_eq!(client.closed().await.0, 4429);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_most_connections_a_client_is_told_to_wait() {
    let hub = TestHub::start_with(|config| config.max_connections = 2).await;
    let first = hub.connect(json!({"token": "stream"})).await;
    let _second = hub.connect(json!({"token": "stream"})).await;
    let (code, reason) = Client::silent(hub.address()).await.closed().await;
    assert_eq!((code, reason.contains("retry_after=5")), (4429, true), "{reason}");
    first.cut();
    // The hub learns of the cut by itself; until then it says the same again.
    loop {
        let mut client = Client::silent(hub.address()).await;
        client.try_send_raw(Message::text(r#"{"token":"stream"}"#)).await;
        if matches!(client.any_message().await, Some(Message::Text(_))) {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_is_refused_before_the_upgrade() {
    let hub = TestHub::start().await;
    assert_eq!(Client::refused(hub.address(), "https://example.org").await, 403);
    assert_eq!(Client::refused(hub.address(), "null").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_hub_stops_every_client_is_told_to_come_back() {
    let mut hub = TestHub::start().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(hub.connect(json!({"token": "stream"})).await);
    }
    let mut silent = Client::silent(hub.address()).await;
    let told = tokio::spawn(async move {
        for client in &mut clients {
            assert_eq!(client.closed().await.0, 1001);
        }
        assert_eq!(silent.closed().await.0, 1001);
    });
    hub.stop().await;
    told.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_catches_up_without_loss_and_holds_up_nobody() {
    let hub = TestHub::start().await;
    let mut slow = hub.connect(json!({"token": "stream"})).await;
    let mut slow_batch = hub.connect(json!({"token": "stream", "batch": true})).await;
    let mut fast = hub.connect(json!({"token": "stream", "batch": true})).await;
    // Three times what a feed holds in memory, and more than the system buffers.
    let filler = "x".repeat(4000);
    let frame = |number: u32| json!({"type": "heartbeat", "agentId": number.to_string(), "filler": filler});
    let mut head = 0;
    for batch in 0..75 {
        let frames: Vec<_> = (0..40).map(|number| frame(batch * 40 + number)).collect();
        head = hub.report(&frames).await["seq"].as_u64().unwrap();
        let last = fast.until_seq(head).await;
        assert_eq!(seqs(&last).last(), Some(&head));
    }
    for client in [&mut slow, &mut slow_batch] {
        let frames = client.until_seq(head).await;
        assert_eq!(seqs(&frames), (1..=head).collect::<Vec<_>>());
        assert_eq!(client.ping().await.1["delivered"], head);
    }
}
