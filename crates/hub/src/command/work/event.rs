//! The events of one run, as the lines that are posted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde::Serialize;
use switchboard_protocol::{ExecutionEventKind, ExecutionId, OrganizationId, OutputStream, Timestamp};

/// One event, encoded and ready to be posted.
#[derive(Debug, Clone)]
pub struct Event {
    /// The report as JSON on one line.
    pub line: Box<str>,
    /// What it is, as far as that decides what may become of it.
    pub kind: Kind,
}

/// What may become of an event.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A line of output: it may be dropped where there is no room, and a notice of these events says so.
    Output(Arc<Events>),
    /// A turning point: it is kept.
    Lifecycle,
    /// How an agent is now: worth nothing once there is a later one, and neither counted nor missed.
    Beat,
}

impl Event {
    /// Whether it is a line of output.
    pub fn is_output(&self) -> bool {
        matches!(self.kind, Kind::Output(_))
    }

    /// Whether it is only worth something while it is the latest.
    pub fn is_beat(&self) -> bool {
        matches!(self.kind, Kind::Beat)
    }
}

/// Makes the events of one execution.
#[derive(Debug)]
pub struct Events {
    execution: ExecutionId,
    organization: Option<OrganizationId>,
    /// What all ids of this run begin with. Not the execution's id, which two runs may share.
    prefix: String,
    next: AtomicU64,
}

impl Events {
    /// The events of `execution`, with ids of their own.
    pub fn new(execution: ExecutionId, organization: Option<OrganizationId>) -> Self {
        let prefix = uuid::Uuid::now_v7().simple().to_string();
        Self { execution, organization, prefix, next: AtomicU64::new(1) }
    }

    /// The execution that they belong to.
    pub fn execution(&self) -> &ExecutionId {
        &self.execution
    }

    /// A line that the command wrote.
    pub fn output(self: &Arc<Self>, text: &str, stream: OutputStream, at: Timestamp) -> Event {
        #[derive(Serialize)]
        struct Output<'a> {
            text: &'a str,
            stream: &'static str,
        }
        let line = self.encode(&ExecutionEventKind::Output, at, &Output { text, stream: stream.as_str() });
        Event { line, kind: Kind::Output(Arc::clone(self)) }
    }

    /// Any other event: one that is never dropped.
    pub fn lifecycle(&self, kind: &ExecutionEventKind, at: Timestamp, data: &impl Serialize) -> Event {
        Event { line: self.encode(kind, at, data), kind: Kind::Lifecycle }
    }

    /// Says that `lines` lines of output are missing here.
    pub fn dropped(&self, lines: u64, at: Timestamp) -> Event {
        #[derive(Serialize)]
        struct Log {
            level: &'static str,
            message: String,
        }
        let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        let message = format!(
            "{lines} of output dropped here: the hub was unreachable or too slow, and the buffer full"
        );
        self.lifecycle(&ExecutionEventKind::Log, at, &Log { level: "warn", message })
    }

    fn encode(&self, kind: &ExecutionEventKind, at: Timestamp, data: &impl Serialize) -> Box<str> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Report<'a, D> {
            id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            organization_id: Option<&'a OrganizationId>,
            r#type: &'static str,
            execution_id: &'a ExecutionId,
            event: Body<'a, D>,
        }
        #[derive(Serialize)]
        struct Body<'a, D> {
            id: &'a str,
            r#type: &'a str,
            timestamp: Timestamp,
            data: &'a D,
        }
        let id = format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        let event = Body { id: &id, r#type: kind.as_str(), timestamp: at, data };
        let report = Report {
            id: &id,
            organization_id: self.organization.as_ref(),
            r#type: "event",
            execution_id: &self.execution,
            event,
        };
        // Strings and numbers under string keys: there is nothing here that JSON cannot write.
        serde_json::to_string(&report).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{Frame, Object, OutputData, decode};

    use super::*;
    use crate::clock::now;

    #[test]
    fn an_event_is_a_frame_with_an_id_that_makes_it_idempotent() {
        let events = Arc::new(Events::new("e-1".into(), Some("acme".into())));
        let at = Timestamp::from_millis(1_774_958_400_123);
        let line = events.output("say \"hi\"\u{2028}", OutputStream::Stderr, at).line;

        let envelope = decode(&line).unwrap();
        assert_eq!(envelope.organization_id, Some("acme".into()));
        let Frame::ExecutionEvent(frame) = envelope.frame else { panic!("{line}") };
        assert_eq!(frame.execution_id, "e-1".into());
        assert_eq!(frame.event.kind, ExecutionEventKind::Output);
        assert_eq!(frame.event.timestamp, Some(at));
        let data = frame.event.data.unwrap();
        let object = data.object().unwrap();
        let output = OutputData::read(&object).unwrap();
        assert_eq!((&*output.text, output.stream), ("say \"hi\"\u{2028}", OutputStream::Stderr));

        let id = Object::parse(&line).unwrap().text("id").unwrap().into_owned();
        assert_eq!(frame.event.id, Some(id.as_str().into()));
        let again = events.output("say", OutputStream::Stderr, at).line;
        assert_ne!(Object::parse(&again).unwrap().text("id").unwrap(), id);
    }

    /// Two runs that share an execution once had the same event ids, and the hub took the second for a repetition.
    #[test]
    fn two_runs_of_one_execution_share_no_id() {
        let id = |events: &Events| {
            let line = events.dropped(1, now()).line;
            Object::parse(&line).unwrap().text("id").unwrap().into_owned()
        };
        assert_ne!(id(&Events::new("e".into(), None)), id(&Events::new("e".into(), None)));
    }
}
