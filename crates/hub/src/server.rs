//! A hub from its start to its end.

use std::{net::SocketAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use switchboard_crawler::Fetcher;
use switchboard_store::{SqliteOptions, SqliteStore, Store, StoreError, sqlite::Synchronous};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    assets::Assets,
    chat::{HUB_WORKERS, Lanes, Queue},
    config::{Config, Sync},
    feed::Feeds,
    hub::Hub,
    origin::Origins,
    retention, routes,
    scrape::{self, Scraper},
};

/// How long a request's head may take to arrive, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that a request's head may have.
const HEAD_BYTES: usize = 32 * 1024;

/// How long requests under way may take when the hub stops.
const REQUESTS_END: Duration = Duration::from_secs(10);

/// How long connections may take to be told when the hub stops.
const CONNECTIONS_END: Duration = Duration::from_secs(5);

/// How long accepting rests after the system refused, for want of file handles say.
const ACCEPT_REST: Duration = Duration::from_millis(200);

/// A hub that runs. Dropping it stops it without waiting; [`shutdown`](Self::shutdown) waits.
pub struct RunningHub {
    address: SocketAddr,
    hub: Arc<Hub>,
    serving: JoinHandle<()>,
    keeping: JoinHandle<()>,
    answering: JoinHandle<()>,
    scraping: JoinHandle<()>,
}

/// Why a hub did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What it was started with cannot be.
    #[error("{0}")]
    Usage(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// `HOST:PORT`.
        address: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts a hub on the embedded store.
///
/// # Errors
/// [`StartError`], in words for the person who starts it.
pub async fn start(config: Config) -> Result<RunningHub, StartError> {
    let ready = listen(&config).await?;
    let store = open(&config.data, config.sync).await?;
    // One hub at a time can use a folder, so what a hub had is lost now.
    let is_lost = Lost { worker: |worker| worker.starts_with(HUB_WORKERS), crawler: scrape::is_gone };
    Ok(run(config, ready, Arc::new(store), is_lost))
}

/// Starts a hub on another store.
///
/// # Errors
/// As [`start`].
pub async fn start_on(config: Config, store: Arc<dyn Store>) -> Result<RunningHub, StartError> {
    let ready = listen(&config).await?;
    // Another hub may share it. What is lost shows when its lease ends.
    Ok(run(config, ready, store, Lost { worker: |_| false, crawler: |_| false }))
}

impl RunningHub {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: no new connections, sockets closed with 1001, requests finished, everything accepted stored.
    ///
    /// # Errors
    /// What the store met when it was closed.
    pub async fn shutdown(mut self) -> Result<(), StoreError> {
        let connections = &self.hub.connections;
        self.hub.stop.cancel();
        connections.close();
        if timeout(CONNECTIONS_END, connections.wait()).await.is_err() {
            tracing::warn!(open = connections.len(), "connections that do not answer are dropped");
        }
        // All end by themselves once `stop` is cancelled, the first after at most REQUESTS_END.
        let _ = (&mut self.serving).await;
        let _ = (&mut self.keeping).await;
        let _ = (&mut self.answering).await;
        let _ = (&mut self.scraping).await;
        self.hub.store.close().await
    }
}

impl Drop for RunningHub {
    fn drop(&mut self) {
        self.hub.stop.cancel();
    }
}

/// What could be checked before the store is opened.
struct Ready {
    listener: TcpListener,
    origins: Origins,
    lanes: Lanes,
    fetcher: Fetcher,
}

/// Who is known to be gone by the name under which it took a task or a run.
#[derive(Clone, Copy)]
struct Lost {
    /// Workers, asked about once, when the hub starts.
    worker: fn(&str) -> bool,
    /// Crawlers, asked about with each look for runs.
    crawler: fn(&str) -> bool,
}

async fn listen(config: &Config) -> Result<Ready, StartError> {
    let address = resolve(&config.listen).await?;
    let on_loopback = address.ip().is_loopback();
    if !on_loopback && config.keys.is_empty() {
        return Err(StartError::Usage(format!(
            "{address} can be reached from other machines, and no key is configured: anybody could read and report. \
             Set keys with SWITCHBOARD_KEYS=\"KEY=organization\" or --keys-file FILE, or listen on 127.0.0.1."
        )));
    }
    let has_keys = !config.keys.is_empty();
    let origins = Origins::new(&config.allow_origins, on_loopback, has_keys).map_err(|origin| {
        StartError::Usage(format!(
            "`{origin}` is no origin; --allow-origin takes one such as https://board.example.org"
        ))
    })?;
    if config.max_connections == 0 || config.max_connections > Semaphore::MAX_PERMITS {
        return Err(StartError::Usage("--max-connections must be at least 1, and fit the machine".into()));
    }
    let lanes = Lanes::new(&config.chat).map_err(StartError::Usage)?;
    let fetcher = config.scrape.fetcher().map_err(StartError::Usage)?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "the port is in use. Stop the program that uses it, or choose another port with --listen"
                    .into()
            }
            std::io::ErrorKind::PermissionDenied => {
                "this needs more rights. Choose a port from 1024 on with --listen".into()
            }
            std::io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address. Choose one of its own with --listen".into()
            }
            _ => error.to_string(),
        };
        StartError::Listen { address: address.to_string(), reason }
    })?;
    Ok(Ready { listener, origins, lanes, fetcher })
}

