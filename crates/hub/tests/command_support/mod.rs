//! A hub that takes reports and does what a test tells it, and a way to run the real binary against it.
//!
//! A [`FakeHub`] keeps what it was sent in a [`Record`] that outlives it, so that a test can kill it, start another on
//! the same port and look at both together. What it answers next comes from [`Record::answer_next`]; when nothing is
//! planned it stores the batch and says so, or refuses the batch because of [`Record::refuse_items_with`].

#![allow(dead_code)]

use std::{
    collections::{HashSet, VecDeque},
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

/// How long a test waits for something that must happen. It only bounds a failure.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What the hub does with one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Stores the batch and says so.
    Accept,
    /// Stores nothing, and answers with this status and, where there is one, this `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Stores the batch, and never says so.
    StoreAndHang,
    /// Stores nothing, and never answers.
    Hang,
    /// Stores the batch after a while.
    After(Duration),
    /// Answers 200 with a page, as something does that is no hub.
    Page,
}

/// What hubs on one port were sent and did.
#[derive(Debug, Default)]
pub struct Record {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    stored: Vec<Value>,
    agents: Vec<Value>,
    ids: HashSet<String>,
    batches: Vec<usize>,
    keys: Vec<Option<String>>,
    requests: usize,
    plan: VecDeque<Answer>,
    otherwise: Option<Answer>,
    refused: Option<&'static str>,
    largest_batch: Option<usize>,
}

impl Record {
    /// Plans the answer to the next request that has none planned.
    pub fn answer_next(&self, answer: Answer) {
        self.inner.lock().unwrap().plan.push_back(answer);
    }

    /// What is answered where nothing is planned.
    pub fn answer_always(&self, answer: Answer) {
        self.inner.lock().unwrap().otherwise = Some(answer);
    }

    /// Refuses, with its index, any item that holds this text.
    pub fn refuse_items_with(&self, text: &'static str) {
        self.inner.lock().unwrap().refused = Some(text);
    }

    /// Refuses, without an index, batches of more items.
    pub fn refuse_batches_over(&self, items: usize) {
        self.inner.lock().unwrap().largest_batch = Some(items);
    }

    /// What was stored of agents, each id once, in order.
    pub fn agents(&self) -> Vec<Value> {
        self.inner.lock().unwrap().agents.clone()
    }

    /// Waits until `found` finds what it looks for in what was stored of agents.
    pub fn wait_for_agents(&self, found: impl Fn(&[Value]) -> bool) {
        self.wait(|inner| found(&inner.agents));
    }

    /// What was stored besides that, each id once, in order.
    pub fn stored(&self) -> Vec<Value> {
        self.inner.lock().unwrap().stored.clone()
    }

    /// How many items each stored batch had.
    pub fn batches(&self) -> Vec<usize> {
        self.inner.lock().unwrap().batches.clone()
    }

    /// The `Authorization` header of each request.
    pub fn keys(&self) -> Vec<Option<String>> {
        self.inner.lock().unwrap().keys.clone()
    }

    /// Waits until so many requests have come, whatever was answered.
    pub fn wait_for_requests(&self, count: usize) {
        self.wait(|inner| inner.requests >= count);
    }

    /// Waits until `found` finds what it looks for in the stored reports.
    pub fn wait_for(&self, found: impl Fn(&[Value]) -> bool) {
        self.wait(|inner| found(&inner.stored));
    }

    /// The text of each stored `output` event of one stream, in order.
    pub fn output(&self, stream: &str) -> Vec<String> {
        output(&self.stored(), stream)
    }

    /// The stored events of one type.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        self.stored()
            .iter()
            .map(|report| report["event"].clone())
            .filter(|event| event["type"] == kind)
            .collect()
    }

    fn wait(&self, ready: impl Fn(&Inner) -> bool) {
        let inner = self.inner.lock().unwrap();
        let (inner, late) = self.changed.wait_timeout_while(inner, PATIENCE, |inner| !ready(inner)).unwrap();
        assert!(
            !late.timed_out(),
            "what the test waits for did not happen; {} requests came, {} reports are stored",
            inner.requests,
            inner.stored.len()
        );
    }

    fn next_answer(&self, key: Option<String>) -> Answer {
        let mut inner = self.inner.lock().unwrap();
        inner.requests += 1;
        inner.keys.push(key);
        self.changed.notify_all();
        inner.plan.pop_front().or_else(|| inner.otherwise.clone()).unwrap_or(Answer::Accept)
    }

    fn store(&self, body: &str) -> Response {
        let items: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut inner = self.inner.lock().unwrap();
        if inner.largest_batch.is_some_and(|largest| items.len() > largest) {
            return problem(413, "too large", None);
        }
        if let Some(text) = inner.refused
            && let Some(index) = body.lines().position(|line| line.contains(text))
        {
            return problem(400, "this event is bad", Some(index));
        }
        inner.batches.push(items.len());
        let (mut accepted, mut duplicates) = (0, 0);
        for item in items {
            if inner.ids.insert(item["id"].as_str().unwrap().to_owned()) {
                accepted += 1;
                let is_agents = item.get("agentId").is_some();
                if is_agents { &mut inner.agents } else { &mut inner.stored }.push(item);
            } else {
                duplicates += 1;
            }
        }
        let seq = inner.stored.len() + inner.agents.len();
        self.changed.notify_all();
        (
            StatusCode::ACCEPTED,
            json!({"accepted": accepted, "duplicates": duplicates, "seq": seq}).to_string(),
        )
            .into_response()
    }
}

