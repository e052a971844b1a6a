//! The output stream of an execution: what it wrote and what it logged, line by line.

use switchboard_protocol::{
    ExecutionEvent, ExecutionEventKind, LogData, OutputData, OutputStream, Timestamp,
};

/// One line of an execution's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// When it was written.
    pub at: Timestamp,
    /// Where it came from.
    pub source: LineSource,
    /// The line, without its line break.
    pub text: Box<str>,
}

/// Where a line came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineSource {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A log message of this level, as written.
    Log(Box<str>),
}

impl OutputLine {
    /// The lines that an event adds: those of an `output` or a `log` event, and none of any other.
    /// An `output` whose data is a plain string, or has no text, is shown as it is.
    pub(crate) fn read(event: &ExecutionEvent, at: Timestamp, mut push: impl FnMut(Self)) {
        let Some(data) = &event.data else { return };
        let object = data.object();
        let (source, text) = match event.kind {
            ExecutionEventKind::Output => match object.as_ref().and_then(OutputData::read) {
                Some(OutputData { text, stream: OutputStream::Stderr }) => (LineSource::Stderr, text),
                Some(OutputData { text, stream: OutputStream::Stdout }) => (LineSource::Stdout, text),
                None => (LineSource::Stdout, verbatim(data)),
            },
            ExecutionEventKind::Log => match object.as_ref().and_then(LogData::read) {
                Some(LogData { level, message }) => (LineSource::Log(level.as_ref().into()), message),
                None => (LineSource::Log("info".into()), verbatim(data)),
            },
            _ => return,
        };
        // A reporter may write several lines as one event. A final line break ends a line and starts none.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        for line in text.split('\n') {
            let text = line.strip_suffix('\r').unwrap_or(line).into();
            push(Self { at, source: source.clone(), text });
        }
    }
}

fn verbatim(data: &switchboard_protocol::Json) -> std::borrow::Cow<'_, str> {
    data.read::<String>().map_or_else(|_| data.text().into(), Into::into)
}
