//! A frame as one line for a person: time, kind, subject and text.

use switchboard_model::duration_text;
use switchboard_protocol::{
    AgentCompleteData, AgentEvent, AgentEventKind, AgentStartData, AgentStatus, Envelope, ErrorData,
    ExecutionEvent, ExecutionEventKind, Frame, Json, LogData, Object, OutputData, OutputStream, ProgressData,
    ScrapePhase, ScrapeProgress, TaskOutcome, Timestamp, ToolCallData,
    rest::{ExecutionChanged, ScrapeRunChanged},
};

/// The line. `received_at` stands in for a missing time. Control characters are left out, so that no reporter can
/// steer somebody's terminal, and the line stays one.
pub fn line(envelope: &Envelope, received_at: Timestamp) -> String {
    let (at, kind, subject, text) = match &envelope.frame {
        Frame::ExecutionEvent(frame) => {
            let text = execution_event(&frame.event);
            (frame.event.timestamp, frame.event.kind.as_str().to_owned(), frame.execution_id.as_str(), text)
        }
        Frame::DashboardUpdate(update) => {
            let text = changed(&update.data).unwrap_or_else(|| verbatim(Some(&update.data)));
            (None, "dashboard:update".into(), update.organization_id.as_str(), text)
        }
        Frame::JobEvent(job) => (
            job.timestamp,
            format!("job:{}", job.kind.as_str()),
            job.job_id.as_str(),
            verbatim(job.data.as_ref()),
        ),
        Frame::ScrapeProgress(progress) => {
            (progress.timestamp, "scrape_progress".into(), progress.run_id.as_str(), scrape(progress))
        }
        Frame::TaskResult(task) => {
            let (kind, text) = match &task.outcome {
                TaskOutcome::Completed { result } => ("task.completed", verbatim(result.as_ref())),
                TaskOutcome::Failed { error, .. } => ("task.failed", error.clone().unwrap_or_default()),
            };
            (None, kind.into(), task.task_id.as_str(), text)
        }
        Frame::AgentEvent(agent) => {
            (agent.timestamp, agent.kind.as_str().to_owned(), agent.agent_id.as_str(), agent_event(agent))
        }
        Frame::Unknown(unknown) => (None, unknown.kind.to_string(), "", verbatim(Some(&unknown.raw))),
        Frame::Control(control) => (None, control.as_str().to_owned(), "", String::new()),
    };
    let line =
        joined([at.unwrap_or(received_at).to_string().as_str(), &kind, subject, &text].into_iter().map(Some));
    plain(&line)
}

/// What changed in lists, where the hub has derived that.
fn changed(data: &Json) -> Option<String> {
    if let Some(ExecutionChanged { execution, .. }) = ExecutionChanged::read(data) {
        let agent = execution.agent.as_ref().map(|agent| agent.name.as_str());
        let parts = [Some(execution.execution_id.as_str()), Some(execution.status.as_str()), agent];
        return Some(joined(parts.into_iter().chain([execution.title.as_deref()])));
    }
    let run = ScrapeRunChanged::read(data)?.scrape_run;
    let target = run.title.as_deref().or(run.targets.first().map(String::as_str));
    Some(joined([Some(run.run_id.as_str()), Some(run.phase.as_str()), target, run.message.as_deref()]))
}

/// What happened in an execution.
fn execution_event(event: &ExecutionEvent) -> String {
    let Some(object) = event.data.as_ref().and_then(Json::object) else {
        return verbatim(event.data.as_ref());
    };
    read(&event.kind, &object).unwrap_or_else(|| verbatim(event.data.as_ref()))
}

fn read(kind: &ExecutionEventKind, data: &Object<'_>) -> Option<String> {
    Some(match kind {
        ExecutionEventKind::Output => {
            let output = OutputData::read(data)?;
            match output.stream {
                OutputStream::Stdout => output.text.into_owned(),
                OutputStream::Stderr => format!("stderr: {}", output.text),
            }
        }
        ExecutionEventKind::Log => {
            let log = LogData::read(data)?;
            format!("{}: {}", log.level, log.message)
        }
        ExecutionEventKind::AgentStart => {
            let start = AgentStartData::read(data);
            let agent = start.agent.as_ref().map(|agent| agent.name.as_str());
            joined([agent, start.title.as_deref()])
        }
        ExecutionEventKind::AgentComplete => {
            let end = AgentCompleteData::read(data);
            let code = end.exit_code.map(|code| format!("exit code {code}"));
            let took = end.duration_ms.map(|milliseconds| format!("after {}", duration_text(milliseconds)));
            joined([end.summary.as_deref(), code.as_deref(), took.as_deref()])
        }
        ExecutionEventKind::Error => ErrorData::read(data).message?,
        ExecutionEventKind::ToolCall => ToolCallData::read(data)?.tool.into_owned(),
        ExecutionEventKind::Progress => {
            let progress = ProgressData::read(data);
            let share = progress.fraction.map(|fraction| format!("{:.0} %", fraction * 100.0));
            joined([share.as_deref(), progress.message.as_deref()])
        }
        ExecutionEventKind::Other(_) => return None,
    })
}

