//! Scrape runs as a person sees them: really fetched from sites of this machine, over the socket, over what takes over for it,
//! and while the hub dies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use switchboard_e2e::{Hub, Page, Site, Stage, run, site, until, until_true};

/// What the browser itself writes into the console when a server can't be reached.
const UNREACHABLE: [&str; 3] = ["net::ERR_", "WebSocket connection to", "comes over SSE"];

async fn hub(stage: &Stage) -> Hub {
    stage.hub_with(&["--scrape-allow-private"]).await
}

/// Starts a run by HTTP, and answers its name.
async fn start(hub: &Hub, body: Value) -> String {
    hub.call("/api/scrape/runs", &body).await["runId"].as_str().unwrap().to_owned()
}

async fn phase(hub: &Hub, run: &str) -> String {
    hub.fetch(&format!("/api/scrape/runs/{run}")).await["phase"].as_str().unwrap().to_owned()
}

async fn until_phase(hub: &Hub, run: &str, expected: &str) {
    until(&format!("the run to be {expected}"), async || {
        let phase = phase(hub, run).await;
        if phase == expected { Ok(()) } else { Err(phase) }
    })
    .await;
}

/// The pages of a run as the hub keeps them: each address with how often it is there, and its status.
async fn kept(hub: &Hub, run: &str) -> BTreeMap<String, (usize, u64)> {
    let list = hub.fetch(&format!("/api/scrape/runs/{run}/pages?limit=1000")).await;
    let mut pages = BTreeMap::new();
    for page in list["items"].as_array().unwrap() {
        let entry = pages.entry(page["url"].as_str().unwrap().to_owned()).or_insert((0, 0));
        entry.0 += 1;
        entry.1 = page["status"].as_u64().unwrap_or_default();
    }
    pages
}

/// The addresses in the table of pages, as often as they stand there.
async fn shown(page: &Page) -> Vec<String> {
    let script = "const table = byRole('table', 'Pages')[0];
        return table ? [...table.querySelectorAll('a[href]')].filter((a) => a.checkVisibility()).map((a) => a.href) : []";
    let urls = page.script(script, json!([])).await.unwrap();
    let mut urls: Vec<_> =
        urls.as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect();
    urls.sort();
    urls
}

/// Waits until the table of pages holds exactly these addresses, each once.
async fn wait_for_pages(page: &Page, expected: &[String]) {
    let mut expected = expected.to_vec();
    expected.sort();
    page.wait_for(&format!("{} pages in the table", expected.len()), async |page: &Page| {
        let shown = shown(page).await;
        if shown == expected { Ok(()) } else { Err(format!("{shown:#?}")) }
    })
    .await;
}

/// What a progress bar says: value and greatest value.
async fn bar(page: &Page, name: &str) -> Result<(u64, u64), String> {
    let script = "const bar = byRole('progressbar', arguments[0])[0];
        if (!bar) return byRole('progressbar').map((one) => one.computedName);
        const read = (name) => Number(bar.getAttribute('aria-value' + name) ?? bar[name === 'now' ? 'value' : 'max']);
        return [read('now'), read('max')]";
    let values = page.script(script, json!([name])).await?;
    match (values[0].as_u64(), values[1].as_u64()) {
        (Some(now), Some(max)) => Ok((now, max)),
        _ => Err(format!("no progress bar {name:?}: {values}")),
    }
}

async fn wait_for_bar(page: &Page, name: &str, expected: (u64, u64)) {
    page.wait_for(&format!("the bar {name:?} to be {expected:?}"), async |page: &Page| {
        let bar = bar(page, name).await?;
        if bar == expected { Ok(()) } else { Err(format!("{bar:?}")) }
    })
    .await;
}

fn urls<'a>(site: &Site, paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    paths.into_iter().map(|path| site.url(path)).collect()
}

