//! Executions whose workers fell silent, as a person meets them. Against a scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::*;
use switchboard_dashboard::{
    app::App,
    components::{Ticker, use_ticker, use_worker_silence},
};
use switchboard_model::new_summary;
use switchboard_protocol::{ExecutionStatus, Timestamp};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

/// The whole application at an address, with one execution in its list.
async fn open(stage: &mut Stage, path: &str, execution: &str) {
    answer("/api/executions", 200, &format!(r#"{{"items":[{execution}],"seq":0}}"#));
    for path in ["/api/organizations", "/api/scrape/runs"] {
        answer(path, 200, r#"{"items":[]}"#);
    }
    window().session_storage().unwrap().unwrap().clear().unwrap();
    js_sys::eval(&format!("history.replaceState(null, '', '{path}')")).unwrap();
    let before = document().query_selector_all("[data-host]").unwrap();
    for place in 0..before.length() {
        before.get(place).unwrap().unchecked_into::<web_sys::Element>().remove();
    }
    let host = parent();
    host.set_attribute("data-host", "").unwrap();
    stage.keep(mount_to(host, || view! { <App config=config() /> }));
    until_connected().await;
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).unwrap().map(JsCast::unchecked_into)
}

fn text(selector: &str) -> String {
    find(selector).and_then(|element| element.text_content()).unwrap_or_default().trim().to_owned()
}

fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a time")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

fn seconds_ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() - seconds * 1_000)
}

/// A running execution whose worker was last heard so long ago, and beats every five seconds.
fn execution(heard_seconds_ago: i64) -> String {
    let (started, heard) = (seconds_ago(600), seconds_ago(heard_seconds_ago));
    format!(
        r#"{{"id":"e-1","executionId":"e-1","organizationId":"acme","status":"running","title":"Nightly","startedAt":"{started}","eventCount":1,"heartbeatAt":"{heard}","heartbeatSeconds":5,"events":[],"seq":0}}"#
    )
}

fn heartbeat(execution: &str) -> String {
    let now = now();
    format!(
        r#"{{"type":"heartbeat","agentId":"a-1","executionId":"{execution}","heartbeatSeconds":60,"timestamp":"{now}","receivedAt":"{now}"}}"#
    )
}

const ROW: &str = ".rows tbody tr";

#[wasm_bindgen_test]
async fn a_row_says_that_its_worker_is_silent_until_it_is_heard_again() {
    let mut stage = Stage::new();
    open(&mut stage, "/executions", &execution(120)).await;
    until("the row says so", || text(ROW).contains("worker silent since")).await;
    assert_eq!(text(".rows .is-status .status"), "silent", "a word beside the shape");
    assert!(find(".rows .is-status .status[data-status=silent] svg").is_some());
    let duration = text(".rows td.is-duration");
    assert_eq!(duration, "8 m 00 s", "as long as anybody knows, and not a second longer");

    publish(&heartbeat("another"));
    settle().await;
    assert!(text(ROW).contains("worker silent since"), "another execution's worker");
    publish(&heartbeat("e-1"));
    until("it runs again", || text(".rows .is-status .status") == "running").await;
    assert!(!text(ROW).contains("silent"), "{}", text(ROW));
}

#[wasm_bindgen_test]
async fn the_page_says_since_when_and_is_live_again_with_the_next_heartbeat() {
    let mut stage = Stage::new();
    answer("/api/executions/e-1", 200, &execution(120));
    open(&mut stage, "/executions/e-1", &execution(120)).await;
    let status = "[role=status][aria-label='Execution status']";
    until("the page says so", || text(status).starts_with("worker silent since ")).await;
    let page = || text("main");
    assert!(page().contains("Worker silent since") && page().contains("beats every 5 s"), "{}", page());
    assert!(!page().contains("Live updates active"), "nothing looks live that is not");
    assert!(document().title().starts_with("silent · Nightly"), "{}", document().title());

    publish(&heartbeat("e-1"));
    until("it runs again", || text(status) == "running").await;
    until("it is live again", || page().contains("Live updates active")).await;
    assert!(!page().contains("ilent"), "{}", page());
}

#[wasm_bindgen_test]
async fn the_overview_does_not_count_it_as_running() {
    let mut stage = Stage::new();
    open(&mut stage, "/", &execution(120)).await;
    let running = || find(".count[href='/executions?status=running']").unwrap().get_attribute("data-count");
    until("the counts are there", || find(".counts").is_some()).await;
    until("it is told", || text(".silent-note").starts_with("1 worker is silent")).await;
    assert_eq!(running().as_deref(), Some("0"));
    publish(&heartbeat("e-1"));
    until("it is counted", || running().as_deref() == Some("1")).await;
    assert!(find(".silent-note").is_none());
}

