//! The `switchboard` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use switchboard_hub::command::{agent, run, send, serve, tail};

/// A live dashboard for agents, chat tasks and scrapes: the hub, and what reports to it.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the hub: dashboard, API and sockets on one port.
    Serve(serve::ServeArgs),
    /// Run a command, and report it to a hub while it runs.
    Run(run::RunArgs),
    /// Keep a long-lived command running, as an agent that is reported to a hub.
    Agent(agent::AgentArgs),
    /// Report events from a file or from standard input.
    Send(send::SendArgs),
    /// Follow an organization, or one execution.
    Tail(tail::TailArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Serve(args) => serve::execute(args).await,
        Command::Run(args) => run::execute(args).await,
        Command::Agent(args) => agent::execute(args).await,
        Command::Send(args) => send::execute(args).await,
        Command::Tail(args) => tail::execute(args).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("switchboard: {error:#}");
        ExitCode::FAILURE
    })
}
