//! `switchboard agent`: keeps a long-lived worker running and reported.
//!
//! Each start of the command is an execution of its own, reported as `switchboard run` reports one, so that its output can be
//! read on its page. The agent goes on from one to the next: it beats while the command runs and while it waits to be started
//! again, and says when it started, failed and stopped.

mod restarts;

use std::{ffi::OsString, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::value_parser;
use nix::sys::signal::Signal;
use switchboard_protocol::{AgentStatus, Timestamp};
use tokio::time::Instant;

use self::restarts::{Next, Policy, Restarts};
use super::{
    client::{Hub, HubArgs, say},
    work::{
        Delivery, DeliveryArgs, Description, Ending, Events, Kind, LostReaders, Outbox, Pulse, Run, Signals,
        asked_to_stop, flush, given, tell_losses,
    },
};
use crate::clock::now;

/// What `--help` says below the options.
const BEHAVIOUR: &str = "\
Each start of the command is an execution of its own. The agent's current task is the last line that the command wrote, or
its command line until there is one; so a worker tells what it does by printing it. While it waits to be started again it
still beats, and says until when it waits.

Whatever the hub answers, it is asked again, after a minute at the latest. Where our own output cannot be written any more, the
command runs on and is only reported.

Signals that are sent to us are passed on. A command that ends after SIGTERM, SIGINT or SIGQUIT, or that SIGHUP ends, is not
started again; neither is one that waits when such a signal comes, and neither is one that could not be started the first time. The wait before a restart begins at --restart-delay and
doubles up to 60 s; a command that ran for 60 s begins at the shortest one again, and --max-restarts counts anew.

Exit code: the command's when it ended for good, as `switchboard run` gives it.";

/// Arguments of `switchboard agent`.
#[derive(Debug, clap::Args)]
#[command(after_help = BEHAVIOUR)]
pub struct AgentArgs {
    #[command(flatten)]
    hub: HubArgs,
    /// The agent's identifier: one row on the Agents page, whatever is started under it
    #[arg(long, value_name = "ID", value_parser = identifier)]
    id: String,
    /// The department that the agent works for
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// How often the agent beats
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = value_parser!(u64).range(1..=3600))]
    heartbeat: u64,
    /// When the command is started again: whatever its end, only after a failure, or not at all
    #[arg(long, value_enum, value_name = "POLICY", default_value_t)]
    restart: Policy,
    /// How often in a row it is started again; 0 is without end
    #[arg(long, value_name = "N", default_value_t = 0)]
    max_restarts: u32,
    /// How long the first wait before a restart is at most; each further one is up to twice as long, and none more than 60 s
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = restarts::first_delay)]
    restart_delay: Duration,
    /// Keep the command's output and our own notes off this terminal; losses are still told
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    delivery: DeliveryArgs,
    /// The command and its arguments; put -- before it
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// An identifier that a hub takes: said here, where somebody reads it, and not by each refused heartbeat.
fn identifier(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.len() > 256 || text.contains(char::is_control) {
        return Err("expected 1 to 256 bytes, not only white space, and no control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Keeps the command running until it has ended for good, and delivers what is to be reported.
///
/// # Errors
/// Only what keeps the command from being tried: arguments that no hub can be talked to with, or a system without signal
/// handlers. Whatever happens to the reports, the exit code is the command's.
pub async fn execute(args: AgentArgs) -> anyhow::Result<ExitCode> {
    let hub = Hub::new(&args.hub)?;
    let signals = Signals::take().context("cannot take signals")?;
    let description =
        Description::of(&args.command, Some(args.id.clone()), given(args.department.as_ref()), None);
    let department = description.department.clone();
    let pulse = Pulse::new(&args.id, department, hub.organization().cloned(), args.heartbeat);
    let outbox = args.delivery.outbox();
    let delivery = Delivery::new(&hub, &outbox, args.quiet).patient();
    let deliver = delivery.run();
    tokio::pin!(deliver);
    let mut delivered = false;
    let mut ended = {
        let lost_readers = LostReaders::default();
        let worker = Worker {
            args: &args,
            hub: &hub,
            description: &description,
            pulse: &pulse,
            outbox: &outbox,
            lost_readers: &lost_readers,
        };
        let keep = worker.keep(signals);
        let beats = pulse.beat(&outbox);
        tokio::pin!(keep, beats);
        loop {
            tokio::select! {
                ended = &mut keep => break ended,
                () = &mut deliver, if !delivered => delivered = true,
                never = &mut beats => match never {},
            }
        }
    };
    outbox.close();
    if !delivered {
        let given_up = asked_to_stop(&mut ended.signals, &mut ended.received, &ended.ending);
        flush(deliver, given_up, &outbox, &args.delivery, args.quiet).await;
    }
    tell_losses(&outbox.tally(), delivery.trouble());
    if ended.cut_short {
        // A write to a reader that stands still cannot be called back, and an orderly end would wait for it.
        std::process::exit(i32::from(ended.ending.exit_code()));
    }
    Ok(ExitCode::from(ended.ending.exit_code()))
}

/// The worker that is kept running.
#[derive(Debug)]
struct Worker<'a> {
    args: &'a AgentArgs,
    hub: &'a Hub,
    description: &'a Description,
    pulse: &'a Pulse,
    outbox: &'a Outbox,
    lost_readers: &'a LostReaders,
}

/// How it ended for good.
#[derive(Debug)]
struct Ended {
    ending: Ending,
    signals: Signals,
    /// The signals that came since the last start.
    received: Vec<Signal>,
    /// Whether output may still be on its way to a reader that does not read.
    cut_short: bool,
}

impl Worker<'_> {
    /// Starts the command, again and again as the policy says.
    async fn keep(&self, mut signals: Signals) -> Ended {
        let args = self.args;
        let mut has_run = false;
        let mut restarts = Restarts::new(args.restart, args.max_restarts, args.restart_delay);
        loop {
            let mut ended = self.run_once(signals).await;
            // What could not be started at all is most likely misspelt, and who started us is still there to read it.
            let is_misspelt = matches!(ended.ending, Ending::Failed { .. }) && !has_run;
            has_run = true;
            if ended.cut_short || is_misspelt || was_asked_to_end(&ended) {
                return self.stopped(ended).await;
            }
            let failure = ended.ending.failure();
            match restarts.after(failure.is_some(), fastrand::f64()) {
                Next::Ended => return self.stopped(ended).await,
                Next::GivenUp => {
                    if !args.quiet {
                        say(format_args!(
                            "the command was started again {} times in a row, and is not any more",
                            args.max_restarts
                        ));
                    }
                    return self.stopped(ended).await;
                }
                Next::After(delay) => {
                    // A moment and not a time to wait: each heartbeat repeats it, and it must stay true.
                    let wait = format!("is started again at {}", time_of_day(now(), delay));
                    if let Some(why) = &failure {
                        self.outbox.announce(self.pulse.failed(why, Kind::Lifecycle)).await;
                        self.pulse.waits(AgentStatus::Error, wait);
                    } else {
                        // A turning point that names the execution, so that it is not taken to go on beside the next one.
                        self.outbox.announce(self.pulse.stopped(Kind::Lifecycle)).await;
                        self.pulse.waits(AgentStatus::Idle, wait);
                    }
                    if !args.quiet {
                        let how = failure.as_deref().unwrap_or("ended");
                        let seconds = delay.as_secs_f64();
                        say(format_args!("the command {how}; it is started again in {seconds:.1} s"));
                    }
                    if asked_to_end_while_waiting(&mut ended.signals, delay).await {
                        self.outbox.announce(self.pulse.stopped(Kind::Lifecycle)).await;
                        return ended;
                    }
                    signals = ended.signals;
                    restarts.begun(Instant::now());
                }
            }
        }
    }

    /// Runs the command to its end, as an execution of its own.
    async fn run_once(&self, signals: Signals) -> Ended {
        let execution = uuid::Uuid::now_v7().to_string().into();
        let events = Arc::new(Events::new(execution, self.hub.organization().cloned()));
        self.pulse.works_on(events.execution(), &self.description.title);
        self.outbox.announce(self.pulse.started()).await;
        if !self.args.quiet {
            say(self.hub.address().execution_page(events.execution()));
        }
        let mut run =
            Run::new(events, self.outbox, self.pulse, signals, self.args.quiet).outliving(self.lost_readers);
        let command = run.command(&self.args.command, self.hub);
        let ending = run.run(command, |pid| self.description.started(pid)).await;
        let cut_short = run.was_cut_short();
        let (signals, received) = run.into_signals();
        Ended { ending, signals, received, cut_short }
    }

    /// Says what became of the agent when the command has ended for good.
    async fn stopped(&self, ended: Ended) -> Ended {
        let failure = ended.ending.failure().filter(|_| !was_asked_to_end(&ended));
        self.outbox
            .announce(match failure {
                Some(why) => self.pulse.failed(&why, Kind::Lifecycle),
                None => self.pulse.stopped(Kind::Lifecycle),
            })
            .await;
        ended
    }
}

/// When it will be so much later, to the second and not too early.
fn time_of_day(now: Timestamp, later: Duration) -> String {
    let later = i64::try_from(later.as_millis()).unwrap_or(i64::MAX);
    let seconds = now.as_millis().saturating_add(later).saturating_add(999).div_euclid(1_000);
    let (hour, minute, second) = (
        seconds.div_euclid(3_600).rem_euclid(24),
        seconds.div_euclid(60).rem_euclid(60),
        seconds.rem_euclid(60),
    );
    format!("{hour:02}:{minute:02}:{second:02} UTC")
}

/// Whether somebody asked the command to end, so that it is not started again. SIGHUP often means "read your configuration
/// anew": it counts only where it is what ended the command.
fn was_asked_to_end(ended: &Ended) -> bool {
    let asks = |signal: &Signal| matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT);
    ended.received.iter().any(asks) || ended.ending.is_cancelled(&ended.received)
}

/// Waits before a restart. Answers whether somebody asked us to end meanwhile.
async fn asked_to_end_while_waiting(signals: &mut Signals, delay: Duration) -> bool {
    let wait = tokio::time::sleep(delay);
    tokio::pin!(wait);
    loop {
        tokio::select! {
            () = &mut wait => return false,
            received = signals.next() => {
                // Nobody is there whom the others could be passed on to.
                if !matches!(received.signal, Signal::SIGUSR1 | Signal::SIGUSR2) {
                    return true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_restart_is_told_to_the_second_and_past_midnight() {
        for (at, later, told) in [
            ("2026-01-31T12:00:00Z", 1_000, "12:00:01 UTC"),
            ("2026-01-31T12:00:00.001Z", 57_300, "12:00:58 UTC"),
            ("2026-01-31T23:59:30Z", 60_000, "00:00:30 UTC"),
        ] {
            let now = Timestamp::parse(at).unwrap();
            assert_eq!(time_of_day(now, Duration::from_millis(later)), told);
        }
    }
}
