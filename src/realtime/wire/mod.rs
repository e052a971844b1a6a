//! What the page of the wire is told: what happened on the one socket, and who holds what of it.
//!
//! Two things are always kept, because they are rare and bounded: the connection's history, and the last frames that could not be
//! read. Everything that costs something with each frame is recorded only while somebody watches (docs/decisions/0008).

mod recorder;
mod unreadable;

pub(super) use recorder::{Recorder, Watch};
pub use unreadable::Unreadable;
