//! Each page at a desk and on a phone, light and dark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_e2e::{NARROW, Scene, Scheme, WIDE, run, scene};

#[test]
fn no_page_is_wider_than_the_screen_or_writes_an_error() {
    run(async |stage| {
        let scene = Scene::new(stage).await;
        let page = stage.tab(&scene.hub.url()).await;
        for (size_name, size) in [("wide", WIDE), ("narrow", NARROW)] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                page.resize(size).await;
                page.prefer(scheme).await;
                for (name, path, heading) in [
                    ("overview", "/", Some("Overview")),
                    ("executions", "/executions", Some("Executions")),
                    ("execution-running", "/executions/e-run", None),
                    ("execution-failed", "/executions/e-fail", None),
                    ("executions-none-found", "/executions?q=nobody", Some("Executions")),
                    ("chat-start", "/chat", None),
                    ("chat", &scene.conversation, None),
                    ("scrape-runs", "/scrape-runs", Some("Scrape runs")),
                    ("scrape-run", &scene.scraped, Some("Scrape runs")),
                    ("scrape-run-running", &scene.scraping, Some("Scrape runs")),
                    ("agents", "/agents", Some("Agents")),
                    ("wire", "/wire", Some("Wire")),
                    ("unknown", "/no/such/page", None),
                ] {
                    page.goto(path).await;
                    page.wait_for_status("Connection", "Connected").await;
                    if let Some(heading) = heading {
                        page.find("heading", heading).await;
                    }
                    scene::settle(&page, path).await;
                    let label = format!("{name}-{size_name}-{}", scheme.as_str());
                    if std::env::var_os("E2E_SHOTS").is_some() {
                        page.screenshot(&format!("shots/{label}")).await.unwrap();
                    }
                    let (beyond, out) = page.overflow().await;
                    assert!(beyond <= 0, "{label} is {beyond} pixels wider than the screen: {out:#?}");
                }
            }
        }
        page.assert_console_clean().await;
    });
}

#[test]
fn the_states_of_trouble_fit_the_screen_too() {
    run(async |stage| {
        let mut hub = stage.hub_with(&["--worker-lanes", "manual"]).await;
        let shots = std::env::var_os("E2E_SHOTS").is_some();
        let page = stage.tab(&hub.url()).await;
        page.resize(NARROW).await;
        page.goto("/executions").await;
        page.wait_for_text("switchboard run").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the empty list fits");
        if shots {
            page.screenshot("shots/executions-empty-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/executions-empty-wide").await.unwrap();
        }
        page.resize(NARROW).await;
        page.goto("/executions/no-such-execution-with-a-rather-long-name-that-cannot-be-broken").await;
        page.find("button", "Retry").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the error fits");

        scene::executions(&hub).await;
        page.goto("/executions/e-run").await;
        page.wait_for_text("Live updates active").await;
        hub.kill().await;
        page.wait_for_text("WebSocket disconnected").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the banner fits");
        if shots {
            page.screenshot("shots/execution-disconnected-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/execution-disconnected-wide").await.unwrap();
        }
        hub.restart().await;
        let conversation = scene::conversation(&hub).await;
        page.resize(NARROW).await;
        page.goto(&conversation).await;
        page.wait_for_status("Connection", "Connected").await;
        page.find("status", "Waiting for a reply").await;
        hub.kill().await;
        page.wait_for_text("WebSocket disconnected").await;
        page.click("button", "Connection details").await;
        page.wait_for_text("HTTP interface").await;
        assert_eq!(page.overflow().await, (0, vec![]), "the connection's details fit");
        if shots {
            page.screenshot("shots/chat-disconnected-narrow").await.unwrap();
            page.resize(WIDE).await;
            page.screenshot("shots/chat-disconnected-wide").await.unwrap();
        }
    });
}