#[test]
fn a_run_is_started_in_the_dialog_and_seen_to_its_end() {
    run(async |stage| {
        let hub = hub(stage).await;
        let (pages, fetched) = site::shop();
        let shop = stage.site(2, pages).await;
        let small = stage.site(3, site::pages(5, Duration::from_millis(100))).await;
        let page = stage.open(&hub.url(), "/").await;
        page.wait_for_status("Connection", "Connected").await;
        page.find("heading", "Overview").await;
        page.wait_for_text("Live over WebSocket").await;
        page.click("button", "Start new scrape").await;
        page.find("dialog", "Start new scrape").await;
        let targets = format!("{}\n{}", shop.url("/"), small.url("/"));
        page.fill("textbox", "Targets", &targets).await;
        page.click("button", "Start").await;
        page.wait_for("the run's page", async |page: &Page| {
            let path = page.path().await;
            if path.starts_with("/scrape-runs/") { Ok(()) } else { Err(path) }
        })
        .await;
        page.find("heading", "Scrape runs").await;
        page.wait_for_text("Live over WebSocket").await;
        page.find("progressbar", "Overall").await;
        page.find("progressbar", &shop.platform()).await;
        page.find("progressbar", &small.platform()).await;
        page.wait_for_status("Scrape phase", "completed").await;
        let of_shop = fetched.len() as u64;
        wait_for_bar(&page, &shop.platform(), (of_shop, of_shop)).await;
        wait_for_bar(&page, &small.platform(), (5, 5)).await;
        wait_for_bar(&page, "Overall", (of_shop + 5, of_shop + 5)).await;
        let mut expected = urls(&shop, fetched.iter().map(|(path, _)| *path));
        expected.extend(urls(&small, ["/", "/page/1", "/page/2", "/page/3", "/page/4"]));
        wait_for_pages(&page, &expected).await;

        let run = page.path().await.trim_start_matches("/scrape-runs/").to_owned();
        let kept = kept(&hub, &run).await;
        for (path, status) in &fetched {
            assert_eq!(kept.get(&shop.url(path)), Some(&(1, u64::from(*status))), "{path}");
        }
        assert_eq!(kept.len(), expected.len());
        let hits = shop.hits();
        assert!(!hits.contains_key("/members/secret"), "robots.txt was not respected");
        for (path, _) in &fetched {
            // What answers 500 may be asked for again; nothing else is.
            assert!(hits[*path] == 1 || *path == "/broken", "{path} was fetched {} times", hits[*path]);
        }
        assert!(page.streams().await.is_empty(), "an event stream beside a socket that works");
        assert_eq!(page.sockets().await.len(), 1, "one socket for everything");

        page.goto("/scrape-runs").await;
        page.find("heading", "Scrape runs").await;
        page.click_link(&format!("/scrape-runs/{run}")).await;
        wait_for_pages(&page, &expected).await;
        page.assert_console_clean().await;
    });
}

#[test]
fn items_are_previewed_extracted_and_exported() {
    run(async |stage| {
        let hub = hub(stage).await;
        let (pages, _) = site::shop();
        let shop = stage.site(2, pages).await;
        let page = stage.open(&hub.url(), "/scrape-runs").await;
        page.click("button", "Start new scrape").await;
        page.fill("textbox", "Targets", &shop.url("/products")).await;
        page.fill("textbox", "Item selector", "article.product").await;
        page.fill("textbox", "Field 1 name", "name").await;
        page.fill("textbox", "Field 1 selector", "h2").await;
        page.click("button", "Preview").await;
        page.wait_for_text("Lamp 3").await;
        page.click("button", "Start").await;
        page.wait_for_status("Scrape phase", "completed").await;
        page.wait_for("the items", async |page: &Page| {
            let text = page.text_of("table", "Items").await?;
            if ["Lamp 1", "Lamp 2", "Lamp 3"].iter().all(|item| text.contains(item)) {
                Ok(())
            } else {
                Err(text)
            }
        })
        .await;
        let run = page.path().await.trim_start_matches("/scrape-runs/").to_owned();
        let export =
            |format: &str| format!("{}/api/scrape/runs/{run}/export?what=items&format={format}", hub.url());
        let csv = switchboard_e2e::get(&export("csv")).await.unwrap();
        assert_eq!(csv.status, 200);
        assert!(csv.body.contains("Lamp 2"), "{}", csv.body);
        let lines = switchboard_e2e::get(&export("jsonl")).await.unwrap().body;
        assert_eq!(lines.lines().count(), 3, "{lines}");
        page.assert_console_clean().await;
    });
}

