//! What is known of one open socket.

use switchboard_protocol::Resume;

use crate::{LinkOptions, Moment, heartbeat::Heartbeat};

/// A connection that stays open this long has proven itself even where the server says nothing.
const PROOF_BY_TIME_MS: u64 = 5_000;

/// One open socket, from its opening to its end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) opened_at: Moment,
    pub(super) server: Server,
    pub(super) proof: Proof,
    pub(super) acked: bool,
    pub(super) resuming: Resuming,
    pub(super) heartbeat: Heartbeat,
    /// Whether a data frame came before any ack, so that an earlier cursor says nothing about this server.
    pub(super) saw_data_before_ack: bool,
    /// Whether a missed frame has come late on this connection.
    pub(super) repaired: bool,
}

/// What the server has shown itself to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// It has said nothing yet.
    Unknown,
    /// It keeps no log: no sequence numbers, no resume, no answer to subscribe.
    Plain,
    /// It keeps a log, as its ack's epoch says.
    Log,
}

/// Whether a server is really there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Not yet.
    None,
    /// The socket stayed open, and nothing was heard. If it turns out dead, it was a failure after all, on top
    /// of those counted here.
    ByTime { attempt: u32, retries: u32 },
    /// A valid frame came.
    ByFrame,
}

/// How far the resumption of an earlier connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resuming {
    /// Not asked for, or settled.
    No,
    /// Asked for in the handshake.
    Asked(Resume),
    /// The ack came, and with it the log's head; `resumed` or `resync` must follow.
    Acked { head: Option<u64> },
    /// The ack alone showed that nothing can be resumed; a `resync` that follows says it again.
    Refused,
}

impl Connection {
    pub(super) fn new(now: Moment, options: &LinkOptions, resume: Option<Resume>) -> Self {
        Self {
            opened_at: now,
            server: Server::Unknown,
            proof: Proof::None,
            acked: false,
            resuming: resume.map_or(Resuming::No, Resuming::Asked),
            heartbeat: Heartbeat::new(now.monotonic_ms, options.ping_interval_ms, options.pong_timeout_ms),
            saw_data_before_ack: false,
            repaired: false,
        }
    }

    /// When the connection will have proven itself by time; `None` once it has.
    pub(super) fn proves_at(&self) -> Option<u64> {
        (self.proof == Proof::None).then(|| self.opened_at.monotonic_ms.saturating_add(PROOF_BY_TIME_MS))
    }

    /// When something will be due.
    pub(super) fn deadline(&self) -> u64 {
        let heartbeat = self.heartbeat.deadline();
        self.proves_at().map_or(heartbeat, |proof| proof.min(heartbeat))
    }
}
