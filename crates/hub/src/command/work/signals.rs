//! Signals that come to us and are meant for the command.

use std::{io, io::IsTerminal as _, thread};

use nix::sys::signal::Signal;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2},
    iterator::{Handle, SignalsInfo, exfiltrator::WithOrigin},
    low_level::siginfo::{Cause, Origin},
};
use tokio::sync::mpsc;

/// What is passed on. All of them would end us otherwise, and leave the command alone and unreported.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
/// How many signals may wait to be handled. The kernel joins equal ones anyway.
const WAITING: usize = 16;

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Which one.
    pub signal: Signal,
    /// Whether the command has had it too. A terminal sends Ctrl-C to its whole foreground process group, and the
    /// command stays in ours, so that it may read from the terminal. Passing it on would interrupt it twice,
    /// which many programs take for "stop at once". What another process sent came to us alone.
    pub command_has_it: bool,
}

/// The signals that come to this process from now on.
#[derive(Debug)]
pub struct Signals {
    received: mpsc::Receiver<Received>,
    handle: Handle,
}

impl Signals {
    /// Begins to take them.
    ///
    /// # Errors
    /// Where the system gives no signal handler or thread.
    pub fn take() -> io::Result<Self> {
        let mut signals = SignalsInfo::<WithOrigin>::new(PASSED_ON)?;
        let handle = signals.handle();
        let (sender, received) = mpsc::channel(WAITING);
        thread::Builder::new().name("signals".into()).spawn(move || {
            for origin in signals.forever() {
                if let Some(signal) = received_from(&origin)
                    && sender.blocking_send(signal).is_err()
                {
                    return;
                }
            }
        })?;
        Ok(Self { received, handle })
    }

    /// The next one; never, once no more can come.
    pub async fn next(&mut self) -> Received {
        match self.received.recv().await {
            Some(received) => received,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn received_from(origin: &Origin) -> Option<Received> {
    let signal = Signal::try_from(origin.signal).ok()?;
    let command_has_it = match origin.cause {
        Cause::Kernel => true,
        Cause::Sent(_) => false,
        // Some systems do not say. Then what a keyboard can send, in a terminal, is taken to come from it.
        _ => matches!(signal, Signal::SIGINT | Signal::SIGQUIT) && io::stdin().is_terminal(),
    };
    Some(Received { signal, command_has_it })
}
