//! The hub that the dashboard talks to, and the `switchboard` command line.
//!
//! ```text
//! POST /api/events ─→ ingest ─→ store ─→ feed ─→ socket ─→ client
//!                               store ─→ rest ─→ client
//! ```
//!
//! * `server` starts and stops a hub, `routes` says which path leads where, and `hub` holds what all parts
//!   share.
//! * `ingest` validates and stamps what is reported; it is durable when the reporter has its answer.
//! * `feed` reads each organization's tail once and encodes it once; `socket` holds the connections, each a
//!   cursor on it. There is no second path for replay.
//! * `rest` reads, `assets` shows the dashboard, `retention` deletes.
//! * `auth` and `origin` decide who may; `problem` is how it is said that something does not go.
//!
//! Nothing here assumes that the hub is the only one on its store.

mod assets;
pub mod auth;
mod clock;
pub mod command;
pub mod config;
mod feed;
mod hub;
mod ingest;
mod origin;
mod problem;
mod random;
mod rest;
mod retention;
mod routes;
mod server;
mod socket;

pub use config::Config;
pub use server::{RunningHub, StartError, start, start_on};
