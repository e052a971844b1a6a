//! The one decoder: text from a server to [`Envelope`]s.
//!
//! A frame is split into its members once; then its kind decides which members are looked into. No shape is
//! tried and given up, so a frame costs the same whichever outer shape it has, and an error can say which
//! member of which kind is wrong.

use std::borrow::Cow;

use crate::{
    AgentEvent, AgentEventKind, AgentId, AgentStatus, ConnectionAck, Control, DashboardUpdate, DecodeError,
    Envelope, ExecutionEvent, ExecutionEventKind, ExecutionFrame, ExecutionId, Frame, JobEvent, JobEventKind,
    NamedEntity, Object, OrganizationId, Pong, Resumed, Resync, ResyncReason, RunId, ScrapePhase,
    ScrapeProgress, Subscribed, TaskOutcome, TaskResult, UnknownFrame, rest::list,
};

/// The longest frame that is read, in bytes: 16 MiB, sixteen times the largest report that the hub takes, so
/// that what any server can reasonably send is read and a runaway message cannot take a page down.
pub const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// Reads one frame.
///
/// # Errors
/// A [`DecodeError`] with the reason. A well-formed frame of an unknown kind is [`Frame::Unknown`], no error.
pub fn decode(text: &str) -> Result<Envelope, DecodeError> {
    if text.len() > MAX_FRAME_BYTES {
        return Err(DecodeError::TooLarge { bytes: text.len(), limit: MAX_FRAME_BYTES });
    }
    Envelope::from_object(&Object::parse(text)?)
}

/// Reads one frame from UTF-8 bytes.
///
/// # Errors
/// As [`decode`], and [`DecodeError::NotUtf8`].
pub fn decode_bytes(bytes: &[u8]) -> Result<Envelope, DecodeError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() })?;
    decode(text)
}

/// Reads every frame of one message, which may be a batch of frames separated by newlines. A bad frame costs
/// exactly that frame. A single frame that is written over several lines is read too, because servers without
/// batches may write one.
pub fn decode_message(text: &str) -> impl Iterator<Item = Result<Envelope, DecodeError>> + '_ {
    frame_texts(text).map(decode)
}

/// The text of every frame of one message, as [`decode_message`] tells them apart.
pub fn frame_texts(text: &str) -> impl Iterator<Item = &str> {
    let spread_over_lines = text.trim_end().contains('\n') && opens_without_closing(text);
    let (whole, lines) = if spread_over_lines { (Some(text), "") } else { (None, text) };
    whole.into_iter().chain(lines.split('\n').filter(|line| !line.trim().is_empty()))
}

/// Whether the first line is the beginning of a frame, and the whole text is one.
fn opens_without_closing(text: &str) -> bool {
    let first = text.trim_start().split('\n').next().unwrap_or_default().trim_end();
    !first.ends_with('}') && Object::parse(text).is_ok()
}

impl Envelope {
    /// Reads a frame from its members.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn from_object(object: &Object<'_>) -> Result<Self, DecodeError> {
        let frame = match (object.text("type"), object.text("event")) {
            (Some(kind), _) => typed(&kind, object)?,
            (None, Some(kind)) => named(&kind, object)?,
            (None, None) => return Err(DecodeError::NoKind),
        };
        // `seq` of a control frame belongs to that frame: it is no place in the log.
        let seq = if matches!(frame, Frame::Control(_)) { None } else { object.whole("seq") };
        Ok(Self { seq, organization_id: object.text("organizationId").map(OrganizationId::from), frame })
    }
}

/// `{"type":…,…}`
fn typed(kind: &str, object: &Object<'_>) -> Result<Frame, DecodeError> {
    Ok(match kind {
        "event" => Frame::ExecutionEvent(execution_event(object)?),
        "pong" => Frame::Control(Control::Pong(Pong {
            seq: object.whole("seq"),
            delivered: object.whole("delivered"),
        })),
        "connection_ack" => Frame::Control(Control::ConnectionAck(ConnectionAck {
            connection_id: owned(object.text("connectionId")),
            epoch: owned(object.text("epoch")),
            seq: object.whole("seq"),
            heartbeat_seconds: object.whole("heartbeatSeconds"),
        })),
        "subscribed" => Frame::Control(Control::Subscribed(Subscribed {
            execution_id: required(object, "subscribed", "executionId").map(ExecutionId::from)?,
            seq: object.whole("seq"),
        })),
        "resumed" => Frame::Control(Control::Resumed(Resumed {
            from: number(object, "resumed", "from")?,
            to: number(object, "resumed", "to")?,
        })),
        "resync" => Frame::Control(Control::Resync(Resync {
            reason: ResyncReason::from(object.text("reason").as_deref().unwrap_or_default()),
        })),
        "scrape_progress" => Frame::ScrapeProgress(scrape_progress(object)?),
        "heartbeat" => agent(object, "heartbeat", |object| AgentEventKind::Heartbeat {
            status: object.text("status").and_then(|name| AgentStatus::from_name(&name)),
            current_task: owned(object.text("currentTask")),
            heartbeat_seconds: object.whole("heartbeatSeconds"),
        })?,
        "agent_started" => agent(object, "agent_started", |_| AgentEventKind::Started)?,
        "agent_stopped" => agent(object, "agent_stopped", |_| AgentEventKind::Stopped)?,
        "agent_error" => agent(object, "agent_error", |object| AgentEventKind::Error {
            error: owned(object.text("error").or_else(|| object.text("message"))),
        })?,
        other => unknown(other, object)?,
    })
}

