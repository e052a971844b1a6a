//! `GET /api/scrape/runs/{runId}/export`: what a run found, as a file. Streamed in portions, so that its size does not matter.

mod rows;
mod sheet;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Response, header},
};
use switchboard_protocol::RunId;

use self::rows::{Format, Rows, What};
use super::{ReadQuery, unknown, which};
use crate::{hub::Hub, problem::Failure, rest::given};

/// How much of a run's name stands in the name of the file, in characters.
const NAME_CHARACTERS: usize = 80;

/// Everything that a run has found so far, oldest first.
pub async fn export(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<Response<Body>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id, query) = which(&scope, id, query)?;
    let what = match given(query.what).as_deref() {
        Some("items") | None => What::Items,
        Some("pages") => What::Pages,
        Some(_) => return Err(Failure::bad_request("`what` must be items or pages.")),
    };
    let format = match given(query.format).as_deref() {
        Some("jsonl") | None => Format::Jsonl,
        Some("csv") => Format::Csv,
        Some(_) => return Err(Failure::bad_request("`format` must be jsonl or csv.")),
    };
    let run = hub.store.scrape_run(organization.clone(), id.clone(), 1).await?;
    let run = run.ok_or_else(|| unknown(&organization))?;
    let file = file_name(&id, what, format);
    let rows = Rows::new(Arc::clone(&hub.store), organization, id, what, format);
    let body = Body::from_stream(rows.portions(run.extract.as_ref()).await?);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// A name that every system takes.
fn file_name(run: &RunId, what: What, format: Format) -> String {
    let is_plain = |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
    let safe = |character: char| if is_plain(&character) { character } else { '-' };
    let run: String = run.as_str().chars().take(NAME_CHARACTERS).map(safe).collect();
    format!("scrape-{run}-{}.{}", what.as_str(), format.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_safe_whatever_the_run_is_called() {
        let name = |run: &str| file_name(&run.into(), What::Items, Format::Csv);
        assert_eq!(name("r-1_x"), "scrape-r-1_x-items.csv");
        assert_eq!(name("../a\"; b\u{202e}ü"), "scrape----a---b---items.csv");
        assert!(name(&"x".repeat(300)).len() < 120);
    }
}
