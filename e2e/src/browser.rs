//! A real Chromium, through chromedriver.

use std::sync::{Arc, Mutex, PoisonError};

use fantoccini::{
    Client, ClientBuilder,
    error::CmdError,
    wd::{Capabilities, WebDriverCompatibleCommand, WindowHandle},
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use url::{ParseError, Url};

use crate::{ConsoleEntry, Journal, Page, Process, paths, until};

/// What every test's browser is started with: no window, no traffic of its own, and the accessibility tree
/// readable from scripts, which is how pages are asked by role and name.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--window-size=1440,900",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-blink-features=ComputedAccessibilityInfo",
];

/// One browser with a fresh profile, and its tabs.
pub struct Browser {
    session: Session,
    journal: Journal,
    first_tab_taken: bool,
    // Dropped in this order: the processes end before their folder goes.
    _driver: Process,
    _folder: TempDir,
}

impl Browser {
    /// Starts chromedriver and Chromium.
    pub async fn launch(journal: &Journal) -> Self {
        let folder =
            TempDir::with_prefix("switchboard-e2e-browser-").expect("a temporary folder can be made");
        let mut command = Command::new(paths::chromedriver());
        command.arg("--port=0").env("TMPDIR", folder.path());
        let mut driver = Process::spawn(journal, "chromedriver", command);
        let port = until("chromedriver to say its port", async || {
            assert!(driver.ended().is_none(), "chromedriver ended: {:#?}", driver.lines());
            let lines = driver.lines();
            let port = lines.iter().find_map(|line| line.split("successfully on port ").nth(1));
            port.map(|port| port.trim_end_matches('.').to_owned()).ok_or(lines)
        })
        .await;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&folder))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}; {:#?}", driver.lines()));
        let session = Session { client, front: Arc::default(), console: Arc::default() };
        Self { session, journal: journal.clone(), first_tab_taken: false, _driver: driver, _folder: folder }
    }

    /// A new tab whose paths are relative to `base`, for example `http://127.0.0.1:4100`.
    pub async fn tab(&mut self, base: &str) -> Page {
        let client = &self.session.client;
        let window = if self.first_tab_taken {
            let opened = client.new_window(true).await.expect("the browser opens a tab");
            opened.handle
        } else {
            client.window().await.expect("the browser has a tab")
        };
        self.first_tab_taken = true;
        Page::new(self.session.clone(), window, base, &self.journal).await
    }
}

fn capabilities(folder: &TempDir) -> Capabilities {
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".into(), json!({ "binary": paths::chromium(), "args": flags }));
    capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
    capabilities
}

/// The WebDriver session that all tabs of a browser share.
#[derive(Clone)]
pub struct Session {
    /// The WebDriver client.
    pub client: Client,
    /// Which tab commands go to.
    front: Arc<Mutex<Option<WindowHandle>>>,
    /// What the console said; the driver hands each entry out once, so they are kept here.
    console: Arc<Mutex<Vec<ConsoleEntry>>>,
}

impl Session {
    /// Has the commands that follow go to `window`.
    pub async fn to_front(&self, window: &WindowHandle) -> Result<(), CmdError> {
        if self.front.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(window) {
            return Ok(());
        }
        self.client.switch_to_window(window.clone()).await?;
        *self.front.lock().unwrap_or_else(PoisonError::into_inner) = Some(window.clone());
        Ok(())
    }

    /// A command of the Chrome DevTools Protocol, in the tab in front.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, CmdError> {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await
    }

    /// Everything that the console of any tab has said so far.
    pub async fn console(&self) -> Vec<ConsoleEntry> {
        let news = Extension { path: "se/log", body: json!({ "type": "browser" }) };
        let news = self.client.issue_cmd(news).await.expect("chromedriver hands out the console's log");
        let mut console = self.console.lock().unwrap_or_else(PoisonError::into_inner);
        console.extend(news.as_array().into_iter().flatten().map(ConsoleEntry::from));
        console.clone()
    }
}

/// A command that chromedriver adds to the standard: a POST to a path of the session.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
