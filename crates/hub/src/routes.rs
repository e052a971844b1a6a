//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    chat::rest as chat,
    hub::Hub,
    ingest, rest,
    scrape::{rest as scrape, sse},
    socket,
};

/// All that a hub answers.
pub fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/api/health", get(rest::health))
        .route("/api/executions", get(rest::executions))
        .route("/api/executions/{id}", get(rest::execution))
        .route("/api/agents", get(rest::agents))
        .route("/api/organizations", get(rest::organizations))
        .route("/api/events", post(ingest::report))
        .route("/api/chat/messages", post(chat::post))
        .route("/api/conversations", get(chat::conversations))
        .route("/api/conversations/{id}", get(chat::conversation))
        .route("/api/tasks/claim", post(chat::claim))
        .route("/api/tasks/{id}", get(chat::task))
        .route("/api/tasks/{id}/cancel", post(chat::cancel))
        .route("/api/tasks/{id}/renew", post(chat::renew))
        .route("/api/scrape/runs", get(scrape::runs).post(scrape::start))
        .route("/api/scrape/runs/{id}", get(scrape::run))
        .route("/api/scrape/runs/{id}/cancel", post(scrape::cancel))
        .route("/api/scrape/runs/{id}/pages", get(scrape::pages))
        .route("/api/scrape/runs/{id}/items", get(scrape::items))
        .route("/api/scrape/runs/{id}/export", get(scrape::export))
        .route("/api/scrape/runs/{id}/progress", get(sse::progress))
        .route("/api/scrape/preview", post(scrape::preview))
        .route("/api/scrape/stream", get(sse::stream))
        .route("/api/ws", get(socket::connect))
        .route("/ws", get(socket::connect))
        .route("/config.json", get(rest::dashboard_config))
        .route("/api", get(rest::unknown_path))
        .route("/api/{*path}", get(rest::unknown_path))
        .method_not_allowed_fallback(rest::unknown_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&hub), check_origin))
        .layer(cross_origin(&hub))
        .fallback(page)
        .layer(middleware::from_fn(log))
        .with_state(hub)
}

async fn page(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    hub.assets.respond(request.method(), request.uri(), request.headers()).await
}

async fn check_origin(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    match hub.origins.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// Lets the pages that may use the hub read its answers.
fn cross_origin(hub: &Arc<Hub>) -> CorsLayer {
    let hub = Arc::clone(hub);
    let allowed = AllowOrigin::predicate(move |origin, parts| hub.origins.allows(origin, &parts.headers));
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
        ])
        // A page of another origin may not read it otherwise, and the dashboard compares its clock with it.
        .expose_headers([header::DATE])
        .max_age(std::time::Duration::from_mins(10))
}

/// One line a request. The query is left out: it may hold what somebody searched for.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = std::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    if response.status().is_server_error() {
        tracing::warn!(%method, path, status, elapsed = ?began.elapsed(), "request failed");
    } else {
        tracing::debug!(%method, path, status, elapsed = ?began.elapsed(), "request");
    }
    response
}
