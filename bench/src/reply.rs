//! `reply`: how long after a task has ended its reply stands on the page, over the socket and by polling.

use std::{fs, time::Duration};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use switchboard_e2e::{self as e2e, Page, until};
use switchboard_protocol::Timestamp;
use tempfile::TempDir;

use crate::{
    Table,
    browser::copy,
    files,
    hub::{Hub, Options},
    note,
    statistics::{median, percentile},
    table::milliseconds,
};

/// The lane whose tasks the benchmark itself completes.
const LANE: &str = "bench";

/// How much sooner the socket is to bring a reply than polling every second: a poll comes half a second late on average, and a
/// person does not notice what takes less than a tenth of that.
const AT_LEAST: f64 = 10.0;

/// Measure how soon the reply to a chat message is on the page.
#[derive(Debug, clap::Args)]
pub struct Reply {
    /// How many replies.
    #[arg(long, default_value_t = 40)]
    replies: usize,
}

impl Reply {
    /// Lets two pages wait for the same replies: the dashboard, and one that asks every second.
    pub async fn run(self) -> Result<Table> {
        let site = tempfile::Builder::new().prefix("bench-site-").tempdir_in(files::target())?;
        copy(&files::dashboard()?, site.path())?;
        fs::write(site.path().join("polling.html"), include_str!("../pages/polling.html"))?;
        fs::write(site.path().join("polling.js"), include_str!("../pages/polling.js"))?;
        let hub = Hub::start(Options {
            dashboard: Some(site.path()),
            arguments: &["--worker-lanes", LANE],
            ..Options::default()
        })
        .await?;
        let stage = Stage::new(&hub, &site).await?;
        let (mut pushed, mut polled) = (Vec::new(), Vec::new());
        for number in 0..self.replies.max(1) {
            let (push, poll) = stage.reply(number).await?;
            pushed.push(push);
            polled.push(poll);
            note(format_args!("reply {number}: {push:.0} ms over the socket, {poll:.0} ms by polling"));
        }
        let asked = stage.dashboard_asked().await?;
        let mut table = Table::new(
            format!("From a task's completion in the hub to its text on the page, {} replies", self.replies),
            &["how the page learns of it", "median", "95th percentile", "of polling", ""],
        );
        let ratio = median(&polled) / median(&pushed);
        table.row([
            "the dashboard, over its one socket".to_owned(),
            milliseconds(median(&pushed)),
            milliseconds(percentile(&pushed, 0.95)),
            format!("{ratio:.0} × sooner (target: {AT_LEAST:.0} ×)"),
            crate::table::verdict(ratio >= AT_LEAST),
        ]);
        table.row([
            "a page that asks once a second".to_owned(),
            milliseconds(median(&polled)),
            milliseconds(percentile(&polled, 0.95)),
            "1".to_owned(),
            String::new(),
        ]);
        table.remark(format!(
            "Both pages wait for the same replies, each in a browser of its own. The time begins with the reply's own `createdAt`, which \
             the hub gives in the transaction that completes the task, and ends when the text is in the document. \
             Requests of the dashboard to `/api/tasks/` meanwhile: {asked}, one at most for what was awaited before it was connected."
        ));
        Ok(table)
    }
}

/// A conversation, and two pages that wait in it.
struct Stage<'a> {
    hub: &'a Hub,
    dashboard: Page,
    polling: Page,
    conversation: String,
    _browsers: [e2e::Browser; 2],
    _site: &'a TempDir,
}

impl<'a> Stage<'a> {
    async fn new(hub: &'a Hub, site: &'a TempDir) -> Result<Self> {
        let journal = e2e::Journal::default();
        let base = format!("http://{}", hub.address());
        let first = post(hub, "/api/chat/messages", &json!({"content": "Hello", "lane": LANE})).await?;
        let conversation = text(&first, "conversationId")?;
        // A browser each: a tab in the background would be slowed down.
        let mut browsers = [e2e::Browser::launch(&journal).await, e2e::Browser::launch(&journal).await];
        let [first, second] = &mut browsers;
        let (dashboard, polling) = (first.tab(&base).await, second.tab(&base).await);
        dashboard.goto(&format!("/chat/{conversation}")).await;
        dashboard.wait_for_status("Connection", "Connected").await;
        polling.goto("/polling.html").await;
        let watch = include_str!("reply_watch.js");
        dashboard.script(watch, json!([])).await.map_err(|error| anyhow!(error))?;
        Ok(Self { hub, dashboard, polling, conversation, _browsers: browsers, _site: site })
    }

    /// One message and its reply: how long after its completion each page showed it, in milliseconds.
    async fn reply(&self, number: usize) -> Result<(f64, f64)> {
        let message = json!({"content": format!("Question {number}"), "lane": LANE, "conversationId": self.conversation});
        let posted = post(self.hub, "/api/chat/messages", &message).await?;
        let task = text(&posted, "task_id")?;
        self.polling
            .script("window.wait(arguments[0])", json!([task]))
            .await
            .map_err(|error| anyhow!(error))?;
        until("the page waits for the reply", async || {
            let waits = self.dashboard.has("status", "Waiting for a reply").await;
            waits.then_some(()).ok_or("it does not")
        })
        .await;
        // Where in its second the polling page stands is left to chance, as it is for a real task.
        tokio::time::sleep(Duration::from_millis(phase(number))).await;
        let reply = format!("Reply {number} has come.");
        let result = json!({"event": "update", "data": {"type": "task.completed", "task_id": task, "result": {"content": reply}}});
        post(self.hub, "/api/events", &result).await?;
        let seen = async |page: &Page| {
            until(&format!("“{reply}” on the page"), async || {
                let seen = page.script("return window.__seen?.[arguments[0]] ?? null", json!([reply])).await;
                seen.ok().and_then(|seen| seen.as_f64()).ok_or("not there")
            })
            .await
        };
        let (pushed, polled) = (seen(&self.dashboard).await, seen(&self.polling).await);
        let state = get(self.hub, &format!("/api/tasks/{task}")).await?;
        let ended = Timestamp::parse(&text(&state, "finishedAt")?).context("a finished task has a time")?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are below 2^52")]
        let ended = ended.as_millis() as f64;
        Ok((pushed - ended, polled - ended))
    }

    /// How often the dashboard asked for tasks itself.
    async fn dashboard_asked(&self) -> Result<u64> {
        let script = "return performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/api/tasks/')).length";
        let asked = self.dashboard.script(script, json!([])).await.map_err(|error| anyhow!(error))?;
        asked.as_u64().context("a count")
    }
}

/// A place in a second that differs from reply to reply and spreads evenly, in milliseconds.
fn phase(number: usize) -> u64 {
    (number as u64 * 618) % 1_000
}

/// A text member of an answer.
fn text(answer: &Value, name: &str) -> Result<String> {
    let text = answer.get(name).and_then(Value::as_str).map(str::to_owned);
    text.with_context(|| format!("the hub's answer has no {name}: {answer}"))
}

async fn post(hub: &Hub, path: &str, body: &Value) -> Result<Value> {
    let answer = e2e::post(&format!("http://{}{path}", hub.address()), body.to_string()).await;
    let answer = answer.map_err(|error| anyhow!(error))?;
    anyhow::ensure!(
        (200..300).contains(&answer.status),
        "{path} was answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(answer.json())
}

async fn get(hub: &Hub, path: &str) -> Result<Value> {
    let answer =
        e2e::get(&format!("http://{}{path}", hub.address())).await.map_err(|error| anyhow!(error))?;
    Ok(answer.json())
}
