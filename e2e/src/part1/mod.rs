//! A server that speaks only part 1 of the wire contract.
//!
//! It knows no seq, no epoch, no resume and no batch: it acknowledges with a bare `connection_ack`, answers
//! `ping` with a bare `pong`, and ignores whatever else the handshake holds. A test scripts what it holds, what it
//! sends and how it fails, and reads what clients asked of it.

mod serve;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::{CloseFrame, Message};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::{Journal, net::free_address, until};

/// The handle of a running server. It works until the test ends, also after the handle is dropped.
pub struct Part1Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the handle and the server's tasks share.
struct Shared {
    journal: Journal,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bodies of `GET /api/executions/{id}`, newest first.
    executions: Vec<Value>,
    sockets: Vec<Socket>,
    opened: usize,
    received: Vec<Value>,
    closes: Vec<u16>,
    requests: Vec<String>,
    refuses_sockets: bool,
    fails_http: bool,
}

struct Socket {
    number: usize,
    outgoing: UnboundedSender<Message>,
    subscriptions: BTreeSet<String>,
}

impl Part1Server {
    /// Starts an empty one. It serves the built dashboard too, with `index.html` for every path it doesn't know.
    pub async fn start(journal: &Journal) -> Self {
        let address = free_address();
        let shared = Arc::new(Shared { journal: journal.clone(), state: Mutex::default() });
        serve::spawn(address, Arc::clone(&shared)).await;
        journal.note("part1", format_args!("listens on {address}"));
        Self { address, shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an execution in front of the list, or replaces the one with the same `executionId`.
    pub fn put_execution(&self, execution: Value) {
        let mut state = self.shared.state();
        state.executions.retain(|known| known["executionId"] != execution["executionId"]);
        state.executions.insert(0, execution);
    }

    /// Appends an event to an execution, moves its status, and sends it to those who subscribed.
    pub fn event(&self, execution_id: &str, event: &Value) {
        let mut state = self.shared.state();
        for execution in state.executions.iter_mut().filter(|known| known["executionId"] == execution_id) {
            let status = match event["type"].as_str() {
                Some("agent-start") => "running",
                Some("agent-complete") => "completed",
                Some("error") => "failed",
                _ => execution["status"].as_str().unwrap_or("running"),
            };
            execution["status"] = json!(status);
            if let Some(events) = execution["events"].as_array_mut() {
                events.push(event.clone());
            }
        }
        drop(state);
        self.send_event(execution_id, event);
    }

    /// Sends an event to those who subscribed, without keeping it: as a server may that repeats itself.
    pub fn send_event(&self, execution_id: &str, event: &Value) {
        let frame = json!({ "type": "event", "executionId": execution_id, "event": event }).to_string();
        let state = self.shared.state();
        for socket in state.sockets.iter().filter(|socket| socket.subscriptions.contains(execution_id)) {
            let _ = socket.outgoing.send(Message::text(frame.clone()));
        }
    }

    /// Sends `text` to every connection, whatever it is.
    pub fn send(&self, text: impl Into<String>) {
        self.send_message(&Message::text(text.into()));
    }

    /// Sends `bytes` to every connection as a binary message.
    pub fn send_binary(&self, bytes: Vec<u8>) {
        self.send_message(&Message::binary(bytes));
    }

    /// Tells every connection that something of `organization_id` changed.
    pub fn send_update(&self, organization_id: &str) {
        self.send(
            json!({ "event": "dashboard:update", "data": { "organizationId": organization_id } }).to_string(),
        );
    }

    /// Breaks every connection, without a close frame.
    pub fn drop_connections(&self) {
        self.shared.journal.note("part1", "drops all connections");
        self.shared.state().sockets.clear();
    }

    /// Closes every connection with a code and a reason.
    pub fn close_connections(&self, code: u16, reason: &'static str) {
        self.shared.journal.note("part1", format_args!("closes all connections with {code}"));
        self.send_message(&Message::Close(Some(CloseFrame { code, reason: reason.into() })));
    }

    /// Whether new WebSockets are refused with a 503.
    pub fn refuse_sockets(&self, refuse: bool) {
        self.shared.state().refuses_sockets = refuse;
    }

    /// Whether every call of the API is answered with a 500.
    pub fn fail_http(&self, fail: bool) {
        self.shared.state().fails_http = fail;
    }

    /// What clients sent, in order; what was not JSON is a string.
    pub fn received(&self) -> Vec<Value> {
        self.shared.state().received.clone()
    }

    /// How many messages of `type` about an execution clients sent.
    pub fn count(&self, message_type: &str, execution_id: &str) -> usize {
        let is_it =
            |message: &&Value| message["type"] == message_type && message["executionId"] == execution_id;
        self.shared.state().received.iter().filter(is_it).count()
    }

    /// The codes with which clients closed, in order.
    pub fn closes(&self) -> Vec<u16> {
        self.shared.state().closes.clone()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.state().sockets.len()
    }

    /// How many connections there have been.
    pub fn connections_ever(&self) -> usize {
        self.shared.state().opened
    }

    /// How many open connections are subscribed to an execution.
    pub fn subscribers(&self, execution_id: &str) -> usize {
        let state = self.shared.state();
        state.sockets.iter().filter(|socket| socket.subscriptions.contains(execution_id)).count()
    }

    /// Waits until exactly `count` open connections are subscribed to an execution.
    pub async fn wait_for_subscribers(&self, execution_id: &str, count: usize) {
        until(&format!("{count} subscribers of {execution_id}"), async || {
            let subscribers = self.subscribers(execution_id);
            if subscribers == count { Ok(()) } else { Err((subscribers, self.received())) }
        })
        .await;
    }

    /// The calls of the API so far whose path and query start with `start`.
    pub fn requests(&self, start: &str) -> usize {
        self.shared.state().requests.iter().filter(|request| request.starts_with(start)).count()
    }

    fn send_message(&self, message: &Message) {
        for socket in &self.shared.state().sockets {
            let _ = socket.outgoing.send(message.clone());
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
