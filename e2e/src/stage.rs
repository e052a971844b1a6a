//! What a test runs on.

use std::{any::type_name_of_val, fs::File, net::SocketAddr, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::sync::Mutex;

use crate::{
    Browser, Daemon, Hub, Journal, ModelServer, Page, Part1Server, Proxy, Site, SitePage, paths, process,
};

/// No test takes longer, unless something hangs. The longest one presses some two thousand keys.
const LIMIT: Duration = Duration::from_mins(20);

/// Starts what a test needs, and remembers it for the report of a failure.
pub struct Stage {
    journal: Journal,
    browser: Mutex<Option<Browser>>,
    pages: Mutex<Vec<Page>>,
}

/// Runs one test, alone on this machine: with several browsers on two cores every deadline is a guess, so tests
/// of all processes take turns by a lock on a file.
pub fn run(test: impl AsyncFnOnce(&Stage)) {
    let name = type_name_of_val(&test).trim_end_matches("::{{closure}}").replace("::", "-");
    let turn = File::create(paths::artifacts().join("lock")).expect("the lock file can be made");
    turn.lock().expect("the lock file can be locked");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let failure = runtime.block_on(async {
        let journal = Journal::default();
        let stage = Stage { journal, browser: Mutex::default(), pages: Mutex::default() };
        let in_time = async {
            let limited = tokio::time::timeout(LIMIT, test(&stage)).await;
            assert!(limited.is_ok(), "the test hangs: it isn't through after {} s", LIMIT.as_secs());
        };
        let outcome = AssertUnwindSafe(in_time).catch_unwind().await;
        if outcome.is_err() {
            // A browser that is gone must not hide the failure that is to be reported.
            let _ = AssertUnwindSafe(stage.report(&name)).catch_unwind().await;
            process::end_what_is_left();
        }
        outcome.err()
    });
    runtime.shutdown_background();
    if let Some(failure) = failure {
        std::panic::resume_unwind(failure);
    }
}

impl Stage {
    /// Where the test and its processes write what they do.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Writes a line to the journal.
    pub fn note(&self, text: impl std::fmt::Display) {
        self.journal.note("test", text);
    }

    /// A hub on an empty data folder.
    pub async fn hub(&self) -> Hub {
        Hub::start(&self.journal).await
    }

    /// The same with further arguments of `switchboard serve`.
    pub async fn hub_with(&self, arguments: &[&str]) -> Hub {
        Hub::start_with(&self.journal, arguments).await
    }

    /// A server that speaks as OpenAI does.
    pub async fn model(&self) -> ModelServer {
        ModelServer::start(&self.journal).await
    }

    /// A site of these pages on 127.0.0.`host`.
    pub async fn site(&self, host: u8, pages: impl IntoIterator<Item = (String, SitePage)>) -> Site {
        Site::start(&self.journal, host, pages).await
    }

    /// A daemon that speaks only part 1 of the wire contract, and counts what it is sent.
    pub async fn daemon(&self) -> Daemon {
        Daemon::start(&self.journal).await
    }

    /// A proxy in front of `target`.
    pub async fn proxy(&self, target: SocketAddr) -> Proxy {
        Proxy::start(&self.journal, target).await
    }

    /// A server that speaks only part 1 of the wire contract.
    pub async fn part1(&self) -> Part1Server {
        Part1Server::start(&self.journal).await
    }

    /// A tab that shows `path` of the server at `base`. All tabs of a test belong to one browser.
    pub async fn open(&self, base: &str, path: &str) -> Page {
        let page = self.tab(base).await;
        page.goto(path).await;
        page
    }

    /// An empty tab for the server at `base`, for what must be set before the first page is loaded.
    pub async fn tab(&self, base: &str) -> Page {
        let mut browser = self.browser.lock().await;
        if browser.is_none() {
            *browser = Some(Browser::launch(&self.journal).await);
        }
        let page = match browser.as_mut() {
            Some(browser) => browser.tab(base).await,
            None => panic!("the browser was just launched"),
        };
        self.pages.lock().await.push(page.clone());
        page
    }

    async fn report(&self, name: &str) {
        for (number, page) in self.pages.lock().await.iter().enumerate() {
            let file = format!("{name}-tab{}", number + 1);
            match page.screenshot(&file).await {
                Ok(()) => eprintln!("screenshot: target/e2e/{file}.png"),
                Err(error) => eprintln!("no screenshot of tab {}: {error}", number + 1),
            }
            let text: String = page.text().await.chars().take(4_000).collect();
            eprintln!("--- text of tab {} at {}\n{text}", number + 1, page.path().await);
            eprintln!("--- its WebSockets: {:#?}", page.sockets().await);
        }
        if let Some(page) = self.pages.lock().await.first() {
            eprintln!("--- console: {:#?}", page.console().await);
        }
        self.journal.print();
    }
}