fn scrape(progress: &ScrapeProgress) -> String {
    let count = match (progress.current, progress.total) {
        (Some(current), Some(total)) => Some(format!("{current}/{total}")),
        (Some(current), None) => Some(current.to_string()),
        _ => None,
    };
    let phase = progress.phase.map(ScrapePhase::as_str);
    let some = |count: Option<u64>, what: &str| {
        count
            .filter(|count| *count > 0)
            .map(|count| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    let (items, errors) = (some(progress.items, "item"), some(progress.errors, "error"));
    joined([
        phase,
        progress.platform.as_deref(),
        count.as_deref(),
        items.as_deref(),
        errors.as_deref(),
        progress.message.as_deref(),
    ])
}

fn agent_event(agent: &AgentEvent) -> String {
    match &agent.kind {
        AgentEventKind::Heartbeat { status, current_task, .. } => {
            joined([status.map(AgentStatus::as_str), current_task.as_deref()])
        }
        AgentEventKind::Error { error } => error.clone().unwrap_or_default(),
        AgentEventKind::Started | AgentEventKind::Stopped => String::new(),
    }
}

fn verbatim(data: Option<&Json>) -> String {
    data.map(|data| data.text().to_owned()).unwrap_or_default()
}

/// What is there, with spaces between.
fn joined<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join("  ")
}

/// Text without escape sequences and line breaks.
fn plain(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let stripped = anstream::adapter::strip_str(text).to_string();
    stripped.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::decode;

    use super::*;

    #[test]
    fn every_kind_of_frame_is_one_line() {
        let received = Timestamp::from_millis(1_774_958_400_000);
        let cases = [
            (
                r#"{"type":"event","executionId":"e-1","event":{"type":"output","timestamp":"2026-01-01T00:00:00Z","data":{"text":"a\u001b[31m\nb","stream":"stderr"}}}"#,
                "2026-01-01T00:00:00.000Z  output  e-1  stderr: a b",
            ),
            (
                r#"{"type":"event","executionId":"e-1","event":{"type":"agent-complete","data":{"exitCode":0,"durationMs":4200}}}"#,
                "agent-complete  e-1  exit code 0  after 4.2 s",
            ),
            (
                r#"{"type":"event","executionId":"e-1","event":{"type":"agent-start","data":{"agent":"builder","title":"A try"}}}"#,
                "agent-start  e-1  builder  A try",
            ),
            (r#"{"type":"event","executionId":"e-1","event":{"type":"mine","data":[1]}}"#, "mine  e-1  [1]"),
            (
                r#"{"event":"job:event","data":{"jobId":"j-1","type":"progress","data":{"n":1}}}"#,
                r#"job:progress  j-1  {"n":1}"#,
            ),
            (
                r#"{"event":"update","data":{"type":"task.failed","task_id":"t-1","error":"no"}}"#,
                "task.failed  t-1  no",
            ),
            (
                r#"{"type":"scrape_progress","runId":"r-1","phase":"running","platform":"example.org","current":12,"total":40}"#,
                "scrape_progress  r-1  running  example.org  12/40",
            ),
            (
                r#"{"type":"scrape_progress","runId":"r-1","phase":"running","platform":"example.org","current":12,"total":40,"items":7,"errors":1,"bytes":9,"message":"/news","pages":[{"url":"https://example.org/"}]}"#,
                "scrape_progress  r-1  running  example.org  12/40  7 items  1 error  /news",
            ),
            (
                r#"{"event":"dashboard:update","data":{"organizationId":"acme","kind":"scrape-run","scrapeRun":{"runId":"r-1","organizationId":"acme","phase":"completed","targets":["https://example.org/"],"message":"12 pages."}}}"#,
                "dashboard:update  acme  r-1  completed  https://example.org/  12 pages.",
            ),
            (
                r#"{"type":"heartbeat","agentId":"a-1","status":"idle","currentTask":"none"}"#,
                "heartbeat  a-1  idle  none",
            ),
            (
                r#"{"event":"dashboard:update","data":{"organizationId":"acme","kind":"execution","execution":{"executionId":"e-1","status":"running","title":"A try"}}}"#,
                "dashboard:update  acme  e-1  running  A try",
            ),
            (r#"{"type":"new","a":1}"#, r#"new  {"type":"new","a":1}"#),
        ];
        for (frame, expected) in cases {
            let shown = line(&decode(frame).unwrap(), received);
            let expected = if expected.starts_with("2026") {
                expected.to_owned()
            } else {
                format!("{received}  {expected}")
            };
            assert_eq!(shown, expected);
        }
    }
}
