//! What a link asks of its shell, and what it tells it.

use std::fmt;

use switchboard_protocol::{Control, DecodeError, Envelope, ExecutionId, ResyncReason};

use crate::{Access, ReadWrite};

/// Something to do, or something to know. To be carried out in order.
#[derive(Clone, PartialEq)]
pub enum Output<A: Access = ReadWrite> {
    /// Open a socket, and label all that it says with this generation. There is never more than one.
    Open {
        /// The new socket's name.
        generation: u32,
    },
    /// Send a text message. A [`ReadOnly`](crate::ReadOnly) link has none: nothing of this can be made.
    Send {
        /// On which socket.
        generation: u32,
        /// The message; the first one of a generation holds the token, so it is not for a log.
        text: A::Message,
    },
    /// Close the socket and forget it. It may be closed already, or never have opened.
    Close {
        /// Which socket.
        generation: u32,
        /// A code that browsers accept from a page: 1000 or 4000 to 4999.
        code: u16,
        /// Why, for the server's log; at most 123 bytes.
        reason: &'static str,
    },
    /// A data frame. Never a duplicate; `seq` grows from frame to frame, with one exception: frames that a
    /// server was proven to have left out (`LinkStats::gaps`) follow after later ones.
    Frame(Envelope),
    /// A frame that could not be read. It cost exactly itself.
    Undecodable {
        /// Why.
        error: DecodeError,
        /// The frame's beginning, for a person.
        excerpt: String,
    },
    /// A control frame, already acted on; for those who inspect the wire.
    Control(Control),
    /// From now on each later event of the execution arrives: fetch its snapshot, apply it, and apply only the
    /// frames after it. Emitted whenever continuity begins anew, so not after a reconnect that resumed.
    Subscribed {
        /// The execution.
        execution_id: ExecutionId,
        /// Where in the log the server began to deliver; `None` from a server without one.
        seq: Option<u64>,
    },
    /// Events may have been missed for good: drop what was derived from them and refetch what is shown. A
    /// [`Subscribed`](Self::Subscribed) for each subscription follows, now or as soon as there is a connection.
    Refetch(RefetchReason),
    /// [`Link::status`](crate::Link::status) changed (its `last_message_at` and `cursor` move without this).
    Status,
}

/// Why what was derived from events is worth nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefetchReason {
    /// The log cannot be continued where the cursor stood.
    Resync(ResyncReason),
    /// A connection was replaced by one to a server without sequence numbers (or from one): nobody knows what
    /// happened in between.
    NoSequence,
    /// Another organization is followed.
    OrganizationChanged,
    /// Frames were lost, and too many had come since the last proof for the missing ones to be told apart.
    Gap,
}

impl<A: Access> fmt::Debug for Output<A> {
    /// Leaves the handshake's text out, because it holds the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { generation } => write!(formatter, "Open({generation})"),
            Self::Send { generation, text } if text.as_ref().starts_with("{\"token\"") => {
                write!(formatter, "Send({generation}, handshake)")
            }
            Self::Send { generation, text } => write!(formatter, "Send({generation}, {})", text.as_ref()),
            Self::Close { generation, code, reason } => {
                write!(formatter, "Close({generation}, {code}, {reason:?})")
            }
            Self::Frame(envelope) => {
                write!(formatter, "Frame({:?}, {})", envelope.seq, envelope.frame.kind())
            }
            Self::Undecodable { error, excerpt } => write!(formatter, "Undecodable({error}, {excerpt:?})"),
            Self::Control(control) => write!(formatter, "{control:?}"),
            Self::Subscribed { execution_id, seq } => {
                write!(formatter, "Subscribed({execution_id}, {seq:?})")
            }
            Self::Refetch(reason) => write!(formatter, "Refetch({reason:?})"),
            Self::Status => formatter.write_str("Status"),
        }
    }
}
