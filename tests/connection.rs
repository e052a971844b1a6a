//! The connection in the header and what is behind its word, against a scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::prelude::*;
use support::*;
use switchboard_dashboard::{
    components::{Connection, Ticker},
    realtime::{UseConnectionStatus, WebSocketOptions, use_connection_status},
};
use switchboard_link::Backoff;
use switchboard_protocol::Timestamp;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

/// The header's connection, mounted, and its hook.
fn mount(stage: &mut Stage, options: WebSocketOptions) -> UseConnectionStatus {
    let hooks = Notes::new();
    let give = hooks.clone();
    stage.mount_with(options, move || {
        Ticker::provide();
        give.add(use_connection_status());
        view! { <Connection /> }
    });
    hooks.all()[0]
}

/// Options with which a retry comes so late that no test sees it.
fn patient() -> WebSocketOptions {
    let backoff = Backoff { initial_ms: 60_000, factor: 1.0, cap_ms: 60_000, max_attempts: None };
    WebSocketOptions { backoff, ..WebSocketOptions::default() }
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).unwrap().map(JsCast::unchecked_into)
}

fn text(selector: &str) -> String {
    find(selector).map(|element| element.text_content().unwrap()).unwrap_or_default()
}

fn word() -> String {
    text("[role=status][aria-label=Connection]")
}

fn tone() -> String {
    find(".connection").unwrap().get_attribute("data-tone").unwrap()
}

async fn until_word(expected: &str) {
    until(&format!("it says {expected}"), || word() == expected).await;
    settle().await;
}

async fn open() {
    find("button[aria-label='Connection details']").unwrap().click();
    until("the details are open", || find("#connection-details h2").is_some()).await;
    settle().await;
}

fn half(name: &str) -> String {
    text(&format!("#connection-details section[aria-label='{name}']"))
}

const LIVE: &str = "Live events (WebSocket)";
const HTTP: &str = "HTTP interface";

/// Elements that a screen reader or a click can find by the name "Reconnect".
fn reconnect_buttons() -> Vec<HtmlElement> {
    let found = document().query_selector_all("button").unwrap();
    let buttons = (0..found.length()).map(|place| found.get(place).unwrap().unchecked_into::<HtmlElement>());
    buttons
        .filter(|button| button.text_content().unwrap() == "Reconnect" && button.offset_width() > 0)
        .collect()
}

fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

