//! The timeline of an execution: what happened, apart from what it wrote.

use switchboard_protocol::{
    AgentCompleteData, AgentStartData, ErrorData, ExecutionEvent, ExecutionEventKind, NamedEntity,
    ProgressData, Timestamp, ToolCallData,
};

/// How much of an unknown event's data a timeline shows, in characters.
const DETAIL_CHARACTERS: usize = 240;

/// One row of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineItem {
    /// When it happened.
    pub at: Timestamp,
    /// What kind of event it was.
    pub kind: ExecutionEventKind,
    /// What happened, in a few words.
    pub title: String,
    /// More about it.
    pub detail: Option<String>,
    /// How much is done, 0 to 1, where the event is about progress.
    pub fraction: Option<f64>,
}

impl TimelineItem {
    /// The row that an event adds; `None` for what belongs to the output stream.
    pub(crate) fn read(event: &ExecutionEvent, at: Timestamp) -> Option<Self> {
        // Most events are output, so their data is not looked into for nothing.
        if matches!(event.kind, ExecutionEventKind::Output | ExecutionEventKind::Log) {
            return None;
        }
        let object = event.data.as_ref().and_then(switchboard_protocol::Json::object);
        let object = object.as_ref();
        let verbatim = || event.data.as_ref().map(|data| shorten(data.text()));
        let (title, detail, fraction) = match &event.kind {
            ExecutionEventKind::Output | ExecutionEventKind::Log => return None,
            ExecutionEventKind::AgentStart => {
                let data = object.map(AgentStartData::read).unwrap_or_default();
                return Some(Self::started(at, data.agent.as_ref(), data.title));
            }
            ExecutionEventKind::AgentComplete => {
                let data = object.map(AgentCompleteData::read).unwrap_or_default();
                let code = data.exit_code.map(|code| format!("exit code {code}"));
                let took = data.duration_ms.map(|ms| format!("took {}", duration_text(ms)));
                let parts: Vec<String> = [data.summary, code, took].into_iter().flatten().collect();
                ("Completed".into(), (!parts.is_empty()).then(|| parts.join(" · ")), None)
            }
            ExecutionEventKind::Error => {
                let message = object.map(ErrorData::read).and_then(|error| error.message);
                ("Error".into(), message.or_else(verbatim), None)
            }
            ExecutionEventKind::ToolCall => {
                let tool = object.and_then(ToolCallData::read).map(|data| data.tool.into_owned());
                (
                    tool.map_or_else(|| "Tool call".into(), |tool| format!("Tool call: {tool}")),
                    verbatim(),
                    None,
                )
            }
            ExecutionEventKind::Progress => {
                let data = object.map(ProgressData::read).unwrap_or_default();
                let count = match (data.current, data.total) {
                    (Some(current), Some(total)) => Some(format!("{current} of {total}")),
                    (Some(current), None) => Some(current.to_string()),
                    _ => data.fraction.map(|fraction| format!("{:.0} %", fraction * 100.0)),
                };
                let parts: Vec<String> = [count, data.message].into_iter().flatten().collect();
                ("Progress".into(), (!parts.is_empty()).then(|| parts.join(" · ")), data.fraction)
            }
            ExecutionEventKind::Other(name) => (name.to_string(), verbatim(), None),
        };
        Some(Self { at, kind: event.kind.clone(), title, detail, fraction })
    }

    /// The row of a start.
    pub(crate) fn started(at: Timestamp, agent: Option<&NamedEntity>, title: Option<String>) -> Self {
        let kind = ExecutionEventKind::AgentStart;
        let started = agent.map_or_else(|| "Started".into(), |agent| format!("{} started", agent.name));
        Self { at, kind, title: started, detail: title, fraction: None }
    }

    /// Whether this row takes the place of `earlier` instead of standing below it: progress after progress.
    pub(crate) fn replaces(&self, earlier: &Self) -> bool {
        self.kind == ExecutionEventKind::Progress && earlier.kind == ExecutionEventKind::Progress
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(DETAIL_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A duration in words of the two largest units: `850 ms`, `4.2 s`, `3 m 07 s`, `2 h 05 m`, `3 d 04 h`.
pub fn duration_text(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let told =
            [(0, "0 ms"), (999, "999 ms"), (4250, "4.2 s"), (187_000, "3 m 07 s"), (7_500_000, "2 h 05 m")];
        for (milliseconds, words) in told {
            assert_eq!(duration_text(milliseconds), words);
        }
        assert_eq!(duration_text(3 * 86_400_000 + 4 * 3_600_000), "3 d 04 h");
    }

    #[test]
    fn a_long_payload_is_cut_between_characters() {
        assert_eq!(shorten(&"ü".repeat(300)).chars().count(), DETAIL_CHARACTERS + 1);
    }
}