/// The text of each `output` event of one stream, in order.
pub fn output(reports: &[Value], stream: &str) -> Vec<String> {
    let events = reports.iter().map(|report| &report["event"]);
    events
        .filter(|event| event["type"] == "output" && event["data"]["stream"] == stream)
        .map(|event| event["data"]["text"].as_str().unwrap().to_owned())
        .collect()
}

fn problem(status: u16, detail: &str, index: Option<usize>) -> Response {
    let body =
        json!({"type":"about:blank", "title":"Refused", "status":status, "detail":detail, "index":index});
    let headers = [("content-type", "application/problem+json")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

/// A hub on a port of its own. Dropping it kills it: nothing is answered any more, and connections break.
#[derive(Debug)]
pub struct FakeHub {
    port: u16,
    runtime: Option<tokio::runtime::Runtime>,
}

impl FakeHub {
    /// A hub on a free port.
    pub fn start(record: &Arc<Record>) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), record)
    }

    /// A hub on a port where one was before, or will be.
    pub fn start_on(port: u16, record: &Arc<Record>) -> Self {
        let began = Instant::now();
        loop {
            match TcpListener::bind(("127.0.0.1", port)) {
                Ok(listener) => return Self::listen(listener, record),
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            thread::yield_now();
        }
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        address(self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn listen(listener: TcpListener, record: &Arc<Record>) -> Self {
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let routes = Router::new()
            .route("/api/events", post(report))
            .route("/api/executions/{id}", get(execution))
            .with_state(Arc::clone(record));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
        Self { port, runtime: Some(runtime) }
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

/// A port on which nobody listens, until a test starts a hub there.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The address of a hub on this machine.
pub fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

async fn report(State(record): State<Arc<Record>>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
    let body = std::str::from_utf8(&body).unwrap();
    match record.next_answer(key) {
        Answer::Accept => record.store(body),
        Answer::After(delay) => {
            tokio::time::sleep(delay).await;
            record.store(body)
        }
        Answer::Status(status, retry_after) => {
            let mut response = problem(status, "the test says so", None);
            if let Some(seconds) = retry_after {
                response.headers_mut().insert("retry-after", seconds.parse().unwrap());
            }
            response
        }
        Answer::StoreAndHang => {
            record.store(body);
            std::future::pending().await
        }
        Answer::Hang => std::future::pending().await,
        Answer::Page => "<!doctype html><title>Hello</title>".into_response(),
    }
}

async fn execution(Path(id): Path<String>, RawQuery(_query): RawQuery) -> Response {
    problem(404, &format!("there is no execution {id}"), None)
}

/// The real binary, with an environment of its own.
pub fn switchboard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["SWITCHBOARD_HUB", "SWITCHBOARD_KEY", "SWITCHBOARD_ORGANIZATION"] {
        command.env_remove(variable);
    }
    command
}

/// `switchboard run` with options, and a shell script as its command.
pub fn run_shell(hub: &str, options: &[&str], script: &str) -> Command {
    let mut arguments = vec!["run", "--hub", hub];
    arguments.extend(options);
    arguments.extend(["--", "sh", "-c", script]);
    switchboard(&arguments)
}

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Finished {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Finished { code: output.status.code(), stdout: output.stdout, stderr }
}

/// Sends a signal by its name to one process.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// A command that runs while the test goes on; killed if the test ends before it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stderr: Option<BufReader<ChildStderr>>,
    said: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().map(BufReader::new);
        Self { child, stderr, said: String::new() }
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Closes the other end of its stderr.
    pub fn stop_reading(&mut self) {
        self.stderr = None;
    }

    /// Reads its stderr until a line holds `text`.
    pub fn wait_to_say(&mut self, text: &str) {
        let stderr = self.stderr.as_mut().unwrap();
        loop {
            let mut line = String::new();
            let length = stderr.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            if line.contains(text) {
                return;
            }
            assert!(length > 0, "it ended without saying {text:?}, but: {}", self.said);
        }
    }

    /// Waits for its end; answers how, and all that it said on stderr.
    pub fn end(mut self) -> (ExitStatus, String) {
        if let Some(mut stderr) = self.stderr.take() {
            stderr.read_to_string(&mut self.said).unwrap();
        }
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, std::mem::take(&mut self.said));
            }
            assert!(began.elapsed() < PATIENCE, "it does not end; it said: {}", self.said);
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended where the test went well, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A real hub, in a process of its own. Dropping it kills it as a power cut would.
#[derive(Debug)]
pub struct RealHub {
    child: Child,
    address: String,
}

impl RealHub {
    /// A hub with its data in `folder`, on a free port or on the one that an earlier hub had.
    pub fn start(folder: &std::path::Path, port: u16, keys: &str) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut command = switchboard(&["serve", "--listen", &listen, "--data", folder.to_str().unwrap()]);
        if !keys.is_empty() {
            command.env("SWITCHBOARD_KEYS", keys);
        }
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, address }
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.rsplit(':').next().unwrap().parse().unwrap()
    }
}

impl Drop for RealHub {
    fn drop(&mut self) {
        // It runs, because nobody else ends it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
