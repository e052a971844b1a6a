//! The chat page as a person meets it: writing, waiting, failing, reading. Against a scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::*;
use switchboard_dashboard::app::App;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement};

wasm_bindgen_test_configure!(run_in_browser);

const QUEUED: &str = r#"{"status":"queued","task_id":"t-{n}","conversationId":"c-1"}"#;
const MESSAGES: &str = "/api/chat/messages";

/// The whole application at an address, in a window of which the messages fill a small part.
async fn open(stage: &mut Stage, path: &str) {
    answer("/api/conversations", 200, r#"{"items":[],"seq":0}"#);
    answer(MESSAGES, 200, QUEUED);
    for number in 1..10 {
        let task = format!(r#"{{"task_id":"t-{number}","status":"queued"}}"#);
        answer(&format!("/api/tasks/t-{number}"), 200, &task);
    }
    let session = window().session_storage().unwrap().unwrap();
    session.clear().unwrap();
    js_sys::eval(&format!("history.replaceState(null, '', '{path}')")).unwrap();
    let style = document().create_element("style").unwrap();
    style.set_text_content(Some(".chat-scroll { height: 200px; overflow: auto; position: relative }"));
    let host = parent();
    host.append_child(&style).unwrap();
    stage.keep(mount_to(host, || view! { <App config=config() /> }));
    until("there is a place to write", || find("textarea").is_some()).await;
    until_connected().await;
}

fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).unwrap().map(JsCast::unchecked_into)
}

fn all(selector: &str) -> Vec<Element> {
    let found = document().query_selector_all(selector).unwrap();
    (0..found.length()).map(|place| found.get(place).unwrap().unchecked_into()).collect()
}

fn texts(selector: &str) -> Vec<String> {
    all(selector).iter().map(|element| element.text_content().unwrap()).collect()
}

fn text(selector: &str) -> String {
    find(selector).map(|element| element.text_content().unwrap()).unwrap_or_default()
}

fn field() -> HtmlTextAreaElement {
    find("textarea[aria-label=Message]").unwrap().unchecked_into()
}

fn button(name: &str) -> HtmlElement {
    all("button").into_iter().find(|button| button.text_content().unwrap() == name).unwrap().unchecked_into()
}

async fn write(text: &str) {
    field().set_value(text);
    js_sys::eval("document.querySelector('textarea').dispatchEvent(new Event('input', { bubbles: true }))")
        .unwrap();
    settle().await;
}

/// Presses Enter in the text field; answers whether the browser is left to begin a new line.
async fn enter(shift: bool, is_composing: bool) -> bool {
    let event = js_sys::Function::new_with_args(
        "shiftKey, isComposing",
        "return new KeyboardEvent('keydown', { key: 'Enter', shiftKey, isComposing, bubbles: true, cancelable: true })",
    );
    let event = event.call2(&wasm_bindgen::JsValue::NULL, &shift.into(), &is_composing.into()).unwrap();
    let breaks = field().dispatch_event(event.unchecked_ref()).unwrap();
    settle().await;
    breaks
}

async fn say_and_wait(message: &str) {
    write(message).await;
    let before = all(".chat-typing").len();
    enter(false, false).await;
    until("its reply is awaited", || all(".chat-typing").len() > before).await;
}

fn completed(task: &str, content: &str) -> String {
    format!(
        r#"{{"event":"update","data":{{"type":"task.completed","task_id":"{task}","result":{{"content":"{content}","lane":"local","model":"m-1","cost_usd":0.0012,"files":[{{"name":"a.csv","url":"/api/files/a.csv","size":812}}]}}}}}}"#
    )
}

#[wasm_bindgen_test]
async fn a_question_begins_a_conversation_and_its_reply_stays() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    assert!(text(".chat-start").contains("SWITCHBOARD_MODEL_URL"), "how to connect a model is told");
    button("What failed today?").click();
    settle().await;
    assert_eq!(field().value(), "What failed today?", "an example is there to be changed and sent");
    let field_before = field();
    button("Send").click();
    until("the conversation has its address", || window().location().pathname().unwrap() == "/chat/c-1")
        .await;
    until("the reply is awaited", || find("[role=status][aria-label='Waiting for a reply']").is_some()).await;
    assert!(document().title().starts_with("(1) Chat"), "{}", document().title());
    assert!(field().is_same_node(Some(&field_before)), "nothing was made anew");
    assert!(
        field().is_same_node(document().active_element().as_deref().map(AsRef::as_ref)),
        "the focus stays where one writes"
    );
    assert_eq!(field().value(), "");

    let reply = r#""id":"reply-t-1","role":"assistant","content":"**None** failed.","lane":"local","model":"m-1","cost_usd":0.0012,"task_id":"t-1""#;
    let file = r#"{"name":"a.csv","url":"/api/files/a.csv","size":812}"#;
    let question = r#"{"id":"m-1","role":"user","content":"What failed today?","task_id":"t-1"}"#;
    answer(
        "/api/conversations/c-1",
        200,
        &format!(r#"{{"id":"c-1","messages":[{question},{{{reply},"files":[{file}]}}],"tasks":[]}}"#),
    );
    publish(&completed("t-1", "**None** failed."));
    until("the reply is there", || find(".chat-typing").is_none()).await;
    settle().await;
    let list = "ol[aria-label=Messages] > li";
    assert_eq!(all(list).len(), 2);
    assert_eq!(text(&format!("{list} .markdown")), "None failed.");
    assert_eq!(texts(&format!("{list} .markdown strong")), ["None"]);
    let foot = text(&format!("{list}:last-child .chat-foot"));
    assert!(["local", "m-1", "$0.0012"].iter().all(|part| foot.contains(part)), "{foot}");
    assert!(text(&format!("{list} .chat-files a")).contains("a.csv"));
    assert!(document().title().starts_with("Chat"), "{}", document().title());
}

