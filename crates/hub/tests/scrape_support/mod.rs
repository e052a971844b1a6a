//! What the tests of scraping share: sites of this machine that count how often they are asked for what, and waiting for the
//! end of a run.

#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode},
};
use serde_json::{Value, json};
use switchboard_hub::Config;
use tokio::sync::watch;

use crate::{
    chat_support::Calls,
    serve_support::{Client, TestHub, soon},
};

/// What a site answers.
pub enum Reply {
    /// A page with links to these addresses.
    Links(Vec<String>),
    /// A page with this HTML.
    Html(String),
    /// Text of a media type.
    Text(&'static str, String),
    /// A status without a body.
    Status(u16),
    /// A status that says when to come back, in seconds.
    Later(u16, u32),
    /// The way to another address.
    Redirect(String),
    /// Nothing, until the client goes away.
    Hang,
}

/// A page with links.
pub fn links<const N: usize>(addresses: [&str; N]) -> Reply {
    Reply::Links(addresses.map(str::to_owned).into())
}

type Script = Box<dyn Fn(&str, usize) -> Reply + Send + Sync>;

/// A site of this machine.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    script: Script,
    hits: Mutex<BTreeMap<String, usize>>,
    total: watch::Sender<usize>,
    hanging: watch::Sender<usize>,
}

impl Site {
    /// A site on a loopback address that answers by path, and by how often that was asked for, counted from 1.
    pub async fn start(host: &str, script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            script: Box::new(script),
            hits: Mutex::default(),
            total: watch::Sender::new(0),
            hanging: watch::Sender::new(0),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, serving }
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its name as a platform.
    pub fn platform(&self) -> String {
        self.address.to_string()
    }

    /// How often each path was asked for, without those that tell of the site itself.
    pub fn hits(&self) -> BTreeMap<String, usize> {
        let mut hits = self.shared.hits.lock().unwrap().clone();
        hits.retain(|path, _| path != "/robots.txt" && path != "/sitemap.xml");
        hits
    }

    /// How often a path was asked for.
    pub fn hits_of(&self, path: &str) -> usize {
        self.shared.hits.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// Waits until so many pages were asked for.
    pub async fn asked(&self, count: usize) {
        let mut total = self.shared.total.subscribe();
        let asked = total.wait_for(|total| *total >= count);
        soon("the requests", asked).await.unwrap();
    }

    /// Waits until so many requests are without an answer.
    pub async fn hanging(&self, count: usize) {
        let mut hanging = self.shared.hanging.subscribe();
        let hangs = hanging.wait_for(|hanging| *hanging == count);
        soon("the unanswered requests", hangs).await.unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Counts a request as unanswered until its client goes away.
struct Hanging(Arc<Shared>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.hanging.send_modify(|hanging| *hanging -= 1);
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    let nth = {
        let mut hits = shared.hits.lock().unwrap();
        let hits = hits.entry(path.clone()).or_default();
        *hits += 1;
        *hits
    };
    if path != "/robots.txt" && path != "/sitemap.xml" {
        shared.total.send_modify(|total| *total += 1);
    }
    let (status, kind, extra, body) = match (shared.script)(&path, nth) {
        Reply::Html(html) => (200, "text/html; charset=utf-8", None, html),
        Reply::Links(links) => {
            let links: Vec<String> =
                links.iter().map(|link| format!("<a href=\"{link}\">{link}</a>")).collect();
            let links = links.join(" ");
            let html = format!("<!doctype html><title>Page {path}</title><body>{links}</body>");
            (200, "text/html; charset=utf-8", None, html)
        }
        Reply::Text(kind, text) => (200, kind, None, text),
        Reply::Status(status) => (status, "text/plain", None, String::new()),
        Reply::Later(status, seconds) => {
            (status, "text/plain", Some(("retry-after", seconds.to_string())), String::new())
        }
        Reply::Redirect(to) => (302, "text/plain", Some(("location", to)), String::new()),
        Reply::Hang => {
            shared.hanging.send_modify(|hanging| *hanging += 1);
            let _hanging = Hanging(Arc::clone(&shared));
            return std::future::pending().await;
        }
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    response = response.header("content-type", kind);
    if let Some((name, value)) = extra {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// A hub that may scrape sites of this machine.
pub async fn scraping_hub() -> TestHub {
    scraping_hub_with(|_| {}).await
}

/// The same, changed.
pub async fn scraping_hub_with(change: impl FnOnce(&mut Config)) -> TestHub {
    TestHub::start_with(|config| {
        config.scrape.allow_private = true;
        change(config);
    })
    .await
}

/// Starts a run, which must be taken, and answers its name.
pub async fn start_run(calls: &Calls, order: Value) -> String {
    let (status, started) = calls.post("/api/scrape/runs", order).await;
    assert_eq!(status, 201, "{started}");
    started["runId"].as_str().unwrap().to_owned()
}

/// An order to scrape without leaving sites alone in between.
pub fn order(targets: &[String]) -> Value {
    json!({"targets": targets, "delayMs": 0})
}

/// Whether a frame tells the end of a run.
pub fn is_end(frame: &Value, run: &str) -> bool {
    frame["type"] == "scrape_progress"
        && frame["runId"] == run
        && frame.get("platform").is_none_or(Value::is_null)
        && ["completed", "failed", "cancelled"].iter().any(|phase| frame["phase"] == *phase)
}

/// The frames of a run up to its end.
pub async fn until_ended(client: &mut Client, run: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        let frame = client.next().await;
        if frame["runId"] == run {
            frames.push(frame);
            if is_end(&frames[frames.len() - 1], run) {
                return frames;
            }
        }
    }
}

/// Runs an order to its end, and answers the frames of the log that told of it, and the run as it then is.
pub async fn run_to_end(hub: &TestHub, order: Value) -> (Vec<Value>, Value) {
    let calls = Calls::to(hub);
    let mut client = hub.connect(json!({"token": "stream"})).await;
    let run = start_run(&calls, order).await;
    let frames = until_ended(&mut client, &run).await;
    let (status, snapshot) = calls.get(&format!("/api/scrape/runs/{run}")).await;
    assert_eq!(status, 200, "{snapshot}");
    (frames, snapshot)
}

/// The addresses of the pages that frames of the log told of, in order.
pub fn told_pages(frames: &[Value]) -> Vec<String> {
    let pages = frames.iter().filter_map(|frame| frame["pages"].as_array()).flatten();
    pages.map(|page| page["url"].as_str().unwrap().to_owned()).collect()
}

/// The addresses of a snapshot's pages.
pub fn kept_pages(snapshot: &Value) -> Vec<String> {
    let pages = snapshot["pages"].as_array().unwrap();
    pages.iter().map(|page| page["url"].as_str().unwrap().to_owned()).collect()
}

/// A snapshot's page of that address.
pub fn page<'a>(snapshot: &'a Value, url: &str) -> &'a Value {
    let pages = snapshot["pages"].as_array().unwrap();
    pages.iter().find(|page| page["url"] == url).unwrap_or_else(|| panic!("{url} is not in {snapshot}"))
}

/// The same, in order.
pub fn sorted(mut addresses: Vec<String>) -> Vec<String> {
    addresses.sort();
    addresses
}
