//! A daemon is watched, and never spoken to: a server of part 1 over plain TCP drives the Agents page, and counts what it is sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use serde_json::json;
use switchboard_e2e::{Daemon, Hub, NARROW, Page, Scheme, Stage, WIDE, run, until, until_true};

/// What the browser itself writes into the console when a server can't be reached, and where this hub keeps no list of agents.
const UNREACHABLE: [&str; 4] =
    ["net::ERR_", "WebSocket connection to", "Switchboard left out a frame", "/api/agents"];

/// A hub whose dashboard watches `daemon`, and its Agents page.
async fn watched(stage: &Stage, daemon: &Daemon) -> (Hub, Page) {
    let hub = stage.hub_with(&["--daemon-hub-ws-url", &daemon.url()]).await;
    let page = stage.open(&hub.url(), "/agents").await;
    page.wait_for_text(&format!("Live over {}", daemon.url())).await;
    page.wait_for_status("Connection", "Connected").await;
    (hub, page)
}

fn heartbeat(agent: &str, status: &str, task: &str) -> String {
    json!({ "type": "heartbeat", "agentId": agent, "status": status, "currentTask": task }).to_string()
}

/// Waits until the row of an agent holds `text`.
async fn wait_for_agent(page: &Page, agent: &str, text: &str) {
    page.wait_for(&format!("{text:?} in the row of {agent}"), async |page: &Page| {
        is_in_row(page, agent, text).await
    })
    .await;
}

async fn is_in_row(page: &Page, agent: &str, text: &str) -> Result<(), String> {
    let rows = page.texts("row", "").await;
    let row = rows.iter().find(|row| row.contains(agent)).ok_or_else(|| format!("{rows:?}"))?;
    if row.contains(text) { Ok(()) } else { Err(row.clone()) }
}