#[wasm_bindgen_test]
async fn all_three_words_are_told_and_behind_them_what_is_missing() {
    let mut stage = Stage::new();
    let hook = mount(&mut stage, patient());
    until_word("Connected").await;
    assert_eq!(tone(), "connected");
    open().await;
    until("the interface has answered", || half(HTTP).contains("Answers")).await;
    assert!(text("#connection-details").contains("Both halves are up."));
    assert!(half(LIVE).contains("Connected") && half(LIVE).contains("Since"), "{}", half(LIVE));

    script(r#"{"mode":"refuse"}"#);
    drop_connections(1012, "");
    until_word("Partial").await;
    assert_eq!(tone(), "partial");
    assert!(text("#connection-details").contains("Live events are missing."));
    until("the next attempt is told", || half(LIVE).contains("Next attempt")).await;
    assert!(half(LIVE).contains("Disconnected, retrying"), "{}", half(LIVE));
    assert!(half(LIVE).contains("1012"), "the last error is told: {}", half(LIVE));
    assert!(half(HTTP).contains("Answers"), "{}", half(HTTP));

    answer("/api/health", 0, "");
    hook.reconnect();
    until_word("Disconnected").await;
    assert_eq!(tone(), "disconnected");
    assert!(text("#connection-details").contains("Both halves are missing."));
    assert!(half(HTTP).contains("Does not answer"), "{}", half(HTTP));
    assert!(half(LIVE).contains("attempt"), "how many failed is told: {}", half(LIVE));

    script(r#"{"mode":"hub"}"#);
    hook.reconnect();
    until_word("Partial").await;
    assert!(text("#connection-details").contains("The HTTP interface is missing."));
    assert!(!half(LIVE).contains("Last error"), "what is over is not told: {}", half(LIVE));
}

#[wasm_bindgen_test]
async fn since_when_moves_with_a_change_only() {
    let mut stage = Stage::new();
    let before = now();
    let hook = mount(&mut stage, quick());
    until("both are up", || hook.api_up.get_untracked() == Some(true) && hook.socket_up.get_untracked())
        .await;
    let (socket, api) = (hook.socket_since.get_untracked().unwrap(), hook.api_since.get_untracked().unwrap());
    assert!(before <= socket && socket <= now(), "{socket}");
    assert!(before <= api && api <= now(), "{api}");

    // Many attempts fail meanwhile, and each changes the socket's state; since when it is down stays the same.
    script(r#"{"mode":"refuse"}"#);
    let dropped = now();
    drop_connections(1006, "");
    until("it is down", || !hook.socket_up.get_untracked()).await;
    let down = hook.socket_since.get_untracked().unwrap();
    assert!(dropped <= down && down <= now(), "{down}");
    until("some attempts have failed", || hook.attempt.get_untracked() > 5).await;
    assert_eq!(hook.socket_since.get_untracked(), Some(down));

    // The interface was asked again when the socket went, and said the same.
    let asked = || requests().matches("/api/health").count();
    until("it was asked again", || asked() >= 2).await;
    settle().await;
    assert_eq!(hook.api_since.get_untracked(), Some(api));
    answer("/api/health", 500, "");
    let failed = now();
    hook.reconnect();
    until("it is known", || hook.api_up.get_untracked() == Some(false)).await;
    assert!(hook.api_since.get_untracked().unwrap() >= failed);
}

#[wasm_bindgen_test]
async fn the_next_attempt_ticks() {
    let mut stage = Stage::new();
    script(r#"{"mode":"refuse"}"#);
    mount(&mut stage, patient());
    until_word("Partial").await;
    open().await;
    let seconds = || {
        let half = half(LIVE);
        let rest = half.split("Next attemptin ").nth(1)?;
        rest.split(' ').next()?.parse::<u32>().ok()
    };
    until("the next attempt is told", || seconds().is_some()).await;
    let first = seconds().unwrap();
    until("it has come nearer", || seconds().is_some_and(|now| now < first)).await;
}

#[wasm_bindgen_test]
async fn reconnect_is_there_once_unless_the_details_are_open() {
    let mut stage = Stage::new();
    script(r#"{"mode":"refuse"}"#);
    mount(&mut stage, patient());
    until_word("Partial").await;
    until("the button is there", || reconnect_buttons().len() == 1).await;
    open().await;
    let inside: HtmlElement = document()
        .query_selector("#connection-details .dialog-actions button:last-child")
        .unwrap()
        .unwrap()
        .unchecked_into();
    assert_eq!(inside.text_content().unwrap(), "Reconnect");
    script(r#"{"mode":"hub"}"#);
    inside.click();
    until_word("Connected").await;
    assert!(half(LIVE).contains("Connected"), "{}", half(LIVE));

    find("#connection-details").unwrap().hide_popover().unwrap();
    until("nothing of the details is left", || find("#connection-details h2").is_none()).await;
    assert!(reconnect_buttons().is_empty());
}

#[wasm_bindgen_test]
async fn the_status_holds_exactly_the_word() {
    let mut stage = Stage::new();
    mount(&mut stage, quick());
    until_word("Connected").await;
    open().await;
    assert_eq!(word(), "Connected");
    let status = find("[role=status][aria-label=Connection]").unwrap();
    assert!(
        status.closest("button").unwrap().is_none(),
        "a button would hide the role from those who listen"
    );
    assert_eq!(document().query_selector_all("[role=status][aria-label=Connection]").unwrap().length(), 1);
}
