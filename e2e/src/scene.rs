//! A hub in the middle of a busy day: what tests of looks and access show on every page.

use serde_json::json;

use crate::{
    Hub, Page, Site, Stage,
    sample::{event, output, report},
    site, until,
};

/// A hub on which every page has something to show.
pub struct Scene {
    /// The hub.
    pub hub: Hub,
    /// The address of a conversation with everything that one can hold.
    pub conversation: String,
    /// The address of a scrape run that has ended.
    pub scraped: String,
    /// The address of a scrape run in its middle: it goes on when its site is released.
    pub scraping: String,
    /// What is being scraped.
    pub site: Site,
    _shop: Site,
}

impl Scene {
    /// Makes all of it.
    pub async fn new(stage: &Stage) -> Self {
        let hub = stage.hub_with(&["--worker-lanes", "manual", "--scrape-allow-private"]).await;
        executions(&hub).await;
        agents(&hub).await;
        let conversation = conversation(&hub).await;
        let (scraped, shop) = scraped(stage, &hub).await;
        let (scraping, site) = scraping(stage, &hub).await;
        Self { hub, conversation, scraped, scraping, site, _shop: shop }
    }

    /// The addresses of all pages.
    pub fn paths(&self) -> Vec<&str> {
        let fixed = [
            "/",
            "/executions",
            "/executions/e-run",
            "/executions/e-fail",
            "/executions?q=nobody",
            "/chat",
            "/scrape-runs",
            "/agents",
            "/wire",
            "/no/such/page",
        ];
        fixed.into_iter().chain([&*self.conversation, &*self.scraped, &*self.scraping]).collect()
    }
}

/// Waits for what a page fetches, so that it is looked at as a person sees it.
pub async fn settle(page: &Page, path: &str) {
    match path {
        "/executions" => {
            page.wait_for_row("e-fail", "failed").await;
        }
        "/executions/e-run" => page.wait_for_status("Execution status", "running").await,
        "/executions/e-fail" => page.wait_for_status("Execution status", "failed").await,
        "/" | "/scrape-runs" => {
            page.wait_for_text("The shop").await;
        }
        "/agents" => {
            page.wait_for_text("night-shift").await;
        }
        path if path.starts_with("/chat/") => {
            page.find("status", "Waiting for a reply").await;
            page.find("alert", "").await;
        }
        path if path.starts_with("/scrape-runs/") => {
            page.find("progressbar", "Overall").await;
        }
        _ => {}
    }
}

/// Agents in every state: `night-shift` runs, and one each is idle, has stopped, and has failed.
pub async fn agents(hub: &Hub) {
    let long = "a-long-task-without-any-place-to-break".repeat(4);
    hub.report(&json!([
        { "type": "agent_started", "agentId": "night-shift", "department": "Operations" },
        { "type": "heartbeat", "agentId": "night-shift", "status": "running", "currentTask": "Sorting the inbox", "department": "Operations" },
        { "type": "heartbeat", "agentId": "painter", "status": "running", "currentTask": long, "executionId": "e-run" },
        { "type": "heartbeat", "agentId": "archivist", "status": "idle" },
        { "type": "agent_started", "agentId": "courier" },
        { "type": "agent_stopped", "agentId": "courier" },
        { "type": "agent_error", "agentId": "the-agent-with-the-longest-name-of-all-of-them", "error": "No space left on device." },
    ]))
    .await;
}

/// A run over a whole shop, with its lamps as items, to its end: its address, and the shop.
async fn scraped(stage: &Stage, hub: &Hub) -> (String, Site) {
    let (pages, _) = site::shop();
    let shop = stage.site(2, pages).await;
    let extract = json!({
        "item": "article.product",
        "fields": [{ "name": "name", "selector": "h2" }, { "name": "price", "selector": ".price" }],
    });
    let order = json!({ "targets": [shop.url("/")], "title": "The shop", "extract": extract, "delayMs": 0 });
    let run = hub.call("/api/scrape/runs", &order).await["runId"].as_str().expect("a run").to_owned();
    until("the shop to be scraped", async || {
        let now = hub.fetch(&format!("/api/scrape/runs/{run}")).await;
        if now["phase"] == "completed" { Ok(()) } else { Err(now) }
    })
    .await;
    (format!("/scrape-runs/{run}"), shop)
}

