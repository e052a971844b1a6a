//! What lists show of an execution, folded over its events.

use switchboard_protocol::{
    AgentCompleteData, AgentStartData, ErrorData, ExecutionEvent, ExecutionEventKind, ExecutionId,
    ExecutionStatus, OrganizationId, Timestamp, rest::ExecutionSummary,
};

use crate::agent::latest_sign;

/// How far a worker's clock may be ahead for its events to count as signs of life, in milliseconds.
const CLOCK_TOLERANCE_MS: u64 = 10_000;

/// An execution of which nothing is known but that it exists.
pub fn new_summary(organization: &OrganizationId, execution: &ExecutionId) -> ExecutionSummary {
    ExecutionSummary {
        id: Some(execution.as_str().to_owned()),
        execution_id: execution.clone(),
        organization_id: organization.clone(),
        status: ExecutionStatus::Pending,
        agent: None,
        department: None,
        title: None,
        started_at: None,
        finished_at: None,
        exit_code: None,
        error: None,
        event_count: 0,
        heartbeat_at: None,
        heartbeat_seconds: None,
    }
}

/// Folds one event into the summary. `received_at` stands in for a missing timestamp.
///
/// Answers whether anything that a list shows, other than the event count, changed.
///
/// * `agent-start` → running; a start after an end is a retry, so the end is forgotten.
/// * `agent-complete` → completed; `error` → failed, or cancelled where its data says so.
/// * Any other event of an execution that has not started shows that it runs: its reporter may know of no start.
/// * What arrives after the end is counted and changes nothing else, so that a late line does not revive it.
pub fn apply_event(summary: &mut ExecutionSummary, event: &ExecutionEvent, received_at: Timestamp) -> bool {
    summary.event_count = summary.event_count.saturating_add(1);
    let at = event.timestamp.unwrap_or(received_at);
    // Whoever reports works. A replay brings what is old, so the event's own time counts. Where that lies in the future, the worker's
    // clock is wrong, and nobody can tell how old the event is.
    if summary.heartbeat_at.is_some() && at.millis_since(received_at) <= CLOCK_TOLERANCE_MS {
        summary.heartbeat_at = Some(latest_sign(summary.heartbeat_at, at.min(received_at), received_at));
    }
    match event.kind {
        ExecutionEventKind::AgentStart => start(summary, event, at),
        ExecutionEventKind::AgentComplete => complete(summary, event, at),
        ExecutionEventKind::Error => fail(summary, event, at),
        _ if summary.status == ExecutionStatus::Pending => {
            summary.status = ExecutionStatus::Running;
            summary.started_at.get_or_insert(at);
            true
        }
        _ => false,
    }
}

fn start(summary: &mut ExecutionSummary, event: &ExecutionEvent, at: Timestamp) -> bool {
    // Whoever starts it may be another worker, which need not beat; also where the one before was killed, and never said an end.
    summary.heartbeat_at = None;
    summary.heartbeat_seconds = None;
    if summary.status != ExecutionStatus::Running {
        summary.started_at = Some(at);
    }
    summary.status = ExecutionStatus::Running;
    summary.finished_at = None;
    summary.exit_code = None;
    summary.error = None;
    if let Some(data) = event.data.as_ref().and_then(switchboard_protocol::Json::object) {
        merge_start(summary, AgentStartData::read(&data));
    }
    true
}

fn complete(summary: &mut ExecutionSummary, event: &ExecutionEvent, at: Timestamp) -> bool {
    if summary.status.is_final() {
        return false;
    }
    end(summary, ExecutionStatus::Completed, at);
    if let Some(data) = event.data.as_ref().and_then(switchboard_protocol::Json::object) {
        // The end's data is merged: a reporter may name the agent only here.
        merge_start(summary, AgentStartData::read(&data));
        merge_end(summary, &AgentCompleteData::read(&data), at);
    }
    true
}

fn fail(summary: &mut ExecutionSummary, event: &ExecutionEvent, at: Timestamp) -> bool {
    if summary.status.is_final() {
        return false;
    }
    end(summary, ExecutionStatus::Failed, at);
    let data = event.data.as_ref().and_then(switchboard_protocol::Json::object);
    let error = data.as_ref().map(|data| {
        merge_end(summary, &AgentCompleteData::read(data), at);
        ErrorData::read(data)
    });
    if error.as_ref().is_some_and(|error| error.cancelled) {
        summary.status = ExecutionStatus::Cancelled;
    }
    // A reporter may also write the error as a plain string.
    let plain = || event.data.as_ref().and_then(|data| data.read::<String>().ok());
    summary.error = error.and_then(|error| error.message).or_else(plain);
    true
}

fn end(summary: &mut ExecutionSummary, status: ExecutionStatus, at: Timestamp) {
    summary.status = status;
    summary.started_at.get_or_insert(at);
    summary.finished_at = Some(at);
}

fn merge_start(summary: &mut ExecutionSummary, data: AgentStartData) {
    summary.agent = data.agent.or(summary.agent.take());
    summary.department = data.department.or(summary.department.take());
    summary.title = data.title.or(summary.title.take());
}

