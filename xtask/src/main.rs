//! The project's own tasks. `cargo xtask help` lists them; each is one file.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod apt;
mod axe;
mod bench;
mod browser;
mod bundle;
mod lint;
mod lockfile;
mod probe;
mod processes;
mod scrapy;
mod screenshots;
mod serve;
mod shell;
mod sizes;
mod summary;
mod test;
mod tools;
mod workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Serve(serve::Serve),
    /// Build the dashboard into `dist/`, and `target/release/switchboard` with the dashboard inside it.
    Build,
    Test(test::Test),
    Bench(bench::Bench),
    /// Take the pictures of the documentation from the running product, into `docs/images/`.
    Screenshots,
    /// Check the formatting, and let clippy look at everything.
    Lint,
    /// Ends a process group when this process's standard input closes.
    #[command(hide = true)]
    Guard {
        /// The process that leads the group.
        leader: u32,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Serve(serve) => serve.run(),
        Task::Build => bundle::build(),
        // Its last line is the result, so nothing is said after it.
        Task::Test(test) => return if test.run() { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        Task::Bench(bench) => bench.run(),
        Task::Screenshots => screenshots::take(),
        Task::Lint => lint::lint(),
        Task::Guard { leader } => {
            processes::guard(leader);
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
