//! The HTTP calls that read: health, executions, agents, organizations, and the dashboard's configuration.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use switchboard_protocol::{
    ExecutionId, ExecutionStatus, OrganizationId,
    rest::{AgentList, ExecutionList, ExecutionSnapshot, Health},
};
use switchboard_store::ExecutionQuery;

use crate::{hub::Hub, problem::Failure};

/// How many executions a page of the list has, unless asked otherwise.
const LIST_DEFAULT: usize = 50;

/// How many it has at most.
const LIST_MOST: usize = 200;

/// How many events a snapshot has at most, and unless asked otherwise.
const SNAPSHOT_EVENTS: usize = 1000;

/// `GET /api/health`.
pub async fn health() -> Json<Health> {
    Json(Health { status: "ok".into(), version: env!("CARGO_PKG_VERSION").into() })
}

/// The query of `GET /api/executions`. All text, so that a bad value is answered in words.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListQuery {
    organization_id: Option<String>,
    status: Option<String>,
    q: Option<String>,
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /api/executions`: the newest first.
pub async fn executions(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ExecutionList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let ListQuery { organization_id, status, q, limit, before } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let query = ExecutionQuery {
        status: given(status).map(|name| status_named(&name)).transpose()?,
        text: given(q),
        limit: count("limit", limit, LIST_DEFAULT, LIST_MOST)?,
        before: given(before),
    };
    Ok(Json(hub.store.executions(organization, query).await?))
}

/// The query of `GET /api/executions/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotQuery {
    organization_id: Option<String>,
    limit: Option<String>,
}

/// `GET /api/executions/{id}`: one execution with its latest events.
pub async fn execution(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<SnapshotQuery>, QueryRejection>,
) -> Result<Json<ExecutionSnapshot>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let Path(id) = id.map_err(|error| Failure::bad_request(format!("{}.", error.body_text())))?;
    let SnapshotQuery { organization_id, limit } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    let limit = count("limit", limit, SNAPSHOT_EVENTS, SNAPSHOT_EVENTS)?;
    let found = hub.store.execution(organization.clone(), ExecutionId::from(id), limit).await?;
    found.map(Json).ok_or_else(|| {
        Failure::not_found(format!(
            "The organization `{organization}` has no such execution. It comes to exist with its first event; \
             another organization is named with ?organizationId=."
        ))
    })
}

/// The query of `GET /api/agents`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentsQuery {
    organization_id: Option<String>,
}

/// `GET /api/agents`: all agents of an organization, by their names. There are never so many that it takes pages.
pub async fn agents(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    query: Result<Query<AgentsQuery>, QueryRejection>,
) -> Result<Json<AgentList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let AgentsQuery { organization_id } = parsed(query)?;
    let organization = scope.choose(given(organization_id).map(OrganizationId::from))?;
    Ok(Json(hub.store.agents(organization).await?))
}

/// `GET /api/organizations`.
#[derive(Debug, Serialize)]
pub struct OrganizationList {
    items: Vec<OrganizationId>,
}

/// The organizations that have a log and that the caller may see.
pub async fn organizations(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
) -> Result<Json<OrganizationList>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let mut items = hub.store.organizations().await?;
    items.retain(|organization| scope.covers(organization));
    Ok(Json(OrganizationList { items }))
}

/// `GET /config.json`: the dashboard's runtime configuration.
pub async fn dashboard_config(State(hub): State<Arc<Hub>>) -> Response {
    let mut response = Json(&hub.dashboard).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Any other path below `/api`.
pub async fn unknown_path() -> Failure {
    Failure::not_found(
        "There is no such call. See /api/health, /api/executions, /api/agents, /api/organizations, /api/chat/messages, \
         /api/conversations, /api/tasks, /api/scrape/runs, /api/scrape/preview, /api/scrape/stream, /api/events and /api/ws.",
    )
}

/// A known path, called in another way than it has.
pub async fn unknown_method() -> Failure {
    Failure::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "This path does not take this method. Lists and snapshots are read with GET; /api/events, /api/chat/messages, \
         /api/tasks/claim, /api/tasks/{id}/cancel, /api/tasks/{id}/renew, /api/scrape/runs, /api/scrape/runs/{id}/cancel \
         and /api/scrape/preview take POST.",
    )
}

/// The query, where it can be read.
pub fn parsed<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Failure> {
    let Query(query) = query.map_err(|error| Failure::bad_request(format!("{}.", error.body_text())))?;
    Ok(query)
}

/// An empty value is what a form sends for none.
pub fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn status_named(name: &str) -> Result<ExecutionStatus, Failure> {
    ExecutionStatus::from_name(name).ok_or_else(|| {
        let names = ExecutionStatus::ALL.map(ExecutionStatus::as_str).join(", ");
        Failure::bad_request(format!("`status` must be one of {names}."))
    })
}

/// A member of a query that counts: at least 1, and held at `most`.
pub fn count(name: &str, value: Option<String>, default: usize, most: usize) -> Result<usize, Failure> {
    let Some(value) = given(value) else { return Ok(default) };
    match value.parse::<usize>() {
        Ok(count) if count >= 1 => Ok(count.min(most)),
        _ => Err(Failure::bad_request(format!("`{name}` must be a whole number from 1 to {most}."))),
    }
}
