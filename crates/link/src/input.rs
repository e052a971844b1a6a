//! What can happen to a link.

use std::fmt;

use switchboard_protocol::{ExecutionId, OrganizationId};

use crate::{Access, ReadWrite};

/// Something that happened. What a socket says carries the generation that [`Output::Open`](crate::Output::Open)
/// gave it; what an earlier generation still says is ignored.
#[derive(Clone, PartialEq)]
pub enum Input<'a, A: Access = ReadWrite> {
    /// Somebody wants the connection. Does nothing while there is one, while a retry is due, or in state error.
    Connect,
    /// Nobody wants the connection any more: it is closed with 1000, and no retry follows.
    Disconnect,
    /// A person wants a new connection now: whatever there is is replaced and all attempts count anew, also out of
    /// state error.
    Reconnect,
    /// Somebody wants to know whether the connection lives: it is asked at once, and replaced if it does not answer. A retry
    /// that is due need wait no longer.
    Probe,
    /// A person drops the connection, as a network that breaks would, to watch it recover: a retry follows by schedule. Does
    /// nothing while there is no socket.
    Drop,
    /// The moment of [`Link::deadline`](crate::Link::deadline) has come. Too early or too often does no harm.
    Timer,
    /// The socket is open.
    Opened {
        /// Which socket.
        generation: u32,
    },
    /// A text message came.
    Message {
        /// Which socket.
        generation: u32,
        /// One frame, or several separated by newlines.
        text: &'a str,
    },
    /// A binary message came: the same text in UTF-8.
    BinaryMessage {
        /// Which socket.
        generation: u32,
        /// The text's bytes.
        bytes: &'a [u8],
    },
    /// The socket could not be opened, or broke. A [`Closed`](Self::Closed) may follow; both count once.
    Failed {
        /// Which socket.
        generation: u32,
        /// What the platform says of it.
        error: String,
    },
    /// The socket is closed, by the server or by the network.
    Closed {
        /// Which socket.
        generation: u32,
        /// The close code; 1006 where there was none.
        code: u16,
        /// The server's reason, or nothing.
        reason: String,
    },
    /// The platform has a network again.
    Online,
    /// The platform has lost its network.
    Offline,
    /// The page is visible again; timers may have stood still.
    Visible,
    /// The page came back from the back/forward cache; its socket may be dead.
    PageRestored,
    /// Something is to be asked of the server. Nothing can be of a daemon's.
    Request(A::Request),
}

/// What can be asked of a server that one may write to.
#[derive(Clone, PartialEq)]
pub enum Request {
    /// One more party wants this execution's events. Counted: each needs its own [`Unsubscribe`](Self::Unsubscribe).
    Subscribe(ExecutionId),
    /// One party less wants this execution's events; the last one ends the subscription.
    Unsubscribe(ExecutionId),
    /// The token changed; a link that stopped because of it tries again.
    SetToken(String),
    /// Another organization is to be followed: the connection is replaced, and nothing is resumed.
    SetOrganization(Option<OrganizationId>),
}

impl<A: Access> fmt::Debug for Input<'_, A> {
    /// Leaves the token out: inputs may be logged, a secret may not.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => formatter.write_str("Connect"),
            Self::Disconnect => formatter.write_str("Disconnect"),
            Self::Reconnect => formatter.write_str("Reconnect"),
            Self::Probe => formatter.write_str("Probe"),
            Self::Drop => formatter.write_str("Drop"),
            Self::Timer => formatter.write_str("Timer"),
            Self::Opened { generation } => write!(formatter, "Opened({generation})"),
            Self::Message { generation, text } => write!(formatter, "Message({generation}, {text:?})"),
            Self::BinaryMessage { generation, bytes } => {
                write!(formatter, "BinaryMessage({generation}, {} bytes)", bytes.len())
            }
            Self::Failed { generation, error } => write!(formatter, "Failed({generation}, {error:?})"),
            Self::Closed { generation, code, reason } => {
                write!(formatter, "Closed({generation}, {code}, {reason:?})")
            }
            Self::Online => formatter.write_str("Online"),
            Self::Offline => formatter.write_str("Offline"),
            Self::Visible => formatter.write_str("Visible"),
            Self::PageRestored => formatter.write_str("PageRestored"),
            Self::Request(request) => request.fmt(formatter),
        }
    }
}

impl fmt::Debug for Request {
    /// Leaves the token out too.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe(execution) => write!(formatter, "Subscribe({execution})"),
            Self::Unsubscribe(execution) => write!(formatter, "Unsubscribe({execution})"),
            Self::SetToken(_) => formatter.write_str("SetToken(…)"),
            Self::SetOrganization(organization) => write!(formatter, "SetOrganization({organization:?})"),
        }
    }
}
