//! The page of the wire as a person meets it: what is counted and held, what went over the socket, and what the doctor says. Against a
//! scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::*;
use switchboard_dashboard::{
    app::App,
    components::Ticker,
    pages::WirePage,
    realtime::{JobFilter, use_execution, use_job_events, use_websocket_context},
};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::{Element, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

/// The whole application at an address.
async fn open(stage: &mut Stage, path: &str) {
    prepare();
    js_sys::eval(&format!("history.replaceState(null, '', '{path}')")).unwrap();
    stage.keep(mount_to(host(), || view! { <App config=config() /> }));
    until_connected().await;
}

/// The page alone, beside what holds something of the socket.
async fn open_with<V: IntoView + 'static>(stage: &mut Stage, beside: impl FnOnce() -> V + 'static) {
    prepare();
    stage.mount(move || {
        Ticker::provide();
        view! { {beside()} <WirePage /> }
    });
    until_connected().await;
}

fn prepare() {
    for path in ["/api/executions", "/api/organizations", "/api/conversations"] {
        answer(path, 200, r#"{"items":[]}"#);
    }
    // What a test that failed has left behind would be found by the next one.
    all("[data-host]").iter().for_each(Element::remove);
}

fn host() -> HtmlElement {
    let host = parent();
    host.set_attribute("data-host", "").unwrap();
    let style = document().create_element("style").unwrap();
    style.set_text_content(Some(
        ".frames-frame { display: flex; flex-direction: column-reverse; height: 200px; overflow: auto; overflow-anchor: none } \
         .frames-rows { flex: none } .frame-row { height: 24px }",
    ));
    host.append_child(&style).unwrap();
    host
}

fn all(selector: &str) -> Vec<Element> {
    let found = document().query_selector_all(selector).unwrap();
    (0..found.length()).map(|place| found.get(place).unwrap().unchecked_into()).collect()
}

fn find(selector: &str) -> HtmlElement {
    all(selector).into_iter().next().unwrap_or_else(|| panic!("there is no {selector}")).unchecked_into()
}

fn texts(selector: &str) -> Vec<String> {
    all(selector).iter().map(|element| element.text_content().unwrap().trim().to_owned()).collect()
}

fn text(selector: &str) -> String {
    texts(selector).into_iter().next().unwrap_or_default()
}

fn button(name: &str) -> HtmlElement {
    let found = all("button").into_iter().find(|button| button.text_content().unwrap().trim() == name);
    found.unwrap_or_else(|| panic!("there is no button {name}")).unchecked_into()
}

/// The fact with a name.
fn fact(name: &str) -> String {
    let place = texts(".wire-facts dt").iter().position(|fact| fact == name);
    texts(".wire-facts dd").into_iter().nth(place.unwrap_or_else(|| panic!("no fact {name}"))).unwrap()
}

/// The frames that are listed: way, kind, seq, about, text.
fn frames() -> Vec<Vec<String>> {
    let cell = |row: &Element, class: &str| {
        row.query_selector(&format!(".{class}")).unwrap().unwrap().text_content().unwrap()
    };
    let cells = ["frame-way", "frame-kind", "frame-seq", "frame-key", "frame-text"];
    all(".frames-frame .frame-row").iter().map(|row| cells.map(|class| cell(row, class)).to_vec()).collect()
}

fn kinds() -> Vec<String> {
    frames().into_iter().map(|frame| frame[1].clone()).collect()
}

/// The timeline, newest first: name and words.
fn timeline() -> Vec<(String, String)> {
    texts(".wire-entry-name").into_iter().zip(texts(".wire-entry-words")).collect()
}

/// The rows of the table of subscriptions, cells apart.
fn holdings() -> Vec<String> {
    let cells = |row: &Element| {
        let cells = row.query_selector_all("td").unwrap();
        (0..cells.length())
            .map(|place| cells.get(place).unwrap().text_content().unwrap())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    all("table[aria-label=Subscriptions] tbody tr").iter().map(cells).collect()
}

fn update_of(number: usize) -> String {
    update("acme", number)
}

async fn until_text(selector: &str, part: &str) {
    until(&format!("{selector} says {part}"), || text(selector).contains(part)).await;
}

/// Goes to a page by `g` and its key. A click on a link would be taken by the router of the test before, which listens to the window
/// for as long as that stands.
async fn go(key: &str, heading: &str) {
    for key in ["g", key] {
        let press = format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
        );
        js_sys::eval(&press).unwrap();
    }
    until(&format!("the page {heading} is shown"), || text("h1") == heading).await;
    settle().await;
}

fn chip(name: &str) {
    let chip = all(".chip").into_iter().find(|chip| chip.text_content().unwrap() == name);
    chip.unwrap().unchecked_into::<HtmlElement>().click();
}

fn stub_clipboard() {
    js_sys::eval(
        "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText: async (text) => { window.copied = text } } })",
    )
    .unwrap();
}

fn copied() -> String {
    js_sys::Reflect::get(&window(), &"copied".into()).unwrap().as_string().unwrap_or_default()
}

#[wasm_bindgen_test]
async fn the_connection_is_told_in_numbers_and_names() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    publish(&[update_of(1), update_of(2), r#"{"type":"news"}"#.to_owned()].join("\n"));
    until("the frames are counted", || fact("Seq") == "3").await;
    assert_eq!(text(".wire-state"), "connected");
    assert_eq!(fact("Transport"), "WebSocket");
    assert_eq!(fact("Address"), "ws://127.0.0.1:1/api/ws");
    assert_eq!(fact("Epoch"), "one");
    assert_eq!((fact("Gaps").as_str(), fact("Resumes").as_str(), fact("Resyncs").as_str()), ("0", "0", "0"));
    assert_eq!((fact("Unknown frames").as_str(), fact("Undecodable").as_str()), ("1", "0"));
    assert_eq!((fact("Connection id").as_str(), fact("Connections").as_str()), ("fake", "1"));
    assert_eq!((fact("Next attempt").as_str(), fact("Failed in a row").as_str()), ("–", "0"));

    button("Ping").click();
    until("the ping is answered", || fact("Pings, pongs") == "1, 1").await;
    until_text("figure[aria-label^='Round trip']", "ms").await;
    assert!(text("figure[aria-label^='Frames per second']").starts_with("Frames per second"));
    until("the frames of the ping are listed", || kinds().ends_with(&["ping".into(), "pong".into()])).await;
    say(r#"{"seq":2,"event":"dashboard:update","data":{"organizationId":"acme","n":2}}"#);
    until("the duplicate is counted", || fact("Duplicates") == "1").await;
}

#[wasm_bindgen_test]
async fn subscriptions_say_who_holds_them_and_how_often() {
    let mut stage = Stage::new();
    answer("/api/executions/e-1", 200, &snapshot("e-1", "running", [], 1));
    let second = RwSignal::new(true);
    open_with(&mut stage, move || {
        let jobs = || use_job_events(JobFilter::Organization("acme".into()), |_| {});
        jobs();
        jobs();
        let watch = || {
            use_execution(Signal::stored("e-1".into()));
        };
        watch();
        view! {
            <Show when=move || second.get()>
                {move || {
                    watch();
                }}
            </Show>
        }
    })
    .await;
    let expected = [
        "event | e-1 | use_execution ×2 | 2 | confirmed, 2 references",
        "heartbeat, agent_… | all | use_execution ×2 | 2 | sent unasked",
        "job:event | acme | use_job_events ×2 | 2 | sent unasked",
        "update | all | WebSocketProvider | 1 | sent unasked",
    ];
    until("all are listed and confirmed", || holdings() == expected).await;
    second.set(false);
    until("one has gone", || holdings()[0] == "event | e-1 | use_execution | 1 | confirmed, 1 reference")
        .await;
}

#[wasm_bindgen_test]
async fn frames_are_listed_paused_filtered_chosen_and_copied() {
    let mut stage = Stage::new();
    stub_clipboard();
    open(&mut stage, "/wire").await;
    publish(&[update_of(1), job("acme", "j-1", "started"), update_of(2)].join("\n"));
    chip("data");
    until("three frames are listed", || frames().len() == 3).await;
    assert_eq!(
        frames()[1][..4],
        ["received".to_owned(), "job:event".to_owned(), "2".to_owned(), "j-1".to_owned()]
    );

    button("Pause").click();
    settle().await;
    publish(&[update_of(3), update_of(4)].join("\n"));
    until("two wait", || texts("button").iter().any(|button| button == "2 new frames")).await;
    assert_eq!(frames().len(), 3, "a list that is paused stands still");
    // Another button of that name is in the dialog of organizations.
    find(".is-wire-frames .button.is-fixed").click();
    until("all are listed", || frames().len() == 5).await;

    chip("unreadable");
    until("none is unreadable", || frames().is_empty()).await;
    until_text(".is-wire-frames > .section-note", "No frame matches.").await;
    chip("sent");
    until("the handshake is there", || kinds() == ["handshake"]).await;
    chip("data");
    until("all data is there", || frames().len() == 5).await;
    let write = js_sys::Function::new_with_args(
        "field",
        "field.value = 'j-1'; field.dispatchEvent(new Event('input', { bubbles: true }))",
    );
    write.call1(&wasm_bindgen::JsValue::NULL, &find("input[aria-label='Filter frames']")).unwrap();
    until("one matches", || kinds() == ["job:event"]).await;

    find("button[aria-label='Copy all shown as JSON Lines']").click();
    until("the list is copied", || copied().contains("j-1")).await;
    let line: serde_json::Value = serde_json::from_str(&copied()).unwrap();
    assert_eq!((line["direction"].as_str(), line["frame"]["seq"].as_u64()), (Some("received"), Some(2)));

    find(".frames-frame .frame-row").click();
    until_text(".wire-chosen h3", "job:event").await;
    assert!(text(".wire-chosen pre").contains("\"jobId\": \"j-1\""), "{}", text(".wire-chosen pre"));
    assert_eq!(find(".frames-frame .frame-row").get_attribute("aria-selected").as_deref(), Some("true"));
    find(".wire-chosen button[aria-label=\"Copy the frame's text\"]").click();
    until("the frame is copied", || copied().starts_with(r#"{"seq":2"#)).await;
}

fn press(element: &Element, key: &str, modifier: &str) {
    let dispatch = js_sys::Function::new_with_args(
        "element, key, modifier",
        "element.dispatchEvent(new KeyboardEvent('keydown', { key, [modifier]: true, bubbles: true, cancelable: true }))",
    );
    dispatch.call3(&wasm_bindgen::JsValue::NULL, element, &key.into(), &modifier.into()).unwrap();
}

const GRID: &str = "[role=grid][aria-label='Recent frames']";

fn has_focus(selector: &str) -> bool {
    document().active_element().is_some_and(|focused| focused.matches(selector).unwrap())
}

// It was read as values and written again: members in another order, the last of two of one name, and numbers that were rounded.
#[wasm_bindgen_test]
async fn a_chosen_frame_is_shown_as_it_was_sent() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    chip("data");
    say(r#"{"type":"news","z":12345678901234567890.10,"a":1,"a":[ ],"m":"1, 2"}"#);
    until("it is listed", || kinds() == ["news"]).await;
    find(".frames-frame .frame-row").click();
    until_text(".wire-chosen h3", "news").await;
    assert_eq!(
        text(".wire-chosen pre"),
        "{\n  \"type\": \"news\",\n  \"z\": 12345678901234567890.10,\n  \"a\": 1,\n  \"a\": [],\n  \"m\": \"1, 2\"\n}"
    );
}

#[wasm_bindgen_test]
async fn keys_choose_frames_and_let_them_go_and_the_focus_stays_in_the_list() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    chip("data");
    publish(&[update_of(1), update_of(2)].join("\n"));
    until("both are listed", || frames().len() == 2).await;
    find(GRID).focus().unwrap();
    // With a modifier they are the browser's, or the system's.
    for modifier in ["ctrlKey", "metaKey", "altKey"] {
        press(&find(GRID), "ArrowUp", modifier);
        press(&find(GRID), "k", modifier);
    }
    settle().await;
    assert!(all(".wire-chosen").is_empty());

    // Escape lets go also from the frame itself, and the focus comes back to the list with it.
    press(&find(GRID), "ArrowUp", "");
    until("a frame is chosen", || !all(".wire-chosen").is_empty()).await;
    find(".wire-chosen pre").focus().unwrap();
    press(&find(".wire-chosen pre"), "Escape", "");
    until("it is let go", || all(".wire-chosen").is_empty()).await;
    assert!(has_focus(GRID));

    press(&find(GRID), "ArrowUp", "");
    until("a frame is chosen", || !all(".wire-chosen").is_empty()).await;
    press(&find("input[aria-label='Filter frames']"), "Escape", "");
    settle().await;
    assert!(!all(".wire-chosen").is_empty(), "in the search it clears that");
    find("button[aria-label='Close the frame']").focus().unwrap();
    find("button[aria-label='Close the frame']").click();
    until("it is let go", || all(".wire-chosen").is_empty()).await;
    assert!(has_focus(GRID));

    publish(&update_of(3));
    until("one waits", || texts("button").iter().any(|button| button == "1 new frame")).await;
    button("1 new frame").focus().unwrap();
    button("1 new frame").click();
    until("it is shown", || frames().len() == 3).await;
    settle().await;
    assert!(has_focus(GRID));
}

// Each batch had all frames that waited read anew, and those that had gone meanwhile were forgotten.
#[wasm_bindgen_test]
async fn frames_that_wait_under_a_filter_are_counted_once() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    publish(&[update_of(0), job("acme", "j-1", "started")].join("\n"));
    chip("data");
    until("both are listed", || frames().len() == 2).await;
    let write = js_sys::Function::new_with_args(
        "field",
        "field.value = 'job:event'; field.dispatchEvent(new Event('input', { bubbles: true }))",
    );
    write.call1(&wasm_bindgen::JsValue::NULL, &find("input[aria-label='Filter frames']")).unwrap();
    until("one matches", || kinds() == ["job:event"]).await;
    find(".is-wire-frames .button.is-fixed").click();
    for (job_id, expected) in [("j-2", "1 new frame"), ("j-3", "2 new frames")] {
        let mut lines = vec![job("acme", job_id, "started")];
        lines.extend((0..700).map(update_of));
        publish(&lines.join("\n"));
        until(expected, || text(".is-wire-frames .log-pending") == expected).await;
    }
}

#[wasm_bindgen_test]
async fn what_cannot_be_read_is_shown_with_its_reason_also_after_a_while() {
    let mut stage = Stage::new();
    open(&mut stage, "/executions").await;
    say("{\"type\":\"event\" and then no more");
    say(r#"{"type":"event"}"#);
    settle().await;
    go("w", "Wire").await;
    until("both are listed", || texts(".wire-unreadable li").len() == 2).await;
    assert!(
        texts(".wire-reason")[0].contains("`executionId`"),
        "the newest first: {:?}",
        texts(".wire-reason")
    );
    assert!(texts(".wire-reason")[1].contains("not JSON"), "{:?}", texts(".wire-reason"));
    assert_eq!(texts(".wire-text")[1], "{\"type\":\"event\" and then no more");
    assert_eq!(fact("Undecodable"), "2");
}

/// Recording costs nothing while nobody watches, and shows nothing of that time.
#[wasm_bindgen_test]
async fn no_frame_is_kept_before_the_page_is_opened_or_after_it_is_left() {
    let mut stage = Stage::new();
    open(&mut stage, "/executions").await;
    publish(&update_of(1));
    settle().await;
    go("w", "Wire").await;
    publish(&update_of(2));
    until("the frame of now is listed", || frames().len() == 1).await;
    assert!(frames()[0][4].contains("\"n\":2"), "{:?}", frames());
    go("e", "Executions").await;
    publish(&update_of(3));
    settle().await;
    go("w", "Wire").await;
    publish(&update_of(4));
    until("the frame of now is listed", || !frames().is_empty()).await;
    assert_eq!(frames().len(), 1, "{:?}", frames());
    assert!(frames()[0][4].contains("\"n\":4"), "{:?}", frames());
    assert_eq!(timeline().len(), 2, "transitions are kept all the time: {:?}", timeline());
}

#[wasm_bindgen_test]
async fn a_dropped_connection_recovers_and_the_timeline_tells_it_without_the_token() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    publish(&update_of(1));
    until("the frame has come", || fact("Seq") == "1").await;
    button("Drop the connection").click();
    until("it is back and resumed", || timeline().first().is_some_and(|(name, _)| name == "resumed")).await;
    let told = timeline();
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["resumed", "connected", "connecting", "disconnected", "connected", "connecting"]);
    assert!(told[3].1.contains("dropped on purpose; next attempt after"), "{told:?}");
    assert_eq!(told[2].1, "attempt 1");
    assert!(told[0].1.contains("went on where the last connection stopped"), "{told:?}");
    // Before it may stand the end of the page of the test before.
    assert_eq!(closed_by_client().rsplit(',').next(), Some("4003"));
    until("the facts say so", || fact("Resumes") == "1" && fact("Connections") == "2").await;
    assert_eq!(fact("Gaps"), "0");

    // The handshake of the new connection was recorded, without what admits to the server.
    until("the handshake is listed", || kinds().contains(&"handshake".to_owned())).await;
    let shown = document().body().unwrap().text_content().unwrap();
    assert!(shown.contains(r#""token":"…""#) && !shown.contains(r#""token":"stream""#), "{:?}", frames());
}

#[wasm_bindgen_test]
async fn while_the_socket_is_down_attempts_and_their_delays_are_told() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1012, "");
    until("two attempts have failed", || {
        timeline()
            .iter()
            .any(|(name, words)| name == "disconnected" && words.contains("2 attempts failed in a row"))
    })
    .await;
    let told = timeline();
    assert!(
        told.iter().any(|(_, words)| words.contains("code 1012") && words.contains("next attempt after")),
        "{told:?}"
    );
    assert!(told.iter().any(|(name, words)| name == "connecting" && words == "attempt 2"), "{told:?}");
    until("the countdown is there", || fact("Next attempt").starts_with("in ")).await;
    assert_ne!(fact("Last error"), "–");
    assert_eq!(fact("Transport"), "none");
    assert_eq!(button("Ping").get_attribute("aria-disabled").as_deref(), Some("true"));
    script(r#"{"mode":"hub"}"#);
    until("it is back", || fact("Transport") == "WebSocket").await;
}

#[wasm_bindgen_test]
async fn pending_tasks_are_listed() {
    let mut stage = Stage::new();
    answer("/api/tasks/t-1", 200, r#"{"task_id":"t-1","status":"queued"}"#);
    open_with(&mut stage, move || {
        let context = use_websocket_context();
        let task = switchboard_model::PendingTask {
            task_id: "t-1".into(),
            organization_id: "acme".into(),
            conversation_id: Some("c-1".into()),
            since: None,
        };
        context.register_pending_task(task, context.connection_mark());
    })
    .await;
    until("the task is listed", || text(".wire-tasks code") == "t-1").await;
    publish(
        r#"{"event":"update","data":{"type":"task.completed","task_id":"t-1","result":{"content":"done"}}}"#,
    );
    until("it has ended", || texts(".wire-tasks code").is_empty()).await;
}

fn check(name: &str) -> String {
    texts(".wire-check").into_iter().find(|check| check.contains(name)).unwrap_or_default()
}

#[wasm_bindgen_test]
async fn the_doctor_judges_by_the_one_socket_and_says_what_to_change() {
    let mut stage = Stage::new();
    open(&mut stage, "/wire").await;
    button("Run checks").click();
    until_text(".card-count[role=status]", "of 5 are well").await;
    assert!(check("HTTP interface").starts_with("well"), "{}", check("HTTP interface"));
    assert!(
        check("WebSocket").starts_with("well") && check("WebSocket").contains("a ping came back"),
        "{}",
        check("WebSocket")
    );
    assert!(check("Origin").starts_with("well"), "{}", check("Origin"));
    assert!(check("Event streams").contains("part 1 of the protocol only"), "{}", check("Event streams"));
    assert!(check("Clock").contains("no Date"), "{}", check("Clock"));
    assert_eq!(
        (constructed(), most_at_once()),
        (1, 1),
        "the socket that there is was looked at, and no other"
    );

    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    answer("/api/health", 200, "<!doctype html><html></html>");
    until("it is down", || fact("Transport") == "none").await;
    button("Run checks").click();
    until("the checks are done", || {
        check("Event streams").contains("part 1") && check("WebSocket").starts_with("wrong")
    })
    .await;
    assert!(check("HTTP interface").contains("HTML page"), "{}", check("HTTP interface"));
    answer("/api/health", 200, r#"{"status":"ok","version":"0"}"#);
    until("the button is free", || !button("Run checks").has_attribute("disabled")).await;
    button("Run checks").click();
    until("the socket is judged", || check("WebSocket").contains("does not pass WebSockets")).await;
    for lines in ["proxy_set_header Upgrade $http_upgrade;", "reverse_proxy 127.0.0.1:4100", "flushInterval"]
    {
        assert!(check("WebSocket").contains(lines), "{lines}: {}", check("WebSocket"));
    }
    assert_eq!(most_at_once(), 1);
}
