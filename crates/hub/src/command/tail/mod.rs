//! `switchboard tail`: follows an organization, or one execution, in a terminal.
//!
//! It is a client like the dashboard, driven by the same link: one socket, which reconnects and resumes where it stopped,
//! so that nothing is lost and nothing comes twice. Frames go to standard output; what concerns the connection goes
//! to standard error.

pub(crate) mod connection;
mod line;
mod watched;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::{anyhow, bail};
use futures::future::{BoxFuture, FutureExt as _};
use switchboard_link::{LinkOptions, LinkState, LinkStatus, RefetchReason};
use switchboard_protocol::{Envelope, ExecutionId, ExecutionStatus, ResyncReason, rest::ExecutionSnapshot};
use tokio::sync::mpsc;

use self::{connection::Happening, watched::Watched};
use super::client::{FetchError, Hub, HubArgs, say};
use crate::clock;

/// How many frames may wait for the snapshot that they follow. Beyond it the socket is not read until it is there.
const BACKLOG: usize = 10_000;
/// How long to wait before a snapshot is asked for again that could not be had.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(1);

/// Arguments of `switchboard tail`.
#[derive(Debug, clap::Args)]
pub struct TailArgs {
    #[command(flatten)]
    hub: HubArgs,
    /// Follow this execution: first what it has done, then what it does, until it has ended
    ///
    /// The exit code is then 0 where it completed, and 1 where it failed or was cancelled. Without this option every
    /// frame of the organization is shown, except what executions write, which goes to those who follow them.
    #[arg(long, value_name = "ID")]
    execution: Option<String>,
    /// Write frames as JSON, one a line
    #[arg(long)]
    json: bool,
    /// Leave out what the execution has done before
    #[arg(long, requires = "execution")]
    since_now: bool,
    /// Never end: wait for a hub or an execution that is not there yet, and stay after the execution's end
    #[arg(long, short)]
    follow: bool,
}

/// Follows until there is nothing more to follow.
///
/// # Errors
/// No hub that answers, one that admits us not, or no such execution: in words for a person.
pub async fn execute(args: TailArgs) -> anyhow::Result<ExitCode> {
    let hub = Hub::new(&args.hub)?;
    let execution = args.execution.as_deref().filter(|id| !id.is_empty()).map(ExecutionId::from);
    let mut options = LinkOptions { organization_id: hub.organization().cloned(), ..LinkOptions::default() };
    if let Some(key) = args.hub.key() {
        options.token = key.to_owned();
    }
    let happenings = connection::connect(hub.address().socket(), options, execution.clone());
    let mut tail = Tail {
        hub: &hub,
        args: &args,
        watched: execution.clone().map(Watched::new),
        was_connected: false,
        told: None,
    };
    match tail.follow(happenings, execution).await {
        // Whoever read our output has seen enough: that is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        outcome => outcome,
    }
}

/// What is followed, and how it is shown.
struct Tail<'a> {
    hub: &'a Hub,
    args: &'a TailArgs,
    watched: Option<Watched>,
    was_connected: bool,
    /// What was last said of the connection.
    told: Option<String>,
}

type Fetching<'a> = BoxFuture<'a, Result<ExecutionSnapshot, FetchError>>;

impl<'a> Tail<'a> {
    async fn follow(
        &mut self,
        mut happenings: mpsc::Receiver<Happening>,
        execution: Option<ExecutionId>,
    ) -> anyhow::Result<ExitCode> {
        let mut fetching: Option<Fetching<'a>> = None;
        let mut backlog = Vec::new();
        // The least that a snapshot must hold, so that nothing is missing between it and the frames.
        let mut live_from = None;
        loop {
            tokio::select! {
                happening = happenings.recv(), if backlog.len() < BACKLOG => match happening {
                    None => bail!("the connection ended without a reason"),
                    Some(Happening::Frame(envelope)) if fetching.is_some() => backlog.push(envelope),
                    Some(Happening::Frame(envelope)) => self.frame(&envelope)?,
                    Some(Happening::Undecodable(error)) => say(format_args!("a frame was left out: {error}")),
                    Some(Happening::Subscribed) => fetching = execution.as_ref().map(|id| self.fetch(id, Duration::ZERO)),
                    Some(Happening::Refetch(reason)) => {
                        // What waits belongs before the break; the snapshot that follows has it.
                        backlog.clear();
                        fetching = None;
                        match &mut self.watched {
                            Some(watched) => watched.refetch(&reason),
                            None => say(format_args!("frames may be missing here: {}", why(&reason))),
                        }
                    }
                    Some(Happening::Status(status)) => {
                        live_from = status.live_from;
                        self.status(&status)?;
                    }
                },
                snapshot = fetched(&mut fetching) => {
                    let again = |tail: &Self| execution.as_ref().map(|id| tail.fetch(id, SNAPSHOT_RETRY));
                    match snapshot {
                        Ok(snapshot) if snapshot.seq.is_some() && snapshot.seq < live_from => fetching = again(self),
                        Ok(snapshot) => {
                            fetching = None;
                            self.snapshot(snapshot)?;
                            for envelope in backlog.drain(..) {
                                self.frame(&envelope)?;
                            }
                        }
                        Err(FetchError::NotFound(reason)) if !self.args.follow => {
                            bail!("{reason}; check --execution and --organization, or wait for it with --follow")
                        }
                        Err(FetchError::NotFound(_)) => {
                            fetching = None;
                            self.tell("there is no such execution yet; waiting for its first event");
                            for envelope in backlog.drain(..) {
                                self.frame(&envelope)?;
                            }
                        }
                        Err(FetchError::Transient(reason)) => {
                            self.tell(&format!("{reason}; trying again"));
                            fetching = again(self);
                        }
                        Err(FetchError::Hopeless(reason)) => bail!("{reason}"),
                    }
                }
            }
            if !self.args.follow
                && fetching.is_none()
                && let Some(code) = self.ended()
            {
                return Ok(code);
            }
        }
    }

