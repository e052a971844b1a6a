//! The dashboard against a server that knows nothing of Switchboard's additions, and against what it may send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Page, Part1Server, Stage, run,
    sample::{event, execution, lines, output},
    until, until_true,
};

/// A part-1 server has no `/config.json`; the browser writes each 404 into the console.
const NO_CONFIG: &str = "config.json";

/// What the browser itself writes into the console when a server can't be reached.
const UNREACHABLE: [&str; 3] = ["net::ERR_", "WebSocket connection to", NO_CONFIG];

#[test]
fn the_list_is_fetched_and_refreshed_by_updates() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-1", "painter", "running"));
        let page = stage.open(&server.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.wait_for_row("e-1", "running").await;
        page.wait_for_status("Connection", "Connected").await;

        server.put_execution(execution("default", "e-2", "welder", "running"));
        server.send_update("default");
        page.wait_for_row("e-2", "welder").await;
        server.put_execution(execution("default", "e-1", "painter", "completed"));
        server.send_update("default");
        page.wait_for_row("e-1", "completed").await;
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

#[test]
fn an_execution_is_fetched_and_then_followed_live() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        page.wait_for_text("Live updates active").await;
        assert!(page.text_of("region", "Agent").await.unwrap().contains("painter"));
        page.find("region", "Timeline").await;

        server.event("e-1", &output("line-2", "line 2"));
        server.event("e-1", &output("line-3", "line 3"));
        page.wait_for_log("Output", &lines(1..=3)).await;
        server.event("e-1", &event("tool", "tool-call", &json!({ "name": "brush" })));
        page.wait_for("the tool call in the timeline", async |page: &Page| {
            let timeline = page.text_of("region", "Timeline").await?;
            if timeline.contains("brush") { Ok(()) } else { Err(timeline) }
        })
        .await;
        server.event("e-1", &event("end", "agent-complete", &json!({ "exitCode": 0 })));
        page.wait_for_status("Execution status", "completed").await;
        page.wait_for_no_text("Live updates active").await;
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

#[test]
fn an_error_event_fails_the_execution_and_is_shown() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        server.event("e-1", &event("broke", "error", &json!({ "message": "the brush broke" })));
        page.wait_for_status("Execution status", "failed").await;
        page.wait_for_text("the brush broke").await;
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

/// Without sequence numbers nobody knows what a lost connection missed, so the page must fetch again, and must
/// know by their ids the events that it then gets twice.
#[test]
fn after_a_lost_connection_the_execution_is_fetched_again_and_nothing_is_doubled() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        server.event("e-1", &output("line-2", "line 2"));
        page.wait_for_log("Output", &lines(1..=2)).await;
        let fetched = server.requests("/api/executions/e-1");

        server.refuse_sockets(true);
        server.drop_connections();
        page.wait_for_text("WebSocket disconnected").await;
        server.event("e-1", &output("line-3", "line 3"));
        // The page comes back by itself, and may be quicker than a person who looks for the button.
        server.refuse_sockets(false);
        page.wait_for_log("Output", &lines(1..=3)).await;
        server.wait_for_subscribers("e-1", 1).await;
        until("another fetch", async || match server.requests("/api/executions/e-1") {
            now if now > fetched => Ok(()),
            now => Err(now),
        })
        .await;

        // The server says again what the snapshot had, and then something new.
        server.send_event("e-1", &output("line-2", "line 2"));
        server.send_event("e-1", &output("line-3", "line 3"));
        server.event("e-1", &output("line-4", "line 4"));
        page.wait_for_log("Output", &lines(1..=4)).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn after_a_lost_connection_the_list_is_fetched_again() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-1", "painter", "running"));
        let page = stage.open(&server.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.wait_for_status("Connection", "Connected").await;
        server.put_execution(execution("default", "e-1", "painter", "failed"));
        server.drop_connections();
        page.wait_for_row("e-1", "failed").await;
        page.wait_for_status("Connection", "Connected").await;
    });
}

#[test]
fn a_bad_frame_costs_only_itself() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let bad = [
            "",
            " ",
            "null",
            "42",
            "[]",
            "\"text\"",
            "{",
            "{\"type\":",
            "not JSON",
            "{}",
            "{\"type\":7}",
            "{\"type\":\"event\"}",
            "{\"type\":\"event\",\"executionId\":\"e-1\"}",
            "{\"type\":\"event\",\"executionId\":\"e-1\",\"event\":[]}",
            "{\"type\":\"event\",\"executionId\":\"e-1\",\"event\":{\"id\":\"x\"}}",
            "{\"type\":\"event\",\"executionId\":7,\"event\":{\"type\":\"output\"}}",
            "{\"type\":\"of-tomorrow\",\"payload\":[1,2,3]}",
            "{\"event\":\"of-tomorrow\",\"data\":{}}",
            "{\"event\":\"dashboard:update\"}",
            "{\"event\":\"job:event\",\"data\":{}}",
            "{\"type\":\"resumed\"}",
            "{\"type\":\"pong\",\"seq\":\"seven\",\"delivered\":-1}",
            "{\"type\":\"connection_ack\",\"seq\":{},\"heartbeatSeconds\":\"often\"}",
            deep.as_str(),
        ];
        for (number, frame) in (2..).zip(bad) {
            server.send(frame);
            server.event("e-1", &output(&format!("line-{number}"), &format!("line {number}")));
        }
        server.send_binary(vec![0xff, 0xfe, 0x00, 0x80]);
        let last = u32::try_from(bad.len()).unwrap() + 2;
        server.event("e-1", &output("last", &format!("line {last}")));
        page.wait_for_log("Output", &lines(1..=last)).await;
        page.wait_for_status("Execution status", "running").await;
        assert_eq!(server.connections_ever(), 1, "the connection was kept");
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

