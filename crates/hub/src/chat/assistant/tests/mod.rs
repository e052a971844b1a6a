//! Answers from a real store.

mod bounds;
mod chat;
mod escaping;
mod executions;
mod help;
mod search;
mod status;

use std::sync::Arc;

use switchboard_protocol::{
    AgentEvent, Envelope, ExecutionEvent, ExecutionEventKind, ExecutionFrame, Frame, Json, OrganizationId,
    Timestamp,
};
use switchboard_store::{Fold, Report, SqliteOptions, SqliteStore, Store};

use super::answer;

/// The moment at which the tests ask: a Saturday.
const NOW: &str = "2026-11-21T14:30:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A store in a folder of its own.
struct Room {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
        Self { _folder: folder, store }
    }

    async fn append(&self, organization: &str, reports: Vec<Report>) {
        self.store.append(OrganizationId::from(organization), reports).await.unwrap();
    }

    /// What `acme` is answered.
    async fn ask(&self, question: &str) -> String {
        self.ask_as("acme", question).await
    }

    async fn ask_as(&self, organization: &str, question: &str) -> String {
        let reply = answer(&*self.store, &organization.into(), question, at(NOW)).await.unwrap();
        assert_eq!(reply.lane.as_deref(), Some("local"));
        assert_eq!((reply.model, reply.cost_usd, reply.files.len()), (None, None, 0));
        assert_well_formed(&reply.content);
        reply.content
    }
}

/// An answer has no raw HTML, no image and no heading, and its links stay inside the dashboard.
fn assert_well_formed(content: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    for event in Parser::new_ext(content, Options::all()) {
        match &event {
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. } | Tag::Heading { .. }) => {
                panic!("{event:?} in\n{content}")
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("/executions"), "{dest_url} in\n{content}");
            }
            _ => {}
        }
    }
}

/// An event of an execution.
fn event(execution: &str, kind: &str, time: &str, data: &str) -> Report {
    let event = ExecutionEvent {
        id: None,
        kind: ExecutionEventKind::from(kind),
        timestamp: Some(at(time)),
        data: Some(Json::from_text(data.to_owned()).unwrap()),
    };
    let frame = ExecutionFrame { execution_id: execution.into(), event };
    let body = Envelope::unsequenced(Frame::ExecutionEvent(frame.clone())).encode().unwrap();
    Report { id: None, body: body.into(), fold: Some(Fold::Execution(frame)) }
}

/// The start of an execution of the agent Crawler.
fn start(execution: &str, title: &str, time: &str) -> Report {
    let title = serde_json::to_string(title).unwrap();
    let data =
        format!(r#"{{"title":{title},"agent":{{"id":"a-7","name":"Crawler"}},"department":"Markets"}}"#);
    event(execution, "agent-start", time, &data)
}

/// Its failure with an exit code.
fn failure(execution: &str, message: &str, time: &str) -> Report {
    let message = serde_json::to_string(message).unwrap();
    event(execution, "error", time, &format!(r#"{{"message":{message},"exitCode":3}}"#))
}

/// Its good end.
fn completion(execution: &str, time: &str) -> Report {
    event(execution, "agent-complete", time, r#"{"exitCode":0}"#)
}

/// A line that it wrote.
fn output(execution: &str, text: &str, time: &str) -> Report {
    let text = serde_json::to_string(text).unwrap();
    event(execution, "output", time, &format!(r#"{{"text":{text}}}"#))
}

/// A frame for everybody in the organization.
fn frame(body: &str) -> Report {
    Report { id: None, body: body.into(), fold: None }
}

/// A frame for everybody, with what the hub lets the store fold over.
fn report(body: &str) -> Report {
    let fold = match switchboard_protocol::decode(body).unwrap().frame {
        Frame::ScrapeProgress(progress) => Some(Fold::Scrape(progress)),
        // As the hub does, it says when it was had.
        Frame::AgentEvent(event) => Some(Fold::Agent(AgentEvent { received_at: event.timestamp, ..event })),
        _ => None,
    };
    Report { fold, ..frame(body) }
}
