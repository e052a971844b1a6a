//! What every page offers: navigation, filters, empty and error states, shortcuts, themes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Hub, Page, Scheme, run,
    sample::{event, execution, report},
};

/// Keys, by the table of keys of the WebDriver standard.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

#[test]
fn the_header_leads_to_every_page_over_one_socket() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "painter", "agent-complete").await;
        let page = stage.open(&hub.url(), "/").await;
        page.find("heading", "Overview").await;
        page.wait_for_status("Connection", "Connected").await;
        for _ in 0..3 {
            page.click("link", "Executions").await;
            page.find("heading", "Executions").await;
            page.click_link("/executions/e-1").await;
            page.wait_for_status("Execution status", "completed").await;
            page.click("link", "Overview").await;
            page.find("heading", "Overview").await;
        }
        page.back().await;
        page.wait_for_status("Execution status", "completed").await;
        page.wait_for_status("Connection", "Connected").await;
        let sockets = page.sockets().await;
        assert_eq!(sockets.len(), 1, "one socket for all pages: {sockets:#?}");
        page.assert_console_clean().await;
    });
}

#[test]
fn an_unknown_address_has_a_page_that_leads_back() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/no/such/page").await;
        let text = page.wait_for_text("/no/such/page").await;
        assert!(
            text.to_lowercase().contains("not found") || text.to_lowercase().contains("no page"),
            "{text}"
        );
        page.wait_for_status("Connection", "Connected").await;
        page.click("link", "Overview").await;
        page.find("heading", "Overview").await;
    });
}

#[test]
fn filter_and_search_are_kept_in_the_address() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "painter", "agent-complete").await;
        report_execution(&hub, "default", "e-2", "painter", "error").await;
        report_execution(&hub, "default", "e-3", "welder", "error").await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_rows(&["e-3", "e-2", "e-1"]).await;

        page.click("button", "failed").await;
        page.wait_for_rows(&["e-3", "e-2"]).await;
        assert!(page.path().await.contains("status=failed"), "{}", page.path().await);
        page.fill("searchbox", "Search", "painter").await;
        page.wait_for_rows(&["e-2"]).await;
        page.wait_for("the search in the address", async |page: &Page| {
            let path = page.path().await;
            if path.contains("painter") { Ok(()) } else { Err(path) }
        })
        .await;

        page.reload().await;
        page.wait_for_rows(&["e-2"]).await;
        page.click_link("/executions/e-2").await;
        page.wait_for_status("Execution status", "failed").await;
        page.back().await;
        page.wait_for_rows(&["e-2"]).await;
        page.assert_console_clean().await;
    });
}

#[test]
fn a_search_without_a_hit_says_so() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "painter", "agent-complete").await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.fill("searchbox", "Search", "nobody").await;
        page.wait_for_rows(&[]).await;
        let text = page.text().await.to_lowercase();
        assert!(text.contains("no execution"), "{text}");
        page.fill("searchbox", "Search", "paint").await;
        page.wait_for_rows(&["e-1"]).await;
    });
}

#[test]
fn the_order_is_kept_in_the_address() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "welder", "agent-complete").await;
        report_execution(&hub, "default", "e-2", "artist", "agent-complete").await;
        report_execution(&hub, "default", "e-3", "painter", "agent-complete").await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_rows(&["e-3", "e-2", "e-1"]).await;
        page.click("button", "Agent").await;
        page.wait_for_rows(&["e-2", "e-3", "e-1"]).await;
        page.reload().await;
        page.wait_for_rows(&["e-2", "e-3", "e-1"]).await;
    });
}

#[test]
fn an_empty_list_holds_the_command_that_fills_it() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/executions").await;
        let text = page.wait_for_text("switchboard run").await;
        assert!(text.contains("--"), "the command is whole: {text}");
        page.find("button", "Copy").await;
        page.assert_console_clean().await;
    });
}

#[test]
fn an_execution_that_does_not_exist_is_an_error_with_retry() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/executions/ghost").await;
        page.find("button", "Retry").await;
        let alert = page.texts("alert", "").await.join(" ");
        assert!(alert.contains("ghost") || alert.to_lowercase().contains("not found"), "{alert}");
        // It may come to exist.
        report_execution(&hub, "default", "ghost", "painter", "agent-complete").await;
        page.click("button", "Retry").await;
        page.wait_for_status("Execution status", "completed").await;
    });
}