#[test]
fn a_daemon_drives_the_page_and_is_sent_nothing() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        let (_hub, page) = watched(stage, &daemon).await;
        page.find("heading", "Agents").await;
        page.find("table", "Agents").await;
        page.find("log", "Events").await;

        daemon.say(r#"{"type":"agent_started","agentId":"painter"}"#).await;
        wait_for_agent(&page, "painter", "running").await;
        daemon.say(heartbeat("painter", "running", "the north wall")).await;
        wait_for_agent(&page, "painter", "the north wall").await;
        daemon.say(heartbeat("welder", "idle", "")).await;
        wait_for_agent(&page, "welder", "idle").await;
        daemon.say(r#"{"type":"agent_error","agentId":"welder","error":"no gas left"}"#).await;
        wait_for_agent(&page, "welder", "no gas left").await;
        daemon.say(r#"{"type":"agent_stopped","agentId":"painter"}"#).await;
        wait_for_agent(&page, "painter", "stopped").await;
        daemon.say(r#"{"type":"something_else","note":"kept by its name"}"#).await;
        page.wait_for_text("something_else").await;

        // The page's shortcut leads here, and its other pages keep the one connection.
        page.press("go").await;
        page.find("heading", "Overview").await;
        page.press("ga").await;
        wait_for_agent(&page, "painter", "stopped").await;
        assert_eq!((daemon.connections(), daemon.connections_ever()), (1, 1));

        page.click("button", "Connection details").await;
        let line = page.find("region", "Daemon (WebSocket, read-only)").await.text().await.unwrap();
        assert!(line.contains("Connected, read-only") && line.contains(&daemon.url()), "{line}");
        let sockets = page.sockets().await;
        let (to_daemon, root): (Vec<_>, Vec<_>) =
            sockets.iter().partition(|socket| socket.url == daemon.url());
        assert_eq!((to_daemon.len(), root.len()), (1, 1), "{sockets:#?}");
        assert!(to_daemon[0].sent.is_empty(), "{:?}", to_daemon[0].sent);

        // Leaving the page closes it properly, and even then nothing was sent.
        page.goto("/config.json").await;
        until_true("the daemon is left", async || daemon.connections() == 0).await;
        assert_eq!(daemon.closes(), [1000]);
        assert_eq!(daemon.bytes_received(), 0);
    });
}

#[test]
fn bad_frames_of_a_daemon_cost_exactly_themselves() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        let (_hub, page) = watched(stage, &daemon).await;
        daemon.say(heartbeat("painter", "running", "before")).await;
        wait_for_agent(&page, "painter", "before").await;
        daemon.say_bytes(&[0, 159, 146, 150]).await;
        for bad in ["", "nonsense", "[1,2]", "{}", r#"{"type":7}"#, "{\"type\":\"x\"", &"[".repeat(200_000)] {
            daemon.say(bad).await;
        }
        daemon
            .say(format!(r#"{{"type":"heartbeat","agentId":"huge","text":"{}"}}"#, "x".repeat(5_000_000)))
            .await;
        daemon.say(r#"{"type":"heartbeat"}"#).await;
        daemon.say(format!(r#"{{"type":"heartbeat","agentId":"{}"}}"#, "n".repeat(10_000))).await;
        daemon.say_bytes(heartbeat("in-bytes", "idle", "").as_bytes()).await;
        daemon.say(heartbeat("painter", "running", "after")).await;
        wait_for_agent(&page, "painter", "after").await;
        wait_for_agent(&page, "in-bytes", "idle").await;
        page.wait_for_text("8 frames could not be read.").await;
        assert!(!page.text().await.contains("huge"));
        for size in [WIDE, NARROW] {
            page.resize(size).await;
            assert_eq!(page.overflow().await, (0, vec![]), "a name of 10,000 characters fits");
        }
        assert_eq!((daemon.connections_ever(), daemon.bytes_received()), (1, 0));
    });
}

#[test]
fn a_daemon_that_fell_silent_is_noticed_and_connected_to_anew() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        let (_hub, page) = watched(stage, &daemon).await;
        // It says that it beats every second, and then says nothing any more, with its connection open.
        for _ in 0..3 {
            daemon
                .say(r#"{"type":"heartbeat","agentId":"painter","status":"running","heartbeatSeconds":1}"#)
                .await;
        }
        wait_for_agent(&page, "painter", "running").await;
        let said = page.wait_for_text("three heartbeats were due").await;
        assert!(said.contains("Nothing was heard for"), "{said}");
        until_true("it is connected to anew", async || daemon.connections_ever() >= 2).await;
        page.wait_for_text(&format!("Live over {}", daemon.url())).await;
        wait_for_agent(&page, "painter", "stale").await;
        daemon.say(heartbeat("painter", "running", "back")).await;
        wait_for_agent(&page, "painter", "back").await;
        assert_eq!(daemon.bytes_received(), 0);
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn a_daemon_that_refuses_leaves_the_page_working() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        daemon.refuse(true);
        let hub = stage.hub_with(&["--daemon-hub-ws-url", &daemon.url()]).await;
        let page = stage.open(&hub.url(), "/agents").await;
        page.wait_for_text("Daemon disconnected").await;
        page.wait_for_status("Connection", "Connected").await;
        daemon.refuse(false);
        page.click("button", "Reconnect to the daemon").await;
        page.wait_for_text(&format!("Live over {}", daemon.url())).await;
        daemon.say(heartbeat("painter", "running", "the north wall")).await;
        wait_for_agent(&page, "painter", "the north wall").await;

        daemon.refuse(true);
        daemon.drop_connections();
        page.wait_for_text("What you see is as of").await;
        let before = page.texts("row", "").await;
        // Two turns of the page's clock.
        let clock = page.script("return performance.now()", json!([])).await.unwrap().as_f64().unwrap();
        until("two seconds of the page to pass", async || {
            let now = page.script("return performance.now()", json!([])).await.unwrap().as_f64().unwrap();
            if now > clock + 2_200.0 { Ok(()) } else { Err(now) }
        })
        .await;
        assert_eq!(page.texts("row", "").await, before, "nothing ticks while nothing comes");
        page.click_link("/executions").await;
        page.find("heading", "Executions").await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
        assert_eq!(daemon.bytes_received(), 0);
    });
}

#[test]
fn without_a_daemon_agents_come_over_the_pages_socket() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/agents").await;
        page.wait_for_text("No agents yet").await;
        page.wait_for_text("switchboard agent --id demo").await;
        hub.report(&serde_json::from_str(&heartbeat("painter", "running", "the north wall")).unwrap()).await;
        wait_for_agent(&page, "painter", "the north wall").await;
        page.wait_for_text("Live over the page's socket").await;
        assert_eq!(page.sockets().await.len(), 1);
    });
}

