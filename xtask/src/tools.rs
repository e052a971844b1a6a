//! The tools that build and test the dashboard: finds them in the version that the project needs, and installs
//! what is missing into `.tools/`, one folder a version, so that nothing else on the machine changes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::shell::{notice, output_of, run, step};
use crate::{lockfile, workspace};

/// What the dashboard is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The dashboard's bundler. 0.22 needs a newer compiler than `rust-toolchain.toml` names.
const TRUNK: &str = "0.21.14";

/// The major version of binaryen, which `wasm-opt` is a part of. `Trunk.toml` names the same.
const BINARYEN: &str = "132";

/// A search path in which the tools that were asked for are found in the right version.
#[derive(Debug, Default)]
pub struct Toolbox {
    /// Folders to search before `PATH`: only those of tools that `PATH` lacks.
    folders: Vec<PathBuf>,
}

impl Toolbox {
    /// What `trunk build` and `trunk serve` need, except `wasm-opt`.
    ///
    /// # Errors
    /// When something is missing and cannot be installed; the message says how to get it.
    pub fn for_the_dashboard() -> Result<Self> {
        let mut tools = Self::for_wasm_tests()?;
        tools.ensure("trunk", TRUNK, &["trunk"])?;
        Ok(tools)
    }

    /// What `cargo test --target wasm32-unknown-unknown` needs, except the browser.
    ///
    /// # Errors
    /// As [`Toolbox::for_the_dashboard`].
    pub fn for_wasm_tests() -> Result<Self> {
        ensure_wasm_target()?;
        let mut tools = Self::default();
        // The two halves of wasm-bindgen, the library and the tool, must have one version.
        let version = lockfile::version_of("wasm-bindgen")?;
        tools.ensure("wasm-bindgen-cli", &version, &["wasm-bindgen", "wasm-bindgen-test-runner"])?;
        Ok(tools)
    }

    /// Adds `wasm-opt` from npm's package `binaryen`, where it is not on `PATH`. Answers whether there is one now:
    /// a page that was not optimised works as well, so no npm or no network is a notice and not an error.
    pub fn add_wasm_opt(&mut self) -> bool {
        let folder = workspace::tools().join(format!("binaryen-{BINARYEN}"));
        let programs = folder.join("node_modules").join(".bin");
        if self.has("wasm-opt", BINARYEN) {
            return true;
        }
        if !programs.join("wasm-opt").exists() {
            let Some(npm) = self.find("npm") else {
                notice(&format!(
                    "there is neither wasm-opt {BINARYEN} nor npm to install it with; the page will be larger than it need be"
                ));
                return false;
            };
            step(&format!("Installing wasm-opt {BINARYEN} into {}", workspace::shown(&folder)));
            let installed = std::fs::create_dir_all(&folder).map_err(Into::into).and_then(|()| {
                let mut command = Command::new(npm);
                command.args([
                    "install",
                    "--no-save",
                    "--no-audit",
                    "--no-fund",
                    "--loglevel=error",
                    "--prefix",
                ]);
                run(command.arg(&folder).arg(format!("binaryen@{BINARYEN}")))
            });
            if let Err(error) = installed {
                notice(&format!("{error:#}; the page will be larger than it need be"));
                return false;
            }
        }
        self.folders.insert(0, programs);
        if !self.has("wasm-opt", BINARYEN) {
            notice("wasm-opt was installed but does not run; the page will be larger than it need be");
            self.folders.remove(0);
            return false;
        }
        true
    }

    /// A command that finds these tools first, and whose own children do too.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command.current_dir(workspace::root()).env("PATH", self.search_path());
        // Trunk reads NO_COLOR as a boolean and refuses "1", which is what most people set.
        if std::env::var_os("NO_COLOR").is_some() {
            command.env("NO_COLOR", "true");
        }
        // What it would say is known: the version is chosen above.
        command.env("TRUNK_SKIP_VERSION_CHECK", "true");
        command
    }

    /// The program's place, in these folders or on `PATH`.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&self.search_path())
            .map(|folder| folder.join(&name))
            .find(|path| path.is_file())
    }

    fn search_path(&self) -> OsString {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.folders.iter().cloned().chain(std::env::split_paths(&inherited));
        std::env::join_paths(folders).unwrap_or(inherited)
    }

    fn has(&self, program: &str, version: &str) -> bool {
        self.find(program).is_some()
            && output_of(self.command(program).arg("--version"))
                .is_some_and(|text| version_in(&text) == Some(version))
    }

    /// Makes sure that each of `programs` is found in exactly this version, by installing `package` if need be.
    fn ensure(&mut self, package: &str, version: &str, programs: &[&str]) -> Result<()> {
        let all = |tools: &Self| programs.iter().all(|program| tools.has(program, version));
        if all(self) {
            return Ok(());
        }
        let folder = workspace::tools().join(format!("{package}-{version}"));
        self.folders.insert(0, folder.join("bin"));
        if all(self) {
            return Ok(());
        }
        let shown = workspace::shown(&folder);
        step(&format!("Installing {package} {version} into {shown} (once; this takes some minutes)"));
        let mut cargo = cargo();
        cargo.args(["install", "--locked", package, "--version", version, "--root"]).arg(&folder);
        run(&mut cargo).with_context(|| {
            format!("cannot install {package} {version}; `cargo install --locked {package} --version {version}` by hand, and try again")
        })?;
        if !all(self) {
            bail!("{package} {version} was installed into {shown}, but does not run from there");
        }
        Ok(())
    }
}

/// The cargo that runs this task.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

/// # Errors
/// When the compiler lacks the target, and rustup is not there or cannot add it.
pub fn ensure_wasm_target() -> Result<()> {
    let installed = || {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(workspace::root()).args(["--print", "target-libdir", "--target", WASM_TARGET]);
        output_of(&mut rustc).is_some_and(|folder| PathBuf::from(folder).is_dir())
    };
    if installed() {
        return Ok(());
    }
    step(&format!("Adding the compiler's target {WASM_TARGET}"));
    let mut rustup = Command::new("rustup");
    rustup.current_dir(workspace::root()).args(["target", "add", WASM_TARGET]);
    run(&mut rustup).with_context(|| {
        format!("the compiler cannot build for {WASM_TARGET}; install Rust with rustup, and run `rustup target add {WASM_TARGET}`")
    })?;
    if !installed() {
        bail!(
            "rustup added {WASM_TARGET}, but `rustc` on PATH does not have it: is rustup's folder first on PATH?"
        );
    }
    Ok(())
}

/// The version in what `--version` printed: the first word that starts with a digit.
fn version_in(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{BINARYEN, version_in};
    use crate::workspace;

    #[test]
    fn versions_are_found_in_what_the_tools_print() {
        assert_eq!(version_in("trunk 0.21.14"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.129 (abcdef1)"), Some("0.2.129"));
        assert_eq!(version_in("wasm-opt version 132 (version_132)"), Some("132"));
        assert_eq!(version_in("usage: nothing"), None);
    }

    // A plain `trunk build --release` takes its wasm-opt from Trunk.toml, and would otherwise use another one.
    #[test]
    fn trunk_is_told_the_same_version_of_wasm_opt() {
        let config = std::fs::read_to_string(workspace::root().join("Trunk.toml")).unwrap();
        assert!(config.contains(&format!("wasm_opt = \"version_{BINARYEN}\"")));
    }
}
