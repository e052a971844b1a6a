//! The pages about scrape runs as a person meets them: starting one, watching it, reading what it found. Against a
//! scriptable server.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use leptos::{mount::mount_to, prelude::*};
use support::*;
use switchboard_dashboard::app::App;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::{Element, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

const RUNS: &str = "/api/scrape/runs";
const RUN: &str = "/api/scrape/runs/r-1";
const OVERALL: &str = "[role=progressbar][aria-label=Overall]";
const PLATFORM: &str = "[role=progressbar][aria-label='a.test']";

/// The whole application at an address.
async fn open(stage: &mut Stage, path: &str) {
    for path in ["/api/executions", "/api/organizations"] {
        answer(path, 200, r#"{"items":[]}"#);
    }
    window().session_storage().unwrap().unwrap().clear().unwrap();
    js_sys::eval(&format!("history.replaceState(null, '', '{path}')")).unwrap();
    let style = document().create_element("style").unwrap();
    style.set_text_content(Some(
        ".pages-frame { display: flex; flex-direction: column-reverse; height: 200px; overflow: auto; overflow-anchor: none } \
         .pages-rows { flex: none } .page-row { height: 28px }",
    ));
    // What a test that failed has left behind would be found by the next one.
    all("[data-host]").iter().for_each(Element::remove);
    let host = parent();
    host.set_attribute("data-host", "").unwrap();
    host.append_child(&style).unwrap();
    stage.keep(mount_to(host, || view! { <App config=config() /> }));
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
    all(selector).iter().map(|element| element.text_content().unwrap().trim().to_owned()).collect()
}

fn text(selector: &str) -> String {
    texts(selector).into_iter().next().unwrap_or_default()
}

fn attribute(selector: &str, name: &str) -> Option<String> {
    find(selector).unwrap_or_else(|| panic!("there is no {selector}")).get_attribute(name)
}

fn button(name: &str) -> HtmlElement {
    let found = all("button").into_iter().find(|button| button.text_content().unwrap().trim() == name);
    found.unwrap_or_else(|| panic!("there is no button {name}")).unchecked_into()
}

/// Types into a field, and lets the page follow.
async fn write(selector: &str, text: &str) {
    let field = find(selector).unwrap_or_else(|| panic!("there is no {selector}"));
    let write = js_sys::Function::new_with_args(
        "field, text",
        "field.value = text; field.dispatchEvent(new Event('input', { bubbles: true }))",
    );
    write.call2(&wasm_bindgen::JsValue::NULL, &field, &text.into()).unwrap();
    settle().await;
}

fn path() -> String {
    let location = window().location();
    location.pathname().unwrap() + &location.search().unwrap()
}

fn posts() -> usize {
    posted().lines().filter(|line| line.contains("targets")).count()
}

/// A run of one platform as the hub answers it.
fn run(phase: &str, members: &str, pages: &[String]) -> String {
    format!(
        r#"{{"runId":"r-1","organizationId":"acme","phase":"{phase}","targets":["https://a.test/"],"current":12,"total":40,"items":0,"bytes":48000,"errors":0,"platforms":[{{"platform":"a.test","phase":"{phase}","current":12,"total":40,"items":0,"bytes":48000,"errors":0,"message":"/docs"}}],"createdAt":"2026-01-31T12:00:00Z","startedAt":"2026-01-31T12:00:00Z","updatedAt":"2026-01-31T12:00:05Z","own":true,"limits":{{"maxPages":200}},"pages":[{}],"pageCount":{},"seq":0{members}}}"#,
        pages.join(","),
        pages.len()
    )
}

fn page(number: usize, status: u16) -> String {
    format!(
        r#"{{"url":"https://a.test/{number}","platform":"a.test","status":{status},"title":"Page {number}","textLength":1200,"links":3,"durationMs":42,"contentType":"text/html","bytes":4000}}"#
    )
}

fn progress(members: &str) -> String {
    format!(r#"{{"type":"scrape_progress","runId":"r-1",{members}}}"#)
}

/// The page of a run, once it is there.
async fn open_run(stage: &mut Stage, body: &str) {
    answer(RUN, 200, body);
    open(stage, "/scrape-runs/r-1").await;
    until("the run is there", || find(OVERALL).is_some()).await;
    until("it is live", || text(".transport") == "Live over WebSocket").await;
}

#[wasm_bindgen_test]
async fn a_run_s_page_has_the_names_and_the_numbers_of_the_contract() {
    let mut stage = Stage::new();
    open_run(&mut stage, &run("running", "", &[])).await;
    assert_eq!(text("main h1"), "a.test");
    assert!(texts("main h2").contains(&"Scrape runs".to_owned()), "{:?}", texts("main h2"));
    assert_eq!(text("[role=status][aria-label='Scrape phase']"), "running");
    for bar in [OVERALL, PLATFORM] {
        let value = |name| attribute(bar, name).unwrap();
        let values = ["aria-valuemin", "aria-valuenow", "aria-valuemax", "aria-valuetext"].map(value);
        assert_eq!(values, ["0", "12", "40", "12 of 40 pages"], "{bar}");
    }
    assert_eq!(text("[aria-label=Errors] .section-note"), "No errors");
    assert!(text("[aria-label=Settings]").contains("200"), "{}", text("[aria-label=Settings]"));
    for name in ["Pages per second", "Items per second", "Bytes per second"] {
        assert!(find(&format!("[role=img][aria-label^='{name}: ']")).is_some(), "{name}");
    }

    let step = r#""platform":"a.test","phase":"running","current":13,"total":50,"message":"/next""#;
    publish(&format!("{}\n{}", progress(step), progress(r#""phase":"running","current":13,"total":50"#)));
    until("the bars follow", || attribute(OVERALL, "aria-valuenow").as_deref() == Some("13")).await;
    assert_eq!(attribute(PLATFORM, "aria-valuetext").unwrap(), "13 of 50 pages");
    assert!(text(".progress-list").contains("/next"));
}

#[wasm_bindgen_test]
async fn an_unknown_total_is_indeterminate_and_nothing_moves_while_not_live() {
    let mut stage = Stage::new();
    let body = run("running", "", &[]).replace("\"total\":40", "\"total\":0");
    open_run(&mut stage, &body).await;
    assert_eq!(attribute(OVERALL, "aria-valuenow"), None);
    assert_eq!(attribute(OVERALL, "aria-valuetext").unwrap(), "12 pages");
    assert_eq!(attribute(OVERALL, "data-unknown").unwrap(), "moving");
    script(r#"{"mode":"refuse","sse":"refuse"}"#);
    drop_connections(1006, "");
    until("it says so", || text(".transport") == "Not live").await;
    settle().await;
    assert_eq!(attribute(OVERALL, "data-unknown").unwrap(), "still");
    assert!(text("main").contains("WebSocket disconnected"), "{}", text("main"));
}

#[wasm_bindgen_test]
async fn over_an_event_stream_the_page_is_live_and_says_so() {
    let mut stage = Stage::new();
    open_run(&mut stage, &run("running", "", &[])).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1006, "");
    until("it says so", || text(".transport") == "Not live").await;
    until("a stream stands in", || text(".transport") == "Live over SSE").await;
    publish(&progress(r#""phase":"running","current":20,"total":40"#));
    until("the bar follows", || attribute(OVERALL, "aria-valuenow").as_deref() == Some("20")).await;
    assert!(!text("main").contains("WebSocket disconnected"), "what is shown is not stale");
}

#[wasm_bindgen_test]
async fn a_run_that_failed_says_why_and_which_pages() {
    let mut stage = Stage::new();
    let pages = [page(1, 200), page(2, 404), page(3, 301)];
    let body = run(
        "failed",
        r#","message":"No page of it could be fetched.","finishedAt":"2026-01-31T12:01:05Z""#,
        &pages,
    )
    .replace("\"errors\":0", "\"errors\":1");
    open_run(&mut stage, &body).await;
    assert!(text("[role=alert]").contains("No page of it could be fetched."), "{}", text("[role=alert]"));
    let errors = text("[aria-label=Errors]");
    assert!(errors.contains("https://a.test/2") && errors.contains("404"), "{errors}");
    assert!(!errors.contains("https://a.test/1"), "{errors}");
    assert!(text("[role=timer]").contains("1 m 05 s"), "{}", text("[role=timer]"));
    assert!(all("button").iter().all(|button| button.text_content().unwrap() != "Cancel run"), "it is over");
}

#[wasm_bindgen_test]
async fn an_unknown_run_is_told_and_asked_for_again() {
    let mut stage = Stage::new();
    open(&mut stage, "/scrape-runs/r-1").await;
    until("it is told", || find("[role=alert]").is_some()).await;
    assert!(text("[role=alert]").contains("Scrape run r-1 was not found"), "{}", text("[role=alert]"));
    assert!(texts("main h2").contains(&"Scrape runs".to_owned()));
    answer(RUN, 200, &run("completed", "", &[]));
    button("Retry").click();
    until("it is there", || find(OVERALL).is_some()).await;
}

fn rows() -> Vec<String> {
    texts(".pages-frame [role=row] .page-address")
}

#[wasm_bindgen_test]
async fn pages_come_live_are_filtered_and_lead_to_the_site() {
    let mut stage = Stage::new();
    let pages: Vec<_> = (0..30).map(|number| page(number, if number == 7 { 404 } else { 200 })).collect();
    open_run(&mut stage, &run("running", "", &pages)).await;
    until("the pages are there", || rows().len() == 30).await;
    let link = find(".pages-frame .page-address a").unwrap();
    let parts = ["href", "target", "rel"].map(|name| link.get_attribute(name).unwrap());
    assert_eq!(parts, ["https://a.test/0", "_blank", "noopener noreferrer"]);
    assert_eq!(all("[role=table][aria-label=Pages] [role=columnheader]").len(), 9);

    publish(&progress(&format!(r#""phase":"running","current":13,"pages":[{}]"#, page(30, 302))));
    until("the new page is there", || rows().len() == 31).await;
    assert_eq!(text("[aria-label=Pages] .card-count"), "31");

    button("failed").click();
    until("the failed one is left", || rows() == ["https://a.test/7"]).await;
    assert_eq!(text("[aria-label=Pages] .card-count"), "1 match, of 31");
    publish(&progress(&format!(r#""phase":"running","pages":[{},{}]"#, page(31, 500), page(32, 200))));
    until("another one failed", || rows() == ["https://a.test/7", "https://a.test/31"]).await;
    button("all").click();
    write("[aria-label='Filter pages']", "page 3").await;
    until("the text is found", || rows().len() == 4).await;
}

/// A table of which the newest row stands at the end moves its rows up with each that comes.
#[wasm_bindgen_test]
async fn new_pages_do_not_move_what_somebody_reads() {
    let mut stage = Stage::new();
    let pages: Vec<_> = (0..60).map(|number| page(number, 200)).collect();
    open_run(&mut stage, &run("running", "", &pages)).await;
    until("the pages are there", || rows().len() == 60).await;
    let frame = find(".pages-frame").unwrap();
    frame.set_scroll_top(-400);
    settle().await;
    let row = all(".pages-frame [role=row]")[40].clone();
    // Where it stands in the table: what lies over the table is no part of it.
    let place = || row.get_bounding_client_rect().top() - frame.get_bounding_client_rect().top();
    let before = place();
    publish(&progress(&format!(r#""phase":"running","pages":[{},{}]"#, page(60, 200), page(61, 200))));
    until("what waits is told", || text(".log-pending") == "2 new pages").await;
    settle().await;
    assert!((place() - before).abs() < 1.0, "it moved");
    find(".log-pending").unwrap().click();
    until("they are there", || rows().len() == 62).await;
    assert_eq!(frame.scroll_top(), 0);
}

/// An address that a report names may be a script, and must not become a link.
#[wasm_bindgen_test]
async fn an_address_that_is_no_web_address_is_no_link() {
    let mut stage = Stage::new();
    let pages = [page(1, 200).replace("https://a.test/1", "javascript:alert(1)")];
    open_run(&mut stage, &run("running", "", &pages)).await;
    until("the page is there", || rows() == ["javascript:alert(1)"]).await;
    assert_eq!(attribute(".pages-frame .page-address a", "href"), None);
}

#[wasm_bindgen_test]
async fn items_are_a_table_by_field_and_are_fetched_when_there_are_more() {
    let mut stage = Stage::new();
    let items = r#"{"items":[{"number":2,"fields":{"name":"Lamp","price":12}},{"number":1,"fields":{"name":"Chair","tags":["a","b"]}}]}"#;
    answer(&format!("{RUN}/items"), 200, items);
    open_run(&mut stage, &run("running", r#","extract":{"fields":[{"name":"name"}]}"#, &[])).await;
    settle().await;
    assert!(!requests().contains("/items"), "there are none yet");
    publish(&progress(r#""phase":"running","current":14,"items":2"#));
    until("they are there", || find("table[aria-label=Items]").is_some()).await;
    assert_eq!(texts("table[aria-label=Items] th"), ["name", "price", "tags"]);
    let cells = texts("table[aria-label=Items] td");
    assert_eq!(cells, ["Lamp", "12", "", "Chair", "", r#"["a","b"]"#]);
}

/// A reporter may count items and send none: the page said for ever that they were loading.
#[wasm_bindgen_test]
async fn items_that_were_only_counted_are_not_waited_for() {
    let mut stage = Stage::new();
    answer(&format!("{RUN}/items"), 200, r#"{"items":[]}"#);
    open_run(&mut stage, &run("running", "", &[]).replace("\"items\":0", "\"items\":9")).await;
    until("it is told", || text("[aria-label=Items]").contains("none of them was sent here")).await;
}

#[wasm_bindgen_test]
async fn an_export_is_saved_as_a_file_of_the_run() {
    let mut stage = Stage::new();
    answer(&format!("{RUN}/export"), 200, "url\nhttps://a.test/1\n");
    open_run(&mut stage, &run("completed", "", &[page(1, 200)])).await;
    // The browser would save the file; what it is asked to save is enough here.
    js_sys::eval(
        "globalThis.saved = []; HTMLAnchorElement.prototype.click = function () { saved.push(this.download + ' ' + this.protocol) }",
    )
    .unwrap();
    button("Pages, CSV").click();
    let saved = || js_sys::eval("saved.join()").unwrap().as_string().unwrap();
    until("it is saved", || !saved().is_empty()).await;
    js_sys::eval("delete HTMLAnchorElement.prototype.click").unwrap();
    assert_eq!(saved(), "scrape-r-1-pages.csv blob:");
    assert!(requests().contains("/export?organizationId=acme&what=pages&format=csv"), "{}", requests());
    answer(&format!("{RUN}/export"), 503, r#"{"title":"Busy","status":503,"detail":"Try again later."}"#);
    button("Items, JSON Lines").click();
    until("a refusal is told", || text(".export-problem").contains("Try again later.")).await;
}

#[wasm_bindgen_test]
async fn a_run_is_cancelled_after_a_question() {
    let mut stage = Stage::new();
    answer(&format!("{RUN}/cancel"), 202, r#"{"runId":"r-1","phase":"running"}"#);
    open_run(&mut stage, &run("running", "", &[])).await;
    button("Cancel run").click();
    settle().await;
    assert!(!requests().contains("/cancel"), "it is asked first");
    button("Keep running").click();
    button("Cancel run").click();
    button("Yes, cancel it").click();
    until("it is asked to end", || requests().contains("/api/scrape/runs/r-1/cancel")).await;
    publish(&progress(r#""phase":"cancelled","message":"Cancelled.""#));
    until("it says so", || text("[role=status][aria-label='Scrape phase']") == "cancelled").await;
    assert!(all("button").iter().all(|button| button.text_content().unwrap() != "Cancel run"));
}

/// The list, and the answer to a start, which have one path.
fn started(run: &str) -> String {
    format!(r#"{{"items":[],"runId":"{run}"}}"#)
}

async fn open_dialog(stage: &mut Stage) {
    open(stage, "/scrape-runs").await;
    until("the list is there", || text("main").contains("No scrape runs yet")).await;
    // A click by a script gives no focus, as a person's does.
    button("Start new scrape").focus().unwrap();
    button("Start new scrape").click();
    until("the dialog is there", || find("dialog[open] textarea").is_some()).await;
    until("one can write", || document().active_element().is_some_and(|it| it.matches("textarea").unwrap()))
        .await;
}

#[wasm_bindgen_test]
async fn a_double_click_starts_one_run_and_leads_to_it() {
    let mut stage = Stage::new();
    answer(RUNS, 201, &started("r-1"));
    answer(RUN, 200, &run("running", "", &[]));
    open_dialog(&mut stage).await;
    assert!(text("main code").contains("curl -X POST http"), "{}", text("main code"));
    write("dialog textarea", "https://a.test/\n\n https://b.test ").await;
    write("dialog input[placeholder='1,000']", "2,500").await;
    hold(RUNS);
    button("Start").click();
    settle().await;
    button("Starting…").click();
    settle().await;
    release(RUNS);
    until("the run's page is there", || path() == "/scrape-runs/r-1").await;
    assert_eq!(posts(), 1, "{}", posted());
    let body = js_sys::JSON::parse(&posted()).unwrap();
    let member = |name: &str| {
        let value = js_sys::Reflect::get(&body, &name.into()).unwrap();
        String::from(js_sys::JSON::stringify(&value).unwrap())
    };
    assert_eq!(member("targets"), r#"["https://a.test/","https://b.test"]"#);
    assert_eq!(member("maxPages"), "2500");
    assert_eq!(member("organizationId"), "\"acme\"");
    assert!(member("runId").len() > 20, "{}", member("runId"));
    assert!(find("dialog[open]").is_none());
}

/// A retry after an answer that was lost made a second run.
#[wasm_bindgen_test]
async fn a_retry_asks_for_the_same_run_and_loses_nothing() {
    let mut stage = Stage::new();
    answer(RUNS, 201, &started("r-1"));
    answer(RUN, 200, &run("running", "", &[]));
    open_dialog(&mut stage).await;
    write("dialog textarea", "https://a.test/").await;
    answer(RUNS, 0, "");
    button("Start").click();
    until("it is told", || text("dialog [role=alert]").contains("cannot be reached")).await;
    answer(RUNS, 201, &started("r-1"));
    button("Start").click();
    until("the run's page is there", || path() == "/scrape-runs/r-1").await;
    let ids: Vec<_> = posted()
        .lines()
        .map(|line| line.split("\"runId\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
}

#[wasm_bindgen_test]
async fn what_is_wrong_is_said_at_its_field_in_the_server_s_words() {
    let mut stage = Stage::new();
    answer(RUNS, 200, &started("r-1"));
    open_dialog(&mut stage).await;
    button("Start").click();
    until("a target is asked for", || text("dialog [role=alert]").contains("at least one address")).await;
    write("dialog textarea", "a.test/docs").await;
    button("Start").click();
    until("a scheme is proposed", || text("dialog [role=alert]").contains("https://a.test/docs?")).await;
    assert_eq!(posted(), "", "nothing is sent that the server would refuse");
    button("Use https://").click();
    settle().await;
    let targets = find("dialog textarea").unwrap().unchecked_into::<web_sys::HtmlTextAreaElement>();
    assert_eq!(targets.value(), "https://a.test/docs");

    let refuse = |detail: &str| {
        answer(RUNS, 400, &format!(r#"{{"title":"Bad request","status":400,"detail":"{detail}"}}"#));
    };
    refuse("maxPages must be between 1 and 100,000.");
    button("Start").click();
    let limit = "dialog input[placeholder='1,000'][aria-invalid=true]";
    until("it is said at the limit", || find(limit).is_some()).await;
    assert_eq!(texts("dialog [role=alert]"), ["maxPages must be between 1 and 100,000."], "said once");

    write("dialog [aria-label='Field 1 name']", "price").await;
    write("dialog [aria-label='Field 1 selector']", "..price").await;
    refuse("The selector of the field “price” cannot be read.");
    button("Start").click();
    until("it is said at the row", || find("dialog .form-row [role=alert]").is_some()).await;
    // Closed and opened again, the dialog has what was typed.
    button("Close").click();
    assert!(find("dialog[open]").is_none());
    let focused = document().active_element().unwrap().text_content().unwrap();
    assert_eq!(focused, "Start new scrape", "the focus is back where it was");
    answer(RUNS, 200, &started("r-1"));
    button("Start new scrape").click();
    until("it is open", || find("dialog[open] textarea").is_some()).await;
    settle().await;
    let selector = find("dialog [aria-label='Field 1 selector']").unwrap();
    assert_eq!(selector.unchecked_into::<web_sys::HtmlInputElement>().value(), "..price");
    assert!(find("dialog [role=alert]").is_none(), "what was wrong then is not said any more");
}

#[wasm_bindgen_test]
async fn a_preview_shows_what_would_be_taken_out() {
    let mut stage = Stage::new();
    answer(RUNS, 200, &started("r-1"));
    answer(
        "/api/scrape/preview",
        200,
        r#"{"page":{"url":"https://a.test/","status":200,"title":"Shop","links":4},"items":[{"fields":{"name":"Lamp"}},{"fields":{"name":"Chair"}}],"itemCount":30}"#,
    );
    open_dialog(&mut stage).await;
    write("dialog textarea", "https://a.test/").await;
    write("dialog [aria-label='Field 1 name']", "name").await;
    write("dialog [aria-label='Field 1 selector']", "h2").await;
    button("Preview").click();
    until("it is there", || find("dialog .preview-found").is_some()).await;
    let found = text("dialog .preview-found");
    assert!(
        ["Shop", "Status 200", "The first 2 of 30 items."].iter().all(|part| found.contains(part)),
        "{found}"
    );
    assert_eq!(texts("dialog .item-table td"), ["Lamp", "Chair"]);
    answer("/api/scrape/preview", 422, r#"{"title":"No","status":422,"detail":"The page does not answer."}"#);
    button("Preview").click();
    until("it is told", || text("dialog [role=alert]").contains("The page does not answer.")).await;
    assert!(find("dialog .preview-found").is_none(), "what was found before is not what is there now");
}

#[wasm_bindgen_test]
async fn run_again_opens_the_dialog_filled_in() {
    let mut stage = Stage::new();
    let extract = r#","extract":{"item":"li","fields":[{"name":"name","selector":"a","attribute":"href","many":true}]}"#;
    open_run(&mut stage, &run("completed", extract, &[])).await;
    button("Run again").click();
    until("the dialog is there", || find("dialog[open] textarea").is_some()).await;
    settle().await;
    let value = |selector: &str| {
        let field = find(&format!("dialog {selector}")).unwrap();
        js_sys::Reflect::get(&field, &"value".into()).unwrap().as_string().unwrap()
    };
    assert_eq!(value("textarea"), "https://a.test/");
    assert_eq!(value("input[placeholder='1,000']"), "200");
    assert_eq!(value("[placeholder^='Empty: the page is']"), "li");
    assert_eq!(value("[aria-label='Field 1 attribute']"), "href");
    button("Add a field").click();
    settle().await;
    assert!(find("dialog [aria-label='Field 2 name']").is_some());
    find("dialog [aria-label='Remove field 1']").unwrap().click();
    settle().await;
    assert_eq!(all("dialog .form-row").len(), 1);
    assert_eq!(value("[aria-label='Field 1 name']"), "", "the other one is left");
}

fn listed(id: &str, phase: &str) -> String {
    format!(
        r#"{{"runId":"{id}","organizationId":"acme","phase":"{phase}","title":"Run {id}","targets":["https://a.test/"],"current":5,"total":10,"platforms":[{{"platform":"a.test","phase":"{phase}","current":5,"total":10}}],"createdAt":"2026-01-31T12:00:00Z"}}"#
    )
}

#[wasm_bindgen_test]
async fn the_list_links_to_its_runs_and_keeps_its_filter_in_the_address() {
    let mut stage = Stage::new();
    let list = format!(r#"{{"items":[{},{}]}}"#, listed("r-2", "running"), listed("r-1", "completed"));
    answer(RUNS, 200, &list);
    open(&mut stage, "/scrape-runs?q=docs").await;
    until("the rows are there", || all("main tbody tr").len() == 2).await;
    assert_eq!(text("main h1"), "Scrape runs");
    assert_eq!(attribute("main tbody .row-link", "href").unwrap(), "/scrape-runs/r-2");
    assert!(requests().contains("q=docs"), "{}", requests());
    until("it is live", || text(".transport") == "Live over WebSocket").await;
    answer(RUNS, 200, r#"{"items":[]}"#);
    button("failed").click();
    until("the address has it", || path() == "/scrape-runs?q=docs&phase=failed").await;
    until("the server is asked", || requests().contains("phase=failed")).await;
    until("nothing is left", || text("main").contains("No scrape run matches")).await;
    button("Clear filters").click();
    until("the address is plain", || path() == "/scrape-runs").await;
}

#[wasm_bindgen_test]
async fn the_overview_shows_the_active_scrape_and_what_there_is() {
    let mut stage = Stage::new();
    let list = format!(r#"{{"items":[{},{}]}}"#, listed("r-2", "running"), listed("r-1", "completed"));
    answer(RUNS, 200, &list);
    open(&mut stage, "/").await;
    until("the active scrape is there", || find(OVERALL).is_some()).await;
    assert_eq!(text("main h1"), "Overview");
    assert_eq!(attribute(PLATFORM, "aria-valuetext").unwrap(), "5 of 10 pages");
    assert_eq!(attribute("[aria-label='Active scrape'] a", "href").unwrap(), "/scrape-runs/r-2");
    assert_eq!(all("[aria-label='Recent scrape runs'] tbody tr").len(), 2);
    assert!(
        text("[aria-label='Recent executions']").contains("No executions yet"),
        "what is not there says so"
    );
    assert_eq!(attribute("a.count[href='/scrape-runs?phase=running']", "data-count").unwrap(), "1");
    until("it is live", || texts(".transport") == ["Live over WebSocket"]).await;
    let step = r#"{"type":"scrape_progress","runId":"r-2","platform":"a.test","current":6,"total":10}"#;
    publish(step);
    until("the bar follows", || attribute(PLATFORM, "aria-valuenow").as_deref() == Some("6")).await;
    publish(r#"{"type":"scrape_progress","runId":"r-2","phase":"completed","current":10,"total":10}"#);
    until("nothing is active", || text("[aria-label='Active scrape']").contains("Nothing is being scraped"))
        .await;
    assert!(find("[aria-label='Active scrape'] .transport").is_some(), "the words stand there all the same");
}
