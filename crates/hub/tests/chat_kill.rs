//! `switchboard serve` killed and stopped with tasks queued and running: each of them ends exactly once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::zombie_processes,
    missing_docs
)]

mod chat_support;
mod serve_support;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use chat_support::{
    Calls, completed,
    model_server::{Act, Gate, ModelServer, Step, text},
    task_of, until_job,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use serve_support::{Client, soon};

const KEY: &str = "sk-test-0123456789";

/// A hub as a process.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(data: &Path, server: &ModelServer) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command
            .env_clear()
            .env("SWITCHBOARD_MODEL_KEY", KEY)
            .env("SWITCHBOARD_LOG", "trace")
            .args(["serve", "--listen", "127.0.0.1:0", "--model", "m", "--model-url", &server.url()])
            .args(["--model-concurrency", "2", "--worker-lanes", "crew", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("listening on http://").unwrap().1.parse().unwrap();
        Self { child, address }
    }

    fn calls(&self) -> Calls {
        Calls::at(&format!("http://{}", self.address))
    }

    /// Follows the log from its beginning.
    async fn replay(&self) -> Client {
        let epoch = Client::open(self.address, json!({"token": "stream"})).await.ack["epoch"].clone();
        let handshake = json!({"token": "stream", "resume": {"epoch": epoch, "seq": 0}});
        Client::open(self.address, handshake).await
    }

    /// Ends it, and answers what it logged.
    async fn end(mut self, signal: Signal) -> String {
        let mut errors = self.child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            errors.read_to_string(&mut log).unwrap();
            log
        });
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let status = tokio::task::spawn_blocking(move || self.child.wait());
        let status = soon("the hub's end", status).await.unwrap().unwrap();
        assert_eq!(status.success(), signal == Signal::SIGTERM, "{status}");
        log.join().unwrap()
    }
}

/// How often each task ended, and the last end of each.
fn ends(frames: &[Value]) -> BTreeMap<String, (usize, Value)> {
    let mut ends = BTreeMap::new();
    for frame in frames.iter().filter(|frame| frame["event"] == "update") {
        let end: &mut (usize, Value) = ends.entry(task_of(&frame["data"])).or_default();
        *end = (end.0 + 1, frame["data"].clone());
    }
    ends
}

/// Six messages to the model, of which two are being answered, two to workers outside, of which one has been taken, and
/// one that has been answered.
async fn fill(hub: &Process, server: &ModelServer) -> (Vec<String>, String, String) {
    let calls = hub.calls();
    let mut client = Client::open(hub.address, json!({"token": "stream"})).await;
    let done = task_of(&calls.say(json!({"content": "/help"})).await);
    until_job(&mut client, &done, "completed").await;
    let mut asked = Vec::new();
    for number in 0..6 {
        asked.push(task_of(&calls.say(json!({"content": format!("Question {number}")})).await));
    }
    server.under_way(2).await;
    until_job(&mut client, &asked[1], "progress").await;
    let taken = task_of(&calls.say(json!({"content": "Dig", "lane": "crew"})).await);
    let (status, claimed) = calls.post("/api/tasks/claim", json!({"lanes": ["crew"], "worker": "w"})).await;
    assert_eq!((status, &claimed["task_id"]), (200, &json!(taken)));
    let waiting = task_of(&calls.say(json!({"content": "Dig again", "lane": "crew"})).await);
    (asked, taken, waiting)
}

async fn every_task_ends_exactly_once_after(signal: Signal) {
    let data = tempfile::tempdir().unwrap();
    let hanging = || Act::Stream(vec![text("It is"), Step::Wait(Gate::closed()), Step::End]);
    let server = ModelServer::start([hanging(), hanging()]).await;
    let hub = Process::start(data.path(), &server);
    let (asked, taken, waiting) = fill(&hub, &server).await;
    let mut log = hub.end(signal).await;

    // The server answers everything by now.
    let hub = Process::start(data.path(), &server);
    let calls = hub.calls();
    let mut client = hub.replay().await;
    // Its worker is alive: it did not notice.
    let still = calls.post(&format!("/api/tasks/{taken}/renew"), json!({"worker": "w"})).await;
    assert_eq!(still.0, 200, "a worker outside keeps its task: {}", still.1);
    calls.report(completed(&taken, "Dug")).await;
    let (_, claimed) = calls.post("/api/tasks/claim", json!({"lanes": ["crew"], "worker": "w"})).await;
    assert_eq!(claimed["task_id"], waiting);
    calls.report(completed(&waiting, "Dug again")).await;
    let mut frames = Vec::new();
    while ends(&frames).len() < 9 {
        frames.push(client.next().await);
    }
    frames.extend(client.ping().await.0);
    for (task, (count, end)) in ends(&frames) {
        assert_eq!((count, &end["type"]), (1, &json!("task.completed")), "{task}: {end}");
    }
    for (index, task) in asked.iter().enumerate() {
        let (_, end) = &ends(&frames)[task];
        assert_eq!(end["result"]["content"], "ok");
        let was_begun_twice = index < 2;
        let note = end["result"]["note"].as_str().unwrap_or_default();
        assert_eq!(note.contains("attempt 2"), was_begun_twice, "it is said: {end}");
    }
    let (_, list) = calls.get("/api/conversations").await;
    assert!(list["items"].as_array().unwrap().iter().all(|item| item["pending"] == 0), "{list}");
    log += &hub.end(Signal::SIGTERM).await;
    assert!(log.contains("TRACE"), "everything is logged");
    assert!(!log.contains(KEY), "but the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_loses_no_task_and_ends_none_twice() {
    every_task_ends_exactly_once_after(Signal::SIGKILL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_it_does_not_wait_for_answers_and_begins_them_again() {
    every_task_ends_exactly_once_after(Signal::SIGTERM).await;
}

/// What has cost three workers is likelier to be the reason than the victim.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_outlives_no_hub_fails_in_words() {
    let data = tempfile::tempdir().unwrap();
    let hanging = || Act::Stream(vec![Step::Wait(Gate::closed()), Step::End]);
    let server = ModelServer::start(vec![hanging(); 3]).await;
    let mut hub = Process::start(data.path(), &server);
    let task = task_of(&hub.calls().say(json!({"content": "Hello"})).await);
    for _ in 0..3 {
        server.under_way(1).await;
        hub.end(Signal::SIGKILL).await;
        server.under_way(0).await;
        hub = Process::start(data.path(), &server);
    }
    let mut client = hub.replay().await;
    let (_, end) = chat_support::until_end(&mut client, &task).await;
    assert_eq!(end["type"], "task.failed", "{end}");
    assert!(end["error"].as_str().unwrap().len() > 20, "{end}");
    assert_eq!(server.asked().len(), 3);
    hub.end(Signal::SIGTERM).await;
}
