//! One frame as it went over the wire, for a person who inspects it.

use switchboard_protocol::{ClientFrame, Control, Envelope, Frame, Json, Object, Timestamp, decode};

/// How many bytes of a frame's text are kept.
pub const FRAME_TEXT_BYTES: usize = 4096;

/// How many bytes of a long frame's kind and key are kept beside its text.
const HEAD_TEXT_BYTES: usize = 512;

/// What stands in a handshake where the token was.
const HIDDEN: &str = "\"…\"";

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the server.
    Received,
    /// To the server.
    Sent,
}

impl Direction {
    /// The direction as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// One frame as it went over the wire. It never holds a token.
#[derive(Debug, Clone, PartialEq)]
pub struct WireFrame {
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// How many bytes it had.
    pub bytes: usize,
    /// Its text, or the beginning of it.
    pub text: Box<str>,
    /// What a text says that was cut: its beginning alone cannot be read.
    cut: Option<FrameHead>,
}

/// What a frame is, at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameHead {
    /// Its kind as written on the wire; a client's first frame is a `handshake`.
    pub kind: String,
    /// Its place in the log.
    pub seq: Option<u64>,
    /// What it is about: an execution, a job, a run, a task, an agent, an organization.
    pub key: String,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl WireFrame {
    /// A frame that came.
    pub fn received(at: Timestamp, text: &str) -> Self {
        let cut = (text.len() > FRAME_TEXT_BYTES).then(|| head_of_received(text).shortened());
        Self { at, direction: Direction::Received, bytes: text.len(), text: beginning(text).into(), cut }
    }

    /// A frame that came as bytes that are no text.
    pub fn received_bytes(at: Timestamp, bytes: &[u8], problem: String) -> Self {
        let shown = bytes.get(..bytes.len().min(FRAME_TEXT_BYTES)).unwrap_or_default();
        let cut = FrameHead { problem: Some(problem), ..FrameHead::default() };
        let text = String::from_utf8_lossy(shown);
        Self { at, direction: Direction::Received, bytes: bytes.len(), text: text.into(), cut: Some(cut) }
    }

    /// A frame that was sent. The token of a handshake is left out.
    pub fn sent(at: Timestamp, text: &str) -> Self {
        let cut = (text.len() > FRAME_TEXT_BYTES).then(|| head_of_sent(text).shortened());
        let shown = without_token(text);
        Self { at, direction: Direction::Sent, bytes: text.len(), text: beginning(&shown).into(), cut }
    }

    /// Whether its text is not all that went over the wire.
    pub fn is_cut(&self) -> bool {
        self.bytes > FRAME_TEXT_BYTES
    }

    /// What it is. Reads the text each time: only those frames are read that somebody looks at.
    pub fn head(&self) -> FrameHead {
        match (&self.cut, self.direction) {
            (Some(head), _) => head.clone(),
            (None, Direction::Received) => head_of_received(&self.text),
            (None, Direction::Sent) => head_of_sent(&self.text),
        }
    }

    /// The frame on one line of JSON, with its time and its direction. What is no JSON, or was cut, is text in it.
    pub fn json_line(&self) -> String {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            at: String,
            direction: &'a str,
            bytes: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            frame: Option<Json>,
            #[serde(skip_serializing_if = "Option::is_none")]
            text: Option<&'a str>,
        }
        let frame = Object::parse(&self.text).ok().and_then(|object| object.to_json().ok());
        let line = Line {
            at: self.at.to_string(),
            direction: self.direction.as_str(),
            bytes: self.bytes,
            text: frame.is_none().then_some(&*self.text),
            frame: frame.map(|frame| frame.on_one_line()),
        };
        // Strings, numbers and what has been read as JSON: there is nothing here that JSON cannot write.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

impl FrameHead {
    /// What is kept of it beside a text that is cut: either may be as long as the frame.
    fn shortened(mut self) -> Self {
        for text in [&mut self.kind, &mut self.key] {
            text.truncate(text.floor_char_boundary(HEAD_TEXT_BYTES));
            text.shrink_to_fit();
        }
        self
    }
}

/// Which frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FrameSort {
    /// All of them.
    #[default]
    All,
    /// Those that came.
    Received,
    /// Those that were sent.
    Sent,
    /// Those that came with a place in the log, or without being about the connection itself.
    Data,
    /// Those that cannot be read.
    Unreadable,
}

impl FrameSort {
    /// Every sort.
    pub const EVERY: [Self; 5] = [Self::All, Self::Received, Self::Sent, Self::Data, Self::Unreadable];

    /// The sort as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Data => "data",
            Self::Unreadable => "unreadable",
        }
    }

    /// The sort with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|sort| sort.as_str() == name)
    }
}

/// A filter over frames.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameFilter {
    /// Text that is in a frame, in small letters; empty is no filter.
    pub text: String,
    /// Which sort.
    pub sort: FrameSort,
}