#[wasm_bindgen_test]
async fn enter_sends_and_shift_enter_and_composition_do_not() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    write("  \n ").await;
    assert!(!enter(false, false).await, "a blank message is neither sent nor made longer");
    write("line one").await;
    assert!(enter(true, false).await, "Shift+Enter begins a new line");
    assert!(enter(false, true).await, "Enter that chooses a character belongs to the input method");
    assert_eq!(posted(), "");
    assert!(!enter(false, false).await);
    until("it was sent", || posted().contains("line one")).await;
}

#[wasm_bindgen_test]
async fn what_is_too_long_is_refused_in_words() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    // Two bytes a letter: the limit is one of bytes.
    write(&"ä".repeat(51_200)).await;
    assert!(text(".composer-limit").contains("102,400 of 102,400 bytes"), "{}", text(".composer-limit"));
    write(&"ä".repeat(51_201)).await;
    assert!(text(".composer-limit").contains("Too long to send"), "{}", text(".composer-limit"));
    enter(false, false).await;
    assert_eq!((posted(), field().value().len()), (String::new(), 102_402), "it is still there");
    write("short").await;
    assert_eq!(text(".composer-limit"), "");
}

#[wasm_bindgen_test]
async fn drafts_wait_for_their_conversation() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat/c-1").await;
    write("half a sentence").await;
    go("/chat");
    until("another one begins", || field().value().is_empty()).await;
    write("another").await;
    go("/chat/c-1");
    until("the first draft is back", || field().value() == "half a sentence").await;
    // What is written while a new conversation gets its name belongs to it.
    go("/chat");
    until("the second draft is back", || field().value() == "another").await;
    hold(MESSAGES);
    enter(false, false).await;
    write("and then").await;
    release(MESSAGES);
    until("it has its name", || window().location().pathname().unwrap() == "/chat/c-1").await;
    settle().await;
    assert_eq!(field().value(), "and then");
}

/// Goes to another address as Back and Forward do. A router that an earlier test has left still hears of clicks.
fn go(path: &str) {
    js_sys::eval(&format!(
        "history.pushState(null, '', '{path}'); dispatchEvent(new PopStateEvent('popstate'))"
    ))
    .unwrap();
}

#[wasm_bindgen_test]
async fn what_could_not_be_sent_is_kept_and_sent_again_or_given_up() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    answer(MESSAGES, 0, "");
    write("Are you there?").await;
    enter(false, false).await;
    until("it is told", || find("[role=alert]").is_some()).await;
    assert!(text("[role=alert]").contains("Not sent"), "{}", text("[role=alert]"));
    assert_eq!(text(".chat-said"), "Are you there?");
    answer(MESSAGES, 200, QUEUED);
    button("Retry").click();
    until("it is awaited", || find(".chat-typing").is_some()).await;
    assert!(find("[role=alert]").is_none());
    answer(MESSAGES, 0, "");
    write("Never mind").await;
    enter(false, false).await;
    until("it is told", || find("[role=alert]").is_some()).await;
    button("Discard").click();
    until("it is gone", || find("[role=alert]").is_none()).await;
    assert_eq!(texts(".chat-said"), ["Are you there?"]);
}

#[wasm_bindgen_test]
async fn a_failed_reply_says_why_and_can_be_asked_for_again() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    say_and_wait("Summarize").await;
    publish(
        r#"{"event":"update","data":{"type":"task.failed","task_id":"t-1","error":"The model is away."}}"#,
    );
    until("it is told", || find("[role=alert]").is_some()).await;
    assert!(text("[role=alert]").contains("The model is away."), "{}", text("[role=alert]"));
    assert!(find(".chat-typing").is_none());
    button("Retry").click();
    until("it is awaited again", || find(".chat-typing").is_some()).await;
}

