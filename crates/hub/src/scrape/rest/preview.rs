//! `POST /api/scrape/preview`: one page now, to try out what a run would take out of it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use switchboard_crawler::{Extractor, Fetched, PreviewError};
use switchboard_protocol::rest::{PreviewScrape, ScrapePreview};
use tokio::time::timeout;
use url::Url;

use super::check;
use crate::{hub::Hub, ingest::check_name, problem::Failure, scrape::Scraper};

/// How long a preview may take, redirects and waiting for its turn included.
const PREVIEW_TIME: Duration = Duration::from_secs(20);

/// How long it may wait for its turn.
const TURN: Duration = Duration::from_secs(5);

/// How many items are shown.
const MOST_ITEMS: usize = 20;

/// Fetches one page and shows what would be taken out of it. Nothing is stored.
pub async fn preview(State(hub): State<Arc<Hub>>, request: Request) -> Result<Json<ScrapePreview>, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let (order, _) = check::read::<PreviewScrape>(request, "{\"url\":\"https://example.org/\"}").await?;
    if let Some(organization) = &order.organization_id {
        check_name("organizationId", organization.as_str())?;
    }
    scope.choose(order.organization_id)?;
    let refuse = |error: switchboard_crawler::TargetError| Failure::bad_request(format!("`url`: {error}"));
    let url = switchboard_crawler::target(order.url.trim()).map_err(refuse)?;
    let extractor = check::extraction(order.extract.as_ref())?;
    check::host(&hub.scraper.fetcher, &url).await.map_err(refuse)?;
    let fetching = timeout(PREVIEW_TIME, fetch(&hub.scraper, &url, extractor.as_ref()));
    let Fetched { mut page, items, .. } = tokio::select! {
        () = hub.stop.cancelled() => return Err(switchboard_store::StoreError::Closing.into()),
        fetched = fetching => fetched.unwrap_or_else(|_| Err(too_slow()))?,
    };
    if page.platform.is_none() {
        page.platform = Url::parse(&page.url).ok().map(|url| switchboard_crawler::platform(&url));
    }
    let item_count = items.len() as u64;
    Ok(Json(ScrapePreview { page, items: items.into_iter().take(MOST_ITEMS).collect(), item_count }))
}

async fn fetch(scraper: &Scraper, url: &Url, extractor: Option<&Extractor>) -> Result<Fetched, Failure> {
    let busy = || {
        let detail = "Other previews are being made. Ask again after the time in Retry-After.";
        Failure::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(5)
    };
    let turn = timeout(TURN, scraper.previews.acquire()).await;
    let _turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
    scraper.fetcher.preview(url, extractor).await.map_err(|error| match error {
        PreviewError::Target(error) => Failure::bad_request(format!("`url`: {error}")),
        error => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    })
}

fn too_slow() -> Failure {
    Failure::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "The page took longer than {} seconds. Try again later, or start a run.",
            PREVIEW_TIME.as_secs()
        ),
    )
}
