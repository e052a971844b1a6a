//! Runs of the hub's own crawler, over sites of this machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod chat_support;
mod scrape_support;
mod serve_support;

use std::{collections::BTreeSet, sync::Arc};

use chat_support::Calls;
use scrape_support::{
    Reply, Site, kept_pages, links, order, page, run_to_end, scraping_hub, scraping_hub_with, sorted,
    start_run, told_pages, until_ended,
};
use serde_json::{Value, json};

/// A site with what sites have: loops, links that are one page, a redirect, a missing page, a page that fails at first, a
/// page that nothing but the sitemap names, one that is forbidden, and links to elsewhere.
fn usual(path: &str, nth: usize, me: &str, other: &str) -> Reply {
    match path {
        "/robots.txt" => Reply::Text("text/plain", "User-agent: *\nDisallow: /private\n".into()),
        "/sitemap.xml" => Reply::Text(
            "application/xml",
            format!(
                "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
                 <url><loc>http://{me}/hidden</loc></url><url><loc>http://{me}/private/s</loc></url></urlset>"
            ),
        ),
        "/" => links([
            "/a",
            "/a#part",
            "b",
            "/old",
            "/missing",
            "/private/x",
            "/shaky",
            "/data",
            &format!("http://{other}/a"),
        ]),
        "/a" => links(["/", "/b", "/a"]),
        "/b" => links(["/a", "/private/x", "https://elsewhere.invalid/"]),
        "/old" => Reply::Redirect("/new".into()),
        "/shaky" if nth == 1 => Reply::Status(503),
        "/new" | "/hidden" | "/shaky" => links([]),
        "/data" => Reply::Text("application/pdf", "%PDF".into()),
        _ => Reply::Status(404),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_of_two_sites_is_fetched_told_and_kept_exactly_once() {
    let names = Arc::new(std::sync::OnceLock::<(String, String)>::new());
    let script = |of_first: bool| {
        let names = Arc::clone(&names);
        move |path: &str, nth: usize| {
            let (first, second) = names.get().unwrap();
            let (me, other) = if of_first { (first, second) } else { (second, first) };
            usual(path, nth, me, other)
        }
    };
    let first = Site::start("127.0.0.2", script(true)).await;
    let second = Site::start("127.0.0.3", script(false)).await;
    names.set((first.platform(), second.platform())).unwrap();
    let hub = scraping_hub().await;
    let (frames, run) = run_to_end(&hub, order(&[first.url("/"), second.url("/#top")])).await;

    assert_eq!((&run["phase"], &run["own"]), (&json!("completed"), &json!(true)), "{run}");
    let paths = ["/", "/a", "/b", "/data", "/hidden", "/missing", "/new", "/old", "/shaky"];
    let mut expected = Vec::new();
    for site in [&first, &second] {
        for path in paths {
            expected.push(site.url(path));
            let hits = if path == "/shaky" { 2 } else { 1 };
            assert_eq!(site.hits_of(path), hits, "{path}");
        }
        assert_eq!(site.hits().len(), paths.len(), "nothing else is asked for: {:?}", site.hits());
        assert_eq!((site.hits_of("/robots.txt"), site.hits_of("/sitemap.xml")), (1, 1));
    }
    let expected = sorted(expected);
    assert_eq!(sorted(told_pages(&frames)), expected, "the log tells of each page once");
    assert_eq!(sorted(kept_pages(&run)), expected, "and the store keeps it once");
    assert_eq!((&run["current"], &run["total"], &run["errors"]), (&json!(18), &json!(18), &json!(2)));
    assert_eq!(run["message"], "18 pages, 2 errors.");
    for (place, site) in [&first, &second].into_iter().enumerate() {
        let platform = &run["platforms"][place];
        assert_eq!(platform["platform"], site.platform(), "in the targets' order");
        assert_eq!((&platform["phase"], &platform["current"]), (&json!("completed"), &json!(9)));
        assert_eq!(platform["message"], "9 pages, 1 error, 2 forbidden by robots.txt.");
    }
    let redirect = page(&run, &first.url("/old"));
    assert_eq!((&redirect["status"], &redirect["redirect"]), (&json!(302), &json!(first.url("/new"))));
    let start = page(&run, &first.url("/"));
    assert_eq!(
        (&start["title"], &start["depth"], &start["platform"]),
        (&json!("Page /"), &json!(0), &json!(first.platform()))
    );
    assert_eq!(page(&run, &first.url("/missing"))["status"], 404);
    assert_eq!(page(&run, &first.url("/hidden"))["depth"], 1, "as if a target linked there");
    assert!(frames.iter().all(|frame| frame["organizationId"] == "default"));
    assert_eq!(frames[0]["phase"], "pending", "{}", frames[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_to_its_limits_of_pages_and_depth() {
    // Each page leads two deeper, without end.
    let site = Site::start("127.0.0.2", |path, _| match path {
        "/robots.txt" | "/sitemap.xml" => Reply::Status(404),
        path => links([&format!("{path}x"), &format!("{path}y")]),
    })
    .await;
    let hub = scraping_hub().await;
    let mut few = order(&[site.url("/")]);
    few["maxPages"] = json!(7);
    let (_, run) = run_to_end(&hub, few).await;
    assert_eq!((&run["phase"], &run["current"], &run["total"]), (&json!("completed"), &json!(7), &json!(7)));
    assert!(run["message"].as_str().unwrap().contains("limit of 7 pages (maxPages)"), "{run}");
    assert_eq!(site.hits().values().sum::<usize>(), 7);

    let site = Site::start("127.0.0.3", |path, _| match path {
        "/robots.txt" => Reply::Status(404),
        "/sitemap.xml" => Reply::Text("application/xml", "<urlset/>".into()),
        path => links([&format!("{path}x"), &format!("{path}y")]),
    })
    .await;
    let mut shallow = order(&[site.url("/")]);
    shallow["maxDepth"] = json!(2);
    let (_, run) = run_to_end(&hub, shallow).await;
    assert_eq!(run["current"], 1 + 2 + 4, "{run}");
    let mut only = order(&[site.url("/only")]);
    only["maxDepth"] = json!(0);
    let (_, run) = run_to_end(&hub, only).await;
    assert_eq!(
        (run["current"].clone(), site.hits_of("/sitemap.xml")),
        (json!(1), 1),
        "no sitemap for targets alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_of_pages_is_kept_as_items_and_not_told() {
    let site = Site::start("127.0.0.2", |path, _| match path {
        "/" => Reply::Html(
            "<ul><li><a href='/one'>One</a> <b>1 €</b></li><li><a href='/two'>=Two</a></li></ul>".into(),
        ),
        "/one" | "/two" => links([]),
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let mut wanted = order(&[site.url("/")]);
    wanted["extract"] = json!({"item": "li", "fields": [
        {"name": "name", "selector": "a"},
        {"name": "link", "selector": "a", "attribute": "href"},
        {"name": "price", "selector": "b"},
    ]});
    let (frames, run) = run_to_end(&hub, wanted).await;
    assert_eq!((&run["items"], &run["current"]), (&json!(2), &json!(3)), "{run}");
    assert_eq!(page(&run, &site.url("/"))["items"], 2);
    assert!(frames.iter().all(|frame| frame.get("results").is_none()), "they may be large");
    let id = run["runId"].as_str().unwrap();
    let (_, items) = Calls::to(&hub).get(&format!("/api/scrape/runs/{id}/items")).await;
    let fields: Vec<&Value> = items["items"].as_array().unwrap().iter().map(|item| &item["fields"]).collect();
    assert_eq!(
        fields,
        [
            &json!({"name": "=Two", "link": site.url("/two"), "price": null}),
            &json!({"name": "One", "link": site.url("/one"), "price": "1 €"}),
        ],
        "the latest first"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_drops_its_requests_and_ends_at_once() {
    let site = Site::start("127.0.0.2", |path, _| match path {
        "/" => links(["/slow", "/slower"]),
        "/slow" | "/slower" => Reply::Hang,
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let run = start_run(&calls, order(&[site.url("/")])).await;
    site.hanging(2).await;
    let is_doing =
        |frame: &Value| frame["message"].as_str().is_some_and(|message| message.starts_with("/slow"));
    while !is_doing(&client.next().await) {}
    let (status, answer) = calls.post(&format!("/api/scrape/runs/{run}/cancel"), json!({})).await;
    assert_eq!((status, &answer["runId"]), (202, &json!(run)), "{answer}");
    let frames = until_ended(&mut client, &run).await;
    let end = frames.last().unwrap();
    assert_eq!((&end["phase"], &end["message"]), (&json!("cancelled"), &json!("Cancelled.")), "{end}");
    site.hanging(0).await;
    assert_eq!(
        (&end["current"], &end["total"]),
        (&json!(1), &json!(1)),
        "what was not done is not to do: {end}"
    );
    let (status, answer) = calls.post(&format!("/api/scrape/runs/{run}/cancel"), json!({})).await;
    assert_eq!((status, &answer["phase"]), (202, &json!("cancelled")), "again is harmless");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_forbids_every_target_fails_and_the_others_go_on() {
    let closed = Site::start("127.0.0.2", |path, _| match path {
        "/robots.txt" => Reply::Text("text/plain", "User-agent: *\nDisallow: /\n".into()),
        _ => links([]),
    })
    .await;
    let open =
        Site::start("127.0.0.3", |path, _| if path == "/" { links([]) } else { Reply::Status(404) }).await;
    let hub = scraping_hub().await;
    let (_, run) = run_to_end(&hub, order(&[closed.url("/"), open.url("/")])).await;
    assert_eq!(run["phase"], "completed", "{run}");
    assert_eq!(run["platforms"][0]["phase"], "failed");
    assert!(run["message"].as_str().unwrap().contains("robots.txt"), "it is said: {run}");
    assert_eq!(closed.hits().len(), 0, "nothing of it is fetched");
    assert!(page(&run, &closed.url("/"))["error"].as_str().unwrap().contains("robots.txt"));

    let (_, run) = run_to_end(&hub, order(&[closed.url("/")])).await;
    assert_eq!(run["phase"], "failed");
    let message = run["message"].as_str().unwrap();
    assert_eq!(message, format!("The robots.txt of {} forbids every target.", closed.platform()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_may_lead_to_another_host_which_then_belongs_to_it() {
    let shop = Arc::new(
        Site::start("127.0.0.3", |path, _| match path {
            "/" => links(["/a"]),
            "/a" | "/hidden" => links([]),
            "/sitemap.xml" => Reply::Text(
                "application/xml",
                "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>/hidden</loc></url></urlset>"
                    .into(),
            ),
            _ => Reply::Status(404),
        })
        .await,
    );
    let (to, away) = (shop.url("/"), shop.url("/a"));
    let door = Site::start("127.0.0.2", move |path, _| match path {
        "/" => Reply::Redirect(to.clone()),
        "/deep" => links(["/away"]),
        "/away" => Reply::Redirect(away.clone()),
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let (_, run) = run_to_end(&hub, order(&[door.url("/")])).await;
    assert_eq!(
        sorted(kept_pages(&run)),
        sorted(vec![door.url("/"), shop.url("/"), shop.url("/a"), shop.url("/hidden")]),
        "its sitemap counts too"
    );
    assert_eq!(run["platforms"].as_array().unwrap().len(), 1, "{run}");
    assert_eq!(page(&run, &shop.url("/a"))["platform"], door.platform());

    let (_, run) = run_to_end(&hub, order(&[door.url("/deep")])).await;
    assert_eq!(sorted(kept_pages(&run)), sorted(vec![door.url("/deep"), door.url("/away")]));
    assert!(page(&run, &door.url("/away"))["note"].as_str().unwrap().contains("another site"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_without_end_come_to_one() {
    let site = Site::start("127.0.0.2", |path, _| match path.strip_prefix("/r") {
        Some(number) => match number.parse::<u32>() {
            Ok(number) => Reply::Redirect(format!("/r{}", number + 1)),
            Err(_) => Reply::Status(404),
        },
        None if path == "/loop" => Reply::Redirect("/loop".into()),
        None => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let (_, run) = run_to_end(&hub, order(&[site.url("/r0"), site.url("/loop")])).await;
    assert_eq!(run["phase"], "completed", "{run}");
    assert_eq!(run["current"], 12, "eleven of the chain, and the loop once: {run}");
    assert!(page(&run, &site.url("/r10"))["error"].as_str().unwrap().contains("redirects"), "{run}");
    assert!(page(&run, &site.url("/r9")).get("error").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_time_gets_it_and_one_that_stays_broken_is_an_error() {
    let site = Site::start("127.0.0.2", |path, nth| match (path, nth) {
        ("/busy", 1) => Reply::Later(429, 1),
        ("/busy", _) => links(["/broken"]),
        ("/broken", _) => Reply::Later(503, 0),
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub().await;
    let (_, run) = run_to_end(&hub, order(&[site.url("/busy")])).await;
    assert_eq!((site.hits_of("/busy"), site.hits_of("/broken")), (2, 3), "{run}");
    assert_eq!(page(&run, &site.url("/busy"))["status"], 200);
    assert_eq!(page(&run, &site.url("/broken"))["status"], 503);
    assert_eq!((&run["current"], &run["errors"]), (&json!(2), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_which_nothing_answers_fails_with_the_reason() {
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
        closed.local_addr().unwrap().port()
    };
    let hub = scraping_hub().await;
    let (frames, run) = run_to_end(&hub, order(&[format!("http://127.0.0.2:{port}/")])).await;
    assert_eq!(run["phase"], "failed", "{run}");
    assert!(run["message"].as_str().unwrap().contains(&format!("127.0.0.2:{port}")), "{run}");
    assert_eq!(frames.last().unwrap()["message"], run["message"]);
}

/// A hub takes the runs of hubs that are gone, and its own name looks like theirs: it once took the first of its runs again
/// while it worked on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_hub_does_not_wait_for_its_runs_and_goes_on_with_them() {
    let slow = |path: &str, nth: usize| match (path, nth) {
        ("/", _) => links(["/a", "/b"]),
        ("/a", 1) => Reply::Hang,
        ("/a" | "/b", _) => links(["/c"]),
        ("/c", _) => links([]),
        _ => Reply::Status(404),
    };
    let first = Site::start("127.0.0.2", slow).await;
    let second = Site::start("127.0.0.3", slow).await;
    let mut hub = scraping_hub().await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let mut runs = Vec::new();
    for site in [&first, &second] {
        runs.push(start_run(&calls, order(&[site.url("/")])).await);
        site.hanging(1).await;
        // What is told is durable.
        while !told_pages(&[client.next().await]).contains(&site.url("/c")) {}
    }
    client.cut();
    hub.stop().await;
    first.hanging(0).await;
    hub.restart().await;
    let calls = Calls::to(&hub);
    for (run, site) in runs.iter().zip([&first, &second]) {
        let epoch = hub.connect(json!({"token": "stream"})).await.ack["epoch"].clone();
        let mut client = hub.connect(json!({"token": "stream", "resume": {"epoch": epoch, "seq": 0}})).await;
        let frames = until_ended(&mut client, run).await;
        let (_, run) = calls.get(&format!("/api/scrape/runs/{run}")).await;
        let expected = sorted(["/", "/a", "/b", "/c"].map(|path| site.url(path)).into());
        assert_eq!((run["phase"].clone(), sorted(kept_pages(&run))), (json!("completed"), expected.clone()));
        assert_eq!(sorted(told_pages(&frames)), expected, "each once, over both lives of the hub");
        assert_eq!(site.hits_of("/a"), 2, "what was under way is asked for again");
        for path in ["/", "/b", "/c"] {
            assert_eq!(site.hits_of(path), 1, "what was done is not: {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_wait_for_their_turn_and_a_waiting_one_is_cancelled_at_once() {
    let site = Site::start("127.0.0.2", |path, nth| match (path, nth) {
        ("/slow", 1) => Reply::Hang,
        ("/slow" | "/next", _) => links([]),
        _ => Reply::Status(404),
    })
    .await;
    let hub = scraping_hub_with(|config| config.scrape.runs = 1).await;
    let calls = Calls::to(&hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let first = start_run(&calls, order(&[site.url("/slow")])).await;
    site.hanging(1).await;
    let waiting = start_run(&calls, order(&[site.url("/never")])).await;
    let next = start_run(&calls, order(&[site.url("/next")])).await;
    let (_, pending) = calls.get("/api/scrape/runs?phase=pending").await;
    let names: BTreeSet<&str> =
        pending["items"].as_array().unwrap().iter().map(|run| run["runId"].as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from([waiting.as_str(), next.as_str()]));
    let (status, answer) = calls.post(&format!("/api/scrape/runs/{waiting}/cancel"), json!({})).await;
    assert_eq!((status, &answer["phase"]), (202, &json!("cancelled")), "nobody had begun it");
    calls.post(&format!("/api/scrape/runs/{first}/cancel"), json!({})).await;
    until_ended(&mut client, &next).await;
    assert_eq!((site.hits_of("/never"), site.hits_of("/next")), (0, 1));
}
