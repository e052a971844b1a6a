//! The calls about scrape runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod scrape_support;
mod serve_support;

use chat_support::Calls;
use scrape_support::{
    Reply, Site, links, order, run_to_end, scraping_hub, scraping_hub_with, start_run, until_ended,
};
use serde_json::{Value, json};
use serve_support::TestHub;
use switchboard_hub::auth::Keys;

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_carried_out_is_refused_in_words_and_nothing_is_stored() {
    let hub = scraping_hub().await;
    let calls = Calls::to(&hub);
    let fine = "http://127.0.0.2:9/";
    let many: Vec<String> = (0..101).map(|number| format!("{fine}{number}")).collect();
    for (order, words) in [
        (json!({}), "`targets` is empty"),
        (json!({"targets": []}), "`targets` is empty"),
        (json!({"targets": many}), "101 addresses"),
        (json!({"targets": [fine, "http://"]}), "`targets[1]`"),
        (json!({"targets": ["example.org/x"]}), "https://example.org/x"),
        (json!({"targets": [fine, fine, "ftp://127.0.0.2/"]}), "`targets[2]`"),
        (json!({"targets": ["javascript:alert(1)"]}), "http"),
        (json!({"targets": ["http://no-such-host.invalid/"]}), "no-such-host.invalid"),
        (json!({"targets": [format!("{fine}{}", "x".repeat(9_000))]}), "`targets[0]`"),
        (json!({"targets": "http://127.0.0.2/"}), "JSON object"),
        (json!([fine]), "JSON object"),
        (json!({"targets": [fine], "maxPages": 0}), "`maxPages` must be a whole number from 1 to 100000"),
        (json!({"targets": [fine], "maxPages": 100_001}), "`maxPages`"),
        (json!({"targets": [fine], "maxPages": "7"}), "`maxPages`"),
        (json!({"targets": [fine], "maxDepth": 101}), "`maxDepth` must be a whole number from 0 to 100"),
        (json!({"targets": [fine], "maxDepth": -1}), "`maxDepth`"),
        (json!({"targets": [fine], "delayMs": 60_001}), "`delayMs` must be a whole number from 0 to 60000"),
        (json!({"targets": [fine], "concurrency": 0}), "`concurrency` must be a whole number from 1 to 16"),
        (json!({"targets": [fine], "concurrency": 2.5}), "`concurrency`"),
        (json!({"targets": [fine, "http://127.0.0.2:9/b"], "maxPages": 1}), "2 targets"),
        (json!({"targets": [fine], "runId": " "}), "`runId`"),
        (json!({"targets": [fine], "runId": "x".repeat(257)}), "`runId`"),
        (json!({"targets": [fine], "title": "x".repeat(201)}), "`title`"),
        (json!({"targets": [fine], "extract": {"fields": []}}), "`extract`"),
        (
            json!({"targets": [fine], "extract": {"item": "li:::", "fields": [{"name": "a", "selector": "b"}]}}),
            "`extract`",
        ),
        (json!({"targets": [fine], "extract": {"fields": [{"name": "a", "selector": "]"}]}}), "a"),
    ] {
        let (status, problem) = calls.post("/api/scrape/runs", order.clone()).await;
        assert_eq!(status, 400, "{order}: {problem}");
        assert!(detail(&problem).contains(words), "{order}: {problem}");
    }
    assert_eq!(calls.post_text("/api/scrape/runs", "targets=x").await.0, 400);
    let (status, _) = calls.post_text("/api/scrape/runs", format!("[\"{}\"]", "x".repeat(256 * 1024))).await;
    assert_eq!(status, 413);
    assert_eq!(calls.get("/api/scrape/runs").await.1["items"], json!([]));
}