    /// Asks for the execution's snapshot.
    fn fetch(&self, execution: &ExecutionId, after: Duration) -> Fetching<'a> {
        let (hub, execution) = (self.hub, execution.clone());
        async move {
            tokio::time::sleep(after).await;
            hub.execution(&execution).await
        }
        .boxed()
    }

    fn snapshot(&mut self, snapshot: ExecutionSnapshot) -> anyhow::Result<()> {
        let Some(watched) = &mut self.watched else { return Ok(()) };
        let first = watched.summary().is_none();
        let news = watched.snapshot(snapshot);
        if first && self.args.since_now {
            return Ok(());
        }
        if news.left_out > 0 {
            say(format_args!("{} earlier events are not shown", news.left_out));
        }
        for envelope in &news.frames {
            self.print(envelope)?;
        }
        Ok(())
    }

    fn frame(&mut self, envelope: &Envelope) -> anyhow::Result<()> {
        let wanted = self.watched.as_mut().is_none_or(|watched| watched.frame(envelope, clock::now()));
        if wanted { self.print(envelope) } else { Ok(()) }
    }

    fn print(&self, envelope: &Envelope) -> anyhow::Result<()> {
        let line = if self.args.json { envelope.encode()? } else { line::line(envelope, clock::now()) };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        Ok(out.flush()?)
    }

    /// Says how the connection stands, where that is news, and ends where it is hopeless.
    fn status(&mut self, status: &LinkStatus) -> anyhow::Result<()> {
        let address = self.hub.address();
        let reason =
            || status.last_error.as_ref().map_or_else(|| "no reason given".into(), ToString::to_string);
        match status.state {
            LinkState::Connected => {
                let again = if self.was_connected { " again" } else { "" };
                self.was_connected = true;
                self.tell(&format!("connected{again} to {address}"));
            }
            LinkState::Error => {
                return Err(anyhow!("{}; check --hub, --key and --organization", reason()));
            }
            LinkState::Disconnected if status.last_error.is_some() => {
                if self.was_connected {
                    self.tell(&format!("disconnected: {}; trying again", reason()));
                } else if self.args.follow {
                    self.tell(&format!("no hub answers at {address}: {}; trying again", reason()));
                } else {
                    bail!(
                        "no hub answers at {address}: {}; start one with `switchboard serve`, or name another with --hub",
                        reason()
                    );
                }
            }
            LinkState::Disconnected | LinkState::Connecting => {}
        }
        Ok(())
    }

    /// Says something of the connection, once.
    fn tell(&mut self, text: &str) {
        if self.told.as_deref() != Some(text) {
            say(text);
            self.told = Some(text.to_owned());
        }
    }

    /// The exit code, where the execution has ended.
    fn ended(&self) -> Option<ExitCode> {
        let status = self.watched.as_ref()?.status()?;
        match status {
            ExecutionStatus::Completed => Some(ExitCode::SUCCESS),
            ExecutionStatus::Failed | ExecutionStatus::Cancelled => Some(ExitCode::FAILURE),
            ExecutionStatus::Pending | ExecutionStatus::Running => None,
        }
    }
}

/// The snapshot that was asked for; waits for ever where none was.
async fn fetched(fetching: &mut Option<Fetching<'_>>) -> Result<ExecutionSnapshot, FetchError> {
    match fetching {
        Some(fetching) => fetching.await,
        None => std::future::pending().await,
    }
}

/// Why frames may be missing, for a person.
fn why(reason: &RefetchReason) -> &'static str {
    match reason {
        RefetchReason::Resync(ResyncReason::EpochChanged) => "the hub has another log than before",
        RefetchReason::Resync(ResyncReason::TooOld) => "the hub has deleted what was missed meanwhile",
        RefetchReason::Resync(ResyncReason::Other(_)) => "the hub cannot go on where the connection broke",
        RefetchReason::NoSequence => "the server does not number its frames, and the connection broke",
        RefetchReason::OrganizationChanged => "another organization is followed",
        RefetchReason::Gap => "the hub sent frames that did not arrive",
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