#[test]
fn an_event_without_data_or_of_an_unknown_type_is_kept_and_shown_by_its_name() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        server.event("e-1", &json!({ "id": "bare", "type": "output" }));
        server.event("e-1", &json!({ "type": "moon-landing" }));
        server.event("e-1", &event("odd", "output", &json!({ "text": 7, "stream": [] })));
        server.event("e-1", &output("line-2", "line 2"));
        page.wait_for_text("moon-landing").await;
        page.wait_for("the line after them", async |page: &Page| {
            let lines = page.log_lines("Output").await;
            if lines.last().is_some_and(|line| line == "line 2") { Ok(()) } else { Err(format!("{lines:?}")) }
        })
        .await;
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

#[test]
fn a_frame_of_ten_megabytes_does_no_harm() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        server.send(json!({ "type": "of-tomorrow", "payload": "x".repeat(10_000_000) }).to_string());
        server.event("e-1", &output("line-2", "line 2"));
        page.wait_for_log("Output", &lines(1..=2)).await;
        server.event("e-1", &output("huge", &format!("huge {}", "y".repeat(10_000_000))));
        server.event("e-1", &output("line-3", "line 3"));
        page.wait_for_text("line 3").await;
        page.wait_for_status("Connection", "Connected").await;
        assert_eq!(server.connections_ever(), 1, "the connection was kept");
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

/// A view is a window on a stream: it holds the latest of it, in order and without a hole, and no more.
#[test]
fn a_flood_is_followed_to_its_end_in_bounded_space() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        for number in 2..=30_000 {
            server.send_event("e-1", &output(&format!("line-{number}"), &format!("line {number}")));
        }
        let shown = page
            .wait_for("the last of 30,000 lines", async |page: &Page| {
                let shown = page.log_lines("Output").await;
                if shown.last().is_some_and(|line| line == "line 30000") {
                    Ok(shown)
                } else {
                    Err(format!("{:?}", shown.last()))
                }
            })
            .await;
        let count = u32::try_from(shown.len()).unwrap();
        assert!((100..=10_000).contains(&count), "{count} lines are shown");
        assert_eq!(shown, lines(30_001 - count..=30_000), "the latest lines, without a hole");
        assert_eq!(server.connections_ever(), 1, "the connection was kept");
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

/// Text from a command is text: markup and control characters in it must not become part of the page.
#[test]
fn output_is_shown_as_text_and_never_as_markup() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        let hostile = "<img src=x onerror='window.harmed=1'><script>window.harmed=1</script>";
        server.event("e-1", &output("line-2", hostile));
        page.wait_for_log("Output", &["line 1".to_owned(), hostile.to_owned()]).await;
        assert_eq!(page.script("return window.harmed ?? null", json!([])).await.unwrap(), json!(null));
        page.assert_console_clean_but_for(&[NO_CONFIG]).await;
    });
}

#[test]
fn frames_of_another_organization_are_not_shown() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-1", "painter", "running"));
        let page = stage.open(&server.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.wait_for_status("Connection", "Connected").await;

        let foreign = execution("rival", "e-9", "spy", "running");
        let changed = json!({ "organizationId": "rival", "kind": "execution", "execution": foreign });
        server.send(json!({ "event": "dashboard:update", "data": changed }).to_string());
        // Frames keep their order: when this one has been heard, so has the one before.
        server.put_execution(execution("default", "e-2", "welder", "running"));
        server.send_update("default");
        page.wait_for_row("e-2", "welder").await;
        assert!(!page.text().await.contains("spy"), "another organization's execution is not shown");
    });
}

#[test]
fn leaving_an_execution_unsubscribes_and_returning_subscribes_again() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        assert_eq!(server.count("subscribe", "e-1"), 1, "one page subscribes once: {:#?}", server.received());
        page.click_link("/executions").await;
        page.find("heading", "Executions").await;
        server.wait_for_subscribers("e-1", 0).await;
        assert_eq!(server.count("unsubscribe", "e-1"), 1);

        page.click_link("/executions/e-1").await;
        server.wait_for_subscribers("e-1", 1).await;
        page.wait_for_log("Output", &lines(1..=1)).await;
        page.goto("/executions").await;
        server.wait_for_subscribers("e-1", 0).await;
    });
}