/// Whoever may start runs must not read through the hub what only the hub can reach.
#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_unless_the_hub_was_told_otherwise() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    for target in [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://0x7f.1/",
        "http://localhost/",
    ] {
        let (status, problem) = calls.post("/api/scrape/runs", json!({"targets": [target]})).await;
        assert_eq!(status, 400, "{problem}");
        assert!(detail(&problem).contains("--scrape-allow-private"), "{problem}");
        let (status, problem) = calls.post("/api/scrape/preview", json!({"url": target})).await;
        assert_eq!(status, 400, "{problem}");
        assert!(detail(&problem).contains("--scrape-allow-private"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_a_run_again_by_its_name_is_harmless() {
    let site =
        Site::start("127.0.0.2", |path, _| if path == "/" { links([]) } else { Reply::Status(404) }).await;
    let hub = scraping_hub().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let mut named = order(&[site.url("/#top"), site.url("/")]);
    named["runId"] = json!("mine / 1");
    named["title"] = json!(" My run ");
    let response = calls_raw(&hub, &named).await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], "/api/scrape/runs/mine%20%2F%201");
    until_ended(&mut client, "mine / 1").await;
    let (status, again) = calls.post("/api/scrape/runs", named).await;
    assert_eq!((status, again), (200, json!({"runId": "mine / 1"})));
    let (status, run) = calls.get("/api/scrape/runs/mine%20%2F%201").await;
    assert_eq!((status, &run["title"], &run["current"]), (200, &json!("My run"), &json!(1)), "{run}");
    assert_eq!(run["targets"], json!([site.url("/")]), "the same address is one target");
    let limits = json!({"maxPages": 1000, "maxDepth": 16, "delayMs": 0, "concurrency": 4});
    assert_eq!(run["limits"], limits, "with the defaults filled in");
    assert_eq!(site.hits_of("/"), 1);
    let (_, list) = calls.get("/api/scrape/runs").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

async fn calls_raw(hub: &TestHub, order: &Value) -> reqwest::Response {
    let client = serve_support::Api::default().client;
    client.post(hub.url("/api/scrape/runs")).body(order.to_string()).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_and_read_page_by_page() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    for number in 0..5 {
        let pages: Vec<Value> = (0..4).map(|page| json!({"url": format!("https://a.test/{page}")})).collect();
        let results = json!([{"url": "https://a.test/0", "fields": {"n": number}}]);
        let phase = if number == 4 { "running" } else { "completed" };
        let run = format!("r-{number}");
        calls.report(json!({"type": "scrape_progress", "runId": run, "platform": "a.test", "current": 4, "pages": pages, "results": results})).await;
        calls.report(json!({"type": "scrape_progress", "runId": run, "phase": phase})).await;
    }
    let ids = |list: &Value| -> Vec<String> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["runId"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, first) = calls.get("/api/scrape/runs?limit=3").await;
    let before = first["nextBefore"].as_str().unwrap();
    let (_, second) = calls.get(&format!("/api/scrape/runs?limit=3&before={before}")).await;
    assert_eq!([ids(&first), ids(&second)].concat(), ["r-4", "r-3", "r-2", "r-1", "r-0"]);
    assert_eq!(ids(&calls.get("/api/scrape/runs?phase=running").await.1), ["r-4"]);
    assert_eq!(ids(&calls.get("/api/scrape/runs?q=R-2").await.1), ["r-2"]);
    let (status, problem) = calls.get("/api/scrape/runs?phase=done").await;
    assert_eq!(status, 400);
    assert!(detail(&problem).contains("cancelled"), "{problem}");
    assert_eq!(calls.get("/api/scrape/runs?limit=0").await.0, 400);

    let (_, run) = calls.get("/api/scrape/runs/r-0?limit=2").await;
    assert_eq!((run["pages"].as_array().unwrap().len(), &run["pageCount"]), (2, &json!(4)), "{run}");
    let (_, first) = calls.get("/api/scrape/runs/r-0/pages?limit=3").await;
    assert_eq!(first["items"][0]["url"], "https://a.test/3", "the latest first");
    let before = first["nextBefore"].as_str().unwrap();
    let (_, last) = calls.get(&format!("/api/scrape/runs/r-0/pages?limit=3&before={before}")).await;
    assert_eq!((last["items"].as_array().unwrap().len(), &last["nextBefore"]), (1, &Value::Null));
    let (_, items) = calls.get("/api/scrape/runs/r-3/items").await;
    assert_eq!((&items["items"][0]["fields"], &items["items"][0]["number"]), (&json!({"n": 3}), &json!(1)));
    for path in ["", "/pages", "/items", "/export"] {
        let (status, problem) = calls.get(&format!("/api/scrape/runs/nope{path}")).await;
        assert_eq!(status, 404, "{problem}");
        assert!(detail(&problem).contains("/api/scrape/runs"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_runs_of_the_hub_can_be_cancelled_here() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    calls.report(json!({"type": "scrape_progress", "runId": "theirs", "phase": "running"})).await;
    let (status, problem) = calls.post("/api/scrape/runs/theirs/cancel", json!({})).await;
    assert_eq!(status, 409);
    assert!(detail(&problem).contains("Stop it there"), "{problem}");
    assert_eq!(calls.post("/api/scrape/runs/nope/cancel", json!({})).await.0, 404);
    let (status, problem) = calls.get("/api/scrape/nope").await;
    assert_eq!(status, 404);
    assert!(detail(&problem).contains("/api/scrape/runs"), "{problem}");
    assert_eq!(calls.get("/api/scrape/preview").await.0, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_starts_and_ends_runs_of_its_organizations_only() {
    let site =
        Site::start("127.0.0.2", |path, _| if path == "/" { Reply::Hang } else { Reply::Status(404) }).await;
    let hub = scraping_hub_with(|config| {
        config.keys = Keys::parse("acme-key-1=acme;root-key-1=*").unwrap();
    })
    .await;
    let acme = Calls::to(&hub).with_key("acme-key-1");
    let root = Calls::to(&hub).with_key("root-key-1");
    let mut named = order(&[site.url("/")]);
    (named["organizationId"], named["runId"]) = (json!("beta"), json!("r-1"));
    assert_eq!(acme.post("/api/scrape/runs", named.clone()).await.0, 403);
    assert_eq!(root.post("/api/scrape/runs", named.clone()).await.0, 201);
    assert_eq!(Calls::to(&hub).post("/api/scrape/runs", named.clone()).await.0, 401);
    assert_eq!(Calls::to(&hub).post("/api/scrape/preview", json!({"url": site.url("/")})).await.0, 401);
    assert_eq!(
        acme.post("/api/scrape/preview", json!({"url": site.url("/"), "organizationId": "beta"})).await.0,
        403
    );
    for path in ["", "/pages", "/items", "/export"] {
        assert_eq!(acme.get(&format!("/api/scrape/runs/r-1{path}")).await.0, 404);
        assert_eq!(acme.get(&format!("/api/scrape/runs/r-1{path}?organizationId=beta")).await.0, 403);
    }
    assert_eq!(acme.get("/api/scrape/runs").await.1["items"], json!([]));
    assert_eq!(acme.post("/api/scrape/runs/r-1/cancel", json!({})).await.0, 404);
    // The same name in another organization is another run.
    named["organizationId"] = json!("acme");
    assert_eq!(acme.post("/api/scrape/runs", named).await.0, 201);
    site.hanging(2).await;
    assert_eq!(root.post("/api/scrape/runs/r-1/cancel?organizationId=beta", json!({})).await.0, 202);
    site.hanging(1).await;
    assert_eq!(acme.get("/api/scrape/runs/r-1").await.1["phase"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_found_is_exported_whole() {
    let hub = TestHub::start().await;
    let calls = Calls::to(&hub);
    // More than the hub reads at once, in several frames.
    for frame in 0..3 {
        let rows = |number: u32| json!({"url": format!("https://a.test/{number}"), "title": "=1+1, \"x\""});
        let pages: Vec<Value> = (frame * 400..(frame + 1) * 400).map(rows).collect();
        let results: Vec<Value> = (0..400)
            .map(|number| match (frame, number) {
                (0, 0) => json!({"fields": {"name": "@a", "tags": ["x", 1]}}),
                (2, 399) => json!({"url": "https://a.test/1", "fields": {"late": -5, "name": "ü"}}),
                _ => json!({"fields": {"name": format!("n-{number}")}}),
            })
            .collect();
        calls
            .report(json!({"type": "scrape_progress", "runId": "../r \"1\"", "platform": "a.test", "pages": pages, "results": results}))
            .await;
    }
    let get = async |query: &str| {
        let client = serve_support::Api::default().client;
        let url = hub.url(&format!("/api/scrape/runs/..%2Fr%20%221%22/export?{query}"));
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        (headers, response.text().await.unwrap())
    };
    let (headers, items) = get("what=items&format=csv").await;
    assert_eq!(headers["content-disposition"], "attachment; filename=\"scrape----r--1--items.csv\"");
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv; charset=utf-8"));
    let lines: Vec<&str> = items.lines().collect();
    assert_eq!(lines.len(), 1 + 1200);
    assert_eq!(lines[0], "page,platform,name,tags,late", "the fields of all items");
    assert_eq!(lines[1], ",a.test,'@a,\"[\"\"x\"\",1]\",");
    assert_eq!(lines[1200], "https://a.test/1,a.test,ü,,-5");
    let (_, pages) = get("what=pages&format=csv").await;
    assert_eq!(pages.lines().count(), 1 + 1200);
    assert!(
        pages.lines().nth(1).unwrap().starts_with("https://a.test/0,a.test,,\"'=1+1, \"\"x\"\"\","),
        "{}",
        &pages[..200]
    );
    for what in ["items", "pages"] {
        let (headers, lines) = get(&format!("what={what}&format=jsonl")).await;
        assert!(headers["content-type"].to_str().unwrap().starts_with("application/x-ndjson"));
        let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 1200);
        let expected = if what == "items" { json!({"late": -5, "name": "ü"}) } else { Value::Null };
        assert_eq!(rows[1199]["fields"], expected);
    }
    let run = "/api/scrape/runs/..%2Fr%20%221%22/export";
    assert_eq!(calls.get(&format!("{run}?format=xls")).await.0, 400);
    assert_eq!(calls.get(&format!("{run}?what=all")).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_a_page_and_what_is_in_it_and_stores_nothing() {
    let site = Site::start("127.0.0.2", |path, _| match path {
        "/" => Reply::Redirect("/list".into()),
        "/list" => Reply::Html("<title>List</title>".to_owned() + &"<p>x</p>".repeat(30)),
        "/robots.txt" => Reply::Text("text/plain", "User-agent: *\nDisallow: /no".into()),
        "/broken" => Reply::Status(500),
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let calls = Calls::to(&hub);
    let wanted = json!({"url": site.url("/"), "extract": {"item": "p", "fields": [{"name": "t"}]}});
    let (status, preview) = calls.post("/api/scrape/preview", wanted).await;
    assert_eq!(status, 200, "{preview}");
    assert_eq!(
        (&preview["page"]["url"], &preview["page"]["title"]),
        (&json!(site.url("/list")), &json!("List"))
    );
    assert_eq!((preview["items"].as_array().unwrap().len(), &preview["itemCount"]), (20, &json!(30)));
    assert_eq!(preview["items"][0]["fields"], json!({"t": "x"}));
    let (status, problem) = calls.post("/api/scrape/preview", json!({"url": site.url("/no")})).await;
    assert_eq!(status, 422);
    assert!(detail(&problem).contains("robots.txt"), "{problem}");
    for (order, words) in [
        (json!({"url": "x"}), "`url`"),
        (json!({}), "url"),
        (json!({"url": site.url("/"), "extract": {"fields": [{"name": "", "selector": "p"}]}}), "`extract`"),
    ] {
        let (status, problem) = calls.post("/api/scrape/preview", order).await;
        assert_eq!(status, 400, "{problem}");
        assert!(detail(&problem).contains(words), "{problem}");
    }
    assert_eq!(calls.get("/api/scrape/runs").await.1["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_told_of_runs_by_dashboard_updates() {
    let site =
        Site::start("127.0.0.2", |path, _| if path == "/" { links([]) } else { Reply::Status(404) }).await;
    let hub = scraping_hub().await;
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let run = start_run(&Calls::to(&hub), order(&[site.url("/")])).await;
    let mut phases = Vec::new();
    while phases.last().is_none_or(|phase| phase != "completed") {
        let frame = client.next().await;
        if frame["event"] == "dashboard:update" {
            assert_eq!(
                (&frame["data"]["kind"], &frame["data"]["scrapeRun"]["runId"]),
                (&json!("scrape-run"), &json!(run))
            );
            phases.push(frame["data"]["scrapeRun"]["phase"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(phases, ["pending", "running", "completed"]);
    let (_, ended) = run_to_end(&hub, order(&[site.url("/")])).await;
    assert_eq!(ended["phase"], "completed");
}
