//! Reporting over HTTP, and reading back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod serve_support;

use serde_json::{Value, json};
use serve_support::{Api, TestHub, event, heartbeat};
use switchboard_hub::auth::Keys;
use switchboard_protocol::rest::DashboardConfig;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_with_202_is_there_after_a_restart() {
    let mut hub = TestHub::start().await;
    let answer = hub.report(&[event("e-1", "agent-start", "x"), event("e-1", "output", "line")]).await;
    assert_eq!(answer, json!({"accepted": 2, "duplicates": 0, "seq": 2}));
    hub.stop().await;
    hub.restart().await;
    let (status, snapshot) = hub.get("/api/executions/e-1").await;
    assert_eq!((status, &snapshot["status"], &snapshot["eventCount"]), (200, &json!("running"), &json!(2)));
    assert_eq!(snapshot["events"][1]["data"]["text"], "line");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_report_twice_is_stored_once() {
    let hub = TestHub::start().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let report = json!({"type": "heartbeat", "agentId": "a", "id": "r-1"}).to_string();
    assert_eq!(hub.post(report.clone()).await.1, json!({"accepted": 1, "duplicates": 0, "seq": 1}));
    assert_eq!(hub.post(report.clone()).await.1, json!({"accepted": 0, "duplicates": 1, "seq": 1}));
    let mixed = format!("{report}\n{}\n", heartbeat("b"));
    assert_eq!(hub.post(mixed).await.1, json!({"accepted": 1, "duplicates": 1, "seq": 2}));
    assert_eq!(client.next().await["agentId"], "a");
    assert_eq!(client.next().await["agentId"], "b");

    let named = json!({"type": "event", "executionId": "e", "event": {"id": "1", "type": "log"}}).to_string();
    assert_eq!(hub.post(named.clone()).await.1["accepted"], 1);
    assert_eq!(hub.post(named).await.1["duplicates"], 1, "an event's own id does it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_with_a_bad_item_nothing_is_stored() {
    let hub = TestHub::start().await;
    let body =
        json!([event("e-1", "agent-start", "x"), {"type": "event", "executionId": "e-1"}, heartbeat("a")]);
    let (status, problem) = hub.post(body.to_string()).await;
    assert_eq!((status, &problem["index"], &problem["title"]), (400, &json!(1), &json!("Bad Request")));
    assert!(problem["detail"].as_str().unwrap().contains("`event`"), "{problem}");
    assert_eq!(hub.get("/api/executions/e-1").await.0, 404);
    let client = hub.connect(json!({"token": "stream"})).await;
    assert_eq!(client.ack["seq"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_in_words_and_disturbs_nothing() {
    let hub = TestHub::start().await;
    let long = json!({"type": "heartbeat", "agentId": "a", "x": "x".repeat(1_100_000)}).to_string();
    let long_second = format!("{}\n{long}", heartbeat("a"));
    let cases: [(Vec<u8>, u16, &str, Value); 6] = [
        (b"{\"type\":".to_vec(), 400, "not JSON", json!(0)),
        (b"{\"type\":\"heartbeat\",\"agentId\":\"\xff\"}".to_vec(), 400, "UTF-8", Value::Null),
        (b"".to_vec(), 400, "no frame", Value::Null),
        (b"{\"type\":\"connection_ack\"}".to_vec(), 400, "scrape_progress", json!(0)),
        (long_second.into_bytes(), 413, "1048576", json!(1)),
        (vec![b'['; 10_000_000], 413, "8388608", Value::Null),
    ];
    for (body, expected, words, index) in cases {
        let (status, problem) = hub.post(body).await;
        assert_eq!(status, expected, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
        assert_eq!(problem["index"], index, "{problem}");
    }
    // Deeper than any reader should follow by recursion.
    let deep =
        format!(r#"{{"type":"heartbeat","agentId":"a","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert!([202, 400].contains(&hub.post(deep).await.0));
    hub.report(&[heartbeat("still here")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_decide_who_reports_and_reads_what() {
    let keys = Keys::parse("acme-key=acme both-keys=acme,beta root-key=*").unwrap();
    let hub = TestHub::start_with(|config| config.keys = keys).await;
    let (url, list) = (hub.url("/api/events"), hub.url("/api/executions"));
    let in_beta = |execution: &str| {
        let mut frame = event(execution, "log", "x");
        frame["organizationId"] = json!("beta");
        frame
    };
    assert_eq!(Api::default().post(&url, heartbeat("a").to_string()).await.0, 401);
    assert_eq!(Api::with_key("unknown-key").get(&list).await.0, 401);
    let (acme, both, root) =
        (Api::with_key("acme-key"), Api::with_key("both-keys"), Api::with_key("root-key"));
    assert_eq!(acme.post(&url, event("e-1", "log", "x").to_string()).await.0, 202);
    let (status, problem) =
        acme.post(&url, json!([event("e-2", "log", "x"), in_beta("e-3")]).to_string()).await;
    assert_eq!((status, &problem["index"]), (403, &json!(1)));
    assert_eq!(acme.get(&hub.url("/api/executions/e-2")).await.0, 404, "nothing of it was stored");
    assert_eq!(both.post(&url, in_beta("e-3").to_string()).await.0, 202);
    assert_eq!(acme.get(&list).await.1["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.get(&format!("{list}?organizationId=beta")).await.0, 403);
    assert_eq!(acme.get(&hub.url("/api/executions/e-3")).await.0, 404);
    assert_eq!(both.get(&list).await.0, 403, "it covers two, so it must name one");
    assert_eq!(both.get(&format!("{list}?organizationId=beta")).await.1["items"][0]["id"], "e-3");
    let organizations = hub.url("/api/organizations");
    assert_eq!(acme.get(&organizations).await.1, json!({"items": ["acme"]}));
    assert_eq!(root.get(&organizations).await.1, json!({"items": ["acme", "beta"]}));
    assert_eq!(Api::default().get(&hub.url("/api/health")).await.0, 200, "health needs no key");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_and_filter_and_say_what_a_bad_query_is() {
    let hub = TestHub::start().await;
    for number in 0..7 {
        hub.report(&[event(&format!("e-{number}"), "agent-start", "x")]).await;
    }
    hub.report(&[event("e-3", "agent-complete", "x")]).await;
    let ids = |list: &Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let (_, first) = hub.get("/api/executions?limit=4").await;
    assert_eq!(ids(&first), ["e-6", "e-5", "e-4", "e-3"]);
    let before = first["nextBefore"].as_str().unwrap();
    let (_, second) = hub.get(&format!("/api/executions?limit=4&before={before}")).await;
    assert_eq!(ids(&second), ["e-2", "e-1", "e-0"]);
    assert_eq!(ids(&hub.get("/api/executions?status=completed").await.1), ["e-3"]);
    assert_eq!(ids(&hub.get("/api/executions?status=&q=e-5").await.1), ["e-5"]);
    assert_eq!(hub.get("/api/executions?limit=100000").await.0, 200);
    for query in ["limit=0", "limit=many", "status=unknown"] {
        assert_eq!(hub.get(&format!("/api/executions?{query}")).await.0, 400, "{query}");
    }
    assert_eq!(hub.get("/api/executions/nobody").await.0, 404);
    assert_eq!(hub.get("/api/nothing").await.0, 404);
    assert_eq!(hub.get("/api/events").await.0, 405);
    assert_eq!(hub.get("/api/ws").await.0, 426);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_told_what_the_hub_was_started_with() {
    let hub = TestHub::start_with(|config| {
        config.dashboard = DashboardConfig {
            organization_id: Some("acme".into()),
            daemon_hub_ws_url: Some("ws://127.0.0.1:7000/ws".into()),
            ..DashboardConfig::default()
        };
    })
    .await;
    let expected = json!({"organizationId": "acme", "daemonHubWsUrl": "ws://127.0.0.1:7000/ws"});
    assert_eq!(hub.get("/config.json").await, (200, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_allowed_origins_may_read_and_others_may_not_even_report() {
    let hub =
        TestHub::start_with(|config| config.allow_origins = vec!["https://board.example.org".into()]).await;
    let client = Api::default().client;
    for (origin, allowed) in [
        ("https://board.example.org", true),
        ("http://localhost:8080", true),
        ("https://evil.example.org", false),
    ] {
        let answer = client.get(hub.url("/api/executions")).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), if allowed { 200 } else { 403 });
        let readable =
            answer.headers().get("access-control-allow-origin").is_some_and(|value| value == origin);
        assert_eq!(readable, allowed, "{origin}");
        // The dashboard compares its clock with the hub's.
        let exposed = answer.headers().get("access-control-expose-headers");
        assert!(
            answer.headers().contains_key("date")
                && (!allowed || exposed.is_some_and(|names| names == "date"))
        );
        // A form or a script can send this without asking first.
        let report =
            client.post(hub.url("/api/events")).header("origin", origin).body(heartbeat("a").to_string());
        assert_eq!(report.send().await.unwrap().status().as_u16(), if allowed { 202 } else { 403 });
        let preflight = client
            .request(reqwest::Method::OPTIONS, hub.url("/api/events"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
            .send()
            .await
            .unwrap();
        assert_eq!(preflight.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
    }
    let rebound =
        client.get(hub.url("/api/executions")).header("host", "evil.example.org").send().await.unwrap();
    assert_eq!(rebound.status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed_with_what_they_said_and_only_to_who_may_see_them() {
    let keys = Keys::parse("acme-key-1=acme;beta-key-1=beta;both-key-1=acme,beta").unwrap();
    let hub = TestHub::start_with(|config| config.keys = keys).await;
    let (a, b, both) =
        (Api::with_key("acme-key-1"), Api::with_key("beta-key-1"), Api::with_key("both-key-1"));
    let url = hub.url("/api/agents");
    assert_eq!(a.get(&url).await, (200, json!({"items": [], "seq": 0})));
    let frames = [
        json!({"type": "agent_started", "agentId": "w-2", "department": "tools"}),
        json!({"type": "heartbeat", "agentId": "w-1", "currentTask": "mail", "heartbeatSeconds": 5,
               "receivedAt": "2099-01-01T00:00:00Z"}),
    ];
    let body = json!(frames).to_string();
    assert_eq!(a.post(&hub.url("/api/events"), body).await.0, 202);
    let (status, list) = a.get(&url).await;
    assert_eq!((status, &list["seq"]), (200, &json!(2)));
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["agentId"].clone()).collect();
    assert_eq!(ids, ["w-1", "w-2"]);
    let first = &list["items"][0];
    assert_eq!((&first["currentTask"], &first["heartbeatSeconds"]), (&json!("mail"), &json!(5)));
    assert!(!first["heardAt"].as_str().unwrap().starts_with("2099"), "by the hub's clock: {first}");
    assert_eq!(list["items"][1]["department"]["name"], "tools");

    assert_eq!(b.get(&url).await.1["items"], json!([]), "its own organization");
    assert_eq!(b.get(&format!("{url}?organizationId=acme")).await.0, 403);
    assert_eq!(both.get(&format!("{url}?organizationId=acme")).await.1["items"].as_array().unwrap().len(), 2);
    assert_eq!(Api::default().get(&url).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_that_names_its_execution_is_seen_in_it() {
    let hub = TestHub::start().await;
    let beat = json!({"type": "heartbeat", "agentId": "w", "executionId": "e-1", "heartbeatSeconds": 7});
    hub.report(&[event("e-1", "agent-start", "x"), beat]).await;
    let (_, snapshot) = hub.get("/api/executions/e-1").await;
    assert_eq!((&snapshot["heartbeatSeconds"], &snapshot["eventCount"]), (&json!(7), &json!(1)));
    let (_, list) = hub.get("/api/executions").await;
    assert_eq!(list["items"][0]["heartbeatAt"], snapshot["heartbeatAt"]);
    assert!(snapshot["heartbeatAt"].is_string(), "{snapshot}");
}
