//! Whether everybody can use the pages: axe-core's rules on each, light and dark, and every action by keyboard alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_e2e::{NARROW, Page, Scene, Scheme, Site, WIDE, run, scene, site};

/// What WebDriver sends for keys that are no characters: W3C WebDriver, section 17.4.2.
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";
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

        // To every page, and to an execution by its row.
        for (key, path, heading) in [
            ("e", "/executions", "Executions"),
            ("s", "/scrape-runs", "Scrape runs"),
            ("a", "/agents", "Agents"),
            ("w", "/wire", "Wire"),
            ("o", "/", "Overview"),
        ] {
            press_both(&page, ["g", key]).await;
            wait_for_path(&page, path).await;
            page.find("heading", heading).await;
        }
        press_both(&page, ["g", "e"]).await;
        page.wait_for_row("e-fail", "failed").await;
        page.press("j").await;
        page.press("j").await;
        page.press("k").await;
        wait_for_focus(&page, "link").await;
        page.press("/").await;
        wait_for_focus(&page, "searchbox").await;
        page.press("fence").await;
        page.wait_for_rows(&["e-fail", "e-run"]).await;
        page.press(ENTER).await;
        wait_for_focus(&page, "Paint the fence").await;
        page.press("j").await;
        page.press(ENTER).await;
        wait_for_path(&page, "/executions/e-run").await;

        // Its output: paused and followed.
        page.wait_for_status("Execution status", "running").await;
        page.press("f").await;
        page.find("button", "Follow").await;
        page.press("f").await;
        page.find_no("button", "Follow").await;

        // The list of executions, sorted; and another theme.
        press_both(&page, ["g", "e"]).await;
        wait_for_path(&page, "/executions").await;
        tab_to(&page, "button \"Agent\"").await;
        page.press(ENTER).await;
        wait_for_path(&page, "/executions?sort=agent").await;
        tab_to(&page, "combobox \"Theme\"").await;
        page.press("Dark").await;
        page.wait_for("the dark theme", async |page: &Page| {
            let luminance = page.background_luminance().await;
            if luminance < 0.2 { Ok(()) } else { Err(luminance.to_string()) }
        })
        .await;

        // What agents say: paused and followed. The connection: dropped, and watched while it comes back; and checked.
        // In a field, keys are what is typed.
        page.press(TAB).await;
        press_both(&page, ["g", "a"]).await;
        page.wait_for_text("night-shift").await;
        page.press("f").await;
        page.find("button", "Follow").await;
        page.press("f").await;
        page.find("button", "Pause").await;
        press_both(&page, ["g", "w"]).await;
        page.find("heading", "Wire").await;
        tab_to(&page, "button \"Drop the connection\"").await;
        page.press(ENTER).await;
        page.wait_for_text("dropped on purpose").await;
        page.wait_for_status("Connection", "Connected").await;
        tab_to(&page, "button \"Run checks\"").await;
        page.press(SPACE).await;
        page.wait_for_text("agree on the time").await;

        // The list of shortcuts, and the details of the connection.
        press_both(&page, ["g", "o"]).await;
        page.find("heading", "Overview").await;
        page.press("?").await;
        page.find("dialog", "Keyboard shortcuts").await;
        page.press(ESCAPE).await;
        page.find_no("dialog", "Keyboard shortcuts").await;
        tab_to(&page, "button \"Connection details\"").await;
        page.press(ENTER).await;
        page.wait_for_text("HTTP interface").await;
        page.press(ESCAPE).await;
        page.wait_for_no_text("HTTP interface").await;

        let site = stage.site(2, site::pages(5, std::time::Duration::ZERO)).await;
        site.hold();
        scrape_and_ask(&page, &site).await;
        page.assert_console_clean().await;
    });
}

/// Starts a scrape and cancels it; then sends a message, and sees its answer.
async fn scrape_and_ask(page: &Page, site: &Site) {
    press_both(page, ["g", "s"]).await;
    page.find("heading", "Scrape runs").await;
    tab_to(page, "button \"Start new scrape\"").await;
    page.press(ENTER).await;
    page.find("dialog", "Start new scrape").await;
    tab_to(page, "textbox \"Targets\"").await;
    page.press(&site.url("/")).await;
    tab_to(page, "button \"Start\"").await;
    page.press(ENTER).await;
    page.find("progressbar", "Overall").await;
    tab_to(page, "button \"Cancel run\"").await;
    page.press(ENTER).await;
    tab_to(page, "button \"Yes, cancel it\"").await;
    page.press(SPACE).await;
    page.wait_for_status("Scrape phase", "cancelled").await;

    // A message, and its answer.
    press_both(page, ["g", "c"]).await;
    wait_for_path(page, "/chat").await;
    tab_to(page, "textbox \"Message\"").await;
    page.press("What is running?").await;
    page.press(ENTER).await;
    page.wait_for_text("Paint the fence").await;
}
