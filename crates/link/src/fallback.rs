//! What takes over for scrape progress while the socket fails: event streams, as a pure state machine.
//!
//! The socket and an event stream are two cursors on the same log. Whichever is ahead delivers, and what the other
//! brings again is dropped here, at one place, so that nobody behind it can tell which of the two feeds them:
//!
//! * A stream is opened where three connections in a row have failed ([`LinkStatus::fallback_active`]), after the
//!   place up to which everything is known. It is closed when the socket is back **and** has come to where the stream
//!   was: make before break.
//! * A frame of the socket is [admitted](Fallback::admit) unless a stream has brought it; a frame of a stream is handed out
//!   unless the socket or another stream has.
//! * Each opening has a generation; what an earlier one still says is ignored.
//!
//! [`LinkStatus::fallback_active`]: crate::LinkStatus::fallback_active

mod stream;

use switchboard_protocol::{DecodeError, Envelope, Frame, RunId, ScrapePhase, decode};

use self::stream::{Phase, Stream};
use crate::{Backoff, LinkState, LinkStatus, Moment};

/// Which runs a stream tells of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All runs of the organization.
    All,
    /// One run.
    Run(RunId),
}

impl Scope {
    fn covers(&self, run: &RunId) -> bool {
        match self {
            Self::All => true,
            Self::Run(own) => own == run,
        }
    }
}

/// How the socket stands, as far as this matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SocketView {
    /// Whether it is up and has proven itself.
    pub connected: bool,
    /// Whether anybody wants it: not so after `disconnect`, and when the page is left.
    pub wanted: bool,
    /// Whether another transport should take over.
    pub fallback: bool,
    /// The newest sequence number that is behind it.
    pub cursor: Option<u64>,
}

impl From<&LinkStatus> for SocketView {
    fn from(status: &LinkStatus) -> Self {
        Self {
            connected: status.state == LinkState::Connected,
            wanted: status.state != LinkState::Disconnected || status.next_retry_at.is_some(),
            fallback: status.fallback_active,
            cursor: status.cursor,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamInput<'a> {
    /// One more party wants progress of these runs. Counted.
    Want(Scope),
    /// One party less does.
    Unwant(Scope),
    /// What a party knows: everything up to `seq`, from a snapshot. With `ended`, also that the run is over, so that a
    /// stream has nothing to say but that.
    Known {
        /// Of which runs.
        scope: Scope,
        /// Up to where in the log.
        seq: Option<u64>,
        /// Whether the one run is over.
        ended: bool,
    },
    /// The socket's state may have changed.
    Socket(SocketView),
    /// The server does not answer HTTP: a stream that seems open may be dead.
    Unreachable,
    /// Another organization or log is followed: what is open and known belongs to the one before.
    Reset,
    /// A stream is open.
    Opened {
        /// Which.
        generation: u32,
    },
    /// A stream said something.
    Event {
        /// Which.
        generation: u32,
        /// The event's id; empty where there is none.
        id: &'a str,
        /// The event's data.
        text: &'a str,
    },
    /// A stream broke, ended, or could not be opened.
    Failed {
        /// Which.
        generation: u32,
    },
    /// The moment of [`Fallback::deadline`] has come.
    Timer,
}

/// Something to do. To be carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamOutput {
    /// Open a stream, and label all that it says with this generation.
    Open {
        /// The stream's name.
        generation: u32,
        /// Which runs it is to tell of.
        scope: Scope,
        /// The place in the log after which it is to begin; `None` is now.
        after: Option<u64>,
    },
    /// Close a stream, and forget it.
    Close {
        /// Which.
        generation: u32,
    },
    /// A frame that nobody has had yet.
    Frame(Envelope),
    /// An event that could not be read. It cost exactly itself.
    Undecodable {
        /// Why.
        error: DecodeError,
        /// Its beginning, for a person.
        excerpt: String,
    },
    /// Frames of these runs may have been missed: fetch what is shown of them.
    Refetch(Scope),
    /// [`Fallback::is_live`] may have changed.
    Status,
}

/// How long a stream may take to open, in milliseconds, as for the socket.
const OPEN_TIMEOUT_MS: u64 = 10_000;

/// How long a stream stays beside a socket that is back but has not come to where the stream was, in milliseconds.
/// The socket's replay has to bring everything in any case; this bounds how long there are two.
const CATCH_UP_MS: u64 = 5_000;

/// How often to look whether it has, in milliseconds.
const CATCH_UP_LOOK_MS: u64 = 100;

/// The streams that take over for the socket. See the module's description.
#[derive(Debug)]
pub struct Fallback {
    backoff: Backoff,
    socket: SocketView,
    streams: Vec<Stream>,
    generation: u32,
}

/// What one call of [`Fallback::handle`] has at hand.
struct Turn<'a> {
    now: Moment,
    random: f64,
    out: &'a mut Vec<StreamOutput>,
}

