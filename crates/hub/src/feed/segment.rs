//! A run of frames, encoded once and shared by every connection that sends it.

use std::{
    collections::HashSet,
    fmt::Write as _,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use switchboard_protocol::{ExecutionId, Frame, RunId, ScrapePhase};
use switchboard_store::Entry;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A segment ends with the frame that makes it this long, so that one message of a batch stays small enough to
/// be parsed within a display frame, and what a connection holds stays bounded. A longer frame stands alone.
pub const SEGMENT_BYTES: usize = 64 * 1024;

/// The executions whose events a connection asked for.
pub type Interest = HashSet<ExecutionId>;

/// Frames of one organization that follow each other in its log, as they go over the wire, separated by newlines.
#[derive(Debug)]
pub struct Segment {
    text: Utf8Bytes,
    frames: Box<[FrameAt]>,
    /// The executions that have events in here, each once.
    executions: Box<[ExecutionId]>,
    last: u64,
    /// The frames about scrape runs, found when somebody first asks for them.
    scrapes: OnceLock<Box<[ScrapeAt]>>,
}

/// A frame about a scrape run.
#[derive(Debug)]
pub struct ScrapeAt {
    /// Its place in the log.
    pub seq: u64,
    /// Which run it is about.
    pub run: RunId,
    /// Whether it ends the run.
    pub is_end: bool,
    /// The frame, shared.
    pub text: Bytes,
}

/// Where one frame stands. It begins one byte after the end of the one before.
#[derive(Debug)]
struct FrameAt {
    seq: u64,
    end: usize,
    /// Which of the segment's executions it is for; `None` is for everybody.
    execution: Option<u32>,
}

impl Segment {
    /// Encodes entries, cut into segments. Entries that follow each other give segments that do.
    pub fn encode(entries: &[Entry]) -> Vec<Arc<Self>> {
        let mut segments = Vec::new();
        let mut rest = entries;
        while !rest.is_empty() {
            let (segment, taken) = Self::encode_one(rest);
            segments.push(Arc::new(segment));
            rest = rest.get(taken..).unwrap_or_default();
        }
        segments
    }

    /// Encodes entries until the segment is full; answers how many there are in it, at least one.
    fn encode_one(entries: &[Entry]) -> (Self, usize) {
        let mut text = String::new();
        let mut frames = Vec::new();
        let mut executions: Vec<ExecutionId> = Vec::new();
        for entry in entries {
            let length = entry.body.len() + "{\"seq\":18446744073709551615,\n".len();
            if !frames.is_empty() && text.len() + length > SEGMENT_BYTES {
                break;
            }
            if !frames.is_empty() {
                text.push('\n');
            }
            write_frame(&mut text, entry);
            let execution = entry.execution_id.as_ref().map(|id| position(&mut executions, id));
            frames.push(FrameAt { seq: entry.seq, end: text.len(), execution });
        }
        let taken = frames.len();
        text.shrink_to_fit();
        let segment = Self {
            last: frames.last().map_or(0, |frame| frame.seq),
            text: text.into(),
            frames: frames.into(),
            executions: executions.into(),
            scrapes: OnceLock::new(),
        };
        (segment, taken.max(1))
    }

    /// The sequence number of its last frame.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The sequence number of its first frame.
    pub fn first(&self) -> u64 {
        self.frames.first().map_or(0, |frame| frame.seq)
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// How many frames it has.
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// The whole text: frames separated by newlines. Cloning shares it.
    pub fn text(&self) -> &Utf8Bytes {
        &self.text
    }

    /// Whether a connection at `cursor` may be sent the whole segment as it stands.
    pub fn is_whole_for(&self, cursor: u64, interest: &Interest) -> bool {
        cursor < self.first() && self.executions.iter().all(|execution| interest.contains(execution))
    }

    /// The first frame from the position `from` on that a connection at `cursor` is sent: the position after it,
    /// its sequence number, and its text, shared.
    pub fn next_for(&self, from: usize, cursor: u64, interest: &Interest) -> Option<(usize, u64, Bytes)> {
        let rest = self.frames.get(from..)?;
        let skipped = rest.iter().position(|frame| frame.seq > cursor && self.is_wanted(frame, interest))?;
        let index = from + skipped;
        let frame = self.frames.get(index)?;
        let start =
            index.checked_sub(1).and_then(|before| self.frames.get(before)).map_or(0, |frame| frame.end + 1);
        let bytes: &Bytes = self.text.as_ref();
        Some((index + 1, frame.seq, bytes.slice(start..frame.end)))
    }

    /// Its frames about scrape runs. They are looked for once, whoever asks how often, and not at all where nobody does.
    pub fn scrapes(&self) -> &[ScrapeAt] {
        self.scrapes.get_or_init(|| {
            if !names_a_scrape(&self.text) {
                return Box::default();
            }
            let none = Interest::new();
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some((next, seq, text)) = self.next_for(from, 0, &none) {
                from = next;
                found.extend(
                    std::str::from_utf8(&text).ok().and_then(scrape).map(|(run, is_end)| ScrapeAt {
                        seq,
                        run,
                        is_end,
                        text: text.clone(),
                    }),
                );
            }
            found.into()
        })
    }

    fn is_wanted(&self, frame: &FrameAt, interest: &Interest) -> bool {
        let Some(execution) = frame.execution else { return true };
        let execution = usize::try_from(execution).ok().and_then(|index| self.executions.get(index));
        execution.is_some_and(|execution| interest.contains(execution))
    }
}

/// `{"seq":N,` and what follows the opening brace of the stored frame.
fn write_frame(text: &mut String, entry: &Entry) {
    let body = entry.body.trim_start().strip_prefix('{').unwrap_or("}");
    let comma = if body.trim_start().starts_with('}') { "" } else { "," };
    // Writing to a string does not fail.
    let _ = write!(text, "{{\"seq\":{}{comma}{body}", entry.seq);
}

/// Whether text may hold a frame about a scrape run. The hub stores their type in this one spelling.
fn names_a_scrape(text: &str) -> bool {
    text.contains("\"scrape_progress\"")
}

/// Which run a frame is about, and whether it ends it; `None` for a frame about something else.
fn scrape(text: &str) -> Option<(RunId, bool)> {
    if !names_a_scrape(text) {
        return None;
    }
    let Frame::ScrapeProgress(progress) = switchboard_protocol::decode(text).ok()?.frame else { return None };
    let is_end = progress.platform.is_none() && progress.phase.is_some_and(ScrapePhase::is_final);
    Some((progress.run_id, is_end))
}

/// The place of `id` in `executions`, where it is put if it is not there. Events of one execution come in runs,
/// so the search from the end finds it at once.
fn position(executions: &mut Vec<ExecutionId>, id: &ExecutionId) -> u32 {
    let index = executions.iter().rposition(|known| known == id).unwrap_or_else(|| {
        executions.push(id.clone());
        executions.len() - 1
    });
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn entry(seq: u64, execution: Option<&str>, body: &str) -> Entry {
        Entry { seq, execution_id: execution.map(Into::into), body: body.into() }
    }

    fn frames_for(segment: &Segment, cursor: u64, interest: &[&str]) -> Vec<String> {
        let interest = interest.iter().map(|id| ExecutionId::from(*id)).collect();
        let mut frames = Vec::new();
        let mut from = 0;
        while let Some((next, _, bytes)) = segment.next_for(from, cursor, &interest) {
            frames.push(String::from_utf8(bytes.to_vec()).unwrap());
            from = next;
        }
        frames
    }

    #[test]
    fn each_connection_gets_the_frames_after_its_cursor_that_are_for_it() {
        let entries = [
            entry(7, None, r#"{"type":"heartbeat"}"#),
            entry(8, Some("e-1"), r#"{"type":"event"}"#),
            entry(9, Some("e-2"), "{}"),
        ];
        let segments = Segment::encode(&entries);
        assert_eq!(segments.len(), 1);
        let segment = &segments[0];
        let (first, second, third) =
            (r#"{"seq":7,"type":"heartbeat"}"#, r#"{"seq":8,"type":"event"}"#, r#"{"seq":9}"#);
        assert_eq!(segment.text().as_str(), format!("{first}\n{second}\n{third}"));
        assert_eq!(frames_for(segment, 6, &[]), [first]);
        assert_eq!(frames_for(segment, 6, &["e-1"]), [first, second]);
        assert_eq!(frames_for(segment, 7, &["e-2"]), [third]);
        assert!(frames_for(segment, 9, &["e-2"]).is_empty());
        let both = ["e-1", "e-2"].into_iter().map(ExecutionId::from).collect();
        assert!(segment.is_whole_for(6, &both));
        assert!(!segment.is_whole_for(7, &both), "its first frame is known already");
        assert!(!segment.is_whole_for(6, &Interest::new()));
    }

    #[test]
    fn frames_about_scrape_runs_are_found_among_others() {
        let entries = [
            entry(7, None, r#"{"type":"heartbeat","agentId":"scrape_progress"}"#),
            entry(
                8,
                None,
                r#"{"type":"scrape_progress","runId":"r-1","phase":"completed","platform":"a.test"}"#,
            ),
            entry(
                9,
                Some("e-1"),
                r#"{"type":"event","executionId":"e-1","event":{"type":"scrape_progress"}}"#,
            ),
            entry(10, None, r#"{"type":"scrape_progress","runId":"r-2","phase":"failed"}"#),
        ];
        let segments = Segment::encode(&entries);
        let found: Vec<_> = segments[0]
            .scrapes()
            .iter()
            .map(|scrape| (scrape.seq, scrape.run.as_str(), scrape.is_end))
            .collect();
        assert_eq!(found, [(8, "r-1", false), (10, "r-2", true)]);
        assert_eq!(
            segments[0].scrapes()[1].text,
            r#"{"seq":10,"type":"scrape_progress","runId":"r-2","phase":"failed"}"#
        );
    }

    #[test]
    fn segments_stay_small_and_a_large_frame_stands_alone() {
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(3 * SEGMENT_BYTES));
        let small = format!("{{\"x\":\"{}\"}}", "x".repeat(SEGMENT_BYTES / 3));
        let bodies = [&small, &small, &small, &large, &small];
        let entries: Vec<_> = (1..).zip(bodies).map(|(seq, body)| entry(seq, None, body)).collect();
        let segments = Segment::encode(&entries);
        let spans: Vec<_> = segments.iter().map(|segment| (segment.first(), segment.last())).collect();
        assert_eq!(spans, [(1, 2), (3, 3), (4, 4), (5, 5)]);
        assert!(segments.iter().all(|segment| segment.frame_count() == 1 || segment.len() <= SEGMENT_BYTES));
    }
}
