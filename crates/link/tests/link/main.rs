//! The link played in simulated time: every trap by name, every order at random, and a log server with faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod endings;
mod failures;
mod gaps;
mod heartbeats;
mod history;
mod listening;
mod opening;
mod orders;
mod plain_servers;
mod player;
mod resuming;
mod simulation;
mod subscribing;
mod waking;
