//! What the tests report, and how they read it back.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use switchboard_protocol::{
    Envelope, ExecutionEvent, ExecutionEventKind, ExecutionFrame, Frame, Json, OrganizationId, Timestamp,
    rest::{ExecutionChanged, ExecutionSummary},
};

use crate::{Entry, Fold, Report, Store};

/// The organization that most tests report to.
pub(super) fn acme() -> OrganizationId {
    "acme".into()
}

/// A report for everybody in the organization, from which nothing is derived.
pub(super) fn note(text: &str) -> Report {
    Report { id: None, body: format!(r#"{{"type":"note","text":"{text}"}}"#).into(), fold: None }
}

/// The same with an id.
pub(super) fn note_with_id(id: &str) -> Report {
    Report { id: Some(id.to_owned()), ..note(id) }
}

/// An event of an execution, as the hub hands it on: with id and timestamp.
pub(super) fn event(execution: &str, number: u32, kind: &str, data: Option<&str>) -> Report {
    let event = ExecutionEvent {
        id: Some(format!("{execution}-{number}").into()),
        kind: ExecutionEventKind::from(kind),
        timestamp: Some(Timestamp::from_millis(1_774_958_400_000 + i64::from(number))),
        data: data.map(|data| Json::from_text(data.to_owned()).unwrap()),
    };
    let frame = ExecutionFrame { execution_id: execution.into(), event };
    let body = Envelope::unsequenced(Frame::ExecutionEvent(frame.clone())).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::Execution(frame)) }
}

/// The first event of an execution, with a title.
pub(super) fn start(execution: &str, title: &str) -> Report {
    let data = format!(
        r#"{{"title":"{title}","agent":{{"id":"a-7","name":"Crawler"}},"department":{{"id":"d-1","name":"Märkte"}}}}"#
    );
    event(execution, 0, "agent-start", Some(&data))
}

/// A line of output.
pub(super) fn output(execution: &str, number: u32) -> Report {
    event(execution, number, "output", Some(&format!(r#"{{"text":"line {number}"}}"#)))
}

/// The whole log from `after` on, read in pages of an odd size.
pub(super) async fn read_all(
    store: &Arc<dyn Store>,
    organization: &OrganizationId,
    after: u64,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let last = entries.last().map_or(after, |entry| entry.seq);
        let page = store.read(organization.clone(), last, 37).await.unwrap();
        assert!(page.len() <= 37, "a page is larger than asked for");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

/// Asserts that the numbers run from `first` on without a gap.
pub(super) fn assert_gapless(entries: &[Entry], first: u64) {
    for (entry, expected) in entries.iter().zip(first..) {
        assert_eq!(entry.seq, expected, "the log has a gap or a double");
    }
}

/// The bodies, in order.
pub(super) fn bodies(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| &*entry.body).collect()
}

/// What a derived entry tells, or `None` for a report.
pub(super) fn announced(entry: &Entry) -> Option<ExecutionSummary> {
    match switchboard_protocol::decode(&entry.body).unwrap().frame {
        Frame::DashboardUpdate(update) => {
            ExecutionChanged::read(&update.data).map(|changed| changed.execution)
        }
        _ => None,
    }
}

/// The event in an entry, or `None` where it is no execution's.
pub(super) fn event_of(entry: &Entry) -> Option<ExecutionEvent> {
    match switchboard_protocol::decode(&entry.body).unwrap().frame {
        Frame::ExecutionEvent(frame) => Some(frame.event),
        _ => None,
    }
}

/// The wall clock's time.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// A time that is later than what was stored before the call, and earlier than what is stored after it.
pub(super) async fn moment_between() -> Timestamp {
    let started = now();
    while now().millis_since(started) < 2 {
        tokio::task::yield_now().await;
    }
    let between = now();
    while now() <= between {
        tokio::task::yield_now().await;
    }
    between
}
