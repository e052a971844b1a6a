//! The hub that the dashboard talks to, and the `switchboard` command line.

pub mod command;
