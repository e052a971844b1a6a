//! What breaks between a browser and a hub, and what a person sees of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Hub, Page, run,
    sample::{Gate, event, lines, output, print_lines, report},
    until_true,
};

/// What the browser itself writes into the console when a server can't be reached.
const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];

#[test]
fn a_killed_and_restarted_hub_costs_no_line_and_doubles_none() {
    let times = std::env::var("E2E_REPEAT").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    for time in 1..=times {
        eprintln!("kill and restart, {time} of {times}");
        run(async |stage| {
            let mut hub = stage.hub().await;
            let gate = Gate::default();
            let script = format!(
                "{}; {}; {}; {}; {}",
                print_lines(1..=50),
                gate.wait("while down"),
                print_lines(51..=100),
                gate.wait("after"),
                print_lines(101..=150),
            );
            let mut command = hub.run_script("survivor", &script);
            let id = hub.execution_of("survivor").await;
            let page = stage.open(&hub.url(), &format!("/executions/{id}")).await;
            page.wait_for_log("Output", &lines(1..=50)).await;
            page.wait_for_status("Connection", "Connected").await;
            page.wait_for_text("Live updates active").await;

            hub.kill().await;
            page.wait_for_text("WebSocket disconnected").await;
            page.find("button", "Reconnect").await;
            assert_ne!(page.status("Connection").await.as_deref(), Some("Connected"));
            page.wait_for_status("Connection", "Disconnected").await;
            let text = page.text().await;
            assert!(!text.contains("Live updates active"), "nothing looks live that is not: {text}");
            assert_durations_stand_still(&page).await;
            gate.open("while down");

            hub.restart().await;
            page.wait_for_status("Connection", "Connected").await;
            page.wait_for_no_text("WebSocket disconnected").await;
            page.wait_for_log("Output", &lines(1..=100)).await;
            gate.open("after");
            page.wait_for_log("Output", &lines(1..=150)).await;
            page.wait_for_status("Execution status", "completed").await;
            assert!(command.finish().await.success(), "the command's own exit is passed through");
            page.find_no("button", "Reconnect").await;

            page.reload().await;
            page.wait_for_log("Output", &lines(1..=150)).await;
            page.assert_console_clean_but_for(&UNREACHABLE).await;
        });
    }
}

