//! Installs what the tests need of the system, on Debian and what derives from it.

use std::process::Command;

use anyhow::Result;

use crate::shell::{run, step, succeeds};
use crate::tools::Toolbox;

/// Installs the packages where there is apt and this user may use it without being asked for anything; else does
/// nothing. `what` is what a person reads.
///
/// # Errors
/// When apt fails.
pub fn install(what: &str, packages: &[&str]) -> Result<()> {
    let Some(apt) = apt() else { return Ok(()) };
    step(&format!("Installing {what} by apt"));
    run(apt().arg("update"))?;
    run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// How this user runs apt; nothing where that cannot be.
fn apt() -> Option<impl Fn() -> Command> {
    Toolbox::default().find("apt-get")?;
    let root = is_root();
    if !root && !succeeds(Command::new("sudo").args(["--non-interactive", "true"])) {
        return None;
    }
    Some(move || {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.args(["--non-interactive", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    })
}

#[cfg(unix)]
fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