#[test]
fn with_the_socket_refused_both_pages_live_on_streams_and_return_to_it() {
    run(async |stage| {
        let hub = hub(stage).await;
        let slow = stage.site(2, site::pages(40, Duration::from_millis(150))).await;
        let proxy = stage.proxy(hub.address()).await;
        proxy.refuse_sockets();
        let home = stage.open(&proxy.url(), "/").await;
        home.wait_for_text("Live over SSE").await;
        assert!(home.sockets().await.len() >= 3, "only after the third failure");
        let streams = home.streams().await;
        assert!(streams.iter().all(|(url, _)| url.contains("/api/scrape/stream")), "{streams:?}");
        slow.hold();
        let run = start(&hub, json!({"targets": [slow.url("/")], "delayMs": 0, "concurrency": 2})).await;
        home.find("progressbar", &slow.platform()).await;

        let page = stage.open(&proxy.url(), &format!("/scrape-runs/{run}")).await;
        page.wait_for_text("Live over SSE").await;
        let path = format!("/api/scrape/runs/{run}/progress");
        let streams = page.streams().await;
        assert!(streams.iter().any(|(url, open)| url.contains(&path) && *open), "{streams:?}");
        let log = page.console().await;
        assert!(log.iter().any(|entry| entry.message.contains("over SSE")), "the switch is logged: {log:?}");
        slow.release();
        page.wait_for("pages over the stream", async |page: &Page| {
            let shown = shown(page).await.len();
            if shown >= 5 { Ok(()) } else { Err(shown.to_string()) }
        })
        .await;
        proxy.heal();
        page.wait_for_text("Live over WebSocket").await;
        until_true("the stream is closed", async || page.streams().await.iter().all(|(_, open)| !open)).await;
        assert_ne!(phase(&hub, &run).await, "completed", "the site was too fast for this test");
        page.wait_for_status("Scrape phase", "completed").await;
        let mut expected: Vec<_> = (1..40).map(|number| slow.url(&format!("/page/{number}"))).collect();
        expected.push(slow.url("/"));
        wait_for_pages(&page, &expected).await;
        wait_for_bar(&page, "Overall", (40, 40)).await;
        home.wait_for_text("Live over WebSocket").await;
        until_true("home's stream is closed", async || home.streams().await.iter().all(|(_, open)| !open))
            .await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn a_socket_that_breaks_in_the_middle_costs_and_doubles_nothing() {
    run(async |stage| {
        let hub = hub(stage).await;
        let slow = stage.site(2, site::pages(60, Duration::from_millis(60))).await;
        let proxy = stage.proxy(hub.address()).await;
        let run = start(&hub, json!({"targets": [slow.url("/")], "delayMs": 0, "concurrency": 2})).await;
        let page = stage.open(&proxy.url(), &format!("/scrape-runs/{run}")).await;
        page.wait_for_text("Live over WebSocket").await;
        proxy.refuse_sockets();
        proxy.cut_sockets();
        page.wait_for_text("Live over SSE").await;
        proxy.heal();
        page.wait_for_text("Live over WebSocket").await;
        proxy.cut();
        page.wait_for_status("Scrape phase", "completed").await;
        let mut expected: Vec<_> = (1..60).map(|number| slow.url(&format!("/page/{number}"))).collect();
        expected.push(slow.url("/"));
        wait_for_pages(&page, &expected).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn with_the_hub_gone_the_page_says_that_it_is_not_live() {
    run(async |stage| {
        let mut hub = hub(stage).await;
        let slow = stage.site(2, site::pages(30, Duration::from_millis(200))).await;
        let run = start(&hub, json!({"targets": [slow.url("/")]})).await;
        let page = stage.open(&hub.url(), &format!("/scrape-runs/{run}")).await;
        page.wait_for_text("Live over WebSocket").await;
        hub.kill().await;
        page.wait_for_text("Not live").await;
        hub.restart().await;
        page.wait_for_text("Live over WebSocket").await;
        page.wait_for_status("Scrape phase", "completed").await;
        wait_for_bar(&page, "Overall", (30, 30)).await;
        page.assert_console_clean_but_for(&UNREACHABLE).await;
    });
}

#[test]
fn a_run_of_500_pages_survives_a_killed_hub_with_every_page_once() {
    run(async |stage| {
        let mut hub = hub(stage).await;
        let large = stage.site(2, site::pages(500, Duration::from_millis(10))).await;
        let concurrency = 4;
        large.hold();
        let run = start(
            &hub,
            json!({"targets": [large.url("/")], "maxDepth": 100, "delayMs": 0, "concurrency": concurrency}),
        )
        .await;
        let page = stage.open(&hub.url(), &format!("/scrape-runs/{run}")).await;
        page.wait_for_text("Live over WebSocket").await;
        large.release();
        let mut kills = 0;
        for at in [80, 200, 350] {
            until("the run to come far enough", async || {
                let fetched = large.pages_asked_for();
                if fetched >= at { Ok(()) } else { Err(fetched) }
            })
            .await;
            hub.kill().await;
            kills += 1;
            hub.restart().await;
        }
        until_phase(&hub, &run, "completed").await;
        page.wait_for_status("Scrape phase", "completed").await;
        wait_for_bar(&page, "Overall", (500, 500)).await;
        let kept = kept(&hub, &run).await;
        assert_eq!(kept.len(), 500);
        assert!(kept.values().all(|(times, status)| (*times, *status) == (1, 200)), "{kept:?}");
        let mut expected: Vec<_> = (1..500).map(|number| large.url(&format!("/page/{number}"))).collect();
        expected.push(large.url("/"));
        wait_for_pages(&page, &expected).await;
        // Only what was under way at a kill can have been asked for again: nobody had its answer.
        let again: usize = large
            .hits()
            .iter()
            .filter(|(path, _)| *path == "/" || path.starts_with("/page/"))
            .map(|(_, hits)| hits - 1)
            .sum();
        assert!(again <= kills * 2 * concurrency, "{again} pages were fetched twice over {kills} kills");
        stage.note(format_args!("{again} pages were asked for twice over {kills} kills"));
    });
}

#[test]
fn a_run_is_cancelled_on_its_page() {
    run(async |stage| {
        let hub = hub(stage).await;
        let slow = stage.site(2, site::pages(50, Duration::from_millis(50))).await;
        let run = start(&hub, json!({"targets": [slow.url("/")], "concurrency": 1})).await;
        let page = stage.open(&hub.url(), &format!("/scrape-runs/{run}")).await;
        until_true("some pages are fetched", async || slow.pages_asked_for() >= 3).await;
        slow.hold();
        page.click("button", "Cancel run").await;
        page.click("button", "Yes, cancel it").await;
        page.wait_for_status("Scrape phase", "cancelled").await;
        until_phase(&hub, &run, "cancelled").await;
        page.assert_console_clean().await;
    });
}

#[test]
fn what_cannot_be_scraped_is_said_where_it_was_typed() {
    run(async |stage| {
        let hub = stage.hub().await;
        let (pages, _) = site::shop();
        let shop = stage.site(2, pages).await;
        let page = stage.open(&hub.url(), "/scrape-runs").await;
        page.click("button", "Start new scrape").await;
        page.click("button", "Start").await;
        page.find("alert", "").await;
        for (target, said) in [
            ("ftp://example.org/", "http"),
            ("http://", "http://"),
            ("https://no-such-host.invalid/", "no-such-host.invalid"),
            (&*shop.url("/"), "--scrape-allow-private"),
        ] {
            page.fill("textbox", "Targets", target).await;
            page.click("button", "Start").await;
            page.wait_for(&format!("{said:?} in an alert"), async |page: &Page| {
                let alerts = page.texts("alert", "").await.join("\n");
                if alerts.contains(said) { Ok(()) } else { Err(alerts) }
            })
            .await;
        }
        assert!(shop.hits().is_empty(), "a private address was asked");
        let typed = page.script("return byRole('textbox', 'Targets')[0].value", json!([])).await.unwrap();
        assert_eq!(typed, shop.url("/"), "what was typed is kept");
        page.goto("/scrape-runs/no-such-run").await;
        page.wait_for_text("There is no such scrape run").await;
    });
}

#[test]
fn a_site_that_forbids_all_fails_and_says_why() {
    run(async |stage| {
        let hub = hub(stage).await;
        let robots = site_file("/robots.txt", "User-agent: *\nDisallow: /\n");
        let closed = stage.site(2, site::pages(3, Duration::ZERO).into_iter().chain([robots])).await;
        let run = start(&hub, json!({"targets": [closed.url("/")]})).await;
        let page = stage.open(&hub.url(), &format!("/scrape-runs/{run}")).await;
        page.wait_for_status("Scrape phase", "failed").await;
        page.wait_for_text("robots.txt").await;
        assert_eq!(closed.pages_asked_for(), 1, "only robots.txt: {:?}", closed.hits());
    });
}

fn site_file(path: &str, text: &str) -> (String, switchboard_e2e::SitePage) {
    (path.to_owned(), switchboard_e2e::SitePage::file("text/plain", text))
}

#[test]
fn a_program_elsewhere_reports_a_run() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/scrape-runs/nightly-7").await;
        page.wait_for_text("There is no such scrape run").await;
        hub.report(&json!([
            {"type": "scrape_progress", "runId": "nightly-7", "phase": "running", "current": 0, "total": 2},
            {"type": "scrape_progress", "runId": "nightly-7", "phase": "running", "platform": "news.example", "current": 1, "total": 2,
             "pages": [{"url": "https://news.example/1", "status": 200, "title": "One"}]},
        ]))
        .await;
        page.find("progressbar", "news.example").await;
        wait_for_bar(&page, "news.example", (1, 2)).await;
        wait_for_pages(&page, &["https://news.example/1".to_owned()]).await;
        hub.report(&json!({"type": "scrape_progress", "runId": "nightly-7", "phase": "completed", "current": 2, "total": 2})).await;
        page.wait_for_status("Scrape phase", "completed").await;
        assert!(!page.has("button", "Cancel run").await, "only the program itself can end it");
    });
}

#[test]
fn a_real_scrapy_spider_is_seen_live() {
    run(async |stage| {
        let hub = stage.hub().await;
        let site = stage.site(2, site::pages(12, Duration::ZERO)).await;
        let page = stage.open(&hub.url(), "/scrape-runs").await;
        page.wait_for_text("Live over WebSocket").await;
        let mut spider = hub.run_spider("spider-1", &site.url("/"));
        page.click_link("/scrape-runs/spider-1").await;
        page.find("progressbar", &site.platform()).await;
        page.wait_for("its first pages while it runs", async |page: &Page| {
            let status = page.status("Scrape phase").await.unwrap_or_default();
            let shown = shown(page).await.len();
            if status == "running" && (1..12).contains(&shown) {
                Ok(())
            } else {
                Err(format!("{status}, {shown} pages"))
            }
        })
        .await;
        assert!(spider.finish().await.success());
        page.wait_for_status("Scrape phase", "completed").await;
        let mut expected: Vec<_> = (1..12).map(|number| site.url(&format!("/page/{number}"))).collect();
        expected.push(site.url("/"));
        wait_for_pages(&page, &expected).await;
        wait_for_bar(&page, "Overall", (12, 12)).await;
        page.assert_console_clean().await;
    });
}
