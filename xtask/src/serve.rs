//! `cargo xtask serve`: the hub and the dashboard's development server, as one.

use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::probe;
use crate::processes::Group;
use crate::shell::{notice, run, step, succeeds};
use crate::tools::{Toolbox, cargo};
use crate::workspace;

/// The hub's own default, which `Trunk.toml` forwards to.
const DEFAULT_HUB: &str = "127.0.0.1:4100";

/// What stands in the dashboard's place until trunk has built it for the first time.
const BEING_BUILT: &str = "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><title>Switchboard</title>\
    <p>The dashboard is being built. If this stays, the terminal says what is wrong.";

/// What trunk tells: its builds, but not where it listens, because one address is enough.
const TRUNK_LOG: &str = "error,trunk=info,trunk::serve=warn";

/// How often the servers are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Start the hub and the dashboard, and rebuild the dashboard as its files change.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where the hub listens.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_HUB)]
    listen: SocketAddr,
    /// The port of the page, on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder of the hub's data.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Build both for release: slower to build, as fast as it gets.
    #[arg(long)]
    release: bool,
    /// Open the page in a browser.
    #[arg(long)]
    open: bool,
}

impl Serve {
    /// Runs both until Ctrl-C, or until one of them ends.
    ///
    /// # Errors
    /// When something is missing, a port is taken, a build fails, or one of the two ends by itself.
    pub fn run(self) -> Result<()> {
        let page = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        probe::ensure_free(self.listen, "the hub", "--listen HOST:PORT")?;
        probe::ensure_free(page, "the page", "--port PORT")?;
        let tools = Toolbox::for_the_dashboard()?;

        step("Building the hub");
        let profile = if self.release { "release" } else { "dev" };
        run(cargo().args([
            "build",
            "--package",
            "switchboard-hub",
            "--bin",
            "switchboard",
            "--profile",
            profile,
        ]))?;

        let dist = dist()?;
        let interrupted = interrupts()?;
        step("Starting the hub, and building the dashboard (the first time takes some minutes)");
        let hub = Group::start("the hub", &mut self.hub(&dist))?;
        let config = ForwardingConfig::for_hub(self.listen)?;
        let dashboard = Group::start("the dashboard's server", &mut self.trunk(&tools, &config, &dist))?;
        let mut both = [hub, dashboard];

        let told = Cell::new(false);
        let ready = || {
            let answering = probe::status(self.listen, "/api/health") == Some(200)
                && probe::status(page, "/") == Some(200);
            let built = is_built(&dist);
            // Trunk's server starts after the first build, however that went, and builds again after each change.
            if answering && !built && !told.replace(true) {
                notice("the dashboard did not build; it is built again as soon as you change what is wrong");
            }
            answering && built
        };
        if !watch(&mut both, &interrupted, ready)? {
            return Ok(());
        }
        let address = format!("http://{page}");
        step(&format!("Switchboard is ready: {address}"));
        eprintln!(
            "    See a first event:  {} run -- sh -c 'echo hello; sleep 5; echo done'",
            self.report_command()
        );
        eprintln!("    Ctrl-C ends it.\n");
        if self.open {
            open(&address);
        }
        watch(&mut both, &interrupted, || false)?;
        Ok(())
    }

    fn binary(&self) -> PathBuf {
        workspace::hub(if self.release { "release" } else { "debug" })
    }

    fn hub(&self, dist: &Path) -> Command {
        let mut command = Command::new(self.binary());
        command.current_dir(workspace::root());
        command.args(["serve", "--listen", &self.listen.to_string(), "--data"]).arg(&self.data);
        // The hub has the page too, so that the addresses which `switchboard run` prints lead somewhere.
        command.arg("--dashboard").arg(dist);
        command.stdout(Stdio::null());
        command
    }

    fn trunk(&self, tools: &Toolbox, config: &ForwardingConfig, dist: &Path) -> Command {
        let mut command = tools.command("trunk");
        command.arg("serve").arg("--config").arg(config.path()).args(["--port", &self.port.to_string()]);
        command.arg("--dist").arg(dist);
        if std::env::var_os("RUST_LOG").is_none() {
            command.args(["--log", TRUNK_LOG]);
        }
        if self.release {
            command.arg("--release");
        }
        command
    }

    /// How to call this hub's command line from the project's folder.
    fn report_command(&self) -> String {
        let binary = workspace::shown(&self.binary());
        if self.listen.to_string() == DEFAULT_HUB {
            binary
        } else {
            format!("SWITCHBOARD_HUB=http://{} {binary}", probe::reachable(self.listen))
        }
    }
}

/// Where trunk puts what it builds here: `dist/` is left to release builds. It holds a page from the start.
fn dist() -> Result<PathBuf> {
    let folder = workspace::target().join("serve");
    let written =
        fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("index.html"), BEING_BUILT));
    written.with_context(|| format!("cannot write into {}", workspace::shown(&folder)))?;
    Ok(folder)
}

/// Whether trunk has put a page in the place of the first one.
fn is_built(dist: &Path) -> bool {
    fs::read_to_string(dist.join("index.html")).is_ok_and(|page| page != BEING_BUILT)
}

/// The configuration of trunk's server, which forwards the hub's paths to the hub. `Trunk.toml` says where the hub is by
/// default; for another address a copy is written beside it, because trunk takes its folders from the file's own.
#[derive(Debug)]
struct ForwardingConfig {
    path: PathBuf,
    temporary: bool,
}

impl ForwardingConfig {
    fn for_hub(address: SocketAddr) -> Result<Self> {
        let path = workspace::root().join("Trunk.toml");
        let address = probe::reachable(address).to_string();
        if address == DEFAULT_HUB {
            return Ok(Self { path, temporary: false });
        }
        let text = fs::read_to_string(&path).context("cannot read Trunk.toml")?;
        let path = workspace::root().join(".trunk-serve.toml");
        fs::write(&path, text.replace(DEFAULT_HUB, &address)).context("cannot write .trunk-serve.toml")?;
        Ok(Self { path, temporary: true })
    }

    fn path(&self) -> &PathBuf {
        &self.path
    }
}

impl Drop for ForwardingConfig {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Receives one message for each Ctrl-C, SIGTERM or SIGHUP.
fn interrupts() -> Result<Receiver<()>> {
    let (sender, receiver) = channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(receiver)
}

/// Waits until `done` says so (true) or a person interrupts (false).
fn watch(groups: &mut [Group], interrupted: &Receiver<()>, done: impl Fn() -> bool) -> Result<bool> {
    loop {
        for group in groups.iter_mut() {
            if let Some(status) = group.ended() {
                bail!(
                    "{} has ended ({status}); its last lines above say why. Ending the rest.",
                    group.name()
                );
            }
        }
        if done() {
            return Ok(true);
        }
        if interrupted.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            eprintln!("\nEnding the hub and the dashboard's server.");
            return Ok(false);
        }
    }
}

fn open(address: &str) {
    let mut opener = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "start"]);
        command
    } else {
        Command::new("xdg-open")
    };
    if !succeeds(opener.arg(address)) {
        notice("no browser could be opened; the address above is the page");
    }
}
