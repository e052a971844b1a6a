//! The real hub.

use std::{net::SocketAddr, path::Path, process::ExitStatus};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Journal, Process, get, net::free_address, paths, post, until};

/// A `switchboard serve` whose port and data folder outlive its process, so that it can be killed and restarted.
pub struct Hub {
    journal: Journal,
    address: SocketAddr,
    data: TempDir,
    /// What it is started with beside address, data and dashboard.
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Hub {
    /// Starts a hub on an empty data folder, and waits until it answers.
    pub async fn start(journal: &Journal) -> Self {
        Self::start_with(journal, &[]).await
    }

    /// The same with further arguments of `switchboard serve`.
    pub async fn start_with(journal: &Journal, arguments: &[&str]) -> Self {
        let data = TempDir::with_prefix("switchboard-e2e-").expect("a temporary folder can be made");
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut hub =
            Self { journal: journal.clone(), address: free_address(), data, arguments, process: None };
        hub.restart().await;
        hub
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub async fn kill(&mut self) {
        self.process.as_mut().expect("the hub runs").kill().await;
        self.process = None;
    }

    /// SIGTERM, and waits for its end.
    pub async fn terminate(&mut self) -> ExitStatus {
        let status = self.process.as_mut().expect("the hub runs").terminate().await;
        self.process = None;
        status
    }

    /// Starts it on the same port and data, and waits until it answers.
    pub async fn restart(&mut self) {
        let mut command = Command::new(paths::switchboard());
        command.arg("serve").arg("--listen").arg(self.address.to_string());
        command.arg("--data").arg(self.data.path()).arg("--dashboard").arg(paths::dist());
        command.args(&self.arguments);
        let mut process = Process::spawn(&self.journal, "hub", command);
        let url = format!("{}/api/health", self.url());
        until("the hub to answer", async || {
            if let Some(status) = process.ended() {
                panic!("the hub ended instead of serving: {status}; it said {:#?}", process.lines());
            }
            match get(&url).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(other),
            }
        })
        .await;
        self.process = Some(process);
    }

    /// A `switchboard` command of this hub, for example `["run", "--", "true"]`.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Process {
        self.command_in(Path::new("."), arguments)
    }

    /// The same in a folder.
    pub fn command_in<S: AsRef<std::ffi::OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Process {
        let mut command = Command::new(paths::switchboard());
        command.args(arguments).env("SWITCHBOARD_HUB", self.url()).current_dir(folder);
        Process::spawn(&self.journal, "switchboard", command)
    }

    /// `switchboard run --agent AGENT -- sh -c SCRIPT`.
    pub fn run_script(&self, agent: &str, script: &str) -> Process {
        self.command(["run", "--agent", agent, "--", "sh", "-c", script])
    }

    /// A real Scrapy spider that follows links from `start` and reports to this hub as `run`.
    ///
    /// # Panics
    /// Where `SWITCHBOARD_SCRAPY_PYTHON` names no Python that has Scrapy and the extension: `cargo xtask test` sees to it.
    pub fn run_spider(&self, run: &str, start: &str) -> Process {
        let python = std::env::var("SWITCHBOARD_SCRAPY_PYTHON");
        let python = python.expect("SWITCHBOARD_SCRAPY_PYTHON is set; run this by `cargo xtask test --e2e`");
        let mut command = Command::new(python);
        command.args(["-m", "scrapy", "runspider"]).arg(paths::spider());
        command.args(["-a", &format!("start={start}"), "-a", "delay=0.5"]);
        for setting in [format!("SWITCHBOARD_HUB={}", self.url()), format!("SWITCHBOARD_RUN_ID={run}")] {
            command.args(["-s", &setting]);
        }
        Process::spawn(&self.journal, "scrapy", command)
    }

    /// Reports `frames` (one, or an array) by `POST /api/events`, and expects 202.
    pub async fn report(&self, frames: &Value) -> Value {
        let answer = post(&format!("{}/api/events", self.url()), frames.to_string()).await;
        match answer {
            Ok(answer) if answer.status == 202 => answer.json(),
            other => panic!("the report {frames} should be accepted, but: {other:?}"),
        }
    }

    /// `POST path` with a JSON body, and the answer, which must be a success.
    pub async fn call(&self, path: &str, body: &Value) -> Value {
        match post(&format!("{}{path}", self.url()), body.to_string()).await {
            Ok(answer) if answer.status == 204 => Value::Null,
            Ok(answer) if (200..300).contains(&answer.status) => answer.json(),
            other => panic!("POST {path} should be answered, but: {other:?}"),
        }
    }

    /// The body of `GET path`, which must be a 200.
    pub async fn fetch(&self, path: &str) -> Value {
        match get(&format!("{}{path}", self.url())).await {
            Ok(answer) if answer.status == 200 => answer.json(),
            other => panic!("GET {path} should be answered, but: {other:?}"),
        }
    }

    /// The id of the first execution of an agent called `agent`, once the hub knows one.
    pub async fn execution_of(&self, agent: &str) -> String {
        until(&format!("an execution of {agent} in the hub's list"), async || {
            let list = self.fetch("/api/executions").await;
            let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            items
                .iter()
                .find(|item| item.pointer("/agent/name").and_then(Value::as_str) == Some(agent))
                .and_then(|item| item.get("executionId")?.as_str().map(str::to_owned))
                .ok_or(list)
        })
        .await
    }
}
