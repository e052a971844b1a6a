//! One reported frame: validated, and stamped with what the hub adds. Members that the hub does not know stay.

use switchboard_protocol::{
    Envelope, EventId, ExecutionFrame, Frame, JobEvent, JobEventKind, Json, Object, OrganizationId,
    TaskOutcome, TaskResult, Timestamp, rest::TaskDelta,
};
use switchboard_store::{Fold, Report};

use super::{agent, scrape};
use crate::{auth::Scope, problem::Failure, random};

/// The longest name of a thing (an organization, an execution, a job …) that is taken, in bytes.
const LONGEST_NAME: usize = 256;

/// The frames that may be reported, for the one who reported another.
const REPORTABLE: &str = "Reported may be frames of the types event, scrape_progress, heartbeat, agent_started, \
                          agent_stopped and agent_error, and of the events job:event, dashboard:update and update \
                          (task.completed, task.failed).";

/// Reads and stamps one frame. Answers whose it is.
pub fn report(text: &str, scope: &Scope, now: Timestamp) -> Result<(OrganizationId, Report), Failure> {
    let mut frame = Object::parse(text).map_err(refuse)?;
    complete_dashboard_update(&mut frame, scope)?;
    let envelope = Envelope::from_object(&frame).map_err(refuse)?;
    if matches!(envelope.frame, Frame::Control(_) | Frame::Unknown(_)) {
        let kind = envelope.frame.kind();
        return Err(Failure::bad_request(format!("A `{kind}` frame cannot be reported. {REPORTABLE}")));
    }
    check_key(&envelope.frame)?;
    let organization = organization(&frame, &envelope, scope)?;

    let id = report_id(&frame)?;
    frame.remove("seq");
    frame.remove("id");
    // An event that its reporter named is the same event when it is sent again.
    let mut named_event = None;
    let mut fold = None;
    match envelope.frame {
        Frame::ExecutionEvent(event) => {
            name_organization(&mut frame, &organization)?;
            let (event, named) = stamp_execution_event(&mut frame, event, now)?;
            named_event = named.map(|named| format!("{}/{named}", event.execution_id));
            fold = Some(Fold::Execution(event));
        }
        Frame::ScrapeProgress(progress) => {
            name_organization(&mut frame, &organization)?;
            stamp_time(&mut frame, "timestamp", now)?;
            fold = Some(Fold::Scrape(scrape::stamp(&mut frame, progress)?));
        }
        Frame::AgentEvent(event) => {
            name_organization(&mut frame, &organization)?;
            stamp_time(&mut frame, "timestamp", now)?;
            fold = Some(Fold::Agent(agent::stamp(&mut frame, event, now)?));
        }
        Frame::JobEvent(event) => {
            stamp_data(&mut frame, &organization, Some(now))?;
            fold = task_delta(event);
        }
        Frame::TaskResult(result) => {
            stamp_data(&mut frame, &organization, None)?;
            fold = Some(Fold::TaskResult(task_result(result, &organization)));
        }
        Frame::DashboardUpdate(_) => stamp_data(&mut frame, &organization, None)?,
        // Refused above.
        Frame::Control(_) | Frame::Unknown(_) => {}
    }
    let body = frame.to_json().map_err(broken)?.on_one_line();
    let report = Report { id: id.or(named_event), body: body.text().into(), fold };
    Ok((organization, report))
}

/// A task's answer bit by bit comes as a job's progress; `None` for progress of another kind.
fn task_delta(event: JobEvent) -> Option<Fold> {
    let data = event.data.filter(|_| event.kind == JobEventKind::Progress)?;
    Some(Fold::TaskDelta(event.job_id.as_str().into(), TaskDelta::read(&data)?))
}

/// The end of a task, with its verbatim parts as they are stored: on one line.
fn task_result(result: TaskResult, organization: &OrganizationId) -> TaskResult {
    let one_line = |json: Option<Json>| json.map(|json| json.on_one_line());
    let outcome = match result.outcome {
        TaskOutcome::Completed { result } => TaskOutcome::Completed { result: one_line(result) },
        TaskOutcome::Failed { error, result } => TaskOutcome::Failed { error, result: one_line(result) },
    };
    TaskResult { task_id: result.task_id, organization_id: Some(organization.clone()), outcome }
}

/// A `dashboard:update` always names an organization, says the protocol, and so the decoder. Where the reporter left
/// it out, as it may with any frame, it is the key's.
fn complete_dashboard_update(frame: &mut Object<'_>, scope: &Scope) -> Result<(), Failure> {
    let is_one = frame.text("event").is_some_and(|event| event == "dashboard:update");
    if is_one && !frame.object("data").is_some_and(|data| data.has("organizationId")) {
        name_organization(frame, &scope.usual())?;
    }
    Ok(())
}

/// The organization that the frame names, or the one that the key means.
fn organization(frame: &Object<'_>, envelope: &Envelope, scope: &Scope) -> Result<OrganizationId, Failure> {
    let data = frame.object("data");
    let inner = data.as_ref().filter(|_| !frame.has("type"));
    for (holder, place) in [(Some(frame), "organizationId"), (inner, "data.organizationId")] {
        if holder
            .is_some_and(|holder| holder.has("organizationId") && holder.text("organizationId").is_none())
        {
            return Err(Failure::bad_request(format!("`{place}` must be a string.")));
        }
    }
    let named = envelope.organization();
    if let (Some(inner), Some(outer)) = (named, &envelope.organization_id)
        && inner != outer
    {
        return Err(Failure::bad_request("The frame names two organizations; name one."));
    }
    if let Some(named) = named {
        check_name("organizationId", named.as_str())?;
    }
    scope.choose(named.cloned())
}

