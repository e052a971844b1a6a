//! `POST /api/events`: reports come in.

mod agent;
pub mod body;
mod scrape;
mod split;
mod stamp;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use switchboard_protocol::{OrganizationId, Timestamp, rest::Accepted};
use switchboard_store::Report;

use crate::{auth::Scope, clock, hub::Hub, problem::Failure};

pub use stamp::check_name;

/// The longest frame that is taken, in bytes.
pub const LONGEST_FRAME: usize = 1024 * 1024;

/// The longest request body that is taken, in bytes.
pub const LONGEST_BODY: usize = 8 * 1024 * 1024;

/// The most frames that one request may hold.
pub const MOST_FRAMES: usize = 10_000;

/// Stores one frame, an array of frames, or newline-delimited frames. Everything is validated before anything is
/// stored, and the answer comes when it is durable.
///
/// The frames of one organization are stored wholly or not at all. A request with frames of several organizations
/// is stored organization by organization; where that is interrupted, sending it again is safe for frames with
/// an `id` or an event id.
pub async fn report(State(hub): State<Arc<Hub>>, request: Request) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let bytes = body::read(request, LONGEST_BODY, "Send the frames in several requests.").await?;
    let batches = validate(&bytes, &scope, clock::now())?;
    drop(bytes);
    let mut answer = Accepted { accepted: 0, duplicates: 0, seq: 0 };
    for (organization, reports) in batches {
        let appended = hub.store.append(organization, reports).await?;
        answer.accepted += appended.accepted;
        answer.duplicates += appended.duplicates;
        answer.seq = appended.seq;
    }
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// The reports in a body, by organization, in the order in which the organizations appear.
fn validate(
    body: &[u8],
    scope: &Scope,
    now: Timestamp,
) -> Result<Vec<(OrganizationId, Vec<Report>)>, Failure> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = error.valid_up_to();
        Failure::bad_request(format!(
            "The body is not UTF-8: the first {valid} bytes are, the next is not. Send JSON encoded as UTF-8."
        ))
    })?;
    let mut batches: Vec<(OrganizationId, Vec<Report>)> = Vec::new();
    for (index, item) in split::frames(text)?.into_iter().enumerate() {
        let (organization, report) = stamp::report(item, scope, now).map_err(|failure| failure.at(index))?;
        match batches.iter_mut().rev().find(|(known, _)| *known == organization) {
            Some((_, reports)) => reports.push(report),
            None => batches.push((organization, vec![report])),
        }
    }
    Ok(batches)
}

#[cfg(test)]
mod tests;
