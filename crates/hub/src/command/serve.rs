//! `switchboard serve`: runs the hub until it is asked to stop.

use std::process::ExitCode;

/// Runs the hub: dashboard, API and sockets on one port.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// What kept the hub from starting, in words for the person who started it.
#[expect(clippy::unused_async, reason = "the server is about to stand here")]
pub async fn execute(_args: ServeArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("the server is not here yet")
}
