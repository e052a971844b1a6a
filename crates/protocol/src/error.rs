//! Why a frame could not be read.

use std::borrow::Cow;

/// Why a frame could not be read. It costs exactly that frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON, or its nesting is deeper than the reader follows.
    #[error("the frame is not JSON: {reason}")]
    NotJson {
        /// What the JSON reader met, with line and column.
        reason: String,
    },
    /// The bytes are not UTF-8.
    #[error("the frame is not UTF-8: the first {valid_up_to} bytes are, the next is not")]
    NotUtf8 {
        /// How many bytes from the start are valid.
        valid_up_to: usize,
    },
    /// The JSON is an array, a string, a number, a boolean or null.
    #[error("the frame is not a JSON object")]
    NotAnObject,
    /// Neither a string `type` nor a string `event` says what the frame is.
    #[error("the frame has neither a `type` nor an `event` that is a string, so its kind is unknown")]
    NoKind,
    /// A member without which the frame's kind or key is not decided.
    #[error("the `{kind}` frame has no `{field}`; add it")]
    MissingField {
        /// The frame's kind as written on the wire.
        kind: Cow<'static, str>,
        /// The missing member, with dots for nesting.
        field: &'static str,
    },
    /// A member of another type than the protocol's.
    #[error("`{field}` of the `{kind}` frame must be {expected}")]
    WrongType {
        /// The frame's kind as written on the wire.
        kind: Cow<'static, str>,
        /// The member, with dots for nesting.
        field: &'static str,
        /// What the protocol has there.
        expected: &'static str,
    },
    /// The frame is longer than [`MAX_FRAME_BYTES`](crate::MAX_FRAME_BYTES).
    #[error("the frame has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// The frame's length.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
}
