//! The hub under test: the release binary, on a fresh data folder and a port of its own.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

use crate::{files, usage};

/// How long a hub may take to listen.
const START: Duration = Duration::from_secs(20);

/// How often a starting hub is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A hub that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Hub {
    address: SocketAddr,
    pid: u32,
    _process: Child,
    // Dropped after the process, whose files lie in it.
    _data: TempDir,
}

/// What a hub is started with.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Whether a commit waits for the disk: `full` or `normal`, as `switchboard serve --sync` takes it.
    pub sync: &'a str,
    /// Serves this folder as the dashboard.
    pub dashboard: Option<&'a Path>,
    /// Further arguments of `switchboard serve`.
    pub arguments: &'a [&'a str],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { sync: "full", dashboard: None, arguments: &[] }
    }
}

impl Hub {
    /// Starts a hub, and waits until it listens.
    ///
    /// # Errors
    /// Where there is no binary, or it ends or says nothing.
    pub async fn start(options: Options<'_>) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("bench-").tempdir_in(files::target())?;
        let address = unused_address()?;
        let mut command = Command::new(files::hub()?);
        command.arg("serve").arg("--listen").arg(address.to_string()).arg("--data").arg(data.path());
        command.args(["--sync", options.sync]);
        if let Some(folder) = options.dashboard {
            command.arg("--dashboard").arg(folder);
        }
        command.args(options.arguments);
        // Only what is wrong is to stand between the benchmark's own lines.
        command.env("SWITCHBOARD_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().context("cannot start the hub")?;
        let pid = process.id().context("the hub has ended")?;
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("the hub ended instead of serving: {status}");
            }
            if started.elapsed() > START {
                bail!("the hub does not listen after {} s", START.as_secs());
            }
            sleep(LOOK).await;
        }
        Ok(Self { address, pid, _process: process, _data: data })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time that it has used so far.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn cpu_time(&self) -> Result<Duration> {
        usage::cpu_time(self.pid)
    }

    /// How much of it is in memory, in bytes.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn resident_bytes(&self) -> Result<u64> {
        usage::resident_bytes(self.pid)
    }
}

/// A loopback address that was unused a moment ago.
fn unused_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot bind a port")?;
    listener.local_addr().context("a bound port has an address")
}
