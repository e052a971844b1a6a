//! The connection to a hub as a pure state machine.

mod backoff;
mod input;
mod link;
mod moment;
mod options;
mod output;
mod stats;
mod status;

pub use backoff::Backoff;
pub use input::Input;
pub use link::Link;
pub use moment::Moment;
pub use options::LinkOptions;
pub use output::{Output, RefetchReason};
pub use stats::LinkStats;
pub use status::{LinkError, LinkState, LinkStatus};