#[test]
fn a_hub_killed_twice_while_lines_pour_in_loses_none() {
    run(async |stage| {
        let mut hub = stage.hub().await;
        let script = "i=1; while [ $i -le 600 ]; do echo line $i; i=$((i+1)); sleep 0.01; done";
        let mut command = hub.run_script("steady", script);
        let id = hub.execution_of("steady").await;
        let page = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        for at_least in [40, 250] {
            page.wait_for("more lines", async |page: &Page| match page.log_lines("Output").await.len() {
                count if count >= at_least => Ok(()),
                count => Err(format!("{count} of {at_least} lines")),
            })
            .await;
            hub.kill().await;
            page.wait_for_text("WebSocket disconnected").await;
            hub.restart().await;
        }
        assert!(command.finish().await.success());
        page.wait_for_status("Execution status", "completed").await;
        page.wait_for_log("Output", &lines(1..=600)).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn a_hub_that_is_told_to_stop_takes_leave_and_loses_nothing() {
    run(async |stage| {
        let mut hub = stage.hub().await;
        let gate = Gate::default();
        let script = format!("{}; {}; {}", print_lines(1..=20), gate.wait("after"), print_lines(21..=40));
        let mut command = hub.run_script("patient", &script);
        let id = hub.execution_of("patient").await;
        let page = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        page.wait_for_log("Output", &lines(1..=20)).await;
        page.wait_for_text("Live updates active").await;

        let status = hub.terminate().await;
        assert!(status.success(), "the hub ends well on SIGTERM: {status}");
        page.wait_for_text("WebSocket disconnected").await;
        let closed = page.sockets().await.into_iter().find_map(|socket| socket.code);
        assert_eq!(closed, Some(1001), "a hub that restarts says that it goes away");
        gate.open("after");
        hub.restart().await;
        page.wait_for_log("Output", &lines(1..=40)).await;
        page.wait_for_status("Execution status", "completed").await;
        assert!(command.finish().await.success());
    });
}

#[test]
fn a_half_open_connection_is_found_by_its_heartbeat_and_replaced() {
    run(async |stage| {
        let hub = stage.hub().await;
        let proxy = stage.proxy(hub.address()).await;
        let page = running_execution(&hub, stage.open(&proxy.url(), "/").await).await;
        proxy.stall();
        report_lines(&hub, 2..=30).await;
        page.wait_for_log("Output", &lines(1..=30)).await;
        page.wait_for_status("Connection", "Connected").await;
        assert_one_open_socket(&page).await;
    });
}

/// A laptop that wakes up has connections which only look alive; waiting for the next heartbeat would show old
/// data for half a minute.
#[test]
fn a_half_open_connection_is_found_at_once_when_the_network_returns() {
    run(async |stage| {
        let hub = stage.hub().await;
        let proxy = stage.proxy(hub.address()).await;
        let page = running_execution(&hub, stage.open(&proxy.url(), "/").await).await;
        proxy.stall();
        report_lines(&hub, 2..=30).await;
        let dead = page.sockets().await.len();
        page.script("window.dispatchEvent(new Event('online'))", json!([])).await.unwrap();
        page.wait_for_log("Output", &lines(1..=30)).await;
        assert_eq!(page.sockets().await.len(), dead + 1, "the dead socket was replaced by one");
        assert_one_open_socket(&page).await;
    });
}

#[test]
fn a_cut_connection_resumes_without_loss_or_double() {
    run(async |stage| {
        let hub = stage.hub().await;
        let proxy = stage.proxy(hub.address()).await;
        let page = running_execution(&hub, stage.open(&proxy.url(), "/").await).await;
        for round in 0..5 {
            let first = 2 + round * 20;
            report_lines(&hub, first..=first + 9).await;
            proxy.cut();
            report_lines(&hub, first + 10..=first + 19).await;
            page.wait_for_log("Output", &lines(1..=first + 19)).await;
        }
        page.wait_for_status("Connection", "Connected").await;
        let sockets = page.sockets().await;
        let resumed = sockets.iter().filter(|socket| socket.sent.iter().any(|sent| sent.contains("resume")));
        assert!(resumed.count() >= 5, "each new connection resumes: {sockets:#?}");
        assert_one_open_socket(&page).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn reconnect_connects_at_once_while_the_next_attempt_is_far() {
    run(async |stage| {
        let hub = stage.hub().await;
        let proxy = stage.proxy(hub.address()).await;
        let page = running_execution(&hub, stage.open(&proxy.url(), "/").await).await;
        proxy.refuse();
        page.wait_for_text("WebSocket disconnected").await;
        page.wait_for_status("Connection", "Disconnected").await;
        // After some failures the backoff is long enough for the click to come before the timer.
        page.wait_for("three attempts", async |page: &Page| match page.sockets().await.len() {
            count if count >= 4 => Ok(()),
            count => Err(format!("{count} sockets so far")),
        })
        .await;
        report_lines(&hub, 2..=10).await;
        proxy.heal();
        page.click("button", "Reconnect").await;
        page.wait_for_status("Connection", "Connected").await;
        page.wait_for_log("Output", &lines(1..=10)).await;
        page.find_no("button", "Reconnect").await;
        page.wait_for_no_text("WebSocket disconnected").await;
        assert_one_open_socket(&page).await;
    });
}

#[test]
fn the_status_is_partial_while_only_the_api_answers() {
    run(async |stage| {
        let server = stage.part1().await;
        server.refuse_sockets(true);
        let page = stage.open(&server.url(), "/executions").await;
        page.wait_for_status("Connection", "Partial").await;
        page.find("button", "Reconnect").await;
        // While it is refused, the button is there to stay; once it isn't, the schedule may be faster than a click.
        page.click("button", "Reconnect").await;
        page.wait_for_status("Connection", "Partial").await;
        server.refuse_sockets(false);
        page.wait_for_status("Connection", "Connected").await;
        page.find_no("button", "Reconnect").await;
    });
}

/// Two seconds are two ticks of a duration that counts seconds.
async fn assert_durations_stand_still(page: &Page) {
    let before = page.durations().await;
    let start = "return performance.now()";
    let started = page.script(start, json!([])).await.unwrap().as_f64().unwrap();
    until_true("two seconds of the page's clock", async || {
        page.script(start, json!([])).await.unwrap().as_f64().unwrap() > started + 2_200.0
    })
    .await;
    assert!(!before.is_empty(), "the page shows how long the execution runs");
    assert_eq!(page.durations().await, before, "durations stop while nobody knows whether it still runs");
}

async fn assert_one_open_socket(page: &Page) {
    let sockets = page.sockets().await;
    let open = sockets.iter().filter(|socket| socket.state == "open").count();
    assert_eq!(open, 1, "exactly one socket is open: {sockets:#?}");
}

/// Reports an execution with its first line, and shows it on `page`, which is live when this returns.
async fn running_execution(hub: &Hub, page: Page) -> Page {
    hub.report(&json!([
        report(
            "default",
            "e-1",
            &event("start", "agent-start", &json!({ "agent": { "id": "a", "name": "a" } }))
        ),
        report("default", "e-1", &output("line-1", "line 1")),
    ]))
    .await;
    page.goto("/executions/e-1").await;
    page.wait_for_log("Output", &lines(1..=1)).await;
    page.wait_for_text("Live updates active").await;
    page
}

async fn report_lines(hub: &Hub, numbers: std::ops::RangeInclusive<u32>) {
    let one =
        |number| report("default", "e-1", &output(&format!("line-{number}"), &format!("line {number}")));
    hub.report(&numbers.map(one).collect()).await;
}
