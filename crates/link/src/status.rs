//! How the connection stands.

use switchboard_protocol::close;

use crate::Moment;

/// The four states of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LinkState {
    /// A socket is being opened, or is open and has not yet proven that a server answers.
    Connecting,
    /// The connection has proven itself: by its ack, by any valid frame, or by staying open for 5 s.
    Connected,
    /// There is none: nobody asked for it, or a retry is due ([`LinkStatus::next_retry_at`]).
    #[default]
    Disconnected,
    /// There is none and no retry follows until a person reconnects or the token changes.
    Error,
}

impl LinkState {
    /// The state as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Error => "error",
        }
    }
}

/// What a person or a page may want to know of the connection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkStatus {
    /// The state.
    pub state: LinkState,
    /// Since when it is in this state, in wall-clock milliseconds; 0 before the first input.
    pub since: i64,
    /// How many connections failed one after the other: never opened, or lost before they proved themselves, or
    /// found dead. 0 once one has proven itself.
    pub attempt: u32,
    /// When the next attempt is due.
    pub next_retry_at: Option<Moment>,
    /// What ended the last connection; `None` once a later one has proven itself.
    pub last_error: Option<LinkError>,
    /// When the server last said anything, in wall-clock milliseconds.
    pub last_message_at: Option<i64>,
    /// When live data stopped being trustworthy, in wall-clock milliseconds: when the connection ended, when a dead
    /// one was last heard, or when the first one was asked for. `None` while connected.
    pub stale_since: Option<i64>,
    /// Whether another transport should take over: three connections in a row have failed, and none has proven
    /// itself since.
    pub fallback_active: bool,
    /// The server's name for this connection, for its logs.
    pub connection_id: Option<String>,
    /// Which log the cursor belongs to.
    pub epoch: Option<String>,
    /// The newest sequence number that is known to be behind us.
    pub cursor: Option<u64>,
    /// From where on nothing is missing: every event after this number has come, or comes. What was fetched over
    /// HTTP as of an earlier number has a hole between the two, and must be fetched again. `None` while no log's
    /// place is known.
    pub live_from: Option<u64>,
    /// Whether the server numbers its frames, as far as this or the last connection showed.
    pub server_has_seq: bool,
}

/// Why a connection ended, or never came to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The server or the network closed it.
    #[error("{} (code {code}{})", close::describe(*code), with_reason(reason))]
    Closed {
        /// The close code.
        code: u16,
        /// The server's reason, or nothing.
        reason: String,
    },
    /// The socket could not be opened, or broke.
    #[error("the connection failed: {0}")]
    Failed(String),
    /// The server refused the handshake; trying again would meet the same answer.
    #[error("{} (code {code}{})", close::describe(*code), with_reason(reason))]
    HandshakeRefused {
        /// The close code.
        code: u16,
        /// The server's reason, or nothing.
        reason: String,
    },
    /// The socket did not open in time.
    #[error("the server did not answer within {after_ms} ms")]
    TimedOut {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// A ping was answered by silence.
    #[error("the server fell silent; the connection was dead")]
    DeadPeer,
    /// Nothing came for too long on a connection on which nobody can be asked.
    #[error("nothing was heard for {seconds} s{}", if *missed { "; three heartbeats were due" } else { "" })]
    Silent {
        /// For how long, in seconds.
        seconds: u64,
        /// Whether heartbeats were due. Where no interval of any is known the connection is replaced all the same, after long.
        missed: bool,
    },
    /// The server counted other frames than those that came.
    #[error("frames were lost on the way: the server sent {delivered}, {received} came")]
    Gap {
        /// How many sequenced frames the server sent on the connection.
        delivered: u64,
        /// How many came.
        received: u64,
    },
    /// A person dropped it, to watch it recover.
    #[error("it was dropped on purpose")]
    Dropped,
    /// The schedule allows no further attempt.
    #[error("gave up after {attempts} failed attempts in a row; the last: {last}")]
    GaveUp {
        /// How many connections failed one after the other.
        attempts: u32,
        /// What ended the last one.
        last: Box<LinkError>,
    },
}

impl LinkError {
    /// Whether nothing was lost: the connection is renewed only because a quiet daemon cannot be told from a dead one.
    pub(crate) fn is_no_loss(&self) -> bool {
        matches!(self, Self::Silent { missed: false, .. })
    }
}

fn with_reason(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
