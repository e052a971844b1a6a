//! What a connection is sent next: frames after its cursor, as messages in the form that its client asked for.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::feed::{CatchingUp, CaughtUp, Interest, Next, Reader, SEGMENT_BYTES, Segment};

/// How a client wants frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Several frames in one message, separated by newlines.
    pub batch: bool,
    /// The text as binary messages.
    pub binary: bool,
}

/// The frames of a connection, one message after the other.
pub struct Outbox {
    reader: Reader,
    interest: Interest,
    form: Form,
    /// Segments that are being sent; the cursor is inside the first, or before it.
    segments: VecDeque<Arc<Segment>>,
    /// Where to go on in the first segment.
    position: usize,
    delivered: u64,
}

/// The next step of a connection.
#[derive(Debug)]
pub enum Step {
    /// A message to send.
    Send(Message),
    /// Nothing, until the feed grows.
    Wait,
    /// The log itself must be read first: [`Outbox::catch_up`].
    CatchUp,
}

impl Outbox {
    /// The frames after the reader's cursor.
    pub fn new(reader: Reader, interest: Interest, form: Form) -> Self {
        Self { reader, interest, form, segments: VecDeque::new(), position: 0, delivered: 0 }
    }

    /// Up to which sequence number everything that is for this connection was sent.
    pub fn cursor(&self) -> u64 {
        self.reader.cursor()
    }

    /// How many sequenced frames were sent.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The executions whose events are sent.
    pub fn interest(&mut self) -> &mut Interest {
        &mut self.interest
    }

    /// Whether [`Self::step`] may have something to send.
    pub fn has_more(&self) -> bool {
        !self.segments.is_empty() || self.reader.has_more()
    }

    /// Waits until the feed has grown.
    pub async fn changed(&mut self) {
        self.reader.changed().await;
    }

    /// Takes the next message out. It counts as sent.
    pub fn step(&mut self) -> Step {
        loop {
            if self.segments.is_empty() {
                match self.reader.next() {
                    Next::Segments(segments) => self.segments.extend(segments),
                    Next::Nothing => return Step::Wait,
                    Next::Behind => return Step::CatchUp,
                }
            }
            let message = if self.form.batch { self.next_batch() } else { self.next_frame() };
            if let Some(text) = message {
                return Step::Send(text.into_message(self.form.binary));
            }
        }
    }

    /// Reads from the log what the feed holds no more.
    pub fn catch_up(&self) -> CatchingUp {
        self.reader.catch_up()
    }

    /// Takes over what was read. Answers whether the connection can go on: not where retention has deleted what it
    /// has not seen.
    #[must_use]
    pub fn caught_up(&mut self, what: CaughtUp, reader_size: impl FnOnce(&mut Reader)) -> bool {
        reader_size(&mut self.reader);
        match what {
            CaughtUp::Segments(segments) => {
                self.segments.extend(segments);
                true
            }
            CaughtUp::Overrun => false,
        }
    }

    /// One frame.
    fn next_frame(&mut self) -> Option<Text> {
        let segment = self.segments.front()?;
        if let Some((position, seq, frame)) =
            segment.next_for(self.position, self.reader.cursor(), &self.interest)
        {
            self.position = position;
            self.reader.advance(seq);
            self.delivered += 1;
            return Some(Text::Slice(frame));
        }
        self.leave_segment();
        None
    }

    /// All frames of the segments at hand, up to [`SEGMENT_BYTES`]. A segment that goes out alone and whole is not
    /// copied.
    fn next_batch(&mut self) -> Option<Text> {
        let first = self.segments.front()?;
        let alone = self.segments.get(1).is_none_or(|second| first.len() + second.len() > SEGMENT_BYTES);
        if alone && first.is_whole_for(self.reader.cursor(), &self.interest) {
            let text = first.text().clone();
            self.delivered += first.frame_count() as u64;
            self.leave_segment();
            return Some(Text::Whole(text));
        }
        let mut joined = Vec::new();
        while let Some(segment) = self.segments.front() {
            if !joined.is_empty() && joined.len() + segment.len() > SEGMENT_BYTES {
                break;
            }
            let mut position = 0;
            while let Some((next, _, frame)) =
                segment.next_for(position, self.reader.cursor(), &self.interest)
            {
                position = next;
                if !joined.is_empty() {
                    joined.push(b'\n');
                }
                joined.extend_from_slice(&frame);
                self.delivered += 1;
            }
            self.leave_segment();
        }
        (!joined.is_empty()).then(|| Text::Slice(joined.into()))
    }

    fn leave_segment(&mut self) {
        if let Some(segment) = self.segments.pop_front() {
            self.reader.advance(segment.last());
        }
        self.position = 0;
        if self.segments.is_empty() {
            // What an idle connection holds stays small.
            self.segments.shrink_to_fit();
        }
    }
}

/// Text to send, shared with other connections.
enum Text {
    Whole(Utf8Bytes),
    Slice(Bytes),
}

impl Text {
    fn into_message(self, binary: bool) -> Message {
        match self {
            Self::Whole(text) if binary => Message::Binary(text.into()),
            Self::Whole(text) => Message::Text(text),
            Self::Slice(bytes) if binary => Message::Binary(bytes),
            // Cut from a string at the ends of frames, so it is UTF-8, and this checks it.
            Self::Slice(bytes) => {
                Utf8Bytes::try_from(bytes.clone()).map_or(Message::Binary(bytes), Message::Text)
            }
        }
    }
}
