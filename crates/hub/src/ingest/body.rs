//! A request's body, within its bound.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::StatusCode,
};
use bytes::Bytes;
use futures::StreamExt;

use super::LONGEST_BODY;
use crate::problem::Failure;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_mins(1);

/// How much beyond the bound is read and thrown away. A client that is cut off while it writes mostly does not read
/// the answer that tells it why.
const DRAIN: usize = 8 * LONGEST_BODY;

/// Reads the whole body.
pub async fn read(request: Request) -> Result<Bytes, Failure> {
    let waits_for_permission = request.headers().contains_key(axum::http::header::EXPECT);
    let body = request.into_body();
    let announced = body.size_hint().lower();
    // Only then nothing of it is on its way yet.
    if waits_for_permission && announced > LONGEST_BODY as u64 {
        return Err(too_large());
    }
    tokio::time::timeout(ARRIVAL, collect(body)).await.unwrap_or_else(|_| {
        Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body took longer than 60 s to arrive. Send it again.",
        ))
    })
}

async fn collect(body: Body) -> Result<Bytes, Failure> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Failure::bad_request("The body broke off. Send it again."))?;
        length = length.saturating_add(chunk.len());
        if length > DRAIN {
            break;
        }
        if length <= LONGEST_BODY {
            whole.extend_from_slice(&chunk);
        } else {
            whole = Vec::new();
        }
    }
    if length > LONGEST_BODY { Err(too_large()) } else { Ok(whole.into()) }
}

fn too_large() -> Failure {
    Failure::too_large(format!(
        "The body is larger than {LONGEST_BODY} bytes, the most that one request may have. Send the frames in \
         several requests."
    ))
}