/// 50,000 events a second: what a person does is still answered, what is not in view is counted, and the agents are right at the end.
#[test]
fn a_daemons_flood_leaves_the_page_usable() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        let (_hub, page) = watched(stage, &daemon).await;
        let measure = "window.__frames = []; window.__lags = [];
            const frame = (at) => { window.__frames.push(at); requestAnimationFrame(frame); };
            requestAnimationFrame(frame);
            let due = performance.now() + 50;
            setInterval(() => { const now = performance.now(); window.__lags.push(now - due); due = now + 50; }, 50);";
        page.script(measure, json!([])).await.unwrap();
        let flood = daemon.flood(50_000, Duration::from_secs(10), |number| {
            heartbeat(&format!("agent-{}", number % 50), "running", &format!("step {number}"))
        });
        // As a person does it, and not by asking the browser for the role of a thousand rows, which takes longer than the flood.
        let filter_and_pause = "const card = document.querySelector('.is-events-card');
            const button = (name) => [...card.querySelectorAll('button')].find((it) => it.innerText.trim() === name);
            const field = card.querySelector('input[type=search]');
            const began = performance.now();
            field.value = 'agent-7\"';
            field.dispatchEvent(new Event('input', { bubbles: true }));
            button('Pause').click();
            return new Promise((done) => {
                const look = () => button('Follow') ? done(performance.now() - began) : requestAnimationFrame(look);
                look();
            })";
        let figures = "const gaps = window.__frames.slice(1).map((at, i) => at - window.__frames[i]).sort((a, b) => a - b);
            const lags = window.__lags.sort((a, b) => a - b);
            const of = (list, part) => Math.round(list[Math.floor((list.length - 1) * part)]);
            return [window.__frames.length, of(gaps, 0.5), of(gaps, 0.95), of(gaps, 1), of(lags, 0.5), of(lags, 0.95), of(lags, 1)]";
        let left_out = "return document.querySelector('.is-events-card .log-note')?.innerText ?? ''";
        let use_it = async {
            page.wait_for("the flood to be more than the page can read", async |page: &Page| {
                let text = page.script(left_out, json!([])).await?;
                if text.as_str().is_some_and(|text| text.contains("more came than")) {
                    Ok(())
                } else {
                    Err(text.to_string())
                }
            })
            .await;
            page.script(filter_and_pause, json!([])).await.unwrap().as_f64().unwrap()
        };
        tokio::pin!(flood);
        let took = tokio::select! {
            took = use_it => took,
            _ = &mut flood => panic!("the page could not be used until the flood was over"),
        };
        let said = flood.await;
        // They go on beating, as agents do: what is still on its way of the flood may be left out, and a heartbeat with it.
        let at_rest = "return [...document.querySelectorAll('.agent-rows tbody tr')]
            .filter((row) => row.innerText.includes('rests')).length";
        page.wait_for("all agents to rest", async |page: &Page| {
            for agent in 0..50 {
                daemon.say(heartbeat(&format!("agent-{agent}"), "idle", "rests")).await;
            }
            let resting = page.script(at_rest, json!([])).await?;
            if resting == 50 { Ok(()) } else { Err(resting.to_string()) }
        })
        .await;
        // And what was paused goes on, by its key.
        page.press("f").await;
        let last = "return [...document.querySelectorAll('.event-row')].slice(-3).map((row) => row.textContent).join()";
        page.wait_for("the events to be followed again", async |page: &Page| {
            let text = page.script(last, json!([])).await?;
            if text.as_str().is_some_and(|text| text.contains("rests")) {
                Ok(())
            } else {
                Err(text.to_string())
            }
        })
        .await;
        let figures = page.script(figures, json!([])).await.unwrap();
        let left_out = page.script(left_out, json!([])).await.unwrap();
        println!(
            "FLOOD said {said}, filter and pause took {took} ms, [frames, gap p50, p95, max, lag p50, p95, max] {figures}; {left_out}"
        );
        assert_eq!(daemon.bytes_received(), 0);
    });
}