/// Refuses names that nobody could use.
fn check_key(frame: &Frame) -> Result<(), Failure> {
    match frame {
        Frame::ExecutionEvent(event) => {
            check_name("executionId", event.execution_id.as_str())?;
            event.event.id.as_ref().map_or(Ok(()), |id| check_name("event.id", id.as_str()))
        }
        Frame::JobEvent(job) => check_name("data.jobId", job.job_id.as_str()),
        Frame::TaskResult(task) => check_name("data.task_id", task.task_id.as_str()),
        Frame::ScrapeProgress(progress) => check_name("runId", progress.run_id.as_str()),
        Frame::AgentEvent(agent) => check_name("agentId", agent.agent_id.as_str()),
        Frame::DashboardUpdate(_) | Frame::Control(_) | Frame::Unknown(_) => Ok(()),
    }
}

/// Refuses a name that is empty, too long, or cannot be seen. `field` is what the sender calls it.
pub fn check_name(field: &str, name: &str) -> Result<(), Failure> {
    if name.trim().is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Failure::bad_request(format!(
            "`{field}` must have 1 to {LONGEST_NAME} bytes, not only white space, and no control characters."
        )));
    }
    Ok(())
}

/// The report's own `id`, which makes it idempotent: a string, or a number taken as one.
fn report_id(frame: &Object<'_>) -> Result<Option<String>, Failure> {
    if !frame.has("id") {
        return Ok(None);
    }
    let id = match (frame.text("id"), frame.number("id")) {
        (Some(text), _) => text.into_owned(),
        (None, Some(_)) => frame.raw("id").map(|raw| raw.get().to_owned()).unwrap_or_default(),
        (None, None) => return Err(Failure::bad_request("`id` must be a string.")),
    };
    check_name("id", &id)?;
    Ok(Some(id))
}

/// Fills in the event's id and time. Answers the frame as stored, and the id where the reporter gave it.
fn stamp_execution_event(
    frame: &mut Object<'_>,
    mut stored: ExecutionFrame,
    now: Timestamp,
) -> Result<(ExecutionFrame, Option<EventId>), Failure> {
    let named = stored.event.id.clone();
    let text = frame.json("event").ok_or_else(|| Failure::bad_request("`event` must be an object."))?;
    let mut event = Object::parse(text.text()).map_err(refuse)?;
    let mut changed = false;
    if named.is_none() {
        if event.has("id") {
            return Err(Failure::bad_request("`event.id` must be a string."));
        }
        let id = random::identifier();
        event.set("id", &Json::write(&id).map_err(broken)?);
        stored.event.id = Some(id.into());
        changed = true;
    }
    changed |= write_time(&mut event, "event.timestamp", now)?;
    stored.event.timestamp = event.time("timestamp");
    if changed {
        frame.set("event", &event.to_json().map_err(broken)?);
    }
    Ok((stored, named))
}

/// Fills in organization and time inside `data`.
fn stamp_data(
    frame: &mut Object<'_>,
    organization: &OrganizationId,
    now: Option<Timestamp>,
) -> Result<(), Failure> {
    let text = frame.json("data").ok_or_else(|| Failure::bad_request("`data` must be an object."))?;
    let mut data = Object::parse(text.text()).map_err(refuse)?;
    name_organization(&mut data, organization)?;
    if let Some(now) = now {
        write_time(&mut data, "data.timestamp", now)?;
    }
    frame.set("data", &data.to_json().map_err(broken)?);
    Ok(())
}

fn name_organization(object: &mut Object<'_>, organization: &OrganizationId) -> Result<(), Failure> {
    if !object.has("organizationId") {
        object.set("organizationId", &Json::write(organization).map_err(broken)?);
    }
    Ok(())
}

fn stamp_time(object: &mut Object<'_>, field: &str, now: Timestamp) -> Result<(), Failure> {
    write_time(object, field, now).map(drop)
}

/// Sees to it that `timestamp` is RFC 3339 in UTC: fills it in where it is missing, rewrites other spellings of a
/// time, and refuses what is none. `field` is its name for the reporter. Answers whether it wrote.
fn write_time(object: &mut Object<'_>, field: &str, now: Timestamp) -> Result<bool, Failure> {
    let time = if object.has("timestamp") {
        let written = object.text("timestamp");
        if written.is_some_and(|text| text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z'))
            && object.time("timestamp").is_some()
        {
            return Ok(false);
        }
        object.time("timestamp").ok_or_else(|| {
            Failure::bad_request(format!(
                "`{field}` is no time. Send RFC 3339, such as {now}, or leave it out; then it is the time of receipt."
            ))
        })?
    } else {
        now
    };
    object.set("timestamp", &Json::write(&time).map_err(broken)?);
    Ok(true)
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
fn refuse(error: switchboard_protocol::DecodeError) -> Failure {
    let mut reason = error.to_string();
    if let Some(first) = reason.get(..1).map(str::to_ascii_uppercase) {
        reason.replace_range(..1, &first);
    }
    Failure::bad_request(format!("{reason}."))
}

/// Text that was read as JSON can be written as JSON.
#[expect(clippy::needless_pass_by_value, reason = "it is an error mapper")]
pub fn broken(error: serde_json::Error) -> Failure {
    Failure::bad_request(format!("The frame cannot be written again: {error}."))
}
