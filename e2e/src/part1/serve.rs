//! The routes of the part-1 server.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{
        Path, Query, Request, State as FromState, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use tower_http::services::{ServeDir, ServeFile};

use super::{Shared, Socket};
use crate::paths;

/// Stands for a close frame without a code: RFC 6455, section 7.4.1.
const NO_CODE: u16 = 1005;

/// Binds `address` and serves from a task.
pub async fn spawn(address: SocketAddr, shared: Arc<Shared>) {
    let listener = TcpListener::bind(address).await.expect("a free port can be bound");
    let dist = paths::dist();
    let page = ServeFile::new(dist.join("index.html"));
    let api = Router::new()
        .route("/api/health", get(async || Json(json!({ "status": "ok", "version": "part 1" }))))
        .route("/api/executions", get(list))
        .route("/api/executions/{id}", get(one))
        .layer(from_fn_with_state(Arc::clone(&shared), watch));
    let routes = Router::new()
        .merge(api)
        .route("/api/ws", get(upgrade))
        .route("/ws", get(upgrade))
        .route("/config.json", get(async || StatusCode::NOT_FOUND))
        .fallback_service(ServeDir::new(dist).fallback(page))
        .with_state(shared);
    tokio::spawn(async move {
        let _ = axum::serve(listener, routes).await;
    });
}

/// Notes the call, and fails it where the test asked for that.
async fn watch(FromState(shared): FromState<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    shared.journal.note("part1", format_args!("{} {path}", request.method()));
    let fails = {
        let mut state = shared.state();
        state.requests.push(path);
        state.fails_http
    };
    if fails {
        return (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response();
    }
    next.run(request).await
}

async fn list(
    FromState(shared): FromState<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let asked = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let fits = |execution: &&Value| {
        asked("organizationId").is_none_or(|organization| execution["organizationId"] == **organization)
            && asked("status").is_none_or(|status| execution["status"] == **status)
            && asked("q").is_none_or(|text| execution.to_string().contains(text.as_str()))
    };
    let summary = |execution: &Value| {
        let mut summary = execution.clone();
        if let Some(members) = summary.as_object_mut() {
            members.remove("events");
        }
        summary
    };
    let items: Vec<Value> = shared.state().executions.iter().filter(fits).map(summary).collect();
    Json(json!({ "items": items, "nextBefore": null }))
}

async fn one(FromState(shared): FromState<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let found = shared.state().executions.iter().find(|execution| execution["executionId"] == id).cloned();
    match found {
        Some(execution) => Json(execution).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "no such execution" }))).into_response(),
    }
}

async fn upgrade(FromState(shared): FromState<Arc<Shared>>, socket: WebSocketUpgrade) -> Response {
    if shared.state().refuses_sockets {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    socket.on_upgrade(|socket| converse(socket, shared))
}

async fn converse(mut socket: WebSocket, shared: Arc<Shared>) {
    let (outgoing, mut queue) = mpsc::unbounded_channel();
    let number = {
        let mut state = shared.state();
        state.opened += 1;
        let number = state.opened;
        state.sockets.push(Socket { number, outgoing, subscriptions: BTreeSet::default() });
        number
    };
    shared.journal.note("part1", format_args!("connection {number} opens"));
    loop {
        let answer = tokio::select! {
            message = queue.recv() => match message {
                Some(message) => Some(message),
                // The test dropped the connection.
                None => break,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => hear(&shared, number, &text),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(NO_CODE, |frame| frame.code);
                    shared.journal.note("part1", format_args!("connection {number} closes with {code}"));
                    shared.state().closes.push(code);
                    None
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => break,
            },
        };
        if let Some(message) = answer
            && socket.send(message).await.is_err()
        {
            break;
        }
    }
    shared.journal.note("part1", format_args!("connection {number} ends"));
    shared.state().sockets.retain(|socket| socket.number != number);
}

/// Notes what a client said, and answers it.
fn hear(shared: &Shared, number: usize, text: &str) -> Option<Message> {
    shared.journal.note("part1", format_args!("connection {number} says {text}"));
    let message: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let mut state = shared.state();
    state.received.push(message.clone());
    let subscriptions =
        state.sockets.iter_mut().find(|socket| socket.number == number).map(|s| &mut s.subscriptions);
    let execution = message["executionId"].as_str().unwrap_or_default();
    match message["type"].as_str() {
        Some("subscribe") => subscriptions.map(|set| set.insert(execution.to_owned())).and(None),
        Some("unsubscribe") => subscriptions.map(|set| set.remove(execution)).and(None),
        Some("ping") => Some(Message::text(r#"{"type":"pong"}"#)),
        None if message.get("token").is_some() => Some(Message::text(r#"{"type":"connection_ack"}"#)),
        _ => None,
    }
}
