//! The subcommands of `switchboard`, one module each: its arguments, and an `execute` that runs it.

pub mod serve;
