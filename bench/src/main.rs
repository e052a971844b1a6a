//! Benchmarks of what Switchboard is made of, each on the real thing: the release binary of the hub, the release
//! build of the dashboard in a real browser, the decoder and the reducers that both use.
//!
//! Every benchmark prints rows of one Markdown table. What is measured, and how the figures are to be read, is in
//! `docs/performance.md`; `cargo xtask bench` builds what is needed and runs this.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod browser;
mod decode;
mod fanout;
mod files;
mod frames;
mod hub;
mod idle;
mod ingest;
mod machine;
mod publisher;
mod reader;
mod reply;
mod size;
mod statistics;
mod table;
mod usage;

use table::Table;

#[derive(Debug, Parser)]
#[command(name = "switchboard-bench", about = "Measures Switchboard, and prints Markdown tables.")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    Machine(machine::Machine),
    Decode(decode::Decode),
    Ingest(ingest::Ingest),
    Fanout(fanout::Fanout),
    Idle(idle::Idle),
    Browser(browser::Browser),
    Reply(reply::Reply),
    Size(size::Size),
}

#[tokio::main]
async fn main() -> ExitCode {
    let table = match Arguments::parse().benchmark {
        Benchmark::Machine(machine) => Ok(machine.run()),
        Benchmark::Decode(decode) => decode.run(),
        Benchmark::Ingest(ingest) => ingest.run().await,
        Benchmark::Fanout(fanout) => fanout.run().await,
        Benchmark::Idle(idle) => idle.run().await,
        Benchmark::Browser(browser) => browser.run().await,
        Benchmark::Reply(reply) => reply.run().await,
        Benchmark::Size(size) => size.run(),
    };
    match table {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("switchboard-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what is going on; standard output holds nothing but the table.
fn note(text: impl std::fmt::Display) {
    eprintln!("    {text}");
}
