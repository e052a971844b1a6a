//! What the tests of chat share: calls with JSON bodies, waiting for a task's end, and a scripted model server.

#![allow(dead_code)]

pub mod model_server;

use serde_json::{Value, json};

use crate::serve_support::{Api, Client, TestHub};

/// The HTTP side of a hub, as somebody with a key or without uses it.
#[derive(Clone)]
pub struct Calls {
    base: String,
    key: Option<String>,
    client: reqwest::Client,
}

impl Calls {
    pub fn to(hub: &TestHub) -> Self {
        Self::at(&hub.url(""))
    }

    pub fn at(base: &str) -> Self {
        Self { base: base.to_owned(), key: None, client: Api::default().client }
    }

    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.answer(self.client.get(format!("{}{path}", self.base))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.post_text(path, body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.answer(self.client.post(format!("{}{path}", self.base)).body(body)).await
    }

    /// Posts a message that must be taken, and answers the whole answer.
    pub async fn say(&self, message: Value) -> Value {
        let (status, posted) = self.post("/api/chat/messages", message).await;
        assert_eq!((status, &posted["status"]), (202, &json!("queued")), "{posted}");
        posted
    }

    /// Reports one frame, which must be taken.
    pub async fn report(&self, frame: Value) -> Value {
        let (status, answer) = self.post("/api/events", frame).await;
        assert_eq!(status, 202, "{answer}");
        answer
    }

    async fn answer(&self, mut request: reqwest::RequestBuilder) -> (u16, Value) {
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = response.text().await.unwrap();
        if status == 204 {
            assert_eq!(body, "");
            return (status, Value::Null);
        }
        let is_problem = kind.as_deref() == Some("application/problem+json");
        assert_eq!(is_problem, status >= 400, "errors are problems, and nothing else is: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        if is_problem {
            assert!(body["detail"].as_str().unwrap().len() > 20, "{body}");
        }
        (status, body)
    }
}

/// The name of the task that a message has set off.
pub fn task_of(posted: &Value) -> String {
    posted["task_id"].as_str().unwrap().to_owned()
}

/// The name of the conversation that a message belongs to.
pub fn conversation_of(posted: &Value) -> String {
    posted["conversationId"].as_str().unwrap().to_owned()
}

/// Whether a frame tells the end of a task.
pub fn is_end(frame: &Value, task: &str) -> bool {
    frame["event"] == "update" && frame["data"]["task_id"] == task
}

/// Frames up to the end of a task: those before, and the `data` of that.
pub async fn until_end(client: &mut Client, task: &str) -> (Vec<Value>, Value) {
    let mut before = Vec::new();
    loop {
        let frame = client.next().await;
        if is_end(&frame, task) {
            return (before, frame["data"].clone());
        }
        before.push(frame);
    }
}

/// The `data` of the next event of a task that is of a type.
pub async fn until_job(client: &mut Client, task: &str, kind: &str) -> Value {
    loop {
        let frame = client.next().await;
        let data = &frame["data"];
        if frame["event"] == "job:event" && data["jobId"] == task && data["type"] == kind {
            return data.clone();
        }
    }
}

/// A report of how a task ended well.
pub fn completed(task: &str, content: &str) -> Value {
    json!({"event": "update", "data": {"type": "task.completed", "task_id": task, "result": {"content": content}}})
}