impl FrameFilter {
    /// Whether it lets everything through.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a frame is shown. `head` is the frame's own.
    pub fn lets_through(&self, frame: &WireFrame, head: &FrameHead) -> bool {
        let is_of_sort = match self.sort {
            FrameSort::All => true,
            FrameSort::Received => frame.direction == Direction::Received,
            FrameSort::Sent => frame.direction == Direction::Sent,
            FrameSort::Data => {
                frame.direction == Direction::Received && head.problem.is_none() && !is_control(&head.kind)
            }
            FrameSort::Unreadable => head.problem.is_some(),
        };
        is_of_sort
            && (self.text.is_empty()
                || frame.text.to_lowercase().contains(&self.text)
                || head.kind.to_lowercase().contains(&self.text))
    }
}

fn is_control(kind: &str) -> bool {
    matches!(kind, "connection_ack" | "pong" | "resumed" | "resync" | "subscribed")
}

fn head_of_received(text: &str) -> FrameHead {
    match decode(text) {
        Ok(envelope) => FrameHead {
            kind: envelope.frame.kind().to_owned(),
            seq: seq_of(&envelope),
            key: key_of(&envelope),
            problem: None,
        },
        Err(error) => FrameHead { problem: Some(error.to_string()), ..FrameHead::default() },
    }
}

fn seq_of(envelope: &Envelope) -> Option<u64> {
    match &envelope.frame {
        Frame::Control(Control::ConnectionAck(ack)) => ack.seq,
        Frame::Control(Control::Pong(pong)) => pong.seq,
        Frame::Control(Control::Subscribed(subscribed)) => subscribed.seq,
        _ => envelope.seq,
    }
}

fn key_of(envelope: &Envelope) -> String {
    match &envelope.frame {
        Frame::Control(Control::Subscribed(subscribed)) => subscribed.execution_id.to_string(),
        Frame::Control(Control::Resumed(resumed)) => format!("{} to {}", resumed.from, resumed.to),
        Frame::Control(Control::Resync(resync)) => resync.reason.as_str().to_owned(),
        Frame::Control(Control::ConnectionAck(ack)) => ack.connection_id.clone().unwrap_or_default(),
        Frame::ExecutionEvent(event) => event.execution_id.to_string(),
        Frame::JobEvent(job) => job.job_id.to_string(),
        Frame::ScrapeProgress(progress) => progress.run_id.to_string(),
        Frame::TaskResult(result) => result.task_id.to_string(),
        Frame::AgentEvent(agent) => agent.agent_id.to_string(),
        _ => envelope.organization().map(ToString::to_string).unwrap_or_default(),
    }
}

fn head_of_sent(text: &str) -> FrameHead {
    let (kind, key) = match ClientFrame::decode(text) {
        Ok(ClientFrame::Handshake(handshake)) => {
            ("handshake".into(), handshake.organization_id.map(|id| id.to_string()).unwrap_or_default())
        }
        Ok(ClientFrame::Subscribe(execution)) => ("subscribe".into(), execution.to_string()),
        Ok(ClientFrame::Unsubscribe(execution)) => ("unsubscribe".into(), execution.to_string()),
        Ok(ClientFrame::Ping) => ("ping".into(), String::new()),
        Ok(ClientFrame::Unknown(kind)) => (kind.into(), String::new()),
        Err(error) => return FrameHead { problem: Some(error.to_string()), ..FrameHead::default() },
    };
    FrameHead { kind, key, ..FrameHead::default() }
}

/// A client's frame without its token. What cannot be read is not shown at all, because it may hold one.
fn without_token(text: &str) -> String {
    let Ok(mut object) = Object::parse(text) else { return String::new() };
    if !object.has("token") {
        return text.to_owned();
    }
    let hidden = Json::from_text(HIDDEN.to_owned());
    let shown = hidden.and_then(|hidden| {
        object.set("token", &hidden);
        object.to_json()
    });
    shown.map(|json| json.text().to_owned()).unwrap_or_default()
}

