//! A request's body, within its bound.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::StatusCode,
};
use bytes::Bytes;
use futures::StreamExt;

use crate::problem::Failure;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_mins(1);

/// How much is read and thrown away where a body is longer than its bound. A client that is cut off while it writes
/// mostly does not read the answer that tells it why.
const DRAIN: usize = 64 * 1024 * 1024;

/// Reads the whole body. What is longer than `longest` bytes is refused; `instead` says what to do then.
pub async fn read(request: Request, longest: usize, instead: &str) -> Result<Bytes, Failure> {
    let waits_for_permission = request.headers().contains_key(axum::http::header::EXPECT);
    let body = request.into_body();
    let announced = body.size_hint().lower();
    // Only then nothing of it is on its way yet.
    let too_large = || {
        Failure::too_large(format!(
            "The body is larger than {longest} bytes, the most that one request may have. {instead}"
        ))
    };
    if waits_for_permission && announced > longest as u64 {
        return Err(too_large());
    }
    let whole = tokio::time::timeout(ARRIVAL, collect(body, longest)).await.unwrap_or_else(|_| {
        Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body took longer than 60 s to arrive. Send it again.",
        ))
    });
    whole?.ok_or_else(too_large)
}

/// The whole body; `None` where it is too long.
async fn collect(body: Body, longest: usize) -> Result<Option<Bytes>, Failure> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Failure::bad_request("The body broke off. Send it again."))?;
        length = length.saturating_add(chunk.len());
        if length > DRAIN {
            break;
        }
        if length <= longest {
            whole.extend_from_slice(&chunk);
        } else {
            whole = Vec::new();
        }
    }
    Ok((length <= longest).then(|| whole.into()))
}