/// The wall clock of this page, some time ahead of the browser's.
struct Ahead;

impl Ahead {
    fn by(seconds: u32) -> Self {
        js_sys::eval(&format!(
            "globalThis.realNow ??= Date.now; Date.now = () => globalThis.realNow() + {seconds} * 1000"
        ))
        .unwrap();
        Self
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        js_sys::eval("Date.now = globalThis.realNow").unwrap();
    }
}

/// A page that hears nothing must not say that a worker says nothing; and after an outage the worker has its time to be heard.
#[wasm_bindgen_test]
async fn while_the_socket_is_down_nobody_falls_silent() {
    let mut stage = Stage::new();
    let (silence, wall) = (Notes::new(), Notes::new());
    let (give_silence, give_wall) = (silence.clone(), wall.clone());
    stage.mount(move || {
        Ticker::provide();
        let summary = switchboard_protocol::rest::ExecutionSummary {
            status: ExecutionStatus::Running,
            heartbeat_at: Some(now()),
            heartbeat_seconds: Some(1),
            ..new_summary(&"acme".into(), &"e-1".into())
        };
        give_silence.add(use_worker_silence(Signal::stored(summary)));
        give_wall.add(use_ticker().wall);
    });
    until_connected().await;
    let (silence, wall) = (silence.all().remove(0), wall.all().remove(0));
    assert_eq!(silence.get_untracked(), None);

    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("it is down", || connected() == 0).await;
    settle().await;
    let _ahead = Ahead::by(3_600);
    until("the page's clock has ticked", || now().millis_since(wall.get_untracked()) < 1_500).await;
    settle().await;
    assert_eq!(silence.get_untracked(), None, "nobody could have heard it");

    script(r#"{"mode":"hub"}"#);
    until_connected().await;
    let back = now();
    assert_eq!(silence.get_untracked(), None, "the outage is no silence");
    until("it is silent", || silence.get_untracked().is_some()).await;
    assert!(now().millis_since(back) >= 2_000, "it had three heartbeats to be heard");
}

/// An agent that beats every so many seconds, as the hub lists it.
fn agents(heard: Timestamp, heartbeat_seconds: u64) -> String {
    format!(
        r#"{{"items":[{{"agentId":"a-1","organizationId":"acme","status":"running","heardAt":"{heard}","heartbeatSeconds":{heartbeat_seconds}}}],"seq":0}}"#
    )
}

/// A machine whose clock is ahead called everybody silent whose heartbeats it showed coming.
#[wasm_bindgen_test]
async fn a_clock_of_this_machine_that_is_wrong_makes_nobody_silent() {
    let mut stage = Stage::new();
    let (at_the_hub, listed) = (now(), execution(0));
    let beat = heartbeat("e-1");
    let _ahead = Ahead::by(300);
    answer("/api/agents", 200, &agents(at_the_hub, 60));
    open(&mut stage, "/agents", &listed).await;
    publish(&beat);
    let row = ".agent-rows tbody";
    until("the agent runs", || text(row).contains("running")).await;
    assert!(!text(row).contains("stale") && text(row).contains(" s ago"), "{}", text(row));
    // What was heard over the connection counts on every page.
    for key in ["g", "e"] {
        let press = format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
        );
        js_sys::eval(&press).unwrap();
    }
    until("its execution is listed", || !text(ROW).is_empty()).await;
    assert_eq!(text(".rows .is-status .status"), "running");
}

/// After an outage of the page's socket all agents looked dead, until each had beaten again.
#[wasm_bindgen_test]
async fn an_agent_that_could_not_be_heard_was_not_silent() {
    let mut stage = Stage::new();
    answer("/api/agents", 200, &agents(now(), 1));
    open(&mut stage, "/agents", &execution(0)).await;
    let row = ".agent-rows tbody";
    until("it runs", || text(row).contains("running")).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("the page is marked", || find(".agents[data-live=false]").is_some()).await;
    let _ahead = Ahead::by(3_600);
    script(r#"{"mode":"hub"}"#);
    let doubts = Notes::new();
    let seen = doubts.clone();
    until_connected().await;
    until("the page is live", || {
        if text(row).contains("stale") {
            seen.add(());
        }
        find(".agents[data-live=true]").is_some()
    })
    .await;
    let back = now();
    assert!(doubts.len() == 0 && text(row).contains("running"), "{}", text(row));
    until("it is stale", || text(row).contains("stale")).await;
    assert!(now().millis_since(back) >= 2_000, "it had three heartbeats to be heard");
}