#[wasm_bindgen_test]
async fn an_answer_streams_in_place_and_nothing_looks_live_that_is_not() {
    let mut stage = Stage::new();
    open(&mut stage, "/chat").await;
    say_and_wait("Tell me").await;
    assert_eq!(text(".chat-typing"), "Waiting for a reply");
    let delta = |delta: &str, offset: usize| {
        format!(
            r#"{{"event":"job:event","data":{{"organizationId":"acme","jobId":"t-1","type":"progress","data":{{"delta":"{delta}","offset":{offset},"attempt":1}}}}}}"#
        )
    };
    publish(&delta("It **fai", 0));
    until("the beginning is there", || text(".markdown").starts_with("It")).await;
    let paragraph = find(".markdown p").unwrap();
    publish(&delta("led** twice", 8));
    until("more is there", || text(".markdown") == "It failed twice").await;
    assert!(
        paragraph.is_same_node(find(".markdown p").as_deref().map(AsRef::as_ref)),
        "it grows where it is"
    );
    assert_eq!(text(".chat-typing"), "Writing a reply");
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("it says so", || text(".chat-typing") == "Not live: asking every few seconds").await;
    assert!(text(".chat").contains("WebSocket disconnected"));
    assert!(text("aside").contains("Stale since"));
}

/// A list of messages that is much higher than its frame.
fn long_conversation(from: usize, to: usize, next_before: Option<&str>) -> String {
    let messages: Vec<_> = (from..to)
        .map(|number| {
            let role = if number % 2 == 0 { "user" } else { "assistant" };
            format!(
                r#"{{"id":"m-{number}","role":"{role}","content":"Message {number}\n\nwith a second line"}}"#
            )
        })
        .collect();
    let next = next_before.map(|next| format!(r#""nextBefore":"{next}","#)).unwrap_or_default();
    format!(
        r#"{{"id":"c-1","title":"Long","messageCount":{to},{next}"messages":[{}],"tasks":[],"seq":0}}"#,
        messages.join(",")
    )
}

fn distance_from_end() -> i32 {
    let frame = find(".chat-scroll").unwrap();
    frame.scroll_height() - frame.scroll_top() - frame.client_height()
}

/// The scroll to the end was told of only after the next message had moved the end away, and was taken for somebody
/// who scrolls away from it: replies that came quickly were out of view.
#[wasm_bindgen_test]
async fn the_end_stays_in_view_whatever_comes() {
    let mut stage = Stage::new();
    answer("/api/conversations/c-1", 200, &long_conversation(0, 60, None));
    open(&mut stage, "/chat/c-1").await;
    until("the messages are there", || all(".chat-entry").len() == 60).await;
    settle().await;
    assert_eq!(distance_from_end(), 0, "a conversation opens at its end");
    for number in 1..8 {
        write(&format!("Question {number}")).await;
        enter(false, false).await;
        publish(&completed(&format!("t-{number}"), "First\\n\\nSecond\\n\\nThird"));
        until("the reply is there", || all(".chat-entry").len() == 60 + 2 * number).await;
    }
    settle().await;
    assert_eq!(distance_from_end(), 0);
    assert!(find(".log-pending").is_none());
}

#[wasm_bindgen_test]
async fn who_reads_further_up_stays_there_and_is_told_what_comes() {
    let mut stage = Stage::new();
    answer("/api/conversations/c-1", 200, &long_conversation(100, 160, Some("100")));
    open(&mut stage, "/chat/c-1").await;
    until("the messages are there", || all(".chat-entry").len() == 60).await;
    say_and_wait("And now?").await;
    settle().await;
    let frame = find(".chat-scroll").unwrap();
    frame.set_scroll_top(frame.scroll_height() / 2);
    until("the way back is offered", || text(".log-pending") == "Jump to latest").await;
    let at = frame.scroll_top();
    publish(&completed("t-1", "Here."));
    until("the reply is there", || find(".chat-typing").is_none()).await;
    settle().await;
    assert_eq!(frame.scroll_top(), at);

    // Earlier messages come above what is read, and what is read stays where it is.
    answer("/api/conversations/c-1", 200, &long_conversation(0, 100, None));
    frame.set_scroll_top(40);
    settle().await;
    let read = all(".chat-entry")[2].clone().unchecked_into::<HtmlElement>();
    let place = || read.offset_top() - frame.scroll_top();
    let before = place();
    until("they are there", || all(".chat-entry").len() > 150).await;
    settle().await;
    assert_eq!(text(".chat-entry .chat-said").lines().next().unwrap(), "Message 0");
    assert!((place() - before).abs() <= 1, "from {before} to {}", place());

    find(".log-pending").unwrap().click();
    settle().await;
    assert_eq!(distance_from_end(), 0);
}
