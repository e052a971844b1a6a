//! Long-running programs that end together with the task that started them, however that ends.
//!
//! Each program leads a process group of its own, so that Ctrl-C reaches only the task, and the task ends the program
//! with all that it started itself (trunk starts cargo, cargo starts rustc). Against a task that is killed outright there
//! is a guard: this same binary, waiting on a pipe that closes when the task is gone, and then ending the group.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long a program may take to end by itself. The hub says good-bye to its connections and commits in that time.
const GRACE: Duration = Duration::from_secs(20);

/// How often a program is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A program with all that it started. Dropping it ends them.
#[derive(Debug)]
pub struct Group {
    name: &'static str,
    child: Child,
    guard: Option<Child>,
    ended: Option<ExitStatus>,
}

impl Group {
    /// Starts the command. `name` is what a person calls it.
    ///
    /// # Errors
    /// When the program, or its guard, cannot be started.
    pub fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        lead_a_group(command);
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {name}"))?;
        let mut group = Self { name, child, guard: None, ended: None };
        group.guard = start_guard(group.child.id()).context("cannot start the guard")?;
        Ok(group)
    }

    /// What a person calls it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How the program ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Asks the program to end, waits for it, and kills what is left of its group.
    pub fn stop(&mut self) {
        if self.ended().is_none() {
            terminate(self.child.id());
            let asked = Instant::now();
            while self.ended().is_none() && asked.elapsed() < GRACE {
                std::thread::sleep(LOOK);
            }
        }
        kill(self.child.id());
        if self.ended.is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
        if let Some(mut guard) = self.guard.take() {
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The guard's whole life: waits until the task is gone, and ends the process group that `leader` leads.
pub fn guard(leader: u32) {
    // Whatever ends the reading, a closed pipe or an error, says that nobody is there any more.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    terminate(leader);
    let asked = Instant::now();
    while is_there(leader) && asked.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
    kill(leader);
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn start_guard(leader: u32) -> Result<Option<Child>> {
    let mut command = Command::new(std::env::current_exe()?);
    lead_a_group(&mut command);
    command
        .args(["guard", &leader.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(Some(command.spawn()?))
}

#[cfg(unix)]
fn terminate(leader: u32) {
    // A group that has ended already is what was wanted.
    let _ = signal(leader, nix::sys::signal::Signal::SIGTERM);
}

#[cfg(unix)]
fn kill(leader: u32) {
    let _ = signal(leader, nix::sys::signal::Signal::SIGKILL);
}

#[cfg(unix)]
fn is_there(leader: u32) -> bool {
    signal(leader, None)
}

/// Sends the signal to the group, or, without one, only asks whether there is such a group.
#[cfg(unix)]
fn signal(leader: u32, signal: impl Into<Option<nix::sys::signal::Signal>>) -> bool {
    i32::try_from(leader)
        .is_ok_and(|group| nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), signal).is_ok())
}

// Elsewhere a program is ended alone, by `Child::kill`, and there is no guard.
#[cfg(not(unix))]
fn lead_a_group(_: &mut Command) {}

#[cfg(not(unix))]
fn start_guard(_: u32) -> Result<Option<Child>> {
    Ok(None)
}

#[cfg(not(unix))]
fn is_there(_: u32) -> bool {
    false
}

#[cfg(not(unix))]
fn terminate(_: u32) {}

#[cfg(not(unix))]
fn kill(_: u32) {}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::Group;

    // Trunk starts cargo, and cargo starts rustc: ending only the first would leave the others running.
    #[test]
    fn dropping_a_group_ends_what_its_program_has_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo started; wait"]).stdout(Stdio::piped());
        let mut group = Group::start("a shell", &mut command).unwrap();
        let mut output = group.child.stdout.take().unwrap();
        let mut started = [0; 8];
        output.read_exact(&mut started).unwrap();
        assert_eq!(&started, b"started\n");

        drop(group);
        // Both hold the pipe's other end, so it is at its end only when neither runs.
        assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn a_program_that_ends_by_itself_says_how() {
        let mut group = Group::start("a shell", Command::new("sh").args(["-c", "exit 7"])).unwrap();
        let status = group.child.wait().unwrap();
        assert_eq!((status.code(), group.ended()), (Some(7), Some(status)));
    }
}
