//! Whether everybody can use the pages: axe-core's rules on each, light and dark, and every action by keyboard alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_e2e::{Hub, NARROW, Page, Scene, Scheme, Site, WIDE, run, scene, site};

/// What WebDriver sends for keys that are no characters: W3C WebDriver, section 17.4.2.
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";
const UP: &str = "\u{E013}";
const SPACE: &str = " ";

async fn assert_no_barriers(page: &Page, what: &str) {
    let barriers = page.barriers().await;
    assert!(barriers.is_empty(), "{what}:\n{}", barriers.join("\n"));
}

#[test]
fn no_page_has_a_serious_barrier() {
    run(async |stage| {
        let scene = Scene::new(stage).await;
        let page = stage.tab(&scene.hub.url()).await;
        for (size, scheme) in [(WIDE, Scheme::Light), (WIDE, Scheme::Dark), (NARROW, Scheme::Light)] {
            page.resize(size).await;
            page.prefer(scheme).await;
            for path in scene.paths() {
                page.goto(path).await;
                page.wait_for_status("Connection", "Connected").await;
                scene::settle(&page, path).await;
                assert_no_barriers(&page, &format!("{path}, {size:?}, {}", scheme.as_str())).await;
            }
        }
    });
}

#[test]
fn dialogs_empty_pages_and_trouble_have_no_serious_barrier_either() {
    run(async |stage| {
        let mut hub = stage.hub_with(&["--scrape-allow-private"]).await;
        let page = stage.tab(&hub.url()).await;
        for scheme in [Scheme::Light, Scheme::Dark] {
            page.prefer(scheme).await;
            for path in ["/", "/executions", "/chat", "/scrape-runs", "/agents"] {
                page.goto(path).await;
                page.wait_for_status("Connection", "Connected").await;
                assert_no_barriers(&page, &format!("{path} without anything on it")).await;
            }
            page.goto("/scrape-runs").await;
            page.click("button", "Start new scrape").await;
            page.find("dialog", "Start new scrape").await;
            page.click("button", "Start").await;
            page.find("alert", "").await;
            assert_no_barriers(&page, "the dialog for a scrape, with a mistake").await;
            page.press(ESCAPE).await;
            page.find_no("dialog", "Start new scrape").await;
            page.press("?").await;
            page.find("dialog", "Keyboard shortcuts").await;
            assert_no_barriers(&page, "the list of shortcuts").await;
            page.press(ESCAPE).await;
            page.find_no("dialog", "Keyboard shortcuts").await;
        }
        scene::executions(&hub).await;
        page.goto("/executions/e-run").await;
        page.wait_for_text("Live updates active").await;
        hub.kill().await;
        page.wait_for_text("WebSocket disconnected").await;
        for scheme in [Scheme::Light, Scheme::Dark] {
            page.prefer(scheme).await;
            assert_no_barriers(&page, "an execution while the socket is down").await;
            page.click("button", "Connection details").await;
            page.wait_for_text("HTTP interface").await;
            assert_no_barriers(&page, "the connection's details").await;
            page.press(ESCAPE).await;
        }
    });
}

#[test]
fn everything_that_can_be_acted_on_is_reached_by_tab() {
    run(async |stage| {
        let scene = Scene::new(stage).await;
        let page = stage.tab(&scene.hub.url()).await;
        page.resize(WIDE).await;
        for path in scene.paths() {
            page.goto(path).await;
            page.wait_for_status("Connection", "Connected").await;
            scene::settle(&page, path).await;
            let out_of_reach = page.out_of_reach().await;
            assert!(out_of_reach.is_empty(), "{path}: {out_of_reach:#?}");
        }
    });
}

/// Presses Tab until the element has the focus; says what had it meanwhile where it never comes.
async fn tab_to(page: &Page, wanted: &str) {
    let mut passed = Vec::new();
    for _ in 0..200 {
        let focused = page.focused().await;
        if focused == wanted {
            return;
        }
        passed.push(focused);
        page.press(TAB).await;
    }
    panic!("Tab does not lead to {wanted}; it led to {passed:#?}");
}

/// Presses two keys in a row, as for `g` `e`.
async fn press_both(page: &Page, keys: [&str; 2]) {
    for key in keys {
        page.press(key).await;
    }
}

