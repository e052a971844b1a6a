//! Tasks: how they stand, stopping them, and giving them to workers outside the hub.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use switchboard_protocol::{
    OrganizationId, TaskId, Timestamp,
    rest::{ClaimTask, TaskState},
};
use switchboard_store::Claim;

use super::{Whose, name};
use crate::{
    auth::Scope,
    chat::{HUB_WORKERS, queue::lease_until, report},
    hub::Hub,
    ingest::{body, check_name},
    problem::Failure,
    random,
    rest::parsed,
};

/// What a task that somebody stopped says.
const CANCELLED: &str = "Cancelled.";

/// The shortest and the longest lease, in seconds. A worker must have the time to renew it, and a task must not wait for
/// a dead one for ever.
const LEASE_SECONDS: std::ops::RangeInclusive<u64> = 5..=3600;

/// The lease where a worker asks for none.
const LEASE_DEFAULT: u64 = 60;

/// The most lanes that a claim may name.
const MOST_LANES: usize = 100;

/// The longest body of these calls, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// `GET /api/tasks/{id}`.
pub async fn task(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<Whose>, QueryRejection>,
) -> Result<Json<TaskState>, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id) = which(&scope, id, query)?;
    state(&hub, organization, id).await.map(Json)
}

/// `POST /api/tasks/{id}/cancel`: the task fails with that word, unless it has ended already.
pub async fn cancel(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<Whose>, QueryRejection>,
) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(&headers)?;
    let (organization, id) = which(&scope, id, query)?;
    let mut now = state(&hub, organization.clone(), id.clone()).await?;
    if !now.status.is_final() {
        let report = report::failed(&organization, &id, CANCELLED.to_owned()).map_err(|error| {
            Failure::bad_request(format!("The task cannot be named in a frame: {error}."))
        })?;
        hub.store.append(organization.clone(), vec![report]).await?;
        hub.queue.give_up(&organization, &id);
        now = state(&hub, organization, id).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(now)).into_response())
}

/// `POST /api/tasks/claim`: 200 with a task that is now this worker's, or 204 where none waits.
pub async fn claim(State(hub): State<Arc<Hub>>, request: Request) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let ClaimTask { organization_id, lanes, worker, lease_seconds } = read(request).await?;
    if let Some(organization) = &organization_id {
        check_name("organizationId", organization.as_str())?;
    }
    if lanes.len() > MOST_LANES {
        return Err(Failure::bad_request(format!(
            "`lanes` may name at most {MOST_LANES}; leave it out for all."
        )));
    }
    lanes.iter().try_for_each(|lane| check_name("lanes", lane))?;
    let worker = match worker {
        Some(worker) => checked_worker(worker)?,
        None => format!("worker:{}", random::identifier()),
    };
    let claim = Claim {
        organizations: Some(vec![scope.choose(organization_id)?]),
        lanes,
        worker,
        lease_until: lease(lease_seconds)?,
    };
    let Some(task) = hub.store.claim_task(claim).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    hub.queue.lease_ends(task.lease_until);
    Ok(Json(task).into_response())
}

/// The body of `POST /api/tasks/{id}/renew`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Renewal {
    worker: Option<String>,
    lease_seconds: Option<u64>,
}

/// The answer of `POST /api/tasks/{id}/renew`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Renewed {
    lease_until: Timestamp,
}

/// `POST /api/tasks/{id}/renew`: prolongs a worker's lease.
pub async fn renew(
    State(hub): State<Arc<Hub>>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<Whose>, QueryRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let scope = hub.keys.admit_request(request.headers())?;
    let (organization, id) = which(&scope, id, query)?;
    let Renewal { worker, lease_seconds } = read(request).await?;
    let worker = worker.ok_or_else(|| {
        Failure::bad_request("`worker` is missing. Send the one that the answer of /api/tasks/claim named.")
    })?;
    let (worker, lease_until) = (checked_worker(worker)?, lease(lease_seconds)?);
    if hub.store.renew_task(organization.clone(), id.clone(), worker, lease_until).await? {
        hub.queue.lease_ends(lease_until);
        return Ok(Json(Renewed { lease_until }).into_response());
    }
    let now = state(&hub, organization, id).await?.status.as_str();
    Err(Failure::new(
        StatusCode::CONFLICT,
        format!(
            "The task is not this worker's any more: it is {now}. Stop working on it; its lease ran out, or somebody else \
             ended it."
        ),
    ))
}

async fn state(hub: &Hub, organization: OrganizationId, id: TaskId) -> Result<TaskState, Failure> {
    let found = hub.store.task(organization.clone(), id).await?;
    found.ok_or_else(|| {
        Failure::not_found(format!(
            "The organization `{organization}` has no such task. A task comes to exist with a message; another \
             organization is named with ?organizationId=."
        ))
    })
}

fn which(
    scope: &Scope,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<Whose>, QueryRejection>,
) -> Result<(OrganizationId, TaskId), Failure> {
    let id = name("task id", id)?;
    Ok((scope.choose(parsed(query)?.organization())?, id.into()))
}

/// The body of a call whose members are all optional, and so the body itself.
async fn read<T: DeserializeOwned + Default>(request: Request) -> Result<T, Failure> {
    let body = body::read(request, LONGEST_BODY, "Send only what the call takes.").await?;
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(format!("The body must be a JSON object: {error}.")))
}

fn checked_worker(worker: String) -> Result<String, Failure> {
    check_name("worker", &worker)?;
    if worker.starts_with(HUB_WORKERS) {
        return Err(Failure::bad_request(format!(
            "`worker` must not begin with `{HUB_WORKERS}`: that is how hubs name themselves. Take another name."
        )));
    }
    Ok(worker)
}

fn lease(seconds: Option<u64>) -> Result<Timestamp, Failure> {
    let seconds = seconds.unwrap_or(LEASE_DEFAULT);
    if !LEASE_SECONDS.contains(&seconds) {
        let (least, most) = (LEASE_SECONDS.start(), LEASE_SECONDS.end());
        return Err(Failure::bad_request(format!("`leaseSeconds` must be from {least} to {most}.")));
    }
    Ok(lease_until(Duration::from_secs(seconds)))
}
