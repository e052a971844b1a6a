//! What is known of one open socket.

use switchboard_protocol::Resume;

use crate::{
    LinkOptions, Moment,
    heartbeat::{Due, Heartbeat},
    silence::Silence,
};

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
    pub(super) life: Life,
    /// Whether a data frame came before any ack, so that an earlier cursor says nothing about this server.
    pub(super) saw_data_before_ack: bool,
    /// Whether a missed frame has come late on this connection.
    pub(super) repaired: bool,
}

/// How it is found out whether the peer still lives.
#[derive(Debug)]
pub(super) enum Life {
    /// By asking it.
    Pings(Heartbeat),
    /// By what usually comes, because it may not be asked.
    Silence(Silence),
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
            life: Life::Pings(Heartbeat::new(
                now.monotonic_ms,
                options.ping_interval_ms,
                options.pong_timeout_ms,
            )),
            saw_data_before_ack: false,
            repaired: false,
        }
    }

    /// A connection that is only listened to: nothing is asked of it, and nothing is to be settled.
    pub(super) fn listened_to(now: Moment) -> Self {
        Self {
            opened_at: now,
            server: Server::Plain,
            proof: Proof::None,
            acked: false,
            resuming: Resuming::No,
            life: Life::Silence(Silence::new(now.monotonic_ms)),
            saw_data_before_ack: false,
            repaired: false,
        }
    }

    /// The pings, where there are some.
    pub(super) fn pings(&mut self) -> Option<&mut Heartbeat> {
        match &mut self.life {
            Life::Pings(heartbeat) => Some(heartbeat),
            Life::Silence(_) => None,
        }
    }

    /// When the connection will have proven itself by time; `None` once it has.
    pub(super) fn proves_at(&self) -> Option<u64> {
        (self.proof == Proof::None).then(|| self.opened_at.monotonic_ms.saturating_add(PROOF_BY_TIME_MS))
    }

    /// When something will be due.
    pub(super) fn deadline(&self) -> u64 {
        let life = match &self.life {
            Life::Pings(heartbeat) => heartbeat.deadline(),
            Life::Silence(silence) => silence.deadline(),
        };
        self.proves_at().map_or(life, |proof| proof.min(life))
    }
}

impl Life {
    /// Anything at all came.
    pub(super) fn heard(&mut self, now: u64) {
        match self {
            Self::Pings(heartbeat) => heartbeat.heard(now),
            Self::Silence(silence) => silence.heard(now),
        }
    }

    /// What is due at `now`.
    pub(super) fn due(&mut self, now: u64) -> Due {
        match self {
            Self::Pings(heartbeat) => heartbeat.due(now),
            Self::Silence(silence) => silence.due(now),
        }
    }
}
