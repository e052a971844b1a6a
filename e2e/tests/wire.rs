//! The page of the wire against the real hub: what it tells of a kill, of a drop and of a proxy that knows no WebSocket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Hub, NARROW, Page, Scheme, WIDE, run,
    sample::{event, output, report},
};

/// What the browser itself writes into the console when a server can't be reached.
const UNREACHABLE: [&str; 2] = ["net::ERR_", "WebSocket connection to"];

#[test]
fn a_killed_and_restarted_hub_is_told_transition_by_transition() {
    run(async |stage| {
        let mut hub = stage.hub().await;
        report_lines(&hub, "e-1", 1..=20).await;
        let page = stage.open(&hub.url(), "/wire").await;
        page.find("heading", "Wire").await;
        wait_for_fact(&page, "Transport", "WebSocket").await;
        hub.kill().await;
        page.wait_for("three failed attempts", async |page: &Page| {
            let told = timeline(page).await;
            if told.iter().any(|line| line.contains("3 attempts failed in a row, next attempt after")) {
                Ok(())
            } else {
                Err(format!("{told:#?}"))
            }
        })
        .await;
        page.wait_for_status("Connection", "Disconnected").await;
        wait_for_fact(&page, "Transport", "none").await;
        shots(&page, "wire-disconnected").await;

        hub.restart().await;
        page.wait_for_status("Connection", "Connected").await;
        let told = page
            .wait_for("the end of the break", async |page: &Page| {
                let told = timeline(page).await;
                if told.first().is_some_and(|line| line.contains("resumed")) {
                    Ok(told)
                } else {
                    Err(format!("{told:#?}"))
                }
            })
            .await;
        let after = |from: usize, what: &str| {
            let place = told[from..].iter().position(|line| line.contains(what));
            from + place.unwrap_or_else(|| panic!("{what:?} is not told after {from}: {told:#?}"))
        };
        // The newest first.
        let connected = after(1, "connected");
        let attempt = after(connected, "attempt 4");
        let third = after(attempt, "3 attempts failed in a row, next attempt after");
        let second = after(third, "2 attempts failed in a row, next attempt after");
        let first = after(second, "1 attempt failed, next attempt after");
        let lost = after(first, "disconnected");
        after(lost, "connected");
        wait_for_fact(&page, "Resumes", "1").await;
        wait_for_fact(&page, "Gaps", "0").await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn a_connection_that_is_dropped_by_the_button_recovers_while_frames_come() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_lines(&hub, "e-1", 1..=3).await;
        let page = stage.open(&hub.url(), "/wire").await;
        wait_for_fact(&page, "Transport", "WebSocket").await;
        page.click("button", "Drop the connection").await;
        report_lines(&hub, "e-1", 4..=9).await;
        wait_for_fact(&page, "Resumes", "1").await;
        wait_for_fact(&page, "Gaps", "0").await;
        let told = timeline(&page).await;
        assert!(told.iter().any(|line| line.contains("dropped on purpose")), "{told:#?}");
        let sockets = page.sockets().await;
        let open = sockets.iter().filter(|socket| socket.state == "open").count();
        assert_eq!((open, sockets[0].code), (1, Some(4003)), "{sockets:#?}");
        wait_for_frame(&page, "handshake").await;
        wait_for_frame(&page, r#""token":"…""#).await;
    });
}

#[test]
fn the_doctor_finds_all_well_at_the_hub_itself() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_lines(&hub, "e-1", 1..=20).await;
        let page = stage.open(&hub.url(), "/wire").await;
        wait_for_fact(&page, "Transport", "WebSocket").await;
        page.click("button", "Run checks").await;
        page.wait_for_text("all is well").await;
        let text = page.text().await;
        assert!(text.contains("is not held back on the way"), "{text}");
        assert!(text.contains("agree on the time"), "{text}");
        assert_eq!(page.sockets().await.len(), 1, "a page has one socket, also under a doctor");
        report_lines(&hub, "e-2", 1..=60).await;
        wait_for_frame(&page, "dashboard:update").await;
        shots(&page, "wire-connected").await;
        page.assert_console_clean().await;
    });
}

