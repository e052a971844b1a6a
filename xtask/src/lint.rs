//! `cargo xtask lint`: formatting and clippy, as the continuous integration runs them.

use anyhow::Result;

use crate::shell::{run, step};
use crate::tools::{WASM_TARGET, cargo, ensure_wasm_target};

/// Any warning fails.
///
/// # Errors
/// When something is not formatted, or clippy warns.
pub fn lint() -> Result<()> {
    step("Checking the formatting");
    run(cargo().args(["fmt", "--all", "--check"]))?;

    step("Clippy: everything that runs natively");
    let all = ["--locked", "--workspace", "--exclude", "switchboard-dashboard", "--all-targets"];
    run(cargo().arg("clippy").args(all).args(["--", "--deny", "warnings"]))?;

    step("Clippy: the dashboard, as it is compiled for the browser");
    ensure_wasm_target()?;
    let dashboard =
        ["--locked", "--package", "switchboard-dashboard", "--target", WASM_TARGET, "--all-targets"];
    run(cargo().arg("clippy").args(dashboard).args(["--", "--deny", "warnings"]))
}
