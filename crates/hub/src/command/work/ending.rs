//! How a command ended: its exit code, and what is reported.

use std::{io, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration};

use nix::sys::signal::Signal;
use serde::Serialize;
use switchboard_protocol::{ExecutionEventKind, Timestamp};

use super::event::{Event, Events};

/// Exit codes that shells give: POSIX, "Exit Status for Commands".
const NOT_FOUND: u8 = 127;
const CANNOT_RUN: u8 = 126;
const SIGNAL_BASE: i32 = 128;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By the signal with this number.
    Killed(i32),
    /// It never began, or cannot be watched.
    Failed {
        /// The exit code that a shell would give.
        code: u8,
        /// Why, and what to do.
        reason: String,
    },
}

impl Ending {
    /// The ending that the operating system tells of.
    pub fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Killed(signal),
            // Neither is not an end, and does not come out of a wait.
            (None, None) => Self::Exited(1),
        }
    }

    /// What kept `program` from starting.
    pub fn not_started(program: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Failed {
                code: NOT_FOUND,
                reason: format!(
                    "cannot start {program}: there is no such command; check its name, its path and PATH"
                ),
            },
            io::ErrorKind::PermissionDenied => Self::Failed {
                code: CANNOT_RUN,
                reason: format!("cannot start {program}: it may not be executed; check its permissions"),
            },
            _ => Self::Failed { code: CANNOT_RUN, reason: format!("cannot start {program}: {error}") },
        }
    }

    /// The exit code of our own process: the command's, and for a signal what a shell gives.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed { code, .. } => *code,
            Self::Exited(_) | Self::Killed(_) => u8::try_from(self.code() & 0xff).unwrap_or(u8::MAX),
        }
    }

    /// Whether `signal` explains the ending: the command died of it, or exited as if it had.
    pub fn is_by(&self, signal: Signal) -> bool {
        self.code() == SIGNAL_BASE + signal as i32
    }

    /// The event that tells of it. `received` are the signals that came to us while the command ran.
    pub fn event(&self, events: &Events, at: Timestamp, ran: Duration, received: &[Signal]) -> Event {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            #[serde(skip_serializing_if = "Option::is_none")]
            message: Option<String>,
            exit_code: i32,
            duration_ms: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            signal: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'static str>,
        }
        let (message, cancelled) = (self.failure(), self.is_cancelled(received));
        let signal = match self {
            Self::Killed(number) => Signal::try_from(*number).ok().map(Signal::as_str),
            Self::Exited(_) | Self::Failed { .. } => None,
        };
        let kind =
            if message.is_none() { ExecutionEventKind::AgentComplete } else { ExecutionEventKind::Error };
        let data = Data {
            message,
            exit_code: self.code(),
            duration_ms: u64::try_from(ran.as_millis()).unwrap_or(u64::MAX),
            signal,
            reason: cancelled.then_some("cancelled"),
        };
        events.lifecycle(&kind, at, &data)
    }

    /// What is wrong with it, in words; `None` where nothing is.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Exited(0) => None,
            Self::Exited(code) => Some(format!("exited with code {code}")),
            Self::Killed(number) => Some(match Signal::try_from(*number) {
                Ok(signal) => format!("killed by signal {number} ({})", signal.as_str()),
                Err(_) => format!("killed by signal {number}"),
            }),
            Self::Failed { reason, .. } => Some(reason.clone()),
        }
    }

    /// Whether a signal that asks to end explains it. `received` are those that came to us while the command ran.
    pub fn is_cancelled(&self, received: &[Signal]) -> bool {
        let asked_to_end = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
        received.iter().any(|signal| asked_to_end.contains(signal) && self.is_by(*signal))
    }

    fn code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::Killed(signal) => SIGNAL_BASE + signal,
            Self::Failed { code, .. } => i32::from(*code),
        }
    }
}