#[test]
fn the_page_fits_the_screen_with_a_daemons_agents_in_every_state() {
    run(async |stage| {
        let daemon = stage.daemon().await;
        let (_hub, page) = watched(stage, &daemon).await;
        let shots = std::env::var_os("E2E_SHOTS").is_some();
        let shoot = async |name: &str| {
            for (size_name, size) in [("wide", WIDE), ("narrow", NARROW)] {
                for scheme in [Scheme::Light, Scheme::Dark] {
                    page.resize(size).await;
                    page.prefer(scheme).await;
                    assert_eq!(page.overflow().await, (0, vec![]), "{name} {size_name} fits");
                    if shots {
                        page.screenshot(&format!("shots/agents-{name}-{size_name}-{}", scheme.as_str()))
                            .await
                            .unwrap();
                    }
                }
            }
        };
        shoot("empty").await;
        let long = "/usr/lib/a/path/without/any/place/to/break/".repeat(6);
        let stale = r#"{"type":"heartbeat","agentId":"night-watch","status":"idle","heartbeatSeconds":1,"department":{"id":"o","name":"Operations"}}"#;
        daemon.say(stale).await;
        for beat in 0..24 {
            for (agent, task) in [("mail-reader", "Reads what came since 08:00"), ("painter", long.as_str())]
            {
                let mut frame = json!({"type":"heartbeat","agentId":agent,"status":"running","currentTask":task,"department":{"id":"r","name":"Research and Development"}});
                if agent == "painter" {
                    frame["executionId"] = json!("e-1");
                }
                daemon.say(frame.to_string()).await;
            }
            tokio::time::sleep(Duration::from_millis(if beat % 9 == 4 { 700 } else { 210 })).await;
        }
        daemon.say(heartbeat("librarian", "idle", "")).await;
        daemon.say(r#"{"type":"agent_started","agentId":"ünïcödé 画家"}"#).await;
        daemon.say(r#"{"type":"agent_stopped","agentId":"ünïcödé 画家"}"#).await;
        daemon
            .say(
                json!({"type":"agent_error","agentId":"welder","error":format!("no gas left in {long}")})
                    .to_string(),
            )
            .await;
        daemon.say(r#"{"type":"heartbeat","agentId":"clock-ahead","status":"running","timestamp":"2099-01-01T00:00:00Z","heartbeatSeconds":60}"#).await;
        daemon
            .say(format!(
                r#"{{"type":"heartbeat","agentId":"{}","status":"running","heartbeatSeconds":60}}"#,
                "n".repeat(10_000)
            ))
            .await;
        daemon.say(r#"{"type":"build_done","minutes":12,"steps":[{"name":"compile","ok":true},{"name":"test","ok":true}]}"#).await;
        wait_for_agent(&page, "night-watch", "stale").await;
        shoot("busy").await;
        page.resize(WIDE).await;
        page.script("const heads = document.querySelectorAll('.event-head'); heads[heads.length - 1].click(); window.scrollTo(0, 9999)", json!([])).await.unwrap();
        page.wait_for_text("\"compile\"").await;
        shoot("opened").await;
        page.script("window.scrollTo(0, 0)", json!([])).await.unwrap();
        daemon.refuse(true);
        daemon.drop_connections();
        page.wait_for_text("What you see is as of").await;
        page.resize(WIDE).await;
        page.click("button", "Connection details").await;
        page.wait_for_text("Daemon (WebSocket, read-only)").await;
        shoot("disconnected").await;
        assert_eq!(daemon.bytes_received(), 0);
    });
}
