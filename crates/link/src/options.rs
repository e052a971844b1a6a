//! What a link is told when it is made.

use std::fmt;

use switchboard_protocol::OrganizationId;

use crate::Backoff;

/// How a [`Link`](crate::Link) behaves.
#[derive(Clone, PartialEq)]
pub struct LinkOptions {
    /// What admits the client; `stream` where nothing else is configured.
    pub token: String,
    /// Whose log to follow; `None` leaves it to the token.
    pub organization_id: Option<OrganizationId>,
    /// Whether a lost connection is replaced. Without it, any end is final until somebody connects again.
    pub reconnect: bool,
    /// How long to wait before each attempt, and when to give up.
    pub backoff: Backoff,
    /// Whether to ask for several frames in one message, which costs a browser one event instead of many.
    pub batch: bool,
    /// Whether to ask for frames as UTF-8 in binary messages, which spares a wasm page the re-encoding.
    pub binary: bool,
    /// How often to ping, in milliseconds, until the server's ack says otherwise.
    pub ping_interval_ms: u64,
    /// How long a ping may go without a pong or any other frame, in milliseconds.
    pub pong_timeout_ms: u64,
    /// How long a connection may take to open, in milliseconds.
    pub connect_timeout_ms: u64,
}

/// How a [`Link`](crate::Link) behaves that only listens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListenOptions {
    /// Whether a lost connection is replaced. Without it, any end is final until somebody connects again. One that is only
    /// renewed, because a quiet daemon cannot be told from a dead one, is not lost, and is renewed in any case.
    pub reconnect: bool,
    /// How long to wait before each attempt, and when to give up.
    pub backoff: Backoff,
    /// How long a connection may take to open, in milliseconds.
    pub connect_timeout_ms: u64,
}

impl Default for ListenOptions {
    /// Reconnecting by [`Backoff::daemon`], 10 s to open.
    fn default() -> Self {
        Self { reconnect: true, backoff: Backoff::daemon(), connect_timeout_ms: 10_000 }
    }
}

impl From<ListenOptions> for LinkOptions {
    fn from(options: ListenOptions) -> Self {
        let ListenOptions { reconnect, backoff, connect_timeout_ms } = options;
        Self { token: String::new(), reconnect, backoff, connect_timeout_ms, ..Self::default() }
    }
}

impl Default for LinkOptions {
    /// Token `stream`, reconnecting by [`Backoff::executions`], batches on, text messages; a ping every 20 s
    /// (the hub's own heartbeat), 10 s for its pong and 10 s to open.
    fn default() -> Self {
        Self {
            token: "stream".into(),
            organization_id: None,
            reconnect: true,
            backoff: Backoff::executions(),
            batch: true,
            binary: false,
            ping_interval_ms: 20_000,
            pong_timeout_ms: 10_000,
            connect_timeout_ms: 10_000,
        }
    }
}

impl fmt::Debug for LinkOptions {
    /// Leaves the token out: options may be logged, their secret may not.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LinkOptions")
            .field("organization_id", &self.organization_id)
            .field("reconnect", &self.reconnect)
            .field("backoff", &self.backoff)
            .field("batch", &self.batch)
            .field("binary", &self.binary)
            .field("ping_interval_ms", &self.ping_interval_ms)
            .field("pong_timeout_ms", &self.pong_timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish_non_exhaustive()
    }
}
