//! Reports to the hub over kept connections, as a worker would: `POST /api/events`.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{sleep, sleep_until},
};

/// One kept connection to the hub.
#[derive(Debug)]
pub struct Publisher {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Publisher {
    /// Connects.
    ///
    /// # Errors
    /// Where the hub does not answer.
    pub async fn connect(hub: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(hub).await.context("cannot connect to the hub")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends with the sender; what breaks it is told to the request that was under way.
        tokio::spawn(connection);
        Ok(Self { host: hub.to_string(), sender })
    }

    /// Reports `body` and waits until the hub says that it is durable.
    ///
    /// # Errors
    /// Where the hub answers anything but 202.
    pub async fn post(&mut self, body: String) -> Result<()> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/events")
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        ensure!(status == StatusCode::ACCEPTED, "{status}: {}", String::from_utf8_lossy(&answer));
        Ok(())
    }
}

/// How fast to report, and with how many connections.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Reports a second over all connections; `None` is as fast as the hub takes them.
    pub reports_per_second: Option<f64>,
    /// How many kept connections take turns.
    pub connections: usize,
}

/// Answers whether the report of this number may be sent now; asked again until it may.
pub type Gate = Box<dyn Fn(u64) -> bool + Send + Sync>;

/// How often a closed [`Gate`] is asked again.
const KNOCK: Duration = Duration::from_millis(1);

/// Publishers at work. Dropping it stops them in the middle of what they do; [`stop`](Self::stop) lets them end.
#[derive(Debug)]
pub struct Load {
    workers: JoinSet<Result<()>>,
    stopping: Arc<AtomicBool>,
    reported: Arc<AtomicU64>,
}

impl Load {
    /// Begins to report what `body` makes of each report's number, counted from 0.
    ///
    /// With a rate, the reports are due at even distances from the start. One that is late is sent at once, so the
    /// mean rate holds as long as the hub and this machine keep up.
    ///
    /// # Errors
    /// Where the hub does not answer.
    pub async fn start(
        hub: SocketAddr,
        pace: Pace,
        gate: Option<Gate>,
        body: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Result<Self> {
        let (stopping, reported, next) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let (body, gate) = (Arc::new(body), Arc::new(gate));
        let mut workers = JoinSet::new();
        let started = tokio::time::Instant::now();
        for _ in 0..pace.connections.max(1) {
            let mut publisher = Publisher::connect(hub).await?;
            let (stopping, reported) = (Arc::clone(&stopping), Arc::clone(&reported));
            let (next, body, gate) = (Arc::clone(&next), Arc::clone(&body), Arc::clone(&gate));
            workers.spawn(async move {
                while !stopping.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if let Some(rate) = pace.reports_per_second {
                        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
                        sleep_until(started + Duration::from_secs_f64(number as f64 / rate)).await;
                    }
                    while gate.as_ref().as_ref().is_some_and(|gate| !gate(number)) {
                        if stopping.load(Ordering::Relaxed) {
                            return Ok(());
                        }
                        sleep(KNOCK).await;
                    }
                    publisher.post(body(number)).await?;
                    reported.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        Ok(Self { workers, stopping, reported })
    }

    /// How many reports the hub has acknowledged.
    pub fn reported(&self) -> u64 {
        self.reported.load(Ordering::Relaxed)
    }

    /// Waits until `reports` were acknowledged.
    ///
    /// # Errors
    /// Where a publisher fails meanwhile.
    pub async fn until(&mut self, reports: u64) -> Result<()> {
        while self.reported() < reports {
            sleep(Duration::from_millis(5)).await;
            self.check()?;
        }
        Ok(())
    }

    /// Lets the reports under way end, and answers how many were acknowledged in all.
    ///
    /// # Errors
    /// What a publisher met.
    pub async fn stop(mut self) -> Result<u64> {
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(ended) = self.workers.join_next().await {
            ended.context("a publisher panicked")??;
        }
        Ok(self.reported())
    }

    /// Tells of a publisher that ended early: none does, unless the hub refuses it.
    fn check(&mut self) -> Result<()> {
        match self.workers.try_join_next() {
            None => Ok(()),
            Some(ended) => {
                ended.context("a publisher panicked")??;
                bail!("a publisher ended before it was asked to")
            }
        }
    }
}

/// Reports one body after the other on one connection for `time`, and answers how long each took, in milliseconds.
///
/// # Errors
/// Where the hub refuses one.
pub async fn latencies(hub: SocketAddr, time: Duration, body: impl Fn(u64) -> String) -> Result<Vec<f64>> {
    let mut publisher = Publisher::connect(hub).await?;
    let (started, mut found, mut number) = (Instant::now(), Vec::new(), 0);
    while started.elapsed() < time {
        let body = body(number);
        let sent = Instant::now();
        publisher.post(body).await?;
        found.push(sent.elapsed().as_secs_f64() * 1000.0);
        number += 1;
    }
    Ok(found)
}