impl Fallback {
    /// No stream, and nobody who wants one. `backoff` says how long to wait before a stream that failed is opened again.
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, socket: SocketView::default(), streams: Vec::new(), generation: 0 }
    }

    /// Takes what happened, and appends to `out` what to do about it, in order. `random` is uniform between 0 and 1.
    pub fn handle(&mut self, input: StreamInput<'_>, now: Moment, random: f64, out: &mut Vec<StreamOutput>) {
        let turn = &mut Turn { now, random, out };
        match input {
            StreamInput::Want(scope) => self.want(scope),
            StreamInput::Unwant(scope) => self.unwant(&scope, turn),
            StreamInput::Known { scope, seq, ended } => self.known(&scope, seq, ended),
            StreamInput::Socket(view) => self.socket = view,
            StreamInput::Unreachable => self.fail_all(turn),
            StreamInput::Reset => self.reset(turn),
            StreamInput::Opened { generation } => self.opened(generation, turn),
            StreamInput::Event { generation, id, text } => self.event(generation, id, text, turn),
            StreamInput::Failed { generation } => self.failed(generation, turn),
            StreamInput::Timer => {}
        }
        self.steer(turn);
    }

    /// When [`StreamInput::Timer`] must be given, on the monotonic clock in milliseconds; `None` while nothing is due.
    pub fn deadline(&self) -> Option<u64> {
        self.streams.iter().filter_map(Stream::deadline).min()
    }

    /// Whether a stream brings the progress of these runs, or has brought the end of the one.
    pub fn is_live(&self, scope: &Scope) -> bool {
        self.streams.iter().any(|stream| {
            let is_live = stream.is_open() || (stream.confirmed && !self.socket.connected);
            stream.scope == *scope && is_live
        })
    }

    /// Whether a frame that the socket brought is new to those behind. `cursor` is the link's, from before the frame.
    pub fn admit(&self, envelope: &Envelope) -> bool {
        let Frame::ScrapeProgress(progress) = &envelope.frame else { return true };
        let Some(seq) = envelope.seq else { return true };
        !self.streams.iter().any(|stream| stream.has_brought(&progress.run_id, seq))
    }

    fn want(&mut self, scope: Scope) {
        match self.streams.iter_mut().find(|stream| stream.scope == scope) {
            Some(stream) => stream.parties += 1,
            None => self.streams.push(Stream::new(scope)),
        }
    }

    fn unwant(&mut self, scope: &Scope, turn: &mut Turn<'_>) {
        let Some(place) = self.streams.iter().position(|stream| stream.scope == *scope) else { return };
        let Some(stream) = self.streams.get_mut(place) else { return };
        stream.parties = stream.parties.saturating_sub(1);
        if stream.parties == 0 {
            stream.close(turn.out);
            self.streams.remove(place);
        }
    }

    fn known(&mut self, scope: &Scope, seq: Option<u64>, ended: bool) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.scope == *scope) {
            // Two parties may know differently much: what one has already does it no harm.
            stream.known = match (stream.known, seq) {
                (Some(before), Some(seq)) => Some(before.min(seq)),
                (before, seq) => before.or(seq),
            };
            stream.ended |= ended;
        }
    }

    fn fail_all(&mut self, turn: &mut Turn<'_>) {
        let wait = self.backoff.delay_ms(0, turn.random);
        for stream in self.streams.iter_mut().filter(|stream| stream.is_open() || stream.confirmed) {
            stream.close(turn.out);
            stream.confirmed = false;
            stream.phase = Phase::Waiting { at: turn.now.monotonic_ms.saturating_add(wait) };
            turn.out.push(StreamOutput::Status);
        }
    }

    fn reset(&mut self, turn: &mut Turn<'_>) {
        for stream in &mut self.streams {
            stream.close(turn.out);
            stream.forget();
        }
        turn.out.push(StreamOutput::Status);
    }

    fn opened(&mut self, generation: u32, turn: &mut Turn<'_>) {
        let Some(stream) = self.of(generation) else { return };
        stream.phase = Phase::Open { generation, leave_at: None };
        stream.failures = 0;
        // Nobody said where it begins, so there may be a hole before it.
        if stream.after.is_none() && !stream.ended {
            turn.out.push(StreamOutput::Refetch(stream.scope.clone()));
        }
        turn.out.push(StreamOutput::Status);
    }

    fn event(&mut self, generation: u32, id: &str, text: &str, turn: &mut Turn<'_>) {
        let mut envelope = match decode(text) {
            Ok(envelope) => envelope,
            Err(error) => {
                let excerpt = text.chars().take(200).collect();
                return turn.out.push(StreamOutput::Undecodable { error, excerpt });
            }
        };
        let Frame::ScrapeProgress(progress) = &envelope.frame else { return };
        let run_id = progress.run_id.clone();
        let is_end = progress.platform.is_none() && progress.phase.is_some_and(ScrapePhase::is_final);
        envelope.seq = envelope.seq.or_else(|| id.parse().ok());
        let (seq, cursor) = (envelope.seq, self.socket.cursor);
        let brought_by_another = |seq| {
            let others = self.streams.iter().filter(|stream| stream.generation() != Some(generation));
            others.into_iter().any(|stream| stream.has_brought(&run_id, seq))
        };
        let brought_by_another = seq.is_some_and(brought_by_another);
        let Some(stream) = self.of(generation) else { return };
        if let Some(seq) = seq {
            if stream.is_of_another_log(seq) {
                stream.enter_another_log();
                turn.out.push(StreamOutput::Refetch(stream.scope.clone()));
            }
            // The same place again is a state that the server sends in several frames.
            let is_old = stream.last.is_some_and(|last| seq < last);
            let socket_had_it = !stream.other_log && cursor.is_some_and(|cursor| seq <= cursor);
            stream.note(seq);
            if is_old || socket_had_it || brought_by_another {
                return self.end_if(is_end, generation, turn);
            }
        }
        turn.out.push(StreamOutput::Frame(envelope));
        self.end_if(is_end, generation, turn);
    }

    /// A run's own stream ends with the run: it would only be opened again to hear the same.
    fn end_if(&mut self, is_end: bool, generation: u32, turn: &mut Turn<'_>) {
        if let Some(stream) = self.of(generation).filter(|stream| is_end && stream.scope != Scope::All) {
            stream.ended = true;
            stream.confirmed = true;
            stream.close(turn.out);
            turn.out.push(StreamOutput::Status);
        }
    }

    fn failed(&mut self, generation: u32, turn: &mut Turn<'_>) {
        let backoff = self.backoff;
        let Some(stream) = self.of(generation) else { return };
        stream.break_off(backoff.delay_ms(stream.failures, turn.random), turn);
    }

    /// Opens what is to be open, and closes what is not.
    fn steer(&mut self, turn: &mut Turn<'_>) {
        let (socket, now) = (self.socket, turn.now.monotonic_ms);
        for stream in &mut self.streams {
            if !socket.wanted {
                stream.leave(turn.out);
                continue;
            }
            if socket.connected {
                stream.give_way(socket.cursor, now, turn.out);
                continue;
            }
            stream.stay();
            if !socket.fallback || stream.confirmed {
                continue;
            }
            if stream.gave_up_opening(now) {
                stream.break_off(self.backoff.delay_ms(stream.failures, turn.random), turn);
            }
            if stream.is_due(now) {
                self.generation = self.generation.wrapping_add(1);
                stream.open(self.generation, socket.cursor, now, turn.out);
            }
        }
    }

    fn of(&mut self, generation: u32) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.generation() == Some(generation))
    }
}
