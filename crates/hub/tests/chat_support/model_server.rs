//! An OpenAI-compatible server that does what a test tells it, request by request.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What the server does with one request.
#[derive(Clone)]
pub enum Act {
    /// Streams these steps as a chat completion.
    Stream(Vec<Step>),
    /// Answers so, with these headers.
    Status(u16, Vec<(&'static str, String)>, String),
    /// Answers with a status, and the request's `Authorization` in the error, as careless servers do.
    EchoKey(u16),
}

/// A part of a streamed answer.
#[derive(Clone)]
pub enum Step {
    /// A chunk with this text.
    Text(String),
    /// An event with this data.
    Data(Value),
    /// This, as it stands.
    Raw(String),
    /// Nothing until the gate is open.
    Wait(Gate),
    /// The connection breaks.
    Cut,
    /// The chunk that says why the answer ends, the usage, and the end of the stream.
    End,
}

/// What a test opens when the server may go on.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn passed(&self) {
        self.0.subscribe().wait_for(|is_open| *is_open).await.unwrap();
    }
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

/// The server. What it was not told, it answers with an `ok`.
pub struct ModelServer {
    address: SocketAddr,
    stage: Arc<Stage>,
    serving: JoinHandle<()>,
}

struct Stage {
    acts: Mutex<VecDeque<Act>>,
    asked: Mutex<Vec<Asked>>,
    /// How many answers are under way.
    open: watch::Sender<usize>,
}

/// Counts an answer as long as it is under way: it ends also when the client goes.
struct UnderWay(Arc<Stage>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl ModelServer {
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let stage = Arc::new(Stage {
            acts: Mutex::new(acts.into_iter().collect()),
            asked: Mutex::default(),
            open: watch::Sender::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&stage));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, stage, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.stage.asked.lock().unwrap().clone()
    }

    /// Waits until so many answers are under way.
    pub async fn under_way(&self, count: usize) {
        let mut open = self.stage.open.subscribe();
        let reached = open.wait_for(|open| *open == count);
        crate::serve_support::soon("so many requests", reached).await.unwrap();
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The steps of a whole answer.
pub fn answer_of(parts: &[&str]) -> Act {
    let texts = parts.iter().map(|part| Step::Text((*part).to_owned()));
    Act::Stream(texts.chain([Step::End]).collect())
}

pub fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn chunk(content: &str) -> String {
    event(
        &json!({"id": "x", "model": "test-model-2", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}]}),
    )
}

fn end() -> String {
    let last = event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    let usage = event(&json!({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}));
    format!("{last}{usage}data: [DONE]\n\n")
}

async fn answer(State(stage): State<Arc<Stage>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let act = {
        let asked = Asked {
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            body: serde_json::from_slice(&body).unwrap(),
        };
        stage.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        stage.acts.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    };
    stage.open.send_modify(|open| *open += 1);
    let under_way = UnderWay(Arc::clone(&stage));
    match act.unwrap_or_else(|| answer_of(&["ok"])) {
        Act::Stream(steps) => {
            let steps = stream::unfold((VecDeque::from(steps), under_way), |(mut steps, under_way)| async {
                let bytes = loop {
                    match steps.pop_front()? {
                        Step::Text(content) => break Ok(chunk(&content)),
                        Step::Data(data) => break Ok(event(&data)),
                        Step::Raw(raw) => break Ok(raw),
                        Step::Wait(gate) => gate.passed().await,
                        Step::Cut => {
                            // What came before is written out only when the body has to be waited for.
                            tokio::task::yield_now().await;
                            break Err(std::io::Error::other("cut"));
                        }
                        Step::End => break Ok(end()),
                    }
                };
                Some((bytes.map(Bytes::from), (steps, under_way)))
            });
            let response = Response::builder().header("content-type", "text/event-stream");
            response.body(Body::from_stream(steps.boxed())).unwrap()
        }
        Act::Status(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Act::EchoKey(status) => {
            let key = parts.headers["authorization"].to_str().unwrap();
            let error =
                json!({"error": {"message": format!("No such key: {key} (header authorization={key:?})")}});
            Response::builder().status(status).body(Body::from(error.to_string())).unwrap()
        }
    }
}
