//! A server that speaks as OpenAI's chat completions do, and fails as such servers fail.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::{SinkExt, channel::mpsc};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{Journal, net::free_address, until_true};

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum ModelAnswer {
    /// Streams these parts, then says what was used, and ends.
    Stream(Vec<String>),
    /// Streams the first parts, waits until [`ModelServer::go_on`], and streams the others.
    Pause(Vec<String>, Vec<String>),
    /// Streams these parts, waits until [`ModelServer::go_on`], and breaks the connection.
    CutOff(Vec<String>),
    /// Refuses with a status, and with a message that repeats the key it was sent.
    Refuse(u16),
}

/// The handle of a running server. It works until the test ends.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    journal: Journal,
    plan: Mutex<VecDeque<ModelAnswer>>,
    requests: Mutex<Vec<Value>>,
    gate: watch::Sender<u64>,
}

impl ModelServer {
    /// Starts one that answers everything with `Hello from the model.`, unless told otherwise.
    pub async fn start(journal: &Journal) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.expect("a free port can be bound");
        let shared = Arc::new(Shared {
            journal: journal.clone(),
            plan: Mutex::default(),
            requests: Mutex::default(),
            gate: watch::Sender::new(0),
        });
        let router =
            Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// What a hub is told as `--model-url`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Plans the answer to the next request that has none planned.
    pub fn answer_next(&self, answer: ModelAnswer) {
        self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    /// Lets every answer that has paused go on.
    pub fn go_on(&self) {
        self.shared.gate.send_modify(|opened| *opened += 1);
    }

    /// What it was asked, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it was asked so many times.
    pub async fn wait_for_requests(&self, count: usize) {
        until_true("the model to be asked", async || self.requests().len() >= count).await;
    }
}

async fn complete(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    shared.journal.note("model", format_args!("is asked {}", request["messages"]));
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    let plan = shared.plan.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let answer = plan.unwrap_or_else(|| ModelAnswer::Stream(vec!["Hello ".into(), "from the model.".into()]));
    if let ModelAnswer::Refuse(status) = answer {
        let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let error =
            json!({"error": {"message": format!("refused; you sent {key}"), "type": "test", "code": null}});
        let status = StatusCode::from_u16(status).expect("a test names a status that exists");
        return (status, axum::Json(error)).into_response();
    }
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(8);
    let opened = shared.gate.subscribe();
    tokio::spawn(stream(answer, sender, opened));
    let mut response = Response::new(Body::from_stream(receiver));
    let kind = axum::http::HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}

async fn stream(
    answer: ModelAnswer,
    mut sender: mpsc::Sender<Result<Bytes, std::io::Error>>,
    mut opened: watch::Receiver<u64>,
) {
    let (first, second, ends) = match answer {
        ModelAnswer::Stream(parts) => (parts, Vec::new(), true),
        ModelAnswer::Pause(first, second) => {
            opened.borrow_and_update();
            (first, second, true)
        }
        ModelAnswer::CutOff(parts) => {
            opened.borrow_and_update();
            (parts, Vec::new(), false)
        }
        ModelAnswer::Refuse(_) => return,
    };
    let pauses = !second.is_empty() || !ends;
    for part in first {
        if sender.send(Ok(chunk(&json!({"content": part}), &Value::Null))).await.is_err() {
            return;
        }
    }
    if pauses && opened.changed().await.is_err() {
        return;
    }
    for part in second {
        if sender.send(Ok(chunk(&json!({"content": part}), &Value::Null))).await.is_err() {
            return;
        }
    }
    if !ends {
        let _ = sender.send(Err(std::io::Error::other("cut off"))).await;
        return;
    }
    let _ = sender.send(Ok(chunk(&json!({}), &json!("stop")))).await;
    let usage = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "test-model", "choices": [],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 500, "total_tokens": 1_500},
    });
    let _ = sender.send(Ok(format!("data: {usage}\n\ndata: [DONE]\n\n").into())).await;
}

fn chunk(delta: &Value, finish: &Value) -> Bytes {
    let chunk = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "test-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {chunk}\n\n").into()
}
