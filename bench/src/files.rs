//! Where the things under test are.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// The hub's release binary, or the one that `SWITCHBOARD_BIN` names.
///
/// # Errors
/// Where there is none.
pub fn hub() -> Result<PathBuf> {
    let path = from_env("SWITCHBOARD_BIN").unwrap_or_else(|| target().join("release/switchboard"));
    ensure!(path.is_file(), "there is no {}; run `cargo build --release -p switchboard-hub`", path.display());
    Ok(path)
}

/// The folder of the dashboard's release build, or the one that `SWITCHBOARD_DIST` names.
///
/// # Errors
/// Where there is none.
pub fn dashboard() -> Result<PathBuf> {
    let path = from_env("SWITCHBOARD_DIST").unwrap_or_else(|| root().join("dist"));
    let page = path.join("index.html");
    ensure!(page.is_file(), "there is no {}; run `cargo xtask build`", page.display());
    Ok(path)
}

/// Where builds and scratch files go: a benchmark of durable writes wants a real disk, which `/tmp` may not be.
pub fn target() -> PathBuf {
    from_env("CARGO_TARGET_DIR").unwrap_or_else(|| root().join("target"))
}

/// A path from the environment; a relative one is meant from the workspace's root.
fn from_env(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(|path| root().join(path))
}

/// The workspace's root. This package lies one folder below it, and is only ever run by cargo from its sources.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
