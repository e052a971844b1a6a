//! Frames about the connection itself.

use crate::ExecutionId;

/// A frame about the connection itself, never stored and never numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// `connection_ack`: the handshake was accepted.
    ConnectionAck(ConnectionAck),
    /// `pong`: the answer to a ping.
    Pong(Pong),
    /// `resumed`: the frames after the cursor follow.
    Resumed(Resumed),
    /// `resync`: they can't; refetch.
    Resync(Resync),
    /// `subscribed`: from here on every event of the execution arrives.
    Subscribed(Subscribed),
}

impl Control {
    /// The frame's `type`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::ConnectionAck(_) => "connection_ack",
            Self::Pong(_) => "pong",
            Self::Resumed(_) => "resumed",
            Self::Resync(_) => "resync",
            Self::Subscribed(_) => "subscribed",
        }
    }
}

/// `{"type":"connection_ack","connectionId","epoch","seq","heartbeatSeconds"}`. A server that knows only part 1
/// of the contract sends none of the members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionAck {
    /// The server's name for this connection, for its logs.
    pub connection_id: Option<String>,
    /// Which log the sequence numbers belong to. Another epoch is another log.
    pub epoch: Option<String>,
    /// The newest sequence number in the log: live delivery starts after it.
    pub seq: Option<u64>,
    /// How often the server wants a ping, in seconds.
    pub heartbeat_seconds: Option<u64>,
}

/// `{"type":"pong","seq","delivered"}`. A server that knows only part 1 sends neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pong {
    /// How far the connection's cursor is, past frames meant for others too.
    pub seq: Option<u64>,
    /// How many sequenced frames the server has sent on this connection.
    pub delivered: Option<u64>,
}

/// `{"type":"resumed","from","to"}`: the frames from `from` to `to` that this connection may see follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// The first sequence number of the replay: the cursor plus one.
    pub from: u64,
    /// The last one; less than `from` where nothing was missed.
    pub to: u64,
}

/// `{"type":"resync","reason"}`: the cursor is worth nothing; drop it and refetch what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// Why.
    pub reason: ResyncReason,
}

/// Why a cursor is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResyncReason {
    /// `epoch-changed`: the server has another log than the one that the cursor belongs to.
    EpochChanged,
    /// `too-old`: retention has deleted what the cursor has not seen.
    TooOld,
    /// Any other, or none.
    Other(Box<str>),
}

impl ResyncReason {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::EpochChanged => "epoch-changed",
            Self::TooOld => "too-old",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for ResyncReason {
    fn from(name: &str) -> Self {
        match name {
            "epoch-changed" => Self::EpochChanged,
            "too-old" => Self::TooOld,
            other => Self::Other(other.into()),
        }
    }
}

/// `{"type":"subscribed","executionId","seq"}`: each event of the execution after `seq` will arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// The execution.
    pub execution_id: ExecutionId,
    /// Where the subscription starts: a snapshot fetched now is at least this new.
    pub seq: Option<u64>,
}