async fn wait_for_path(page: &Page, wanted: &str) {
    page.wait_for(&format!("the address {wanted}"), async |page: &Page| {
        let path = page.path().await;
        if path == wanted { Ok(()) } else { Err(path) }
    })
    .await;
}

async fn wait_for_focus(page: &Page, wanted: &str) {
    page.wait_for(&format!("the focus on {wanted}"), async |page: &Page| {
        let focused = page.focused().await;
        if focused.contains(wanted) { Ok(()) } else { Err(focused) }
    })
    .await;
}

#[test]
fn everything_is_done_by_keyboard_alone() {
    run(async |stage| {
        let hub = stage.hub_with(&["--scrape-allow-private"]).await;
        scene::executions(&hub).await;
        scene::agents(&hub).await;
        let page = stage.open(&hub.url(), "/").await;
        page.wait_for_status("Connection", "Connected").await;
        go_to_every_page(&page).await;
        on_executions(&page).await;
        on_an_execution(&page).await;
        in_the_header(&page).await;
        on_agents(&page, &hub).await;
        on_the_wire(&page, &hub).await;
        let site = stage.site(2, site::pages(5, std::time::Duration::ZERO)).await;
        site.hold();
        scrape(&page, &site).await;
        chat(&page).await;
        page.assert_console_clean().await;
    });
}

async fn press_on(page: &Page, wanted: &str) {
    tab_to(page, wanted).await;
    page.press(ENTER).await;
}

async fn go_to_every_page(page: &Page) {
    for (key, path, heading) in [
        ("e", "/executions", "Executions"),
        ("s", "/scrape-runs", "Scrape runs"),
        ("a", "/agents", "Agents"),
        ("w", "/wire", "Wire"),
        ("o", "/", "Overview"),
    ] {
        press_both(page, ["g", key]).await;
        wait_for_path(page, path).await;
        page.find("heading", heading).await;
    }
    press_on(page, "link \"View all\"").await;
    wait_for_path(page, "/executions").await;
}

/// Rows, the search, the status, and the order.
async fn on_executions(page: &Page) {
    page.wait_for_row("e-fail", "failed").await;
    for key in ["j", "j", "k"] {
        page.press(key).await;
    }
    wait_for_focus(page, "link").await;
    press_on(page, "button \"failed\"").await;
    page.wait_for_rows(&["e-fail"]).await;
    press_on(page, "button \"all\"").await;
    press_on(page, "button \"Agent\"").await;
    wait_for_path(page, "/executions?sort=agent").await;
    press_on(page, "button \"Agent\"").await;
    wait_for_path(page, "/executions?sort=-agent").await;
    page.press("/").await;
    wait_for_focus(page, "searchbox").await;
    page.press("fence").await;
    page.wait_for_rows(&["e-fail", "e-run"]).await;
    page.press(ENTER).await;
    wait_for_focus(page, "Paint the fence").await;
    page.press("j").await;
    page.press(ENTER).await;
    wait_for_path(page, "/executions/e-run").await;
}

/// Its output paused, followed, wrapped and copied; and the way back.
async fn on_an_execution(page: &Page) {
    page.wait_for_status("Execution status", "running").await;
    page.press("f").await;
    page.find("button", "Follow").await;
    page.press("f").await;
    page.find_no("button", "Follow").await;
    press_on(page, "button \"Wrap\"").await;
    press_on(page, "link \"All executions\"").await;
    page.find("heading", "Executions").await;
}

/// The theme, the organization, the shortcuts, and the connection's details with their way to a new connection.
async fn in_the_header(page: &Page) {
    tab_to(page, "combobox \"Theme\"").await;
    page.press("Dark").await;
    page.wait_for("the dark theme", async |page: &Page| {
        let luminance = page.background_luminance().await;
        if luminance < 0.2 { Ok(()) } else { Err(luminance.to_string()) }
    })
    .await;
    // In a field, keys are what is typed.
    page.press(TAB).await;
    page.press("?").await;
    page.find("dialog", "Keyboard shortcuts").await;
    page.press(ESCAPE).await;
    page.find_no("dialog", "Keyboard shortcuts").await;
    press_on(page, "button \"Connection details\"").await;
    page.wait_for_text("HTTP interface").await;
    page.press(ESCAPE).await;
    page.wait_for_no_text("HTTP interface").await;
    let connections = page.sockets().await.len();
    page.press("r").await;
    page.wait_for("a new connection", async |page: &Page| {
        let sockets = page.sockets().await;
        if sockets.len() == connections + 1 { Ok(()) } else { Err(format!("{sockets:?}")) }
    })
    .await;
    page.wait_for_status("Connection", "Connected").await;
}

