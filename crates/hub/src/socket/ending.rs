//! How a connection ends, and how the client hears of it.

use std::time::Duration;

use futures::{Sink, SinkExt, Stream, StreamExt};
use switchboard_protocol::close;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Error as SocketError, Message,
    error::{CapacityError, ProtocolError},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// How long a client may take to answer a close.
const CLOSING: Duration = Duration::from_secs(2);

/// The longest reason that fits into a close frame (RFC 6455, section 5.5), in bytes.
const LONGEST_REASON: usize = 123;

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The hub closes, with a code and a reason.
    Close {
        /// As in [`switchboard_protocol::close`].
        code: u16,
        /// Words for a person, and `retry_after=SECONDS` where the client is to wait.
        reason: String,
    },
    /// A message was longer than the hub reads. What is left of it is still on its way.
    TooBig,
    /// The client closed, or its connection broke.
    Left,
    /// The client gives no sign of life. There is nobody to tell.
    Lost,
}

impl Ending {
    /// The hub closes.
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        let mut reason: String = reason.into();
        reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
        Self::Close { code, reason }
    }

    fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Close { code, reason } => (*code, reason.as_str()),
            Self::TooBig => {
                (close::MESSAGE_TOO_BIG, "a message may have 65536 bytes; report with POST /api/events")
            }
            Self::Left | Self::Lost => return None,
        };
        Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() })
    }

    /// Tells the client, and waits a moment for its answer.
    pub async fn tell<S>(&self, socket: &mut S)
    where
        S: Stream<Item = Result<Message, SocketError>> + Sink<Message, Error = SocketError> + Unpin,
    {
        let talk = async {
            if let Some(frame) = self.frame() {
                if socket.send(Message::Close(Some(frame))).await.is_ok() {
                    while let Some(Ok(_)) = socket.next().await {}
                }
            } else if *self == Self::Left {
                // The library has the answer to the client's close ready; it only has to be written.
                let _ = socket.flush().await;
            }
        };
        // Where it takes longer, the connection is dropped without a farewell.
        let _ = timeout(CLOSING, talk).await;
    }
}

impl From<SocketError> for Ending {
    fn from(error: SocketError) -> Self {
        match error {
            SocketError::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooBig,
            // RFC 6455, section 7.4.1: data that is not of the message's type.
            SocketError::Utf8(_) => Self::close(1007, "a text message is not UTF-8"),
            // The usual way of leaving: a laptop that closes, a page that is left.
            SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Left,
            SocketError::Protocol(_) => Self::close(1002, "this is not the WebSocket protocol"),
            _ => Self::Left,
        }
    }
}