#[test]
fn behind_a_proxy_that_refuses_sockets_the_doctor_names_them_and_gives_the_lines() {
    run(async |stage| {
        let hub = stage.hub().await;
        let proxy = stage.proxy(hub.address()).await;
        proxy.refuse_sockets();
        let page = stage.open(&proxy.url(), "/wire").await;
        page.wait_for_status("Connection", "Partial").await;
        page.click("button", "Run checks").await;
        page.wait_for_text("4 of 5 are well").await;
        let text = page.text().await;
        assert!(text.contains("does not pass WebSockets"), "{text}");
        assert!(text.contains("proxy_set_header Upgrade $http_upgrade;"), "the lines for nginx: {text}");
        page.find("button", "Copy the lines for nginx").await;
        shots(&page, "wire-doctor").await;
        proxy.heal();
        page.click("button", "Run checks").await;
        page.wait_for_text("all is well").await;
    });
}

#[test]
fn the_keys_g_and_w_lead_to_the_wire() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_status("Connection", "Connected").await;
        page.press("gw").await;
        page.find("heading", "Wire").await;
        page.find("table", "Subscriptions").await;
        assert_eq!(page.path().await, "/wire");
    });
}

/// The timeline, newest first, a line each.
async fn timeline(page: &Page) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.wire-entry')].map((entry) => entry.innerText.replaceAll('\\n', ' '))";
    let lines = page.script(script, json!([])).await.unwrap_or_default();
    lines.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

async fn wait_for_fact(page: &Page, name: &str, value: &str) {
    let script = "const name = [...document.querySelectorAll('.wire-facts dt')].find((dt) => dt.textContent === arguments[0]);
        return name?.nextElementSibling.textContent ?? null";
    page.wait_for(&format!("{name} to be {value:?}"), async |page: &Page| {
        let seen = page.script(script, json!([name])).await?;
        if seen == value { Ok(()) } else { Err(format!("it is {seen}")) }
    })
    .await;
}

/// Waits for a row among the recent frames. Rows out of sight are not laid out, and have no visible text.
async fn wait_for_frame(page: &Page, part: &str) {
    let script =
        "return [...document.querySelectorAll('.frames-frame .frame-row')].map((row) => row.textContent)";
    page.wait_for(&format!("a frame with {part:?}"), async |page: &Page| {
        let rows = page.script(script, json!([])).await?;
        let has_it = |row: &serde_json::Value| row.as_str().is_some_and(|row| row.contains(part));
        if rows.as_array().is_some_and(|rows| rows.iter().any(has_it)) {
            Ok(())
        } else {
            Err(rows.to_string())
        }
    })
    .await;
}

/// The page fits a desk and a phone, and, where pictures are asked for, has its picture taken.
async fn shots(page: &Page, name: &str) {
    for (size_name, size) in [("narrow", NARROW), ("wide", WIDE)] {
        page.resize(size).await;
        assert_eq!(page.overflow().await, (0, vec![]), "{name} fits the {size_name} screen");
        if std::env::var_os("E2E_SHOTS").is_none() {
            continue;
        }
        for scheme in [Scheme::Light, Scheme::Dark] {
            page.prefer(scheme).await;
            // Colours take a moment to change, and a picture in between shows neither scheme.
            let still =
                "return document.getAnimations().every((animation) => !(animation instanceof CSSTransition))";
            page.wait_for("the colours to stand still", async |page: &Page| {
                if page.script(still, json!([])).await? == true {
                    Ok(())
                } else {
                    Err("they change".to_owned())
                }
            })
            .await;
            page.screenshot(&format!("shots/{name}-{size_name}-{}", scheme.as_str())).await.unwrap();
        }
    }
}

async fn report_lines(hub: &Hub, execution: &str, numbers: std::ops::RangeInclusive<u32>) {
    let mut frames = vec![report(
        "default",
        execution,
        &event("start", "agent-start", &json!({ "agent": { "id": "a", "name": "a" } })),
    )];
    frames.extend(numbers.map(|number| {
        report("default", execution, &output(&format!("line-{number}"), &format!("line {number}")))
    }));
    hub.report(&frames.into()).await;
}
