//! The subcommands of `switchboard`, one module each: its arguments, and an `execute` that runs it.

pub mod agent;
mod client;
pub mod run;
pub mod send;
pub mod serve;
pub mod tail;
mod work;
