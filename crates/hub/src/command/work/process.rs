//! The command as a process: started, watched, signalled, and heard to its end.

use std::{
    ffi::OsString,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Serialize;
use switchboard_protocol::{ExecutionEventKind, OutputStream, Timestamp};
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use super::{
    ending::Ending,
    event::Events,
    outbox::Outbox,
    pulse::Pulse,
    pump::{LostReaders, pump},
    signals::Signals,
};
use crate::{
    clock::now,
    command::client::{Hub, say},
};

/// How long the news of a Ctrl-C may come after the news of the death that it caused.
const SAME_MOMENT: Duration = Duration::from_millis(100);

/// One run of one command.
#[derive(Debug)]
pub struct Run<'a> {
    events: Arc<Events>,
    outbox: &'a Outbox,
    pulse: &'a Pulse,
    signals: Signals,
    /// What has come so far.
    received: Vec<Signal>,
    /// Whether somebody who waits for us gave up while the command's output was still being passed on.
    cut_short: bool,
    quiet: bool,
    /// Where a reader of ours that leaves must not end the command.
    lost_readers: Option<&'a LostReaders>,
}

impl<'a> Run<'a> {
    /// A run that reports to `outbox`, and whose lines are its pulse's task.
    pub fn new(
        events: Arc<Events>,
        outbox: &'a Outbox,
        pulse: &'a Pulse,
        signals: Signals,
        quiet: bool,
    ) -> Self {
        Self {
            events,
            outbox,
            pulse,
            signals,
            received: Vec::new(),
            cut_short: false,
            quiet,
            lost_readers: None,
        }
    }

    /// The same for a command that outlives whoever reads our own output: where that cannot be written any more, it is only reported.
    pub fn outliving(self, lost_readers: &'a LostReaders) -> Self {
        Self { lost_readers: Some(lost_readers), ..self }
    }

    /// Gives the signals back, with those that came.
    pub fn into_signals(self) -> (Signals, Vec<Signal>) {
        (self.signals, self.received)
    }

    /// What has come so far.
    pub fn received(&self) -> &[Signal] {
        &self.received
    }

    /// The process to start. Its environment names the execution and the hub, so that what it starts may report to
    /// the same execution.
    pub fn command(&self, words: &[OsString], hub: &Hub) -> Command {
        let (program, arguments) =
            words.split_first().map_or((OsString::new(), &[][..]), |(first, rest)| (first.clone(), rest));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("SWITCHBOARD_EXECUTION", self.events.execution().as_str())
            .env("SWITCHBOARD_HUB", hub.address().to_string())
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the command, reports what it does, and returns when it and its output have ended. `describe` makes
    /// the data of `agent-start` from the process's number, or from none where it could not be started.
    pub async fn run<D: Serialize>(
        &mut self,
        mut command: Command,
        describe: impl FnOnce(Option<u32>) -> D,
    ) -> Ending {
        let (began, at) = (Instant::now(), now());
        let started = command.spawn();
        let pid = started.as_ref().ok().and_then(Child::id);
        let start = self.events.lifecycle(&ExecutionEventKind::AgentStart, at, &describe(pid));
        self.outbox.put(start).await;
        // Only now: a beat that names an execution before its first event names one that nobody knows.
        self.pulse.begin();
        let (ending, ended_at, ran) = match started {
            Ok(child) => self.watch(child, began).await,
            Err(error) => {
                let program = command.as_std().get_program().to_string_lossy();
                let ending = Ending::not_started(&program, &error);
                if let Ending::Failed { reason, .. } = &ending {
                    say(reason);
                }
                (ending, at, Duration::ZERO)
            }
        };
        self.outbox.put(ending.event(&self.events, ended_at, ran, &self.received)).await;
        ending
    }

    /// Whether output may still be on its way to a reader that does not read.
    pub fn was_cut_short(&self) -> bool {
        self.cut_short
    }

    /// Waits for someone who wants no more waiting; see [`asked_to_stop`].
    pub async fn asked_to_stop(&mut self, ending: &Ending) {
        asked_to_stop(&mut self.signals, &mut self.received, ending).await;
    }

    /// Watches the process to its end, and what it wrote to the end of that. Answers how, when and after how long
    /// it ended.
    async fn watch(&mut self, mut child: Child, began: Instant) -> (Ending, Timestamp, Duration) {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
        let (end, ended) = watch::channel(None);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let is_read =
            |stream| !self.quiet && self.lost_readers.is_none_or(|readers| readers.may_read(stream));
        let out = is_read(OutputStream::Stdout).then(tokio::io::stdout);
        let err = is_read(OutputStream::Stderr).then(tokio::io::stderr);
        let (into, lost) = ((&self.events, self.outbox, self.pulse), self.lost_readers);
        let pumps = async {
            tokio::join!(
                pump(stdout, out, OutputStream::Stdout, into, lost, ended.clone()),
                pump(stderr, err, OutputStream::Stderr, into, lost, ended.clone()),
            )
        };
        tokio::pin!(pumps);
        let mut heard = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                received = self.signals.next() => {
                    self.received.push(received.signal);
                    if let Some(pid) = pid && !received.command_has_it {
                        // It fails only where the command has just ended, and then it has no use.
                        let _ = kill(pid, received.signal);
                    }
                }
                _ = &mut pumps, if !heard => heard = true,
            }
        };
        let (ended_at, ran) = (now(), began.elapsed());
        let ending = match status {
            Ok(status) => Ending::of(status),
            Err(error) => Ending::Failed { code: 1, reason: format!("cannot wait for the command: {error}") },
        };
        end.send_replace(Some(tokio::time::Instant::now()));
        if !heard {
            tokio::select! {
                _ = &mut pumps => {}
                () = asked_to_stop(&mut self.signals, &mut self.received, &ending) => self.cut_short = true,
            }
        }
        if matches!(ending, Ending::Killed(_)) && self.received.is_empty() {
            // Whoever asked the command to end may have asked us too, and then the execution was cancelled.
            let _ = timeout(SAME_MOMENT, async {
                let received = self.signals.next().await;
                self.received.push(received.signal);
            })
            .await;
        }
        (ending, ended_at, ran)
    }
}

/// Waits for someone who wants no more waiting: a signal after the command's end. The one that ended the command may come
/// to us only now, and is not counted. `received` are those that came before.
pub async fn asked_to_stop(signals: &mut Signals, received: &mut Vec<Signal>, ending: &Ending) {
    loop {
        let signal = signals.next().await.signal;
        let ended_the_command = received.is_empty() && ending.is_by(signal);
        received.push(signal);
        if !ended_the_command {
            return;
        }
    }
}