/// As much of a text as is kept, up to the end of a character.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(FRAME_TEXT_BYTES)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn head(kind: &str, seq: Option<u64>, key: &str) -> FrameHead {
        FrameHead { kind: kind.into(), seq, key: key.into(), problem: None }
    }

    #[test]
    fn a_frame_is_told_by_its_kind_its_place_and_what_it_is_about() {
        let frames = [
            (
                r#"{"seq":3,"type":"event","executionId":"e-1","event":{"id":"1","type":"log"}}"#,
                head("event", Some(3), "e-1"),
            ),
            (r#"{"type":"pong","seq":9,"delivered":2}"#, head("pong", Some(9), "")),
            (r#"{"type":"resumed","from":4,"to":9}"#, head("resumed", None, "4 to 9")),
            (
                r#"{"seq":5,"event":"dashboard:update","data":{"organizationId":"acme"}}"#,
                head("dashboard:update", Some(5), "acme"),
            ),
            (r#"{"type":"news"}"#, head("news", None, "")),
        ];
        for (text, expected) in frames {
            assert_eq!(WireFrame::received(at(), text).head(), expected);
        }
        let broken = WireFrame::received(at(), "{").head();
        assert!(broken.problem.is_some_and(|problem| problem.contains("not JSON")));
    }

    #[test]
    fn a_token_is_never_kept() {
        let text =
            r#"{"token":"s3cret-key","organizationId":"acme","resume":{"epoch":"e","seq":7},"batch":true}"#;
        let frame = WireFrame::sent(at(), text);
        assert_eq!(
            &*frame.text,
            r#"{"organizationId":"acme","resume":{"epoch":"e","seq":7},"batch":true,"token":"…"}"#
        );
        assert_eq!(frame.head(), head("handshake", None, "acme"));
        assert!(!format!("{frame:?}{}", frame.json_line()).contains("s3cret"));
        assert_eq!(frame.bytes, text.len());
        assert_eq!(&*WireFrame::sent(at(), "s3cret-key, and no JSON").text, "");
    }

    #[test]
    fn a_long_frame_is_cut_and_still_told() {
        let text = format!(
            r#"{{"seq":3,"type":"event","executionId":"e-1","event":{{"id":"1","type":"log","data":{{"m":"{}"}}}}}}"#,
            "ä".repeat(FRAME_TEXT_BYTES)
        );
        let frame = WireFrame::received(at(), &text);
        assert!(frame.is_cut() && frame.text.len() <= FRAME_TEXT_BYTES && frame.bytes == text.len());
        assert_eq!(frame.head(), head("event", Some(3), "e-1"));
        let line: serde_json::Value = serde_json::from_str(&frame.json_line()).unwrap();
        assert!(line["text"].is_string() && line["frame"].is_null());
    }

    // The text was cut, and a kind of a quarter of a megabyte was kept beside it, a thousand times.
    #[test]
    fn a_long_kind_or_key_is_cut_as_the_text_is() {
        let long = "ä".repeat(100_000);
        let frames = [
            WireFrame::received(at(), &format!(r#"{{"type":"{long}"}}"#)),
            WireFrame::received(at(), &format!(r#"{{"type":"heartbeat","agentId":"{long}"}}"#)),
            WireFrame::sent(at(), &format!(r#"{{"type":"subscribe","executionId":"{long}"}}"#)),
        ];
        for head in frames.map(|frame| frame.head()) {
            assert!(head.kind.len() + head.key.len() <= 1_024, "{}", head.kind.len() + head.key.len());
            assert!(head.problem.is_none() && !head.kind.is_empty());
        }
    }

    #[test]
    fn a_frame_is_copied_as_one_line_of_json() {
        let line = WireFrame::received(at(), "{\n \"type\": \"pong\"\n}").json_line();
        assert_eq!(
            line,
            r#"{"at":"1970-01-01T00:00:00.000Z","direction":"received","bytes":19,"frame":{"type":"pong"}}"#
        );
    }

    #[test]
    fn frames_are_found_by_sort_and_text() {
        let frames = [
            WireFrame::received(
                at(),
                r#"{"type":"event","executionId":"e-1","event":{"id":"1","type":"log"}}"#,
            ),
            WireFrame::received(at(), r#"{"type":"pong"}"#),
            WireFrame::received(at(), "broken"),
            WireFrame::sent(at(), r#"{"type":"ping"}"#),
        ];
        let found = |text: &str, sort| {
            let filter = FrameFilter { text: text.into(), sort };
            frames.iter().map(|frame| filter.lets_through(frame, &frame.head())).collect::<Vec<_>>()
        };
        assert_eq!(found("", FrameSort::All), [true; 4]);
        assert_eq!(found("", FrameSort::Received), [true, true, true, false]);
        assert_eq!(found("", FrameSort::Sent), [false, false, false, true]);
        assert_eq!(found("", FrameSort::Data), [true, false, false, false]);
        assert_eq!(found("", FrameSort::Unreadable), [false, false, true, false]);
        assert_eq!(found("e-1", FrameSort::All), [true, false, false, false]);
        assert_eq!(found("ping", FrameSort::Received), [false; 4]);
    }

    proptest! {
        #[test]
        fn any_text_is_kept_within_bounds_and_copied_as_json(text in "\\PC{0,6000}", sent in any::<bool>()) {
            let frame = if sent { WireFrame::sent(at(), &text) } else { WireFrame::received(at(), &text) };
            prop_assert!(frame.text.len() <= FRAME_TEXT_BYTES);
            let _ = frame.head();
            let line = frame.json_line();
            prop_assert!(!line.contains('\n'));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        }
    }
}
