//! A daemon that is watched, and never spoken to.
//!
//! [`DaemonConnector`] is one read-only connection; there may be any number of them. The page has one at most, which the provider
//! owns (`shared.rs`). What is known of agents and the latest events (`observed.rs`) is the same fold whether they come from a
//! daemon or over the page's own socket.

pub(super) mod address;
mod connector;
mod observed;
mod shared;

pub use connector::{DaemonConnector, DaemonEvent, DaemonOptions, Unsubscribe};
pub use observed::{AgentRow, DaemonEvents, EventEntry};
pub(super) use observed::{Observed, ObservedSignals};
pub(super) use shared::SharedDaemon;
pub use shared::{DaemonConnection, use_daemon_connection};
