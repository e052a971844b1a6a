//! `switchboard run`: runs a command, passes its output on, and reports it to a hub while it runs.
//!
//! The command comes first. Its output goes on unchanged and at once, its exit code and signals pass through, and a hub
//! that is slow or away costs it at most `--patience` seconds in all. What is reported goes through the
//! [`Outbox`](outbox::Outbox), which is bounded, and from there in batches to the hub, each repeated until it is durable.

mod delivery;
mod ending;
mod event;
mod lines;
mod outbox;
mod process;
mod pump;
mod signals;

use std::{ffi::OsString, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use switchboard_protocol::{ExecutionId, NamedEntity};

use self::{
    delivery::Delivery,
    event::Events,
    outbox::{Limits, Outbox, Tally},
    process::Run,
    signals::Signals,
};
use super::client::{Hub, HubArgs, say, seconds};

/// How long the end of a run waits in silence before it says what it waits for.
const SILENT_FLUSH: Duration = Duration::from_secs(1);
/// The longest title that is made from a command line, in characters.
const LONGEST_TITLE: usize = 200;

/// What `--help` says below the options.
const BEHAVIOUR: &str = "\
Exit code: the command's; 128 + N where signal N ended it, 127 where there is no such command, 126 where it cannot be
executed. Signals that are sent to us are passed on; Ctrl-C in a terminal reaches the command by itself. A signal while
delivery is waited for at the end gives up.

While the hub is away or slow, events are kept and sent again, each exactly once. Where the buffer is full the command is
slowed down, in all for at most --patience; then the oldest lines are dropped, and a note says where and how many. A
process that the command leaves behind is listened to for 2 s. The command finds SWITCHBOARD_EXECUTION and
SWITCHBOARD_HUB in its environment, so that it can report more to the same execution, with `switchboard send` say.";

/// Arguments of `switchboard run`.
#[derive(Debug, clap::Args)]
#[command(after_help = BEHAVIOUR)]
pub struct RunArgs {
    #[command(flatten)]
    hub: HubArgs,
    /// The agent at work; without it, the command's file name
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The department that the agent works for
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// What the execution is about; without it, the command line
    #[arg(long)]
    title: Option<String>,
    /// The execution's identifier; without it, a new one
    #[arg(long, value_name = "ID")]
    execution: Option<String>,
    /// Keep the command's output and our own notes off this terminal; losses are still told
    #[arg(long, short)]
    quiet: bool,
    /// How long delivery may go on after the command has ended
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, help_heading = "Delivery")]
    flush_timeout: Duration,
    /// How long in all a full buffer may slow the command down, before the oldest output is dropped
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds, help_heading = "Delivery")]
    patience: Duration,
    /// How many events are kept for a hub that is away
    #[arg(long, value_name = "COUNT", default_value_t = 200_000, help_heading = "Delivery")]
    buffer_events: usize,
    /// How many bytes of events are kept for a hub that is away
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024, help_heading = "Delivery")]
    buffer_bytes: usize,
    /// The command and its arguments; put -- before it
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command to its end and delivers what is to be reported.
///
/// # Errors
/// Only what keeps the command from being tried: arguments that no hub can be talked to with, or a system without signal
/// handlers. Whatever happens to the reports, the exit code is the command's.
pub async fn execute(args: RunArgs) -> anyhow::Result<ExitCode> {
    let hub = Hub::new(&args.hub)?;
    let signals = Signals::take().context("cannot take signals")?;
    let execution = args
        .execution
        .as_deref()
        .filter(|id| !id.is_empty())
        .map_or_else(|| uuid::Uuid::now_v7().to_string().into(), ExecutionId::from);
    let events = Arc::new(Events::new(execution, hub.organization().cloned()));
    let limits = Limits { events: args.buffer_events, bytes: args.buffer_bytes, patience: args.patience };
    let outbox = Outbox::new(Arc::clone(&events), limits);
    let delivery = Delivery::new(&hub, &outbox, args.quiet);
    if !args.quiet {
        say(hub.address().execution_page(events.execution()));
    }

    let mut run = Run::new(&events, &outbox, signals, args.quiet);
    let command = run.command(&args.command, &hub);
    let deliver = delivery.run();
    tokio::pin!(deliver);
    let mut delivered = false;
    let ending = {
        let describe = |pid| started(&args, pid);
        let watch = run.run(command, describe);
        tokio::pin!(watch);
        loop {
            tokio::select! {
                ending = &mut watch => break ending,
                () = &mut deliver, if !delivered => delivered = true,
            }
        }
    };
    outbox.close();
    if !delivered {
        let note = async {
            tokio::time::sleep(SILENT_FLUSH).await;
            if !args.quiet {
                say(format_args!(
                    "the command has ended; delivering {} events, for up to {} s (Ctrl-C gives up)",
                    outbox.tally().waiting,
                    args.flush_timeout.as_secs_f64()
                ));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = deliver => {}
            () = tokio::time::sleep(args.flush_timeout) => {}
            () = run.asked_to_stop(&ending) => {}
            () = note => {}
        }
    }
    tell_losses(&outbox.tally(), delivery.trouble());
    if run.was_cut_short() {
        // A write to a reader that stands still cannot be called back, and an orderly end would wait for it.
        std::process::exit(i32::from(ending.exit_code()));
    }
    Ok(ExitCode::from(ending.exit_code()))
}

/// Data of `agent-start`.
#[derive(Debug, Serialize)]
struct Started {
    agent: NamedEntity,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<NamedEntity>,
    title: String,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
}

fn started(args: &RunArgs, pid: Option<u32>) -> Started {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let program = args.command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    let command = command_line(&args.command);
    let title = given(&args.title).unwrap_or_else(|| {
        let mut title: String = command.chars().take(LONGEST_TITLE).collect();
        if title.len() < command.len() {
            title.push('…');
        }
        title
    });
    Started {
        agent: NamedEntity::named(
            given(&args.agent).unwrap_or_else(|| program.to_string_lossy().into_owned()),
        ),
        department: given(&args.department).map(NamedEntity::named),
        title,
        command,
        pid,
    }
}

/// A command line as a person would type it.
fn command_line(command: &[OsString]) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:=,@%+~".contains(character);
    let words: Vec<String> = command
        .iter()
        .map(|word| {
            let word = word.to_string_lossy();
            if !word.is_empty() && word.chars().all(is_plain) {
                word.into_owned()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect();
    words.join(" ")
}

/// Says on stderr what the hub has not.
fn tell_losses(tally: &Tally, trouble: Option<String>) {
    let undelivered = tally.undelivered();
    if undelivered == 0 {
        return;
    }
    let mut parts = Vec::new();
    for (count, what) in [
        (tally.waiting, "not delivered in time"),
        (tally.dropped, "dropped because the buffer was full"),
        (tally.refused, "refused"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let why = trouble.map(|reason| format!(" ({reason})")).unwrap_or_default();
    say(format_args!(
        "{undelivered} of {} events did not reach the hub: {}{why}",
        undelivered + tally.delivered,
        parts.join(", ")
    ));
}
