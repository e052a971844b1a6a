//! WebSocket clients that count what they receive.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use memchr::memmem::Finder;
use switchboard_protocol::{ClientFrame, Handshake};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::frames::{SENT_AT, now_micros, sent_at};

/// Connections that only read. Dropping it closes them.
#[derive(Debug)]
pub struct Readers {
    tasks: JoinSet<()>,
    counters: Vec<Arc<Counter>>,
}

/// What one connection has received.
#[derive(Debug, Default)]
struct Counter {
    events: AtomicU64,
    messages: AtomicU64,
    /// How long each event took, in milliseconds, while that is asked for.
    latencies: Option<Mutex<Vec<f64>>>,
}

/// What readers do with what they receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Count the events.
    Count,
    /// Count them, and take the time that each needed.
    Time,
}

impl Readers {
    /// Opens `count` connections, each with the same handshake, and waits until the hub has acknowledged each and
    /// every subscription of it.
    ///
    /// # Errors
    /// Where the hub refuses one.
    pub async fn connect(hub: SocketAddr, count: usize, handshake: &Handshake, look: Look) -> Result<Self> {
        let (mut tasks, mut counters) = (JoinSet::new(), Vec::new());
        for number in 0..count {
            let socket = open(hub, handshake).await.with_context(|| format!("connection {}", number + 1))?;
            let latencies = (look == Look::Time).then(Mutex::default);
            let counter = Arc::new(Counter { latencies, ..Counter::default() });
            tasks.spawn(read(socket, Arc::clone(&counter)));
            counters.push(counter);
        }
        Ok(Self { tasks, counters })
    }

    /// Events received by all connections together.
    pub fn events(&self) -> u64 {
        self.counters.iter().map(|counter| counter.events.load(Ordering::Relaxed)).sum()
    }

    /// Messages received by all connections together.
    pub fn messages(&self) -> u64 {
        self.counters.iter().map(|counter| counter.messages.load(Ordering::Relaxed)).sum()
    }

    /// Answers, at any later time, how many events the slowest connection has received.
    pub fn slowest(&self) -> impl Fn() -> u64 + Send + Sync + use<> {
        let counters = self.counters.clone();
        move || counters.iter().map(|counter| counter.events.load(Ordering::Relaxed)).min().unwrap_or(0)
    }

    /// Takes the latencies out that were found since the last time, in milliseconds.
    pub fn take_latencies(&self) -> Vec<f64> {
        let lists = self.counters.iter().filter_map(|counter| counter.latencies.as_ref());
        lists
            .flat_map(|list| std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner)))
            .collect()
    }

    /// Whether every connection is still open.
    pub fn all_open(&mut self) -> bool {
        self.tasks.try_join_next().is_none() && self.tasks.len() == self.counters.len()
    }
}

async fn open(hub: SocketAddr, handshake: &Handshake) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(hub).await?;
    stream.set_nodelay(true)?;
    // The default, 128 KiB for each connection, would be a quarter of a gigabyte for the idle ones.
    let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
    let (mut socket, _) =
        client_async_with_config(format!("ws://{hub}/api/ws"), stream, Some(config)).await?;
    let text = ClientFrame::Handshake(handshake.clone()).encode();
    socket.send(Message::text(text)).await?;
    let mut expected: Vec<&[u8]> = vec![b"\"connection_ack\""];
    while !expected.is_empty() {
        let message = socket.next().await.context("the hub closed the connection")??;
        if let Message::Close(frame) = message {
            bail!("the hub closed the connection: {frame:?}");
        }
        let data = message.into_data();
        expected.retain(|what| memchr::memmem::find(&data, what).is_none());
    }
    Ok(socket)
}

async fn read(mut socket: WebSocketStream<TcpStream>, counter: Arc<Counter>) {
    let finder = Finder::new(SENT_AT);
    while let Some(Ok(message)) = socket.next().await {
        let data = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            _ => continue,
        };
        let mut events = 0;
        if let Some(latencies) = &counter.latencies {
            let now = now_micros();
            let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
            for position in finder.find_iter(data) {
                if let Some(sent) = data.get(position..).and_then(sent_at) {
                    #[expect(clippy::cast_precision_loss, reason = "a latency in microseconds")]
                    latencies.push(now.saturating_sub(sent) as f64 / 1000.0);
                }
                events += 1;
            }
        } else {
            events += finder.find_iter(data).count() as u64;
        }
        if events > 0 {
            counter.messages.fetch_add(1, Ordering::Relaxed);
            counter.events.fetch_add(events, Ordering::Relaxed);
        }
    }
}
