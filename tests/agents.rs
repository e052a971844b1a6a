//! Agents over the page's socket and over a daemon's own, against scriptable servers.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::prelude::*;
use leptos_router::components::Router;
use support::*;
use switchboard_dashboard::{
    components::{Connection, Ticker},
    pages::AgentsPage,
    realtime::{DaemonConnector, DaemonOptions, UseDaemon, use_daemon, use_websocket_context},
};
use switchboard_link::{Backoff, LinkState};
use switchboard_protocol::AgentStatus;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const DAEMON: &str = "ws://127.0.0.1:2/daemon";

fn heartbeat(agent: &str, status: &str, task: &str) -> String {
    format!(r#"{{"type":"heartbeat","agentId":"{agent}","status":"{status}","currentTask":"{task}"}}"#)
}

fn list(agents: &[(&str, &str)], seq: u32) -> String {
    let items: Vec<_> = agents
        .iter()
        .map(|(id, status)| {
            format!(r#"{{"agentId":"{id}","organizationId":"acme","status":"{status}","heardAt":"2026-01-31T12:00:00Z"}}"#)
        })
        .collect();
    format!(r#"{{"items":[{}],"seq":{seq}}}"#, items.join(","))
}

fn quick_daemon() -> DaemonOptions {
    let backoff = Backoff { initial_ms: 2, factor: 1.0, cap_ms: 4, max_attempts: None };
    DaemonOptions { reconnect: true, backoff }
}

/// Mounts the hook alone.
fn hook(stage: &mut Stage, daemon: Option<&str>) -> UseDaemon {
    let hooks = Notes::new();
    let give = hooks.clone();
    let config = daemon.map_or_else(config, config_with_daemon);
    stage.mount_as(config, quick(), move || {
        give.add(use_daemon());
    });
    hooks.all()[0]
}

/// Mounts the whole page.
fn page(stage: &mut Stage, daemon: Option<&str>) {
    let config = daemon.map_or_else(config, config_with_daemon);
    stage.mount_as(config, quick(), || {
        Ticker::provide();
        view! {
            <Connection />
            <Router>
                <main>
                    <AgentsPage />
                </main>
            </Router>
        }
    });
}

fn ids(hook: UseDaemon) -> Vec<String> {
    hook.agents.with_untracked(|agents| agents.iter().map(|agent| agent.id.to_string()).collect())
}

fn status(hook: UseDaemon, agent: &str) -> Option<AgentStatus> {
    let row = hook.agents.get_untracked().into_iter().find(|row| row.id.as_str() == agent)?;
    Some(row.summary.with_untracked(|summary| summary.status))
}

fn kinds(hook: UseDaemon) -> Vec<String> {
    hook.events.with_untracked(|events| events.iter().map(|event| event.kind.to_string()).collect()).unwrap()
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).unwrap().map(JsCast::unchecked_into)
}

fn text(selector: &str) -> String {
    find(selector).map(|element| element.text_content().unwrap()).unwrap_or_default()
}

fn texts(selector: &str) -> Vec<String> {
    let found = document().query_selector_all(selector).unwrap();
    (0..found.length()).map(|place| found.get(place).unwrap().text_content().unwrap()).collect()
}

// --- the connector

#[wasm_bindgen_test]
async fn two_connectors_share_nothing_and_never_send() {
    let _stage = Stage::new();
    let one = DaemonConnector::new(DAEMON, quick_daemon());
    let two = DaemonConnector::new("ws://127.0.0.1:3/daemon", quick_daemon());
    assert_eq!(daemon_constructed(), 0, "nothing connects unasked");
    one.connect();
    one.connect();
    two.connect();
    until("both are connected", || daemon_connections() == 2).await;
    until("both say so", || [&one, &two].iter().all(|daemon| daemon.status().state == LinkState::Connected))
        .await;
    one.disconnect();
    assert_eq!(one.status().state, LinkState::Disconnected);
    until("one is closed", || daemon_connections() == 1).await;
    assert_eq!(daemon_closed_by_client(), "1000");
    settle().await;
    assert_eq!(daemon_constructed(), 2, "no reconnect follows");
    assert_eq!(two.status().state, LinkState::Connected);
    one.reconnect();
    until("it is back", || daemon_connections() == 2).await;
    drop((one, two));
    until("who is dropped is closed", || daemon_connections() == 0).await;
    assert_eq!(daemon_heard(), "", "not a word was said to the daemon");
}

#[wasm_bindgen_test]
async fn listeners_hear_every_event_once_in_order_until_their_handle_is_dropped() {
    use LinkState::{Connected, Connecting, Disconnected};

    let _stage = Stage::new();
    let daemon = DaemonConnector::new(DAEMON, quick_daemon());
    let (events, states) = (Notes::new(), Notes::new());
    let (heard, seen) = (events.clone(), states.clone());
    let hearing = daemon.on_event(move |event| heard.add((event.kind.to_owned(), event.agent().is_some())));
    let other = Notes::new();
    let also = other.clone();
    let second = daemon.on_event(move |event| also.add(event.raw.text().to_owned()));
    let watching = daemon.on_state_change(move |status| seen.add(status.state));
    daemon.connect();
    until("it is connected", || daemon.status().state == LinkState::Connected).await;
    daemon_say(&format!(
        "{}\n{{\"type\":\"build_done\",\"minutes\":4}}\n{{\"type\":\"heartbeat\"}}",
        heartbeat("a", "idle", "")
    ));
    until("they came", || events.len() == 3).await;
    let expected = [("heartbeat", true), ("build_done", false), ("heartbeat", false)];
    assert_eq!(events.all(), expected.map(|(kind, is_agent)| (kind.to_owned(), is_agent)));
    assert_eq!(other.all()[1], r#"{"type":"build_done","minutes":4}"#, "as it was written");

    hearing.unsubscribe();
    daemon_say(r#"{"type":"more"}"#);
    until("the other hears it", || other.len() == 4).await;
    assert_eq!(events.len(), 3);
    daemon_drop(1006);
    until("it is connected again", || daemon_connections() == 1 && daemon_constructed() == 2).await;
    until("the states were told", || states.all().last() == Some(&LinkState::Connected)).await;
    let (mut told, before) = (states.all(), states.len());
    told.dedup();
    assert_eq!(told, [Connecting, Connected, Disconnected, Connecting, Connected]);
    drop((second, watching));
    daemon.disconnect();
    settle().await;
    assert_eq!(states.len(), before);
    assert_eq!(daemon_heard(), "");
}

#[wasm_bindgen_test]
async fn an_address_that_is_none_is_said_in_words_and_not_tried_again() {
    let _stage = Stage::new();
    for bad in ["not an address", "ftp://127.0.0.1/daemon", ""] {
        let daemon = DaemonConnector::new(bad, quick_daemon());
        let states = Notes::new();
        let seen = states.clone();
        let _watching = daemon.on_state_change(move |status| seen.add(status.state));
        daemon.connect();
        assert_eq!(daemon.status().state, LinkState::Error);
        assert!(daemon.status().last_error.unwrap().to_string().contains("is no address of a WebSocket"));
        assert_eq!(states.all(), [LinkState::Error]);
        daemon.disconnect();
        assert_eq!(daemon.status().state, LinkState::Disconnected);
    }
    settle().await;
    assert_eq!(daemon_constructed(), 0);
}

#[wasm_bindgen_test]
async fn binary_and_malformed_frames_cost_exactly_themselves() {
    let _stage = Stage::new();
    let daemon = DaemonConnector::new(DAEMON, quick_daemon());
    let events = Notes::new();
    let heard = events.clone();
    let _hearing = daemon.on_event(move |event| heard.add(event.kind.to_owned()));
    daemon.connect();
    until("it is connected", || daemon.status().state == LinkState::Connected).await;
    daemon_say_bytes(&[0xff, 0, 1, 2]);
    daemon_say_bytes(br#"{"type":"in_bytes"}"#);
    daemon_say(&format!(
        "nonsense\n{{\"type\":\"huge\",\"text\":\"{}\"}}\n{{\"type\":\"last\"}}",
        "x".repeat(300_000)
    ));
    until("they came", || events.len() == 2).await;
    assert_eq!(events.all(), ["in_bytes", "last"]);
    assert_eq!(daemon.stats().undecodable, 3);
    assert_eq!(daemon_constructed(), 1, "and not the connection");
}

// --- the hook, over the page's socket

#[wasm_bindgen_test]
async fn the_list_and_the_frames_meet_without_hole_or_double() {
    let mut stage = Stage::new();
    hold("/api/agents");
    answer("/api/agents", 200, &list(&[("a", "running"), ("b", "idle")], 1));
    let hook = hook(&mut stage, None);
    until_connected().await;
    assert!(hook.is_loading.get_untracked());
    // The first is in the list already, the second is not.
    publish(&heartbeat("a", "running", "one"));
    publish(r#"{"type":"agent_stopped","agentId":"b"}"#);
    until("the frames came", || hook.total.get_untracked() == 2).await;
    release("/api/agents");
    until("the list came", || !hook.is_loading.get_untracked()).await;
    until("it is folded", || status(hook, "b") == Some(AgentStatus::Stopped)).await;
    assert_eq!((ids(hook), status(hook, "a")), (vec!["a".into(), "b".into()], Some(AgentStatus::Running)));
    assert_eq!(kinds(hook), ["heartbeat", "agent_stopped"]);
    assert_eq!(daemon_constructed(), 0, "no second socket");
}

#[wasm_bindgen_test]
async fn one_heartbeat_changes_one_row_which_stays_the_same() {
    let mut stage = Stage::new();
    answer("/api/agents", 200, &list(&[("a", "running"), ("b", "idle")], 0));
    let hook = hook(&mut stage, None);
    until_connected().await;
    until("both are there", || ids(hook).len() == 2).await;
    let rows = hook.agents.get_untracked();
    let (moved, changes) = (Notes::new(), Notes::new());
    let (note_moved, note) = (moved.clone(), changes.clone());
    let owner = Owner::new();
    owner.with(|| {
        Effect::new(move || {
            hook.agents.track();
            note_moved.add(());
        });
        for row in rows.clone() {
            let note = note.clone();
            Effect::new(move || {
                row.summary.track();
                note.add(row.id.to_string());
            });
        }
    });
    settle().await;
    let (before_moved, before) = (moved.len(), changes.len());
    publish(&heartbeat("b", "running", "mail"));
    until("it is folded", || status(hook, "b") == Some(AgentStatus::Running)).await;
    settle().await;
    assert_eq!(changes.all()[before..], ["b"]);
    assert_eq!(moved.len(), before_moved, "no row came or went");
    drop(owner);
}

#[wasm_bindgen_test]
async fn frames_of_other_organizations_are_not_shown_and_switching_begins_anew() {
    let mut stage = Stage::new();
    answer("/api/agents", 200, &list(&[], 0));
    let (hooks, contexts) = (Notes::new(), Notes::new());
    let (give, give_context) = (hooks.clone(), contexts.clone());
    stage.mount(move || {
        give.add(use_daemon());
        give_context.add(use_websocket_context());
    });
    let hook = hooks.all()[0];
    until_connected().await;
    until("the list came", || !hook.is_loading.get_untracked()).await;
    publish(r#"{"type":"agent_started","agentId":"theirs","organizationId":"other"}"#);
    publish(r#"{"type":"agent_started","agentId":"ours","organizationId":"acme"}"#);
    until("ours is there", || ids(hook) == ["ours"]).await;
    contexts.all()[0].set_organization("other".into());
    until("nothing of before is left", || ids(hook).is_empty() && kinds(hook).is_empty()).await;
}

#[wasm_bindgen_test]
async fn after_a_resync_the_list_is_fetched_again() {
    let mut stage = Stage::new();
    answer("/api/agents", 200, &list(&[("a", "running")], 0));
    let hook = hook(&mut stage, None);
    until_connected().await;
    until("it is there", || ids(hook) == ["a"]).await;
    answer("/api/agents", 200, &list(&[("a", "running"), ("z", "running")], 0));
    script(r#"{"epoch":"two"}"#);
    drop_connections(1012, "");
    until("the new list is there", || ids(hook) == ["a", "z"]).await;
}

#[wasm_bindgen_test]
async fn a_server_without_a_list_shows_what_its_frames_tell_and_a_failure_can_be_retried() {
    let mut stage = Stage::new();
    script(r#"{"mode":"part1"}"#);
    let first = hook(&mut stage, None);
    until_connected().await;
    until("that there is none is no failure", || !first.is_loading.get_untracked()).await;
    publish(&heartbeat("a", "running", "mail"));
    until("it is there", || ids(first) == ["a"]).await;
    drop(stage);

    let mut stage = Stage::new();
    answer("/api/agents", 403, r#"{"title":"no"}"#);
    page(&mut stage, None);
    until("it says so", || find("[role=alert]").is_some()).await;
    answer("/api/agents", 200, &list(&[("late", "idle")], 0));
    find("[role=alert] button").unwrap().click();
    until("the row is there", || text(".agent-rows tbody").contains("late")).await;
}

// --- the hook, over a daemon's own connection

#[wasm_bindgen_test]
async fn a_daemon_has_one_connection_whoever_looks_and_the_root_socket_stays_one() {
    let mut stage = Stage::new();
    let hooks = Notes::new();
    let give = hooks.clone();
    stage.mount_as(config_with_daemon(DAEMON), quick(), move || {
        give.add(use_daemon());
        give.add(use_daemon());
    });
    until_connected().await;
    until("the daemon is connected", || daemon_connections() == 1).await;
    daemon_say(&heartbeat("a", "running", "mail"));
    for hook in hooks.all() {
        until("both see it", || ids(hook) == ["a"]).await;
        assert_eq!((hook.total.get_untracked(), hook.state.get_untracked()), (1, LinkState::Connected));
    }
    // What the hub says of agents is not the daemon's.
    publish(&heartbeat("of-the-hub", "running", "mail"));
    settle().await;
    assert_eq!(ids(hooks.all()[0]), ["a"]);
    assert_eq!((constructed(), daemon_constructed()), (1, 1));
    assert!(!requests().contains("/api/agents"), "a daemon has no list to ask for");
    assert_eq!(daemon_heard(), "");
    stage.unmount();
    until("it goes with the page", || daemon_connections() == 0).await;
}

#[wasm_bindgen_test]
async fn a_flood_is_bounded_and_what_is_left_out_is_counted() {
    let mut stage = Stage::new();
    let hook = hook(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    let mut lines: Vec<_> = (0..5_000).map(|number| heartbeat("a", "running", &number.to_string())).collect();
    lines.push(r#"{"type":"agent_error","agentId":"b","error":"disk full"}"#.into());
    daemon_say(&lines.join("\n"));
    let counted = || hook.total.get_untracked() + hook.left_out();
    until("all were counted", || counted() == 5_001).await;
    until("what was read is folded", || ids(hook) == ["a", "b"]).await;
    assert_eq!(status(hook, "b"), Some(AgentStatus::Error), "an error is read also then");
    assert!(hook.left_out() > 0, "a page does not read without end");
    assert_eq!(kinds(hook).len(), 1_000);
    until("those who look were told", || hook.unseen.get_untracked() + 1_000 == hook.total.get_untracked())
        .await;
}

#[wasm_bindgen_test]
async fn a_daemon_that_refuses_says_why_and_the_page_works() {
    let mut stage = Stage::new();
    script(r#"{"daemon":"refuse"}"#);
    page(&mut stage, Some(DAEMON));
    until("it says so", || text(".agents-trouble").contains("Daemon disconnected")).await;
    assert!(find("[role=log][aria-label=Events]").is_some() && find("table[aria-label=Agents]").is_some());
    until("the header is about the hub", || text("[role=status][aria-label=Connection]") == "Connected")
        .await;
    script(r#"{"daemon":"open"}"#);
    find(".agents-trouble button").unwrap().click();
    until("it is live", || text(".agents-source").contains("Live over ws://127.0.0.1:2/daemon")).await;
    until("nothing is wrong any more", || text(".agents-trouble").is_empty()).await;
    assert_eq!(daemon_heard(), "");
}

#[wasm_bindgen_test]
async fn a_malformed_address_is_said_and_the_popover_has_a_line_of_its_own() {
    let mut stage = Stage::new();
    page(&mut stage, Some("daemon, please"));
    until("it says so", || text(".agents-trouble").contains("is no address of a WebSocket")).await;
    until_connected().await;
    find("button[aria-label='Connection details']").unwrap().click();
    let line = "#connection-details section[aria-label='Daemon (WebSocket, read-only)']";
    until("it has its line", || text(line).contains("Stopped")).await;
    assert!(text(line).contains("daemon, please"), "{}", text(line));
    assert_eq!(text("[role=status][aria-label=Connection]"), "Connected", "the word is about the hub");
}

// --- the page

#[wasm_bindgen_test]
async fn the_page_shows_status_task_error_and_every_word() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    daemon_say(&[
        heartbeat("runs", "running", "reading mail"),
        heartbeat("waits", "idle", ""),
        r#"{"type":"agent_started","agentId":"ended"}"#.to_owned(),
        r#"{"type":"agent_stopped","agentId":"ended"}"#.to_owned(),
        r#"{"type":"agent_error","agentId":"failed","error":"disk full"}"#.to_owned(),
        r#"{"type":"heartbeat","agentId":"works","status":"running","currentTask":"report","executionId":"e 1","department":{"id":"d","name":"Research"}}"#.to_owned(),
    ]
    .join("\n"));
    until("all are there", || texts(".agent-rows tbody tr").len() == 5).await;
    let rows = texts(".agent-rows tbody tr");
    let has = |words: &[&str]| rows.iter().any(|row| words.iter().all(|word| row.contains(word)));
    assert!(has(&["running", "runs", "reading mail", "s ago"]), "{rows:?}");
    assert!(has(&["idle", "waits"]) && has(&["stopped", "ended"]), "{rows:?}");
    assert!(has(&["error", "failed", "disk full"]) && has(&["works", "Research"]), "{rows:?}");
    let link = find(".agent-rows a").unwrap();
    assert_eq!(link.get_attribute("href").unwrap(), "/executions/e%201");
    assert_eq!(texts(".event-row").len(), 6);
}

#[wasm_bindgen_test]
async fn an_event_opens_to_its_json_and_is_not_written_over_while_it_is_read() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    daemon_say(r#"{"type":"build_done","minutes":12345678901234567890}"#);
    until("it is there", || find(".event-head").is_some()).await;
    find(".event-head").unwrap().click();
    assert_eq!(text(".event-json"), "{\n  \"type\": \"build_done\",\n  \"minutes\": 12345678901234567890\n}");
    let many: Vec<_> = (0..1_500).map(|number| format!(r#"{{"type":"note","n":{number}}}"#)).collect();
    daemon_say(&many.join("\n"));
    until("the others wait", || text(".log-pending").contains("1,500 new events")).await;
    assert!(text(".event-json").contains("build_done"));
    find(".log-pending").unwrap().click();
    until("the latest are there", || texts(".event-row").len() == 1_000).await;
    assert!(text(".events").contains("\"n\":1499") && !text(".events").contains("build_done"));
}

#[wasm_bindgen_test]
async fn what_is_known_stands_still_while_the_connection_is_down() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    // It says that it beats every second, so that it is stale after three.
    daemon_say(r#"{"type":"heartbeat","agentId":"a","status":"running","heartbeatSeconds":1}"#);
    until("it is there", || text(".agent-rows tbody").contains("running")).await;
    script(r#"{"daemon":"refuse"}"#);
    daemon_drop(1006);
    until("it says since when", || text(".agents-trouble").contains("What you see is as of")).await;
    until("it is marked", || find(".agents[data-live=false]").is_some()).await;
    let before = text(".agent-rows tbody");
    gloo_timers::future::TimeoutFuture::new(4_500).await;
    assert_eq!(text(".agent-rows tbody"), before, "nothing ticks, and nothing turns stale");
    script(r#"{"daemon":"open"}"#);
    find(".agents-trouble button").unwrap().click();
    until("it is live", || find(".agents[data-live=true]").is_some()).await;
    // Nobody listened to it meanwhile, so it is stale only once it was listened to for long enough; then the silent connection,
    // too, may be replaced.
    assert!(text(".agent-rows tbody").contains("running"));
    until("it is stale", || text(".agent-rows tbody").contains("stale")).await;
    assert!(text(".agent-rows tbody").contains("silent since"));
}

#[wasm_bindgen_test]
async fn odd_times_and_names_are_shown_as_they_are() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    let long = "n".repeat(10_000);
    daemon_say(
        &[
            r#"{"type":"heartbeat","agentId":"future","timestamp":"2099-01-01T00:00:00Z"}"#.to_owned(),
            r#"{"type":"heartbeat","agentId":"past","timestamp":"1999-01-01T00:00:00Z"}"#.to_owned(),
            format!(r#"{{"type":"heartbeat","agentId":"{long}"}}"#),
        ]
        .join("\n"),
    );
    until("all are there", || texts(".agent-rows tbody tr").len() == 3).await;
    let rows = texts(".agent-rows tbody tr").join("\n");
    assert!(rows.contains("ahead") && rows.contains("behind") && !rows.contains('-'), "{rows}");
    assert!(rows.len() < 2_000, "a name of any length is cut for its cell");
}

// A list that was refused was hidden by the first heartbeat: of twenty agents the page showed one, as if that were all.
#[wasm_bindgen_test]
async fn a_list_that_failed_is_said_also_where_frames_tell_of_some_agents() {
    let mut stage = Stage::new();
    answer("/api/agents", 403, "{}");
    page(&mut stage, None);
    until_connected().await;
    until("it says so", || text("[role=alert]").contains("The list of agents could not be loaded")).await;
    publish(&heartbeat("a", "running", "mail"));
    until("the row is there", || text(".agent-rows tbody").contains("mail")).await;
    assert!(text("[role=alert]").contains("The list of agents could not be loaded"));
    assert_eq!(text(".rows-foot"), "1 heard of so far");
    answer("/api/agents", 200, &list(&[("a", "running"), ("b", "idle")], 1));
    find("[role=alert] button").unwrap().click();
    until("all are there", || text(".rows-foot") == "2 agents").await;
    assert!(find("[role=alert]").is_none());
}

// A daemon's address may hold a token, and stood with it in the head of the page, in its title, in the popover and in refusals.
#[wasm_bindgen_test]
async fn no_token_of_a_daemons_address_is_shown() {
    for address in ["ws://127.0.0.1:2/daemon?token=s3cret", "ftp://127.0.0.1/daemon?token=s3cret"] {
        let mut stage = Stage::new();
        page(&mut stage, Some(address));
        until("the page tells of it", || {
            text(".agents-source").contains("127.0.0.1") && {
                let is_live = text(".agents-source").starts_with("Live over ws://127.0.0.1:2/daemon");
                is_live || text(".agents-trouble").contains("is no address")
            }
        })
        .await;
        find("button[aria-label='Connection details']").unwrap().click();
        let line = "#connection-details section[aria-label='Daemon (WebSocket, read-only)']";
        until("the popover tells of it", || text(line).contains("127.0.0.1")).await;
        let shown = document().body().unwrap().inner_html();
        assert!(!shown.contains("s3cret"), "{}", shown.split("s3cret").next().unwrap());
    }
}

// Each attempt was read out as news, and the words changed with it.
#[wasm_bindgen_test]
async fn attempts_to_reach_a_daemon_are_no_news() {
    let mut stage = Stage::new();
    script(r#"{"daemon":"refuse"}"#);
    page(&mut stage, Some(DAEMON));
    until("it says so", || text(".problem-title") == "Daemon disconnected").await;
    let other = Notes::new();
    let note = other.clone();
    let attempts = daemon_constructed();
    find(".agents-trouble button").unwrap().click();
    until("another attempt has failed", || {
        let title = text(".problem-title");
        if title != "Daemon disconnected" {
            note.add(title);
        }
        daemon_constructed() > attempts && text(".agents-source").starts_with("Not live")
    })
    .await;
    settle().await;
    assert_eq!((other.all(), text(".problem-title")), (vec![], "Daemon disconnected".to_owned()));
    assert!(find(".agents [role=alert]").is_none() && find(".agents-trouble[role=status]").is_some());
}

fn press(selector: &str, key: &str, with_ctrl: bool) {
    let dispatch = js_sys::Function::new_with_args(
        "element, key, ctrlKey",
        "element.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true, cancelable: true }))",
    );
    let element = find(selector).unwrap();
    dispatch.call3(&wasm_bindgen::JsValue::NULL, &element, &key.into(), &with_ctrl.into()).unwrap();
}

/// The number of the event that has the focus.
fn focused_event() -> Option<String> {
    document().active_element()?.parent_element()?.get_attribute("data-number")
}

/// The numbers of the events that Tab leads to.
fn stops() -> Vec<String> {
    let found = document().query_selector_all(".event-head[tabindex='0']").unwrap();
    let number = |place| {
        let head: HtmlElement = found.get(place).unwrap().unchecked_into();
        head.parent_element().unwrap().get_attribute("data-number").unwrap()
    };
    (0..found.length()).map(number).collect()
}

const FOCUSED: &str = ".event-head:focus";

// A thousand events were a thousand stops of Tab, the oldest first, and j and k did nothing.
#[wasm_bindgen_test]
async fn tab_leads_to_one_event_and_the_arrows_to_the_others() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    let say = |count: usize| {
        let lines: Vec<_> = (0..count).map(|number| format!(r#"{{"type":"note","n":{number}}}"#)).collect();
        daemon_say(&lines.join("\n"));
    };
    say(3);
    until("they are there", || texts(".event-row").len() == 3).await;
    assert_eq!(stops(), ["3"], "the newest");
    say(2);
    until("more are there", || texts(".event-row").len() == 5).await;
    assert_eq!(stops(), ["5"]);

    find(".event-head[tabindex='0']").unwrap().focus().unwrap();
    press(FOCUSED, "ArrowUp", false);
    assert_eq!((focused_event().as_deref(), stops()), (Some("4"), vec!["4".to_owned()]));
    press(FOCUSED, "ArrowUp", true);
    assert_eq!(focused_event().as_deref(), Some("4"), "with a modifier it is the browser's");
    say(1);
    until("one more is there", || texts(".event-row").len() == 6).await;
    assert_eq!(
        (focused_event().as_deref(), stops()),
        (Some("4"), vec!["4".to_owned()]),
        "who reads stays there"
    );
    press(FOCUSED, "ArrowDown", false);
    press(FOCUSED, "ArrowDown", false);
    press(FOCUSED, "ArrowDown", false);
    assert_eq!(focused_event().as_deref(), Some("6"), "and no further than the newest");

    // From a search, Enter leads to the first that was found.
    let field = find("input[aria-label='Filter events']").unwrap();
    field.focus().unwrap();
    press("input[aria-label='Filter events']", "Enter", false);
    assert_eq!(focused_event().as_deref(), Some("1"));
    find(FOCUSED).unwrap().click();
    assert!(text(".event-json").contains("\"n\": 0"));
}

// The button goes, and with it went the focus: back to the top of the page.
#[wasm_bindgen_test]
async fn who_presses_a_button_that_disappears_goes_on_at_the_log() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    let has_focus = || find("[role=log]").unwrap() == document().active_element().unwrap().unchecked_into();
    daemon_say(r#"{"type":"note"}"#);
    until("it is there", || find(".event-head").is_some()).await;
    find(".event-head").unwrap().click();
    daemon_say(r#"{"type":"note"}"#);
    until("one waits", || text(".log-pending") == "1 new event").await;
    find(".log-pending").unwrap().focus().unwrap();
    find(".log-pending").unwrap().click();
    until("it is shown", || find(".log-pending").is_none()).await;
    assert!(has_focus());

    script(r#"{"daemon":"refuse"}"#);
    daemon_drop(1006);
    until("it is down", || find(".agents-trouble button").is_some()).await;
    script(r#"{"daemon":"open"}"#);
    find(".agents-trouble button").unwrap().focus().unwrap();
    find(".agents-trouble button").unwrap().click();
    until("it is back", || find(".agents-trouble button").is_none()).await;
    settle().await;
    assert!(has_focus());
}

// What waited under a filter was counted from its beginning with each batch.
#[wasm_bindgen_test]
async fn what_waits_under_a_filter_is_counted_also_where_it_has_gone_again() {
    let mut stage = Stage::new();
    page(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    daemon_say(r#"{"type":"wanted"}"#);
    until("it is there", || find(".event-head").is_some()).await;
    let write = js_sys::Function::new_with_args(
        "field",
        "field.value = 'wanted'; field.dispatchEvent(new Event('input', { bubbles: true }))",
    );
    write.call1(&wasm_bindgen::JsValue::NULL, &find("input[aria-label='Filter events']").unwrap()).unwrap();
    until("it is searched for", || text(".card-count") == "1 match, of 1").await;
    find(".event-head").unwrap().click();
    for (number, expected) in [(1, "1 new event"), (2, "2 new events")] {
        let mut lines = vec![r#"{"type":"wanted"}"#.to_owned()];
        lines.extend((0..600).map(|other| format!(r#"{{"type":"other","n":{other},"of":{number}}}"#)));
        daemon_say(&lines.join("\n"));
        until(expected, || text(".log-pending") == expected).await;
    }
    find(".log-pending").unwrap().click();
    // The first of the two has gone from what is kept, and is not shown any more.
    until("what is left of it is shown", || find(".log-pending").is_none()).await;
}

// Only the text was cut: kinds and names of a quarter of a megabyte were kept a thousand times.
#[wasm_bindgen_test]
async fn what_is_kept_of_an_events_kind_and_agent_is_bounded() {
    let mut stage = Stage::new();
    let hook = hook(&mut stage, Some(DAEMON));
    until("the daemon is connected", || daemon_connections() == 1).await;
    let long = "ä".repeat(60_000);
    daemon_say(
        &[format!(r#"{{"type":"{long}","agentId":"{long}"}}"#), heartbeat(&long, "idle", "")].join("\n"),
    );
    until("they are there", || hook.total.get_untracked() == 2).await;
    let longest = hook.events.with_untracked(|events| {
        events.iter().map(|event| event.kind.len() + event.agent.as_deref().map_or(0, str::len)).max()
    });
    assert!(longest.flatten().is_some_and(|longest| longest <= 1_024), "{longest:?}");
}

// A listener whose handle another one had dropped in the middle of a change was called all the same.
#[wasm_bindgen_test]
async fn who_stopped_listening_in_the_middle_of_a_change_is_not_called_for_it() {
    let _stage = Stage::new();
    let daemon = DaemonConnector::new(DAEMON, quick_daemon());
    let second = std::rc::Rc::new(std::cell::RefCell::new(None));
    let (dropped, heard) = (std::rc::Rc::clone(&second), Notes::new());
    let _first = daemon.on_state_change(move |_| drop(dropped.take()));
    let note = heard.clone();
    second.replace(Some(daemon.on_state_change(move |status| note.add(status.state))));
    daemon.connect();
    until("it is connected", || daemon.status().state == LinkState::Connected).await;
    assert_eq!(heard.all(), []);
}
