//! Processes that a test starts, and their output.

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use crate::Journal;

/// A process in a group of its own, so that what it started ends with it.
pub struct Process {
    name: String,
    child: Child,
    pid: Option<Pid>,
    lines: Arc<Mutex<Vec<String>>>,
    journal: Journal,
}

impl Process {
    /// Starts `command`; each line that it prints goes to the journal under `name`.
    pub fn spawn(journal: &Journal, name: &str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        journal.note(name, format_args!("started as process {pid:?}"));
        let lines = Arc::default();
        if let Some(stdout) = child.stdout.take() {
            read_lines(journal, name, stdout, &lines);
        }
        if let Some(stderr) = child.stderr.take() {
            read_lines(journal, name, stderr, &lines);
        }
        Self { name: name.into(), child, pid, lines, journal: journal.clone() }
    }

    /// What it has printed so far, on both streams.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it ends by itself.
    pub async fn finish(&mut self) -> ExitStatus {
        let status = self.child.wait().await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        self.pid = None;
        self.journal.note(&self.name, format_args!("ended: {status}"));
        status
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL to the process and all that it started, and waits for its end.
    pub async fn kill(&mut self) -> ExitStatus {
        self.journal.note(&self.name, "SIGKILL");
        self.kill_group();
        self.finish().await
    }

    /// SIGTERM to the process alone, and waits for its end.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.journal.note(&self.name, "SIGTERM");
        if let Some(pid) = self.pid {
            kill_process(pid, Signal::TERM).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
        self.finish().await
    }

    fn kill_group(&self) {
        if let Some(pid) = self.pid {
            // The group may be gone already, which is what was wanted.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Process {
    /// Ends the process, except while a test fails: then it stays until the failure is reported, so that the
    /// screenshot shows what the test saw and not what the end of the servers made of it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            LEFT.lock().unwrap_or_else(PoisonError::into_inner).extend(self.pid);
        } else {
            self.kill_group();
        }
    }
}

/// The processes that a failing test left.
static LEFT: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Ends the processes that a failing test left.
pub fn end_what_is_left() {
    for pid in LEFT.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

fn read_lines(
    journal: &Journal,
    name: &str,
    stream: impl AsyncRead + Unpin + Send + 'static,
    lines: &Arc<Mutex<Vec<String>>>,
) {
    let (journal, name, lines) = (journal.clone(), name.to_owned(), Arc::clone(lines));
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes).await, Ok(read) if read > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            journal.note(&name, &line);
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            bytes.clear();
        }
    });
}
