//! The one socket of the page, and what components get from it.
//!
//! ```text
//! gloo-net socket ─ socket.rs ─ text ─> Link (pure) ─ frames ─> inbox ─ once per animation frame ─> fan-out ─> hooks
//! ```
//!
//! A daemon that is configured has a connection of its own beside it (`daemon/`), of the same shell and with a link that can only listen.
//!
//! [`WebSocketProvider`] stands at the root and owns everything here. `socket.rs` is the only file in the
//! dashboard that constructs a WebSocket. `shell.rs` carries out what the state machine of `switchboard-link`
//! decides and has no opinion of its own; `fanout.rs` hands frames to those who asked for them; the hooks turn
//! them into state. Signals hold state, never events: handlers are called for every matching event, in
//! order, exactly once.
//!
//! `tasks.rs` waits for replies that come later, by frame or by asking. `scrape_streams.rs` opens event streams for scrape
//! progress while the socket fails, as `Fallback` of `switchboard-link` decides; `event_source.rs` is the only file that
//! constructs an `EventSource`. What they bring goes into the same inbox. `wire` keeps what the page of the wire shows.

mod clock;
mod context;
mod daemon;
mod event_source;
mod fanout;
mod health;
mod hooks;
mod listeners;
mod outbox_storage;
mod pace;
mod provider;
mod scrape_streams;
mod shell;
mod socket;
mod task_storage;
mod tasks;
mod transport;
mod wire;

pub use context::{WebSocketContext, use_websocket_context};
pub use daemon::{
    AgentRow, DaemonConnection, DaemonConnector, DaemonEvent, DaemonEvents, DaemonOptions, EventEntry,
    Unsubscribe, use_daemon_connection,
};
pub use fanout::{Matched, Subscription};
pub use hooks::{
    Asked, ChatEntry, ConnectionStatus, ConversationRow, DaemonSource, ExecutionHandle, ExecutionRow,
    Holding, JobFilter, LiveRow, LoadPhase, OVERALL, ScrapeRunHandle, ScrapeRunRow, UseConnectionStatus,
    UseConversation, UseConversations, UseDaemon, UseDashboardUpdates, UseExecution, UseExecutions,
    UseJobEvents, UseScrapeProgress, UseScrapeRuns, UseWire, WireState, overall_of, use_connection_status,
    use_conversation, use_conversations, use_daemon, use_dashboard_updates, use_execution, use_executions,
    use_job_events, use_scrape_progress, use_scrape_runs, use_wire,
};
pub use provider::{WebSocketOptions, WebSocketProvider};
pub use tasks::TaskListener;
pub use transport::Transport;
pub use wire::Unreadable;