async fn resolve(listen: &str) -> Result<SocketAddr, StartError> {
    let unusable = |reason: String| {
        StartError::Usage(format!("--listen takes HOST:PORT, such as 127.0.0.1:4100; `{listen}` {reason}"))
    };
    let mut found =
        tokio::net::lookup_host(listen).await.map_err(|error| unusable(format!("is not one: {error}")))?;
    found.next().ok_or_else(|| unusable("has no address".into()))
}

async fn open(folder: &Path, sync: Sync) -> Result<SqliteStore, StoreError> {
    let synchronous = match sync {
        Sync::Full => Synchronous::Full,
        Sync::Normal => Synchronous::Normal,
    };
    let folder = folder.to_owned();
    let options = SqliteOptions { synchronous, ..SqliteOptions::default() };
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&folder, options)).await;
    opened.map_err(|error| StoreError::Database(error.to_string()))?
}

fn run(config: Config, ready: Ready, store: Arc<dyn Store>, is_lost: Lost) -> RunningHub {
    let Ready { listener, origins, lanes, fetcher } = ready;
    // A socket that was just bound has an address; if the system says otherwise, the unspecified one is shown.
    let address = listener.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
    let stop = CancellationToken::new();
    let queue = Queue::new(Arc::clone(&store), lanes, config.chat.task_timeout, stop.clone());
    let queue = Arc::new(queue);
    let scraper = Arc::new(Scraper::new(Arc::clone(&store), fetcher, config.scrape.runs, stop.clone()));
    let hub = Arc::new(Hub {
        feeds: Feeds::new(Arc::clone(&store)),
        store: Arc::clone(&store),
        queue: Arc::clone(&queue),
        scraper: Arc::clone(&scraper),
        keys: config.keys,
        origins,
        assets: Assets::new(config.dashboard_dir),
        dashboard: config.dashboard,
        seats: Arc::new(Semaphore::new(config.max_connections)),
        stop: stop.clone(),
        connections: TaskTracker::new(),
    });
    let keeping = tokio::spawn(retention::keep(store, config.retention, stop.clone()));
    let answering = tokio::spawn(queue.run(is_lost.worker));
    let scraping = tokio::spawn(scraper.run(is_lost.crawler));
    let serving = tokio::spawn(serve(listener, routes::router(Arc::clone(&hub)), stop));
    RunningHub { address, hub, serving, keeping, answering, scraping }
}

/// Accepts connections until `stop` is cancelled, then lets the requests under way finish.
async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let requests = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                requests.spawn(serve_connection(tcp, router.clone(), stop.clone()));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    requests.close();
    if timeout(REQUESTS_END, requests.wait()).await.is_err() {
        tracing::warn!("requests that take too long are dropped");
    }
}

/// One connection: its requests one after the other, until it becomes a WebSocket, or ends.
async fn serve_connection(tcp: TcpStream, router: Router, stop: CancellationToken) {
    // Frames are joined here, not held back by the kernel for 40 ms.
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(tcp), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection broke");
    }
}

/// Whether an error of accepting is about the connection that was to be accepted, not about the listener.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
