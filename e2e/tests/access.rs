//! Whether everybody can use the pages: axe-core's rules on each, light and dark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_e2e::{NARROW, Page, Scene, Scheme, WIDE, run, scene};

/// What WebDriver sends for Escape: W3C WebDriver, section 17.4.2.
const ESCAPE: &str = "\u{E00C}";

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
