//! Chat: messages come in, tasks answer them, and the answers go through the log to whoever watches.
//!
//! ```text
//! POST /api/chat/messages ─→ rest ─→ store (message, task) ─→ queue ─→ worker ─→ assistant | model
//!                                      ↑                                 │
//!                                      └── Log::append: deltas, result ──┘
//! ```
//!
//! * `args` and `config` are what it is started with, `rest` holds the calls, `lanes` says who may answer, and `report`
//!   writes what is appended.
//! * `queue` gives tasks to this hub's own workers and puts back what a lost worker had; `worker` sees one task to its
//!   end; `deltas` brings an answer bit by bit.
//! * `assistant` answers from the hub's own data; `model` asks an OpenAI-compatible server.
//!
//! A worker outside the hub claims, renews and reports by the same store calls, so that nothing here knows whether
//! a task is answered inside or outside.

mod args;
mod assistant;
mod config;
mod deltas;
mod lanes;
mod model;
mod queue;
mod report;
pub mod rest;
mod worker;

pub use args::{ChatArgs, unless_blank};
pub use config::{ChatConfig, DEFAULT_MODEL_CONCURRENCY, DEFAULT_TASK_TIMEOUT, ModelConfig, Prices};
pub use lanes::{Lanes, MODEL};
pub use model::Secret;
pub use queue::{HUB_WORKERS, Queue};
