//! Everything that Switchboard's peers say to each other, as types, and the one decoder that reads it.
//!
//! The wire format is described in `docs/wire-protocol.md`. This crate does no I/O, compiles to wasm and
//! natively, and is shared by the dashboard, the hub, the command line, and the tests of all three.
//!
//! * [`decode`] and [`decode_message`] turn what a server sent into an [`Envelope`]: a [`Frame`] of the small
//!   vocabulary that the rest of the code knows, its `seq` and its organization. Both outer shapes
//!   (`{"type":…}` and `{"event":…,"data":…}`) end in the same vocabulary.
//! * [`Envelope`] serializes back to the same wire text.
//! * [`ClientFrame`] is the other direction: handshake, subscribe, unsubscribe, ping.
//! * [`Object`] reads and rewrites a JSON object without losing members that nobody here knows.
//! * [`rest`] holds the HTTP bodies, [`close`] the close codes and what each asks of a client.
//!
//! Payloads that belong to the reporter (`data` of an execution event, a job event or a dashboard update,
//! `result` of a task) are kept verbatim as [`Json`] and read on demand, so nothing is lost on the way.

mod agent;
mod client;
pub mod close;
mod control;
mod decode;
mod encode;
mod error;
mod execution;
mod frame;
mod ids;
mod job;
mod json;
mod object;
pub mod rest;
mod scrape;
mod task;
mod timestamp;

pub use agent::{AgentEvent, AgentEventKind, AgentStatus};
pub use client::{ClientFrame, Handshake, Resume};
pub use control::{ConnectionAck, Control, Pong, Resumed, Resync, ResyncReason, Subscribed};
pub use decode::{MAX_FRAME_BYTES, decode, decode_bytes, decode_message, frame_texts};
pub use error::DecodeError;
pub use execution::{
    AgentCompleteData, AgentStartData, ErrorData, ExecutionEvent, ExecutionEventKind, ExecutionFrame,
    ExecutionStatus, LogData, NamedEntity, OutputData, OutputStream, ProgressData, ToolCallData,
};
pub use frame::{DashboardUpdate, Envelope, Frame, UnknownFrame};
pub use ids::{
    AgentId, ConversationId, EventId, ExecutionId, JobId, MessageId, OrganizationId, RunId, TaskId,
};
pub use job::{JobEvent, JobEventKind};
pub use json::Json;
pub use object::Object;
pub use scrape::{ScrapePhase, ScrapeProgress, ScrapedItem, ScrapedPage};
pub use task::{TaskOutcome, TaskResult};
pub use timestamp::Timestamp;