/// `{"event":…,"data":…}`
fn named(kind: &str, object: &Object<'_>) -> Result<Frame, DecodeError> {
    match kind {
        "dashboard:update" => dashboard_update(object).map(Frame::DashboardUpdate),
        "job:event" => job_event(object).map(Frame::JobEvent),
        "update" => update(object),
        other => unknown(other, object),
    }
}

fn execution_event(object: &Object<'_>) -> Result<ExecutionFrame, DecodeError> {
    let execution_id = required(object, "event", "executionId").map(ExecutionId::from)?;
    let event = payload(object, "event", "event")?;
    let Some(kind) = event.text("type") else {
        return Err(DecodeError::MissingField { kind: "event".into(), field: "event.type" });
    };
    Ok(ExecutionFrame {
        execution_id,
        event: ExecutionEvent {
            id: event.text("id").map(Into::into),
            kind: ExecutionEventKind::from(&*kind),
            timestamp: event.time("timestamp"),
            data: event.json("data"),
        },
    })
}

fn dashboard_update(object: &Object<'_>) -> Result<DashboardUpdate, DecodeError> {
    let data = payload(object, "dashboard:update", "data")?;
    let organization = data.text("organizationId").or_else(|| object.text("organizationId"));
    let missing = DecodeError::MissingField { kind: "dashboard:update".into(), field: "data.organizationId" };
    let organization_id = organization.map(OrganizationId::from).ok_or(missing)?;
    let data = object.json("data").ok_or(DecodeError::NotAnObject)?;
    Ok(DashboardUpdate { organization_id, data })
}

fn job_event(object: &Object<'_>) -> Result<JobEvent, DecodeError> {
    let data = payload(object, "job:event", "data")?;
    let missing = |field| DecodeError::MissingField { kind: "job:event".into(), field };
    Ok(JobEvent {
        organization_id: data.text("organizationId").map(OrganizationId::from),
        job_id: data.text("jobId").ok_or(missing("data.jobId"))?.into(),
        kind: JobEventKind::from(&*data.text("type").ok_or(missing("data.type"))?),
        timestamp: data.time("timestamp"),
        data: data.json("data"),
    })
}

fn update(object: &Object<'_>) -> Result<Frame, DecodeError> {
    let data = payload(object, "update", "data")?;
    let missing = |field| DecodeError::MissingField { kind: "update".into(), field };
    let kind = data.text("type").ok_or(missing("data.type"))?;
    let result = data.json("result");
    let outcome = match &*kind {
        "task.completed" => TaskOutcome::Completed { result },
        "task.failed" => {
            let in_result = || data.object("result").and_then(|result| owned(result.text("content")));
            TaskOutcome::Failed { error: owned(data.text("error")).or_else(in_result), result }
        }
        other => return unknown(&format!("update/{other}"), object),
    };
    Ok(Frame::TaskResult(TaskResult {
        task_id: data.text("task_id").ok_or(missing("data.task_id"))?.into(),
        organization_id: data.text("organizationId").map(OrganizationId::from),
        outcome,
    }))
}

fn scrape_progress(object: &Object<'_>) -> Result<ScrapeProgress, DecodeError> {
    Ok(ScrapeProgress {
        run_id: required(object, "scrape_progress", "runId").map(RunId::from)?,
        phase: object.text("phase").and_then(|name| ScrapePhase::from_name(&name)),
        platform: owned(object.text("platform")),
        current: object.whole("current"),
        total: object.whole("total"),
        message: owned(object.text("message")),
        timestamp: object.time("timestamp"),
        items: object.whole("items"),
        bytes: object.whole("bytes"),
        errors: object.whole("errors"),
        pages: list(object, "pages"),
        results: list(object, "results"),
    })
}

fn agent(
    object: &Object<'_>,
    name: &'static str,
    kind: impl FnOnce(&Object<'_>) -> AgentEventKind,
) -> Result<Frame, DecodeError> {
    Ok(Frame::AgentEvent(AgentEvent {
        agent_id: required(object, name, "agentId").map(AgentId::from)?,
        timestamp: object.time("timestamp"),
        received_at: object.time("receivedAt"),
        department: NamedEntity::read(object, "department"),
        execution_id: object.text("executionId").map(ExecutionId::from),
        kind: kind(object),
    }))
}

fn unknown(kind: &str, object: &Object<'_>) -> Result<Frame, DecodeError> {
    let raw = object.to_json().map_err(|error| DecodeError::NotJson { reason: error.to_string() })?;
    Ok(Frame::Unknown(UnknownFrame { kind: kind.into(), raw }))
}

fn required<'o>(
    object: &'o Object<'_>,
    kind: &'static str,
    field: &'static str,
) -> Result<Cow<'o, str>, DecodeError> {
    object.text(field).ok_or_else(|| absent_or_wrong(object, kind, field, "a string"))
}

fn number(object: &Object<'_>, kind: &'static str, field: &'static str) -> Result<u64, DecodeError> {
    object.whole(field).ok_or_else(|| absent_or_wrong(object, kind, field, "a whole number"))
}

fn payload<'o>(
    object: &'o Object<'_>,
    kind: &'static str,
    field: &'static str,
) -> Result<Object<'o>, DecodeError> {
    object.object(field).ok_or_else(|| absent_or_wrong(object, kind, field, "an object"))
}

fn absent_or_wrong(
    object: &Object<'_>,
    kind: &'static str,
    field: &'static str,
    expected: &'static str,
) -> DecodeError {
    if object.has(field) {
        DecodeError::WrongType { kind: kind.into(), field, expected }
    } else {
        DecodeError::MissingField { kind: kind.into(), field }
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}