#[test]
fn retry_works_when_the_server_has_recovered() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-1", "painter", "completed"));
        server.fail_http(true);
        let page = stage.open(&server.url(), "/executions/e-1").await;
        page.find("button", "Retry").await;
        server.fail_http(false);
        page.click("button", "Retry").await;
        page.wait_for_status("Execution status", "completed").await;
        page.wait_for_status("Connection", "Connected").await;
    });
}

#[test]
fn an_organization_sees_only_its_own_executions() {
    run(async |stage| {
        let hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "painter", "agent-complete").await;
        report_execution(&hub, "acme", "a-1", "welder", "agent-complete").await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.switch_organization("acme").await;
        page.wait_for_rows(&["a-1"]).await;
        page.wait_for_status("Connection", "Connected").await;
        report_execution(&hub, "default", "e-2", "painter", "agent-complete").await;
        report_execution(&hub, "acme", "a-2", "welder", "agent-complete").await;
        page.wait_for_rows(&["a-2", "a-1"]).await;
        let open = page.sockets().await.into_iter().filter(|socket| socket.state == "open").count();
        assert_eq!(open, 1, "one socket, of the new organization");
        page.switch_organization("default").await;
        page.wait_for_rows(&["e-2", "e-1"]).await;
        page.assert_console_clean().await;
    });
}

/// Servers of part 1 list no organizations.
#[test]
fn an_organization_that_no_server_lists_can_be_named() {
    run(async |stage| {
        let server = stage.part1().await;
        server.put_execution(execution("default", "e-1", "painter", "running"));
        server.put_execution(execution("acme", "a-1", "welder", "running"));
        let page = stage.open(&server.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        page.choose("Organization", "Other…").await;
        page.find("dialog", "Follow another organization").await;
        page.press("acme").await;
        page.press(ENTER).await;
        page.wait_for_rows(&["a-1"]).await;
        page.reload().await;
        page.wait_for_rows(&["a-1"]).await;
        page.switch_organization("default").await;
        page.wait_for_rows(&["e-1"]).await;
    });
}

#[test]
fn a_question_mark_lists_the_shortcuts() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.find("heading", "Executions").await;
        page.press("?").await;
        page.wait_for_text("Keyboard shortcuts").await;
        page.find("dialog", "Keyboard shortcuts").await;
        page.press(ESCAPE).await;
        page.find_no("dialog", "Keyboard shortcuts").await;
        // In a field, a question mark is a question mark.
        page.fill("searchbox", "Search", "why?").await;
        assert!(!page.has("dialog", "Keyboard shortcuts").await);
    });
}

#[test]
fn the_theme_follows_the_system_and_the_switch_overrules_it() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.tab(&hub.url()).await;
        page.prefer(Scheme::Light).await;
        page.goto("/").await;
        page.find("heading", "Overview").await;
        assert!(page.background_luminance().await > 0.7, "light, as the system prefers");
        page.prefer(Scheme::Dark).await;
        assert!(page.background_luminance().await < 0.3, "dark, as the system prefers now");
        page.switch_theme("Light").await;
        page.wait_for("a light page", is_light).await;
        page.reload().await;
        page.find("heading", "Overview").await;
        page.wait_for("a light page after a reload", is_light).await;
    });
}

#[test]
fn the_page_comes_up_and_says_so_when_the_hub_is_gone() {
    run(async |stage| {
        let mut hub = stage.hub().await;
        report_execution(&hub, "default", "e-1", "painter", "agent-complete").await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_rows(&["e-1"]).await;
        hub.kill().await;
        page.wait_for_status("Connection", "Disconnected").await;
        page.click("link", "Overview").await;
        page.find("heading", "Overview").await;
        page.click("link", "Executions").await;
        page.find("heading", "Executions").await;
        hub.restart().await;
        page.wait_for_status("Connection", "Connected").await;
        page.wait_for_rows(&["e-1"]).await;
    });
}

async fn is_light(page: &Page) -> Result<(), String> {
    let luminance = page.background_luminance().await;
    if luminance > 0.7 { Ok(()) } else { Err(format!("luminance {luminance}")) }
}

/// Reports an execution that starts and then ends by an event of type `end`.
async fn report_execution(hub: &Hub, organization: &str, id: &str, agent: &str, end: &str) {
    let agent = json!({ "agent": { "id": agent, "name": agent } });
    let start = event(&format!("{id}-start"), "agent-start", &agent);
    let end = event(&format!("{id}-end"), end, &json!({ "exitCode": 0, "message": "as told" }));
    hub.report(&json!([report(organization, id, &start), report(organization, id, &end)])).await;
}
