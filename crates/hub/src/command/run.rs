//! `switchboard run`: runs a command, passes its output on, and reports it to a hub while it runs.
//!
//! The command comes first. Its output goes on unchanged and at once, its exit code and signals pass through, and a hub
//! that is slow or away costs it at most `--patience` seconds in all. What is reported goes through the
//! [`Outbox`](super::work::Outbox), which is bounded, and from there in batches to the hub, each repeated until it is
//! durable.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::value_parser;
use switchboard_protocol::ExecutionId;

use super::{
    client::{Hub, HubArgs, say},
    work::{
        Delivery, DeliveryArgs, Description, Ending, Events, Kind, Outbox, Pulse, Run, Signals, flush, given,
        tell_losses,
    },
};

/// What `--help` says below the options.
const BEHAVIOUR: &str = "\
Exit code: the command's; 128 + N where signal N ended it, 127 where there is no such command, 126 where it cannot be
executed. Signals that are sent to us are passed on; Ctrl-C in a terminal reaches the command by itself. A signal while
delivery is waited for at the end gives up.

While the hub is away or slow, events are kept and sent again, each exactly once. Where the buffer is full the command is
slowed down, in all for at most --patience; then the oldest lines are dropped, and a note says where and how many. A
process that the command leaves behind is listened to for 2 s. The command finds SWITCHBOARD_EXECUTION and
SWITCHBOARD_HUB in its environment, so that it can report more to the same execution, with `switchboard send` say.

While the command runs, its agent beats: with the last line of output, or the title until there is one, as its current task.
Whoever watches can so tell a silent command from a lost one. Several runs may share an agent's name: it has stopped when
the last of them has.";

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
    /// How often the agent beats; 0 says nothing of the agent
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = value_parser!(u64).range(0..=3600))]
    heartbeat: u64,
    /// Keep the command's output and our own notes off this terminal; losses are still told
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    delivery: DeliveryArgs,
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
    let description = Description::of(
        &args.command,
        given(args.agent.as_ref()),
        given(args.department.as_ref()),
        given(args.title.as_ref()),
    );
    let organization = hub.organization().cloned();
    let events = Arc::new(Events::new(execution, organization.clone()));
    let department = description.department.clone();
    let pulse = Pulse::new(&description.agent.name, department, organization, args.heartbeat);
    pulse.works_on(events.execution(), &description.title);
    let outbox = args.delivery.outbox();
    let delivery = Delivery::new(&hub, &outbox, args.quiet);
    if !args.quiet {
        say(hub.address().execution_page(events.execution()));
    }

    let mut run = Run::new(events, &outbox, &pulse, signals, args.quiet);
    let command = run.command(&args.command, &hub);
    let deliver = delivery.run();
    tokio::pin!(deliver);
    let mut delivered = false;
    let ending = {
        let watch = run.run(command, |pid| description.started(pid));
        let beats = pulse.beat(&outbox);
        tokio::pin!(watch, beats);
        loop {
            tokio::select! {
                ending = &mut watch => break ending,
                () = &mut deliver, if !delivered => delivered = true,
                never = &mut beats => match never {},
            }
        }
    };
    tell_the_end(&pulse, &outbox, &ending, &run);
    outbox.close();
    if !delivered {
        flush(deliver, run.asked_to_stop(&ending), &outbox, &args.delivery, args.quiet).await;
    }
    tell_losses(&outbox.tally(), delivery.trouble());
    if run.was_cut_short() {
        // A write to a reader that stands still cannot be called back, and an orderly end would wait for it.
        std::process::exit(i32::from(ending.exit_code()));
    }
    Ok(ExitCode::from(ending.exit_code()))
}

/// What became of the agent, in place of a heartbeat that the hub has not had yet.
fn tell_the_end(pulse: &Pulse, outbox: &Outbox, ending: &Ending, run: &Run<'_>) {
    if !pulse.is_on() {
        return;
    }
    let failure = ending.failure().filter(|_| !ending.is_cancelled(run.received()));
    outbox.beat(match failure {
        Some(why) => pulse.failed(&why, Kind::Beat),
        None => pulse.stopped(Kind::Beat),
    });
}