#[test]
fn going_from_one_execution_to_another_shows_only_the_other() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-2", "welder", "running"));
        server.event("e-2", &output("other-1", "of the other"));
        let page = followed(stage, &server).await;
        page.script(
            "history.pushState(null, '', '/executions/e-2'); dispatchEvent(new PopStateEvent('popstate'))",
            json!([]),
        )
        .await
        .unwrap();
        page.wait_for_log("Output", &["of the other".to_owned()]).await;
        server.wait_for_subscribers("e-1", 0).await;
        server.wait_for_subscribers("e-2", 1).await;
        page.back().await;
        page.wait_for_log("Output", &lines(1..=1)).await;
        assert_eq!(page.sockets().await.len(), 1, "all of that over one socket");
    });
}

#[test]
fn two_tabs_have_a_connection_each_and_do_not_disturb_each_other() {
    run(async |stage| {
        let server = stage.part1().await;
        let first = followed(stage, &server).await;
        let second = stage.open(&server.url(), "/executions/e-1").await;
        second.activate().await;
        second.wait_for_log("Output", &lines(1..=1)).await;
        server.wait_for_subscribers("e-1", 2).await;
        assert_eq!(server.connections(), 2);

        server.event("e-1", &output("line-2", "line 2"));
        second.wait_for_log("Output", &lines(1..=2)).await;
        second.goto("/executions").await;
        server.wait_for_subscribers("e-1", 1).await;
        server.event("e-1", &output("line-3", "line 3"));
        first.activate().await;
        first.wait_for_log("Output", &lines(1..=3)).await;
    });
}

/// A hidden page draws no frames; what arrives meanwhile must neither be lost nor wait for ever.
#[test]
fn a_hidden_page_shows_everything_when_it_is_looked_at_again() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        page.hide().await;
        until_true("the page to be hidden", async || {
            page.script("return document.visibilityState", json!([])).await.unwrap() == "hidden"
        })
        .await;
        for number in 2..=500 {
            server.event("e-1", &output(&format!("line-{number}"), &format!("line {number}")));
        }
        until("all messages to arrive", async || {
            let received = page.sockets().await.iter().map(|socket| socket.received).sum::<u64>();
            if received >= 500 { Ok(()) } else { Err(received) }
        })
        .await;
        page.show().await;
        page.wait_for_log("Output", &lines(1..=500)).await;
        page.wait_for_status("Execution status", "running").await;
        page.wait_for_status("Connection", "Connected").await;
    });
}

/// Browsers keep a page that was left for the back button, for half a minute together with its socket: the server
/// went on sending to nobody.
#[test]
fn a_page_that_is_left_closes_its_socket_and_comes_back_whole() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        page.goto("/api/health").await;
        until_true("the connection to be closed", async || !server.closes().is_empty()).await;
        assert_eq!(server.closes(), [1000], "the page closes it, and not the browser some time later");
        server.event("e-1", &output("line-2", "line 2"));
        page.back().await;
        page.wait_for_status("Connection", "Connected").await;
        page.wait_for_log("Output", &lines(1..=2)).await;
        server.wait_for_subscribers("e-1", 1).await;
        server.event("e-1", &output("line-3", "line 3"));
        page.wait_for_log("Output", &lines(1..=3)).await;
        assert_eq!(server.connections(), 1);
    });
}

/// A server that refuses for good is not asked for ever: the page says why, and waits for a person.
#[test]
fn a_bad_token_stops_reconnecting_until_a_person_asks() {
    run(async |stage| {
        let server = stage.part1().await;
        let page = followed(stage, &server).await;
        server.close_connections(4401, "no such token");
        page.wait_for_text("WebSocket disconnected").await;
        let before = server.connections_ever();
        let now = "return performance.now()";
        let started = page.script(now, json!([])).await.unwrap().as_f64().unwrap();
        until_true("three seconds of the page's clock", async || {
            page.script(now, json!([])).await.unwrap().as_f64().unwrap() > started + 3_000.0
        })
        .await;
        assert_eq!(server.connections_ever(), before, "no attempt by itself");
        page.click("button", "Reconnect").await;
        page.wait_for_status("Connection", "Connected").await;
        assert_eq!(server.connections_ever(), before + 1);
    });
}

/// Shows execution `e-1`, running, with `line 1`, subscribed.
async fn followed(stage: &Stage, server: &Part1Server) -> Page {
    server.put_execution(execution("default", "e-1", "painter", "running"));
    server
        .event("e-1", &event("start", "agent-start", &json!({ "agent": { "id": "p", "name": "painter" } })));
    server.event("e-1", &output("line-1", "line 1"));
    let page = stage.open(&server.url(), "/executions/e-1").await;
    page.wait_for_status("Execution status", "running").await;
    page.wait_for_log("Output", &lines(1..=1)).await;
    server.wait_for_subscribers("e-1", 1).await;
    page
}
