//! Takes the documentation's pictures from the running product: `cargo xtask screenshots`.
//!
//! Nothing in them is made up: commands of this machine run and report, a site of this machine is scraped, and the hub's own assistant
//! answers.

// Nobody can be handed an error here; and indexing is that of JSON values, which answers null for what is absent.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use std::{path::PathBuf, time::Duration};

use serde_json::json;
use switchboard_e2e::{Hub, Page, Process, Scheme, Site, Stage, WIDE, run, site, until};

/// What the commands that end do: agent, department, title, and a shell script that runs in the project's folder.
const DONE: [(&str, &str, &str, &str); 5] = [
    ("archivist", "Records", "Archive the logs of 2025", "tar --create --file /dev/null logs-2025"),
    (
        "librarian",
        "Documentation",
        "Look for pages without a heading",
        "grep --files-without-match '^# ' docs/*.md README.md; true",
    ),
    (
        "librarian",
        "Documentation",
        "Count the words of the documentation",
        "wc -w docs/*.md README.md ARCHITECTURE.md",
    ),
    (
        "surveyor",
        "Engineering",
        "List the longest sources",
        "find crates src -name '*.rs' | xargs wc -l | sort -n | tail -n 40",
    ),
    ("surveyor", "Engineering", "Measure the size of each room", "du -sh crates/* src style docs | sort -h"),
];

/// What goes on while the pictures are taken: it reads one source after the other, and says what is in it.
const SURVEY: &str = "find crates src -name '*.rs' | sort | while read -r file; do \
    echo \"$file: $(wc -l < \"$file\") lines, $(grep -c 'fn ' \"$file\") functions\"; \
    [ $(( $(wc -l < \"$file\") )) -gt 450 ] && echo \"$file is long\" >&2; sleep 0.15; done; sleep 600";

fn main() {
    run(async |stage| {
        let hub = stage.hub_with(&["--scrape-allow-private"]).await;
        let scene = Scene::begin(stage, &hub).await;
        let page = stage.tab(&hub.url()).await;
        page.resize(WIDE).await;
        show(&page, Scheme::Light, "/", "Sixty pages").await;
        take(&page, "overview-light").await;
        show(&page, Scheme::Light, &scene.execution, "functions").await;
        take(&page, "execution-light").await;
        show(&page, Scheme::Dark, &scene.scrape, "Page 12").await;
        take(&page, "scrape-run-dark").await;
        show(&page, Scheme::Light, &scene.conversation, "surveyor").await;
        take(&page, "chat-light").await;
        show(&page, Scheme::Dark, "/agents", "heartbeat").await;
        until("some events", async || {
            let events = page.text().await.matches("heartbeat").count();
            if events >= 20 { Ok(()) } else { Err(events) }
        })
        .await;
        take(&page, "agents-dark").await;

        // The wire has more to tell when something has happened on it.
        page.press("g").await;
        page.press("w").await;
        page.click("button", "Drop the connection").await;
        page.wait_for_text("went on where the last connection stopped").await;
        page.click("button", "Run checks").await;
        page.wait_for_text("agree on the time").await;
        take(&page, "wire-dark").await;
        scene.end().await;
    });
}

/// What is going on.
struct Scene {
    execution: String,
    scrape: String,
    conversation: String,
    _site: Site,
    workers: Vec<Process>,
}

impl Scene {
    async fn begin(stage: &Stage, hub: &Hub) -> Self {
        for (agent, department, title, script) in DONE {
            let arguments = ["run", "--agent", agent, "--department", department, "--title", title];
            hub.command_in(&root(), command(&arguments, script)).finish().await;
        }
        let mut workers = Vec::new();
        for (id, script) in
            [("gardener", "while sleep 1; do uptime; done"), ("night-watch", "while sleep 1; do date; done")]
        {
            let agent = ["agent", "--id", id, "--department", "Operations", "--heartbeat", "1"];
            workers.push(hub.command_in(&root(), command(&agent, script)));
        }
        let survey = [
            "run",
            "--agent",
            "surveyor",
            "--department",
            "Engineering",
            "--title",
            "Survey the sources",
            "--heartbeat",
            "1",
        ];
        workers.push(hub.command_in(&root(), command(&survey, SURVEY)));
        let execution = until("the survey in the hub's list", async || {
            let list = hub.fetch("/api/executions?status=running&q=Survey").await;
            list["items"][0]["executionId"].as_str().map(str::to_owned).ok_or(list)
        })
        .await;

        let pages = stage.site(2, site::pages(60, Duration::from_millis(900))).await;
        let extract = json!({ "fields": [
            { "name": "title", "selector": "h1" },
            { "name": "links", "selector": "a", "attribute": "href", "many": true },
        ] });
        let order = json!({ "targets": [pages.url("/")], "title": "Sixty pages", "concurrency": 2, "extract": extract });
        let run = hub.call("/api/scrape/runs", &order).await["runId"].as_str().expect("a run").to_owned();
        until("a part of the site to be scraped", async || {
            let asked = pages.pages_asked_for();
            if asked >= 20 { Ok(()) } else { Err(asked) }
        })
        .await;

        let mut conversation = None::<String>;
        for question in ["What failed today?", "What is running?"] {
            let message = json!({ "content": question, "conversationId": conversation });
            let posted = hub.call("/api/chat/messages", &message).await;
            conversation = posted["conversationId"].as_str().map(str::to_owned);
            let task = format!("/api/tasks/{}", posted["task_id"].as_str().expect("a task"));
            until("the answer", async || {
                let task = hub.fetch(&task).await;
                if task["status"] == "completed" { Ok(()) } else { Err(task) }
            })
            .await;
        }
        Self {
            execution: format!("/executions/{execution}"),
            scrape: format!("/scrape-runs/{run}"),
            conversation: format!("/chat/{}", conversation.expect("a conversation")),
            _site: pages,
            workers,
        }
    }

    async fn end(mut self) {
        for worker in &mut self.workers {
            worker.terminate().await;
        }
    }
}

/// A `switchboard` command that runs a script.
fn command<'a>(arguments: &[&'a str], script: &'a str) -> Vec<&'a str> {
    arguments.iter().copied().chain(["--", "sh", "-c", script]).collect()
}

/// Shows a page, once it says `text`.
async fn show(page: &Page, scheme: Scheme, path: &str, text: &str) {
    page.prefer(scheme).await;
    page.goto(path).await;
    page.wait_for_status("Connection", "Connected").await;
    page.wait_for_text(text).await;
}

/// Takes one picture.
async fn take(page: &Page, name: &str) {
    let path = root().join(format!("docs/images/{name}.png"));
    page.picture(&path).await.expect("the picture can be written");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(PathBuf::from)
        .expect("e2e is inside the workspace")
}
