//! A frame that could not be read.

use switchboard_protocol::Timestamp;

/// A frame that could not be read, as the link told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// When it came.
    pub at: Timestamp,
    /// Why it cannot be read.
    pub reason: String,
    /// Its beginning.
    pub text: String,
}
