//! Progress by server-sent events, for clients that cannot have a WebSocket: `GET /api/scrape/stream` for all runs of an
//! organization, `GET /api/scrape/runs/{runId}/progress` for one.
//!
//! An event is a frame as the WebSocket sends it, and its `id` is the frame's `seq`. It is the same read of the same feed: a
//! stream is a cursor on the log, and a slow client only falls behind.

mod events;
mod state;

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde::Deserialize;
use switchboard_protocol::{OrganizationId, RunId};
use tokio::sync::OwnedSemaphorePermit;

use self::events::{Begin, Events, Wanted};
use crate::{
    hub::Hub,
    ingest::check_name,
    problem::Failure,
    rest::{given, parsed},
    scrape::rest::unknown,
};

/// After how many seconds a client may come back that found no seat.
const SEAT_AGAIN: u32 = 5;

/// The query of both streams.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamQuery {
    organization_id: Option<String>,
    token: Option<String>,
    last_event_id: Option<String>,
}

/// `GET /api/scrape/stream`: all runs of an organization.
pub async fn stream(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: Result<Query<StreamQuery>, QueryRejection>,
) -> Result<Response<Body>, Failure> {
    let (organization, last) = admit(&hub, &headers, query)?;
    open(hub, organization, None, last).await
}

/// `GET /api/scrape/runs/{runId}/progress`: one run, until it has ended.
pub async fn progress(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<StreamQuery>, QueryRejection>,
) -> Result<Response<Body>, Failure> {
    let (organization, last) = admit(&hub, &headers, query)?;
    let Path(id) = id.map_err(|error| Failure::bad_request(format!("{}.", error.body_text())))?;
    check_name("runId", &id)?;
    open(hub, organization, Some(id.into()), last).await
}

/// Whose runs the caller may follow, and the last event that it has seen.
fn admit(
    hub: &Hub,
    headers: &HeaderMap,
    query: Result<Query<StreamQuery>, QueryRejection>,
) -> Result<(OrganizationId, Option<u64>), Failure> {
    let StreamQuery { organization_id, token, last_event_id } = parsed(query)?;
    let scope = hub.keys.admit_stream(headers, given(token).as_deref())?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let header = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    // The header is newer: the browser adds it to each further attempt with the same address.
    let last = header.or(last_event_id.as_deref()).and_then(|last| last.trim().parse().ok());
    Ok((organization, last))
}

async fn open(
    hub: Arc<Hub>,
    organization: OrganizationId,
    run: Option<RunId>,
    last: Option<u64>,
) -> Result<Response<Body>, Failure> {
    let seat = Arc::clone(&hub.seats).try_acquire_owned().map_err(|_| {
        let detail = "This hub has too many connections. Come back after the time in Retry-After.";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(SEAT_AGAIN)
    })?;
    let wanted = Wanted { organization: organization.clone(), run, last };
    match Events::begin(Arc::clone(&hub.store), &hub.feeds, hub.stop.clone(), wanted).await? {
        Begin::Events(events) => Ok(respond(events.stream(), seat)),
        // Tells an EventSource not to come back.
        Begin::Over => Ok(StatusCode::NO_CONTENT.into_response()),
        Begin::Unknown => Err(unknown(&organization)),
    }
}

fn respond(events: impl Stream<Item = Bytes> + Send + 'static, seat: OwnedSemaphorePermit) -> Response<Body> {
    let body = events.map(move |bytes| {
        // The seat is taken as long as the stream lasts.
        let _ = &seat;
        Ok::<_, Infallible>(bytes)
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Asks nginx not to collect the answer before it passes it on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}
