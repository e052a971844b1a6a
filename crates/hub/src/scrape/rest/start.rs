//! `POST /api/scrape/runs`: a run is ordered.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use switchboard_protocol::{
    OrganizationId, RunId,
    rest::{StartScrape, StartedScrape},
};
use switchboard_store::{NewScrape, StartOutcome};

use super::check;
use crate::{hub::Hub, ingest::check_name, problem::Failure, random};

/// Stores a run that this hub, or another on the same store, then crawls. What cannot be scraped is refused at once.
pub async fn start(State(hub): State<Arc<Hub>>, request: Request) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let (order, body) =
        check::read::<StartScrape>(request, "{\"targets\":[\"https://example.org/\"]}").await?;
    let named = [
        ("organizationId", order.organization_id.as_ref().map(OrganizationId::as_str)),
        ("runId", order.run_id.as_ref().map(RunId::as_str)),
    ];
    for (field, name) in named {
        name.map_or(Ok(()), |name| check_name(field, name))?;
    }
    let organization = scope.choose(order.organization_id)?;
    let limits = check::limits(&body)?;
    let title = check::title(order.title)?;
    let targets = check::targets(&order.targets, limits.max_pages)?;
    check::extraction(order.extract.as_ref())?;
    if let Some(run_id) = &order.run_id
        && hub.store.scrape_run(organization.clone(), run_id.clone(), 1).await?.is_some()
    {
        // Sent again. That its hosts are found today does not matter.
        return Ok(started(StatusCode::OK, run_id.clone()));
    }
    check::hosts(&hub.scraper.fetcher, &targets).await?;
    let run_id = order.run_id.unwrap_or_else(|| random::identifier().into());
    let run = NewScrape {
        run_id: run_id.clone(),
        title,
        targets: check::frontier(targets),
        limits,
        extract: order.extract,
    };
    let status = match hub.store.start_scrape(organization, run).await? {
        StartOutcome::Started => {
            hub.scraper.wake();
            StatusCode::CREATED
        }
        StartOutcome::Known => StatusCode::OK,
    };
    Ok(started(status, run_id))
}

fn started(status: StatusCode, run_id: RunId) -> Response {
    let place = format!("/api/scrape/runs/{}", utf8_percent_encode(run_id.as_str(), NON_ALPHANUMERIC));
    let mut response = (status, Json(StartedScrape { run_id })).into_response();
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
