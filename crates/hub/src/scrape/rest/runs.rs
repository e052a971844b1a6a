//! Runs as they are: lists, one run, its pages and items; and ending one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use switchboard_protocol::{
    OrganizationId, RunId, ScrapePhase,
    rest::{ScrapeItemList, ScrapePageList, ScrapeRunList, ScrapeRunSnapshot},
};
use switchboard_store::{CancelOutcome, MAX_PAGE, MAX_SCRAPE_ROWS, RowQuery, ScrapeQuery};

use super::{ReadQuery, unknown, which};
use crate::{
    hub::Hub,
    problem::Failure,
    rest::{count, given, parsed},
    scrape::run::CANCELLED,
};

/// How many runs a page of the list has, unless asked otherwise.
const LIST_DEFAULT: usize = 50;

/// How many pages or items a page of theirs has, unless asked otherwise.
const ROWS_DEFAULT: usize = 100;

/// `GET /api/scrape/runs`: the newest first.
pub async fn runs(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Json<ScrapeRunList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let ReadQuery { organization_id, phase, q, limit, before, .. } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let query = ScrapeQuery {
        phase: given(phase).map(|name| phase_named(&name)).transpose()?,
        text: given(q),
        limit: count("limit", limit, LIST_DEFAULT, MAX_PAGE)?,
        before: given(before),
    };
    Ok(Json(hub.store.scrape_runs(organization, query).await?))
}

/// `GET /api/scrape/runs/{runId}`: one run with its latest pages.
pub async fn run(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Json<ScrapeRunSnapshot>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id, query) = which(&scope, id, query)?;
    let limit = count("limit", query.limit, MAX_SCRAPE_ROWS, MAX_SCRAPE_ROWS)?;
    let found = hub.store.scrape_run(organization.clone(), id, limit).await?;
    found.map(Json).ok_or_else(|| unknown(&organization))
}

/// `GET /api/scrape/runs/{runId}/pages`: the latest first.
pub async fn pages(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Json<ScrapePageList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id, query) = which(&scope, id, query)?;
    let found = hub.store.scrape_pages(organization.clone(), id, rows(query)?).await?;
    found.map(Json).ok_or_else(|| unknown(&organization))
}

/// `GET /api/scrape/runs/{runId}/items`: the latest first.
pub async fn items(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Json<ScrapeItemList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id, query) = which(&scope, id, query)?;
    let found = hub.store.scrape_items(organization.clone(), id, rows(query)?).await?;
    found.map(Json).ok_or_else(|| unknown(&organization))
}

/// The answer of `POST /api/scrape/runs/{runId}/cancel`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    run_id: RunId,
    phase: ScrapePhase,
}

/// `POST /api/scrape/runs/{runId}/cancel`: the run ends soon, unless it has ended already.
pub async fn cancel(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, run_id, _) = which(&scope, id, query)?;
    let outcome = hub.store.cancel_scrape(organization.clone(), run_id.clone(), CANCELLED.to_owned()).await?;
    let phase = match outcome {
        CancelOutcome::Asked => {
            hub.scraper.cancel(&organization, &run_id);
            let now = hub.store.scrape_run(organization.clone(), run_id.clone(), 1).await?;
            now.map_or(ScrapePhase::Running, |now| now.summary.phase)
        }
        CancelOutcome::Cancelled => ScrapePhase::Cancelled,
        CancelOutcome::Ended(phase) => phase,
        CancelOutcome::NotOurs => {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "Another program runs this scrape and only reports it here. Stop it there.",
            ));
        }
        CancelOutcome::Unknown => return Err(unknown(&organization)),
    };
    Ok((StatusCode::ACCEPTED, Json(Cancelled { run_id, phase })).into_response())
}

fn rows(query: ReadQuery) -> Result<RowQuery, Failure> {
    let limit = count("limit", query.limit, ROWS_DEFAULT, MAX_SCRAPE_ROWS)?;
    Ok(RowQuery { limit, before: given(query.before) })
}

fn phase_named(name: &str) -> Result<ScrapePhase, Failure> {
    ScrapePhase::from_name(name).ok_or_else(|| {
        let names = ScrapePhase::ALL.map(ScrapePhase::as_str).join(", ");
        Failure::bad_request(format!("`phase` must be one of {names}."))
    })
}
