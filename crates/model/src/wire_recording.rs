//! What is recorded of the wire while somebody watches it.

use switchboard_protocol::{DecodeError, Timestamp, frame_texts};

use crate::{Rates, Ring, Tally, WireFrame};

/// How many frames are kept.
pub const FRAMES_RECORDED: usize = 1000;

/// How many round trips are kept: as many as a chart has places.
pub const ROUND_TRIPS_RECORDED: usize = 60;

/// What came in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Frames.
    pub frames: u64,
    /// Bytes of messages.
    pub bytes: u64,
}

impl Tally for Traffic {
    fn plus(self, more: Self) -> Self {
        Self { frames: self.frames.saturating_add(more.frames), bytes: self.bytes.saturating_add(more.bytes) }
    }
}

/// The frames, the rates and the round trips since the recording began. Bounded, and dropped as a whole when nobody watches.
#[derive(Debug)]
pub struct WireRecording {
    since: Timestamp,
    frames: Ring<WireFrame>,
    rates: Rates<Traffic>,
    round_trips: Ring<u64>,
}

impl WireRecording {
    /// A recording that begins now.
    pub fn new(since: Timestamp) -> Self {
        Self {
            since,
            frames: Ring::new(FRAMES_RECORDED),
            rates: Rates::default(),
            round_trips: Ring::new(ROUND_TRIPS_RECORDED),
        }
    }

    /// A text message came, with one frame or several. Of those that would not be kept anyway only the number is.
    pub fn message(&mut self, at: Timestamp, text: &str) {
        let count = frame_texts(text).count();
        for line in frame_texts(text).skip(count.saturating_sub(FRAMES_RECORDED)) {
            self.frames.push(WireFrame::received(at, line));
        }
        self.came(at, text.len(), count);
    }

    /// A binary message came, which is text in UTF-8 or cannot be read.
    pub fn binary_message(&mut self, at: Timestamp, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.message(at, text),
            Err(error) => {
                let problem = DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() }.to_string();
                self.frames.push(WireFrame::received_bytes(at, bytes, problem));
                self.came(at, bytes.len(), 1);
            }
        }
    }

    /// A message was sent.
    pub fn sent(&mut self, at: Timestamp, text: &str) {
        self.frames.push(WireFrame::sent(at, text));
    }

    /// A ping was answered after so many milliseconds.
    pub fn round_trip(&mut self, milliseconds: u64) {
        self.round_trips.push(milliseconds);
    }

    /// Since when it records.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The latest frames.
    pub fn frames(&self) -> &Ring<WireFrame> {
        &self.frames
    }

    /// What came in the last minute, second by second.
    pub fn rates(&self) -> &Rates<Traffic> {
        &self.rates
    }

    /// The latest round trips, in milliseconds.
    pub fn round_trips(&self) -> &Ring<u64> {
        &self.round_trips
    }

    fn came(&mut self, at: Timestamp, bytes: usize, frames: usize) {
        let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
        self.rates.add(at, Traffic { frames: number(frames), bytes: number(bytes) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_many_frames_is_counted_whole_and_kept_to_its_bound() {
        let at = Timestamp::from_millis(60_000);
        let mut recording = WireRecording::new(at);
        let text = vec![r#"{"type":"news"}"#; 5_000].join("\n");
        recording.message(at, &text);
        assert_eq!(recording.frames().len(), FRAMES_RECORDED);
        let counted: Vec<_> = recording.rates().series(at).filter(|second| second.frames > 0).collect();
        assert_eq!(counted, [Traffic { frames: 5_000, bytes: u64::try_from(text.len()).unwrap() }]);
    }

    #[test]
    fn bytes_are_read_as_text_or_kept_as_what_cannot_be_read() {
        let at = Timestamp::from_millis(0);
        let mut recording = WireRecording::new(at);
        recording.binary_message(at, b"{\"type\":\"pong\"}");
        recording.binary_message(at, b"{\"type\":\xff");
        recording.sent(at, r#"{"token":"s3cret"}"#);
        let heads: Vec<_> = recording.frames().iter().map(WireFrame::head).collect();
        assert_eq!((heads[0].kind.as_str(), heads[2].kind.as_str()), ("pong", "handshake"));
        assert!(heads[1].problem.as_ref().is_some_and(|problem| problem.contains("UTF-8")));
        assert!(!format!("{recording:?}").contains("s3cret"));
    }

    #[test]
    fn round_trips_are_bounded() {
        let mut recording = WireRecording::new(Timestamp::from_millis(0));
        (0..100).for_each(|time| recording.round_trip(time));
        assert_eq!(
            (recording.round_trips().len(), recording.round_trips().last()),
            (ROUND_TRIPS_RECORDED, Some(&99))
        );
    }
}
