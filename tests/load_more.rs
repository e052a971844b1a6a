//! The next page of a list that does not come: it is said, and can be asked for again. Against a scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::*;
use switchboard_dashboard::app::App;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).unwrap().map(JsCast::unchecked_into)
}

fn text(selector: &str) -> String {
    find(selector).and_then(|element| element.text_content()).unwrap_or_default()
}

fn count(selector: &str) -> u32 {
    document().query_selector_all(selector).unwrap().length()
}

/// Goes to a page by `g` and its key.
async fn go(key: &str) {
    for key in ["g", key] {
        let press = format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
        );
        js_sys::eval(&press).unwrap();
    }
    settle().await;
}

/// A page of a list with one item and one after it.
fn page(item: &str) -> String {
    format!(r#"{{"items":[{item}],"nextBefore":"5","seq":0}}"#)
}

/// Asks for the next page, which fails, and again, which brings it.
async fn fails_and_comes(path: &str, rows: &str, next: &str) {
    until(&format!("{path} has more"), || find(".load-more button").is_some()).await;
    let before = count(rows);
    answer(path, 502, r#"{"title":"Bad gateway","detail":"the hub restarts"}"#);
    find(".load-more button").unwrap().click();
    until(&format!("{path} says why"), || text(".load-more-error").contains("the hub restarts")).await;
    assert_eq!(count(rows), before, "what is shown stays");
    answer(path, 200, next);
    find(".load-more button").unwrap().click();
    until(&format!("{path} comes"), || count(rows) == before + 1).await;
    assert_eq!(text(".load-more-error"), "", "nothing is wrong any more");
}

// A button that was pressed and did nothing: of a failure nothing was said.
#[wasm_bindgen_test]
async fn a_next_page_that_does_not_come_is_said_and_can_be_asked_for_again() {
    let mut stage = Stage::new();
    let execution = |id: &str| {
        format!(r#"{{"id":"{id}","executionId":"{id}","organizationId":"acme","status":"running"}}"#)
    };
    let run = |id: &str| format!(r#"{{"runId":"{id}","organizationId":"acme","phase":"completed"}}"#);
    let conversation = |id: &str| format!(r#"{{"id":"{id}","title":"{id}","messageCount":1}}"#);
    let talk = |id: &str, before: &str| {
        format!(
            r#"{{"id":"c-1","messages":[{{"id":"{id}","role":"user","content":"{id}"}}]{before},"seq":0}}"#
        )
    };
    answer("/api/organizations", 200, r#"{"items":[]}"#);
    answer("/api/executions", 200, &page(&execution("e-2")));
    answer("/api/scrape/runs", 200, &page(&run("r-2")));
    answer("/api/conversations", 200, &page(&conversation("c-1")));
    js_sys::eval("history.replaceState(null, '', '/executions')").unwrap();
    stage.keep(mount_to(parent(), || view! { <App config=config() /> }));
    until_connected().await;
    let last = |item: &str| format!(r#"{{"items":[{item}],"seq":0}}"#);
    fails_and_comes("/api/executions", "a.row-link", &page(&execution("e-1"))).await;
    go("s").await;
    fails_and_comes("/api/scrape/runs", "a.row-link", &page(&run("r-1"))).await;
    go("c").await;
    fails_and_comes("/api/conversations", ".chat-row", &last(&conversation("c-0"))).await;

    answer("/api/conversations/c-1", 200, &talk("m-2", r#","nextBefore":"2""#));
    find(".chat-row").unwrap().click();
    until("the conversation is shown", || count(".chat-messages > li") == 1).await;
    fails_and_comes("/api/conversations/c-1", ".chat-messages > li", &talk("m-1", "")).await;
}
