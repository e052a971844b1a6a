//! The calls about scrape runs.

mod check;
mod export;
mod preview;
mod runs;
mod start;

use axum::extract::{
    Path, Query,
    rejection::{PathRejection, QueryRejection},
};
use serde::Deserialize;
use switchboard_protocol::{OrganizationId, RunId};

use crate::{
    auth::Scope,
    ingest::check_name,
    problem::Failure,
    rest::{given, parsed},
};

pub use export::export;
pub use preview::preview;
pub use runs::{cancel, items, pages, run, runs};
pub use start::start;

/// The query of the calls that read. All text, so that a bad value is answered in words.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadQuery {
    organization_id: Option<String>,
    phase: Option<String>,
    q: Option<String>,
    limit: Option<String>,
    before: Option<String>,
    what: Option<String>,
    format: Option<String>,
}

/// Which run a call is about, as far as the key admits to it, and what else the query says.
pub fn which(
    scope: &Scope,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<(OrganizationId, RunId, ReadQuery), Failure> {
    let Path(id) = id.map_err(|error| Failure::bad_request(format!("{}.", error.body_text())))?;
    check_name("runId", &id)?;
    let mut query = parsed(query)?;
    let named = given(query.organization_id.take()).map(OrganizationId::from);
    Ok((scope.choose(named)?, id.into(), query))
}

/// A run that is not there.
pub fn unknown(organization: &OrganizationId) -> Failure {
    Failure::not_found(format!(
        "The organization `{organization}` has no such scrape run. GET /api/scrape/runs lists them; another organization is \
         named with ?organizationId=."
    ))
}