fn merge_end(summary: &mut ExecutionSummary, data: &AgentCompleteData, at: Timestamp) {
    summary.exit_code = data.exit_code.or(summary.exit_code);
    // An end without a start, but with a duration, says when it started.
    if let (Some(duration), true) = (data.duration_ms, summary.started_at == Some(at)) {
        let duration = i64::try_from(duration).unwrap_or(i64::MAX);
        summary.started_at = Some(Timestamp::from_millis(at.as_millis().saturating_sub(duration)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply_heartbeat, worker_silent_since};
    use switchboard_protocol::{AgentEvent, AgentEventKind, Json, NamedEntity};

    fn event(kind: &str, at: i64, data: &str) -> ExecutionEvent {
        ExecutionEvent {
            id: None,
            kind: kind.into(),
            timestamp: Some(Timestamp::from_millis(at)),
            data: (!data.is_empty()).then(|| Json::from_text(data.into()).unwrap()),
        }
    }

    fn fold(events: &[ExecutionEvent]) -> ExecutionSummary {
        let mut summary = new_summary(&"acme".into(), &"e-1".into());
        for event in events {
            apply_event(&mut summary, event, Timestamp::from_millis(0));
        }
        summary
    }

    #[test]
    fn a_run_from_start_to_end() {
        let summary = fold(&[
            event(
                "agent-start",
                1000,
                r#"{"agent":{"id":"a-1","name":"Crawler"},"department":"Ops","title":"Nightly"}"#,
            ),
            event("output", 1500, r#"{"text":"hello"}"#),
            event("agent-complete", 3000, r#"{"exitCode":0,"durationMs":2000}"#),
        ]);
        assert_eq!(summary.status, ExecutionStatus::Completed);
        assert_eq!(summary.agent, Some(NamedEntity { id: "a-1".into(), name: "Crawler".into() }));
        assert_eq!(summary.department, Some(NamedEntity::named("Ops")));
        assert_eq!(summary.title.as_deref(), Some("Nightly"));
        assert_eq!(summary.started_at, Some(Timestamp::from_millis(1000)));
        assert_eq!(summary.finished_at, Some(Timestamp::from_millis(3000)));
        assert_eq!((summary.exit_code, summary.event_count), (Some(0), 3));
    }

    #[test]
    fn an_error_fails_and_says_why() {
        let summary = fold(&[
            event("agent-start", 1, ""),
            event("error", 2, r#"{"message":"disk full","exitCode":3}"#),
        ]);
        assert_eq!(summary.status, ExecutionStatus::Failed);
        assert_eq!((summary.error.as_deref(), summary.exit_code), (Some("disk full"), Some(3)));
        assert_eq!(fold(&[event("error", 2, r#""no luck""#)]).error.as_deref(), Some("no luck"));
        assert_eq!(
            fold(&[event("error", 2, r#"{"error":{"message":"deep"}}"#)]).error.as_deref(),
            Some("deep")
        );
    }

    #[test]
    fn a_cancellation_is_not_a_failure() {
        let summary = fold(&[event("agent-start", 1, ""), event("error", 2, r#"{"reason":"cancelled"}"#)]);
        assert_eq!(summary.status, ExecutionStatus::Cancelled);
    }

    #[test]
    fn a_late_line_does_not_revive_what_has_ended() {
        let summary = fold(&[
            event("agent-start", 1, ""),
            event("agent-complete", 2, ""),
            event("output", 3, r#"{"text":"late"}"#),
            event("error", 4, r#"{"message":"later still"}"#),
        ]);
        assert_eq!(
            (summary.status, summary.error, summary.event_count),
            (ExecutionStatus::Completed, None, 4)
        );
    }

    #[test]
    fn a_second_start_is_a_retry() {
        let summary = fold(&[
            event("agent-start", 1, r#"{"title":"Nightly"}"#),
            event("error", 2, r#"{"message":"no"}"#),
            event("agent-start", 10, ""),
        ]);
        assert_eq!(
            (summary.status, summary.finished_at, summary.error),
            (ExecutionStatus::Running, None, None)
        );
        assert_eq!(summary.started_at, Some(Timestamp::from_millis(10)));
        assert_eq!(summary.title.as_deref(), Some("Nightly"), "what the first start said still holds");
    }

    // After a worker was killed, the one that retried its execution was called silent where it did not beat.
    #[test]
    fn a_second_start_forgets_the_heartbeats_of_a_worker_that_was_killed() {
        let mut summary = fold(&[event("agent-start", 1, "")]);
        let beats =
            AgentEventKind::Heartbeat { status: None, current_task: None, heartbeat_seconds: Some(5) };
        apply_heartbeat(&mut summary, &AgentEvent::of("a-1".into(), beats), Timestamp::from_millis(2));
        apply_event(&mut summary, &event("agent-start", 60_000, ""), Timestamp::from_millis(60_000));
        assert_eq!((summary.heartbeat_at, summary.heartbeat_seconds), (None, None));
        assert_eq!(worker_silent_since(&summary, Timestamp::from_millis(3_600_000)), None);
    }

    #[test]
    fn output_without_a_start_shows_that_it_runs() {
        let mut summary = new_summary(&"acme".into(), &"e-1".into());
        let line = ExecutionEvent { timestamp: None, ..event("output", 0, "") };
        assert!(apply_event(&mut summary, &line, Timestamp::from_millis(70)));
        assert!(
            !apply_event(&mut summary, &line, Timestamp::from_millis(80)),
            "a second line changes no list"
        );
        assert_eq!(
            (summary.status, summary.started_at),
            (ExecutionStatus::Running, Some(Timestamp::from_millis(70)))
        );
    }

    #[test]
    fn a_lone_end_with_a_duration_says_when_it_started() {
        let summary = fold(&[event("agent-complete", 5000, r#"{"durationMs":4000}"#)]);
        assert_eq!(summary.started_at, Some(Timestamp::from_millis(1000)));
    }
}