/// What they say: paused, followed, filtered, and opened.
async fn on_agents(page: &Page, hub: &Hub) {
    press_both(page, ["g", "a"]).await;
    page.wait_for_text("night-shift").await;
    scene::agents(hub).await;
    page.wait_for_text("agent_stopped").await;
    page.press("f").await;
    page.find("button", "Follow").await;
    page.press("f").await;
    page.find("button", "Pause").await;
    page.press("/").await;
    page.press("archivist").await;
    page.wait_for_no_text("agent_stopped").await;
    page.wait_for("the way into the event", async |page: &Page| {
        page.press(TAB).await;
        let focused = page.focused().await;
        if focused.contains("heartbeat") { Ok(()) } else { Err(focused) }
    })
    .await;
    page.press(ENTER).await;
    page.wait_for_text("\"agentId\": \"archivist\"").await;
}

/// A ping, the connection dropped, the checks; frames filtered, chosen and let go.
async fn on_the_wire(page: &Page, hub: &Hub) {
    press_both(page, ["g", "w"]).await;
    page.find("heading", "Wire").await;
    press_on(page, "button \"Ping\"").await;
    press_on(page, "button \"Drop the connection\"").await;
    page.wait_for_text("dropped on purpose").await;
    page.wait_for_status("Connection", "Connected").await;
    tab_to(page, "button \"Run checks\"").await;
    page.press(SPACE).await;
    page.wait_for_text("agree on the time").await;
    scene::agents(hub).await;
    press_on(page, "button \"data\"").await;
    page.wait_for("a frame to choose", async |page: &Page| {
        page.press(TAB).await;
        let focused = page.focused().await;
        if focused.contains("Recent frames") || focused.contains("Rows") { Ok(()) } else { Err(focused) }
    })
    .await;
    page.press(UP).await;
    page.find("region", "Chosen frame").await;
    page.press(ESCAPE).await;
    page.find_no("region", "Chosen frame").await;
}

/// A run tried out, started, cancelled, exported from, and begun again.
async fn scrape(page: &Page, site: &Site) {
    press_both(page, ["g", "s"]).await;
    page.find("heading", "Scrape runs").await;
    press_on(page, "button \"Start new scrape\"").await;
    page.find("dialog", "Start new scrape").await;
    tab_to(page, "textbox \"Targets\"").await;
    page.press(&site.url("/")).await;
    press_on(page, "button \"Start\"").await;
    page.find("progressbar", "Overall").await;
    press_on(page, "button \"Cancel run\"").await;
    tab_to(page, "button \"Yes, cancel it\"").await;
    page.press(SPACE).await;
    page.wait_for_status("Scrape phase", "cancelled").await;
    press_on(page, "button \"Export\"").await;
    page.find("button", "Pages, CSV").await;
    page.press(ESCAPE).await;
    page.find_no("button", "Pages, CSV").await;
    press_on(page, "button \"Run again\"").await;
    page.find("dialog", "Start new scrape").await;
    page.press(ESCAPE).await;
    page.find_no("dialog", "Start new scrape").await;
}

/// A message and its answer, the search, and another conversation.
async fn chat(page: &Page) {
    press_both(page, ["g", "c"]).await;
    wait_for_path(page, "/chat").await;
    tab_to(page, "textbox \"Message\"").await;
    page.press("What is running?").await;
    page.press(ENTER).await;
    page.wait_for_text("Paint the fence").await;
    let conversation = page.path().await;
    press_on(page, "link \"New chat\"").await;
    wait_for_path(page, "/chat").await;
    wait_for_focus(page, "textbox").await;
    tab_to(page, "searchbox \"Search conversations\"").await;
    page.press("running").await;
    page.press(ENTER).await;
    wait_for_focus(page, "What is running?").await;
    page.press(ENTER).await;
    wait_for_path(page, &conversation).await;
}
