//! Where things are in the project.

use std::path::{Path, PathBuf};

/// The folder that holds the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    // The manifest of this package lies one folder below it, and a task is only ever run by cargo from its sources.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The dashboard as a static host or the hub serves it.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Tools that the tasks install for this project alone.
pub fn tools() -> PathBuf {
    root().join(".tools")
}

/// The hub's binary as `cargo build` leaves it in `profile`, `debug` or `release`.
pub fn hub(profile: &str) -> PathBuf {
    target().join(profile).join(format!("switchboard{}", std::env::consts::EXE_SUFFIX))
}

/// A path as a person would type it in the project's folder.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
