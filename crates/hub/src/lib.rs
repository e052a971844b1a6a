//! The hub that the dashboard talks to, and the `switchboard` command line.
//!
//! ```text
//! POST /api/events ─→ ingest ─→ store ─→ feed ─→ socket ─→ client
//!                               store ─→ rest ─→ client
//! POST /api/chat/messages ─→ chat ─→ store ─→ worker ─→ store
//! POST /api/scrape/runs ─→ scrape ─→ store ─→ crawler ─→ store
//! ```
//!
//! * `server` starts and stops a hub, `routes` says which path leads where, and `hub` holds what all parts
//!   share.
//! * `ingest` validates and stamps what is reported; it is durable when the reporter has its answer.
//! * `feed` reads each organization's tail once and encodes it once; `socket` holds the connections, each a
//!   cursor on it. There is no second path for replay.
//! * `chat` takes messages, and gives the tasks that answer them to workers inside and outside the hub.
//! * `scrape` takes orders to scrape, crawls, and tells of it also by server-sent events.
//! * `rest` reads, `assets` shows the dashboard, `retention` deletes.
//! * `auth` and `origin` decide who may; `problem` is how it is said that something does not go.
//!
//! Nothing here assumes that the hub is the only one on its store.

mod assets;
pub mod auth;
mod chat;
mod clock;
pub mod command;
pub mod config;
#[cfg(test)]
mod exactly_once;
mod feed;
mod hub;
mod ingest;
mod origin;
mod problem;
mod random;
mod rest;
mod retention;
mod routes;
mod scrape;
mod server;
mod socket;

pub use config::Config;
pub use server::{RunningHub, StartError, start, start_on};
