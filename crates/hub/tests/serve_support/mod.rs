//! A hub inside the test, on a port and a data folder of its own, and clients that speak to it over real sockets.

#![allow(dead_code)]

use std::{collections::VecDeque, net::SocketAddr, sync::Once, time::Duration};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use switchboard_hub::{Config, RunningHub};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error as SocketError, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// How long a test waits for something that must happen. It only bounds a failure.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for what must happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not happen"))
}

/// A hub inside the test.
pub struct TestHub {
    data: TempDir,
    config: Config,
    running: Option<RunningHub>,
}

impl TestHub {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { data: data.path().to_owned(), ..Config::default() };
        change(&mut config);
        let mut hub = Self { data, config, running: None };
        hub.restart().await;
        hub
    }

    /// Starts it again on the same data, after [`Self::stop`].
    pub async fn restart(&mut self) {
        assert!(self.running.is_none());
        self.running = Some(switchboard_hub::start(self.config.clone()).await.unwrap());
    }

    pub async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        soon("the hub's end", running.shutdown()).await.unwrap();
    }

    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().addr()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        Api::default().get(&self.url(path)).await
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, Value) {
        Api::default().post(&self.url("/api/events"), body).await
    }

    /// Reports frames in one batch; they must be taken.
    pub async fn report(&self, frames: &[Value]) -> Value {
        let (status, answer) = self.post(serde_json::to_vec(frames).unwrap()).await;
        assert_eq!(status, 202, "{answer}");
        answer
    }

    pub async fn connect(&self, handshake: Value) -> Client {
        Client::open(self.address(), handshake).await
    }
}

/// HTTP, as a reporter uses it.
#[derive(Clone)]
pub struct Api {
    pub client: reqwest::Client,
    key: Option<String>,
}

impl Default for Api {
    fn default() -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        Self { client: reqwest::Client::builder().timeout(PATIENCE).build().unwrap(), key: None }
    }
}

impl Api {
    pub fn with_key(key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..Self::default() }
    }

    pub async fn get(&self, url: &str) -> (u16, Value) {
        self.answer(self.client.get(url)).await
    }

    pub async fn post(&self, url: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.answer(self.client.post(url).body(body)).await
    }

    async fn answer(&self, mut request: reqwest::RequestBuilder) -> (u16, Value) {
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let is_problem = response.headers()["content-type"] == "application/problem+json";
        assert_eq!(is_problem, status >= 400, "errors are problems, and nothing else is");
        let body = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body} is no JSON"));
        if is_problem {
            assert_eq!(body["status"], status);
            assert!(body["detail"].as_str().unwrap().len() > 10, "{body}");
        }
        (status, body)
    }
}

/// A client of the socket, and nothing but that.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Frames of a batch that were not asked for yet.
    frames: VecDeque<Value>,
    pub ack: Value,
}

impl Client {
    /// Opens a socket without saying anything.
    pub async fn silent(address: SocketAddr) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/api/ws")).await.unwrap();
        Self { socket, frames: VecDeque::new(), ack: Value::Null }
    }

    /// Opens a socket, sends the handshake, and waits for the ack.
    pub async fn open(address: SocketAddr, handshake: Value) -> Self {
        let mut client = Self::silent(address).await;
        client.send(handshake).await;
        let ack = client.next().await;
        assert_eq!(ack["type"], "connection_ack", "{ack}");
        client.ack = ack;
        client
    }

    /// The answer to an upgrade that is refused.
    pub async fn refused(address: SocketAddr, origin: &str) -> u16 {
        let mut request = format!("ws://{address}/api/ws").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Err(SocketError::Http(response)) => response.status().as_u16(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// As the client's system would say it: the hub may have closed already.
    pub async fn try_send_raw(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// The next message that holds frames.
    pub async fn message(&mut self) -> Message {
        let message = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return message,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?} instead of a message"),
                }
            }
        };
        soon("a message", message).await
    }

    /// The next message of whichever kind; `None` where the connection ends without one.
    pub async fn any_message(&mut self) -> Option<Message> {
        soon("a message", self.socket.next()).await.and_then(Result::ok)
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return frame;
            }
            let message = self.message().await;
            let text = message.to_text().unwrap();
            self.frames.extend(text.split('\n').map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }

    /// The next frames.
    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.next().await);
        }
        frames
    }

    /// Subscribes, and answers the frames before the answer, and its seq.
    pub async fn subscribe(&mut self, execution: &str) -> (Vec<Value>, u64) {
        self.send(json!({"type": "subscribe", "executionId": execution})).await;
        let (before, answer) = self.until_type("subscribed").await;
        assert_eq!(answer["executionId"], execution);
        (before, answer["seq"].as_u64().unwrap())
    }

    /// A ping: everything that was under way before it has arrived when it is answered. Answers those frames, and
    /// the pong.
    pub async fn ping(&mut self) -> (Vec<Value>, Value) {
        self.send(json!({"type": "ping"})).await;
        self.until_type("pong").await
    }

    /// The frames before one of a type, and that.
    pub async fn until_type(&mut self, kind: &str) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return (before, frame);
            }
            before.push(frame);
        }
    }

    /// Frames up to and with this seq. Each must be newer than the one before.
    pub async fn until_seq(&mut self, seq: u64) -> Vec<Value> {
        let mut frames: Vec<Value> = Vec::new();
        while frames.last().is_none_or(|frame| frame["seq"].as_u64().unwrap() < seq) {
            let frame = self.next().await;
            if frame["seq"].is_u64() && frame["type"] != "subscribed" {
                if let Some(last) = frames.last() {
                    assert!(frame["seq"].as_u64() > last["seq"].as_u64(), "{frame} after {last}");
                }
                frames.push(frame);
            }
        }
        frames
    }

    /// The code and the reason with which the hub closes; what comes before is passed over.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match soon("a close", self.socket.next()).await {
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return (code.into(), reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?} instead of a close"),
            }
        }
    }

    /// Breaks off without a word.
    pub fn cut(self) {
        drop(self);
    }
}

/// A frame for everybody in an organization.
pub fn heartbeat(agent: &str) -> Value {
    json!({"type": "heartbeat", "agentId": agent})
}

/// An event of an execution.
pub fn event(execution: &str, kind: &str, text: &str) -> Value {
    json!({"type": "event", "executionId": execution, "event": {"type": kind, "data": {"text": text}}})
}

/// The sequence numbers of frames.
pub fn seqs(frames: &[Value]) -> Vec<u64> {
    frames.iter().filter_map(|frame| frame["seq"].as_u64()).collect()
}
