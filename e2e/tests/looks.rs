//! Each page at a desk and on a phone, light and dark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Hub, NARROW, Page, Scheme, WIDE, run,
    sample::{event, output, report},
};

#[test]
fn no_page_is_wider_than_the_screen_or_writes_an_error() {
    run(async |stage| {
        let hub = stage.hub_with(&["--worker-lanes", "manual"]).await;
        report_a_busy_day(&hub).await;
        let conversation = talk(&hub).await;
        let page = stage.tab(&hub.url()).await;
        for (size_name, size) in [("wide", WIDE), ("narrow", NARROW)] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                page.resize(size).await;
                page.prefer(scheme).await;
                for (name, path, heading) in [
                    ("overview", "/", Some("Overview")),
                    ("executions", "/executions", Some("Executions")),
                    ("execution-running", "/executions/e-run", None),
                    ("execution-failed", "/executions/e-fail", None),
                    ("executions-none-found", "/executions?q=nobody", Some("Executions")),
                    ("chat-start", "/chat", None),
                    ("chat", &conversation, None),
                    ("unknown", "/no/such/page", None),
                ] {
                    page.goto(path).await;
                    page.wait_for_status("Connection", "Connected").await;
                    if let Some(heading) = heading {
                        page.find("heading", heading).await;
                    }
                    settle(&page, path).await;
                    let label = format!("{name}-{size_name}-{}", scheme.as_str());
                    if std::env::var_os("E2E_SHOTS").is_some() {
                        page.screenshot(&format!("shots/{label}")).await.unwrap();
                    }
                    let (beyond, out) = page.overflow().await;
                    assert!(beyond <= 0, "{label} is {beyond} pixels wider than the screen: {out:#?}");
                }
            }
        }
        page.assert_console_clean().await;
    });
}

#[test]
fn the_states_of_trouble_fit_the_screen_too() {
    run(async |stage| {
        let mut hub = stage.hub_with(&["--worker-lanes", "manual"]).await;
        let shots = std::env::var_os("E2E_SHOTS").is_some();
        let page = stage.tab(&hub.url()).await;
        page.resize(NARROW).await;
        page.goto("/executions").await;
        page.wait_for_text("switchboard run").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the empty list fits");
        if shots {
            page.screenshot("shots/executions-empty-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/executions-empty-wide").await.unwrap();
        }
        page.resize(NARROW).await;
        page.goto("/executions/no-such-execution-with-a-rather-long-name-that-cannot-be-broken").await;
        page.find("button", "Retry").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the error fits");

        report_a_busy_day(&hub).await;
        page.goto("/executions/e-run").await;
        page.wait_for_text("Live updates active").await;
        hub.kill().await;
        page.wait_for_text("WebSocket disconnected").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the banner fits");
        if shots {
            page.screenshot("shots/execution-disconnected-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/execution-disconnected-wide").await.unwrap();
        }
        hub.restart().await;
        let conversation = talk(&hub).await;
        page.resize(NARROW).await;
        page.goto(&conversation).await;
        page.wait_for_status("Connection", "Connected").await;
        page.find("status", "Waiting for a reply").await;
        hub.kill().await;
        page.wait_for_text("WebSocket disconnected").await;
        page.click("button", "Connection details").await;
        page.wait_for_text("HTTP interface").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the connection's details fit");
        if shots {
            page.screenshot("shots/chat-disconnected-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/chat-disconnected-wide").await.unwrap();
        }
    });
}

/// Waits for what a page fetches, so that a picture shows it.
async fn settle(page: &Page, path: &str) {
    match path {
        "/executions" => {
            page.wait_for_row("e-fail", "failed").await;
        }
        "/executions/e-run" => page.wait_for_status("Execution status", "running").await,
        "/executions/e-fail" => page.wait_for_status("Execution status", "failed").await,
        path if path.starts_with("/chat/") => {
            page.find("status", "Waiting for a reply").await;
            page.find("alert", "").await;
        }
        _ => {}
    }
}

/// Executions in every state, with names and lines as long as they come.
async fn report_a_busy_day(hub: &Hub) {
    let long = "/usr/lib/a/path/without/any/place/to/break/".repeat(6);
    let mut frames = Vec::new();
    let agents = ["painter", "welder", "the-agent-with-the-longest-name-of-all-of-them", "ünïcödé 画家"];
    for (number, agent) in (0..12_u64).zip(agents.into_iter().cycle()) {
        let id = format!("e-{number}");
        let start = json!({
            "agent": { "id": agent, "name": agent },
            "department": { "id": "d", "name": "Research and Development" },
            "title": format!("Task {number}: {long}"),
        });
        frames.push(report("default", &id, &event(&format!("{id}-start"), "agent-start", &start)));
        let end = json!({ "exitCode": 0, "durationMs": 61_000 * number });
        frames.push(report("default", &id, &event(&format!("{id}-end"), "agent-complete", &end)));
    }
    for (id, end) in [("e-run", None), ("e-fail", Some(json!({ "message": long })))] {
        let start = json!({ "agent": { "id": "x", "name": "painter" }, "title": "Paint the fence" });
        frames.push(report("default", id, &event(&format!("{id}-start"), "agent-start", &start)));
        for line in 0..60 {
            let text =
                if line % 20 == 7 { long.clone() } else { format!("{line}: the brush goes left and right") };
            frames.push(report("default", id, &output(&format!("{id}-{line}"), &text)));
        }
        let call = json!({ "name": "brush", "arguments": { "colour": "green", "path": long } });
        frames.push(report("default", id, &event(&format!("{id}-tool"), "tool-call", &call)));
        if let Some(end) = end {
            frames.push(report("default", id, &event(&format!("{id}-end"), "error", &end)));
        }
    }
    hub.report(&frames.into()).await;
}

/// A conversation with all that one can hold, and the path of its page.
async fn talk(hub: &Hub) -> String {
    let long = "/usr/lib/a/path/without/any/place/to/break/".repeat(6);
    let markdown = format!(
        "Three of the **twelve** nightly runs failed, all on the same host:\n\n\
         | execution | exit code | why |\n|---|---:|---|\n\
         | [Paint the fence](/executions/e-fail) | 3 | no space left on device |\n\
         | [Weld the gate](/executions/e-1) | 137 | killed |\n\n\
         1. Free some space: `{long}`\n2. Run them again:\n\n\
         ```sh\nswitchboard run --agent painter -- make fence COLOUR=green {long}\n```\n\n\
         > The host was restarted at 03:12, says its log.\n"
    );
    let reply = json!({
        "content": markdown, "model": "example-large", "cost_usd": 0.0123,
        "files": [{"name": "report.csv", "url": "/files/report.csv", "size": 48_213}, "notes.txt"],
    });
    let mut conversation = None::<String>;
    let ends = [
        Some(json!({"type": "task.completed", "result": reply})),
        Some(
            json!({"type": "task.failed", "error": "The model server answered 503 four times. Try again later."}),
        ),
        None,
    ];
    let questions =
        ["What happened last night, and what do we do about it?", "Who restarted it?", "And now?"];
    for (question, end) in questions.into_iter().zip(ends) {
        let message = json!({"content": question, "lane": "manual", "conversationId": conversation});
        let posted = hub.call("/api/chat/messages", &message).await;
        conversation = Some(posted["conversationId"].as_str().unwrap().to_owned());
        if let Some(mut end) = end {
            end["task_id"] = posted["task_id"].clone();
            hub.report(&json!({"event": "update", "data": end})).await;
        }
    }
    format!("/chat/{}", conversation.unwrap())
}