/// A run that stands in its middle, because its site keeps the rest back: its address, and the site.
async fn scraping(stage: &Stage, hub: &Hub) -> (String, Site) {
    let site = stage.site(3, site::pages(60, std::time::Duration::from_millis(20))).await;
    let order = json!({ "targets": [site.url("/")], "title": "Sixty pages", "delayMs": 0 });
    let run = hub.call("/api/scrape/runs", &order).await["runId"].as_str().expect("a run").to_owned();
    until("a part of the site to be scraped", async || {
        let fetched = site.pages_asked_for();
        if fetched >= 20 { Ok(()) } else { Err(fetched) }
    })
    .await;
    site.hold();
    (format!("/scrape-runs/{run}"), site)
}

/// Executions in every state, with names and lines as long as they come: `e-run` runs, `e-fail` has failed, and there are twelve more.
pub async fn executions(hub: &Hub) {
    let long = "/usr/lib/a/path/without/any/place/to/break/".repeat(6);
    let mut frames = Vec::new();
    let agents = ["painter", "welder", "the-agent-with-the-longest-name-of-all-of-them", "ünïcödé 画家"];
    for (number, agent) in (0..12_u64).zip(agents.into_iter().cycle()) {
        let id = format!("e-{number}");
        let start = json!({
            "agent": { "id": agent, "name": agent },
            "department": { "id": "d", "name": "Research and Development" },
            "title": format!("Task {number}: {long}"),
        });
        frames.push(report("default", &id, &event(&format!("{id}-start"), "agent-start", &start)));
        let end = json!({ "exitCode": 0, "durationMs": 61_000 * number });
        frames.push(report("default", &id, &event(&format!("{id}-end"), "agent-complete", &end)));
    }
    for (id, end) in [("e-run", None), ("e-fail", Some(json!({ "message": long })))] {
        let start = json!({ "agent": { "id": "x", "name": "painter" }, "title": "Paint the fence" });
        frames.push(report("default", id, &event(&format!("{id}-start"), "agent-start", &start)));
        for line in 0..60 {
            let text =
                if line % 20 == 7 { long.clone() } else { format!("{line}: the brush goes left and right") };
            frames.push(report("default", id, &output(&format!("{id}-{line}"), &text)));
        }
        let call = json!({ "name": "brush", "arguments": { "colour": "green", "path": long } });
        frames.push(report("default", id, &event(&format!("{id}-tool"), "tool-call", &call)));
        if let Some(end) = end {
            frames.push(report("default", id, &event(&format!("{id}-end"), "error", &end)));
        }
    }
    hub.report(&frames.into()).await;
}

/// A conversation with all that one can hold, and the path of its page. The hub must have the lane `manual` for outside workers.
pub async fn conversation(hub: &Hub) -> String {
    let long = "/usr/lib/a/path/without/any/place/to/break/".repeat(6);
    let markdown = format!(
        "Three of the **twelve** nightly runs failed, all on the same host:\n\n\
         | execution | exit code | why |\n|---|---:|---|\n\
         | [Paint the fence](/executions/e-fail) | 3 | no space left on device |\n\
         | [Weld the gate](/executions/e-1) | 137 | killed |\n\n\
         1. Free some space: `{long}`\n2. Run them again:\n\n\
         ```sh\nswitchboard run --agent painter -- make fence COLOUR=green {long}\n```\n\n\
         > The host was restarted at 03:12, says its log.\n"
    );
    let reply = json!({
        "content": markdown, "model": "example-large", "cost_usd": 0.0123,
        "files": [{"name": "report.csv", "url": "/files/report.csv", "size": 48_213}, "notes.txt"],
    });
    let mut conversation = None::<String>;
    let ends = [
        Some(json!({"type": "task.completed", "result": reply})),
        Some(
            json!({"type": "task.failed", "error": "The model server answered 503 four times. Try again later."}),
        ),
        None,
    ];
    let questions =
        ["What happened last night, and what do we do about it?", "Who restarted it?", "And now?"];
    for (question, end) in questions.into_iter().zip(ends) {
        let message = json!({"content": question, "lane": "manual", "conversationId": conversation});
        let posted = hub.call("/api/chat/messages", &message).await;
        conversation = Some(posted["conversationId"].as_str().expect("a conversation").to_owned());
        if let Some(mut end) = end {
            end["task_id"] = posted["task_id"].clone();
            hub.report(&json!({"event": "update", "data": end})).await;
        }
    }
    format!("/chat/{}", conversation.expect("a conversation"))
}
