//! A page under load, and what the browser says of it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use switchboard_e2e::{Page, until};
use tokio::time::sleep;

/// A page that shows, or counts, the lines of one execution.
pub struct Watched(Page);

/// What the browser counted while the page was at work.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The share of the time in which the page's main thread was busy, 0 to 1.
    pub busy: f64,
    /// Animation frames a second.
    pub frames_per_second: f64,
    /// For how long it was counted, in seconds.
    pub seconds: f64,
}

/// What the page holds after a garbage collection, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Used by JavaScript.
    pub javascript: f64,
    /// The size of the wasm module's memory, which never shrinks; 0 without one.
    pub wasm: f64,
}

impl Watched {
    /// Loads `path` in an empty tab.
    pub async fn open(page: Page, path: &str) -> Self {
        let source = include_str!("wasm_memory.js");
        page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
        page.devtools("Performance.enable", json!({})).await;
        page.goto(path).await;
        Self(page)
    }

    /// Waits until the line of this number was read; on the dashboard, until it is the last one in the document.
    pub async fn caught_up(&self, line: u64) {
        until(&format!("line {line} on the page"), async || match self.last_line().await {
            Some(last) if last >= line => Ok(()),
            other => Err(other),
        })
        .await;
    }

    /// Waits until the page shows, or counts, a line of those that `report` reports again and again: a page that keeps
    /// nothing sees only what comes after it has subscribed.
    ///
    /// # Errors
    /// Where a report fails.
    pub async fn follows(&self, mut report: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        until("the page to follow", async || match report().await {
            Ok(()) => self.last_line().await.map(|_| Ok(())).ok_or("no line"),
            Err(error) => Ok(Err(error)),
        })
        .await
    }

    /// Counts frames and busy time while `time` passes.
    ///
    /// # Errors
    /// Where the browser does not say.
    pub async fn work(&self, time: Duration) -> Result<Work> {
        self.run(
            "const counter = (window.__frames = { count: 0 });
             const frame = () => { counter.count += 1; if (window.__frames === counter) requestAnimationFrame(frame); };
             requestAnimationFrame(frame);",
        )
        .await?;
        let before = self.metrics().await;
        let frames = self.number("return window.__frames.count").await?;
        sleep(time).await;
        let frames = self.number("return window.__frames.count").await? - frames;
        let after = self.metrics().await;
        self.run("window.__frames = null").await?;
        let grown = |name: &str| Ok::<_, anyhow::Error>(metric(&after, name)? - metric(&before, name)?);
        let took = grown("Timestamp")?;
        Ok(Work { busy: grown("TaskDuration")? / took, frames_per_second: frames / took, seconds: took })
    }

    /// How old the middle one of the lines was that each frame added while `time` passed, in milliseconds.
    ///
    /// # Errors
    /// Where the browser does not say.
    pub async fn ages(&self, time: Duration) -> Result<Vec<f64>> {
        self.run(include_str!("ages.js")).await?;
        sleep(time).await;
        let ages = self.run("const ages = window.__ages; window.__ages = null; return ages").await?;
        Ok(ages.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
    }

    /// Collects the garbage, and weighs what is left.
    ///
    /// # Errors
    /// Where the browser does not say.
    pub async fn memory(&self) -> Result<Memory> {
        self.0.devtools("HeapProfiler.collectGarbage", json!({})).await;
        let javascript = metric(&self.metrics().await, "JSHeapUsedSize")?;
        let wasm = self.number("return window.__wasmMemory?.buffer.byteLength ?? 0").await?;
        Ok(Memory { javascript, wasm })
    }

    async fn last_line(&self) -> Option<u64> {
        let script = "const rows = document.getElementsByClassName('log-line');
            const row = rows[rows.length - 1];
            return window.floor?.last ?? Number(/line (\\d+)/.exec(row?.textContent ?? '')?.[1] ?? -1)";
        self.run(script).await.ok()?.as_u64()
    }

    async fn metrics(&self) -> Value {
        self.0.devtools("Performance.getMetrics", json!({})).await
    }

    async fn number(&self, body: &str) -> Result<f64> {
        self.run(body).await?.as_f64().with_context(|| format!("the page answers no number to `{body}`"))
    }

    async fn run(&self, body: &str) -> Result<Value> {
        self.0.script(body, json!([])).await.map_err(|error| anyhow!(error))
    }
}

fn metric(metrics: &Value, name: &str) -> Result<f64> {
    let list = metrics.get("metrics").and_then(Value::as_array);
    let found =
        list.into_iter().flatten().find(|metric| metric.get("name").and_then(Value::as_str) == Some(name));
    found
        .and_then(|metric| metric.get("value")?.as_f64())
        .with_context(|| format!("the browser has no metric {name}"))
}
