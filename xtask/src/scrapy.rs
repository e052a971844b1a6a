//! Python with Scrapy and the project's extension for it, for the tests that run a real spider.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::shell::{run, step, succeeds};
use crate::tools::Toolbox;
use crate::{apt, workspace};

/// Exits with success where this Python can make an environment that Scrapy runs in. Debian has `ensurepip` in a
/// package of its own.
const USABLE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

/// Exits with success in an environment that is complete, and whose paths still lead somewhere.
const COMPLETE: &str = "import scrapy, switchboard_scrapy";

const MISSING: &str = "The tests of the Scrapy extension need Python 3.11 or newer as `python3`, with its modules venv and \
    ensurepip (on Debian, as root: apt-get install python3 python3-venv).";

/// The extension's folder.
pub fn folder() -> PathBuf {
    workspace::root().join("integrations").join("scrapy")
}

/// The Python of an environment of the project's own, in which Scrapy is installed in the version that the tests want, and
/// the extension in the form that it has in this checkout. It is made when it is missing, and when what belongs in it
/// has changed.
///
/// # Errors
/// When there is no Python, or pip cannot install; the message says what to get.
pub fn python() -> Result<PathBuf> {
    let requirements = folder().join("tests").join("requirements.txt");
    let environment = workspace::tools().join("scrapy");
    let python = interpreter(&environment);
    // Written when everything is in place, so that an installation that broke off is begun anew.
    let stamp = environment.join("installed.txt");
    let wanted = contents(&[&requirements, &folder().join("pyproject.toml")])?;
    let is_complete = || succeeds(Command::new(&python).args(["-c", COMPLETE]));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && is_complete() {
        return Ok(python);
    }

    let system = system_python()?;
    step(&format!("Installing Scrapy into {}", workspace::shown(&environment)));
    if environment.exists() {
        std::fs::remove_dir_all(&environment)
            .with_context(|| format!("cannot remove {}", workspace::shown(&environment)))?;
    }
    run(Command::new(system).args(["-m", "venv"]).arg(&environment))?;
    let pip = || {
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command
    };
    run(pip().arg("--requirement").arg(&requirements))
        .context("pip cannot install Scrapy; it needs the package index that it is configured with")?;
    // What builds it is among the requirements. Editable, so that a change of its source needs no installation.
    run(pip().args(["--no-build-isolation", "--no-deps", "--editable"]).arg(folder()))?;
    if !is_complete() {
        bail!("Scrapy was installed into {}, but does not run from there", workspace::shown(&environment));
    }
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", workspace::shown(&stamp)))?;
    Ok(python)
}

/// Where an environment has its Python.
fn interpreter(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    }
}

/// The machine's Python, installed by apt where this user may.
fn system_python() -> Result<PathBuf> {
    let find = || {
        ["python3", "python"]
            .iter()
            .filter_map(|name| Toolbox::default().find(name))
            .find(|python| succeeds(Command::new(python).args(["-c", USABLE])))
    };
    if let Some(python) = find() {
        return Ok(python);
    }
    apt::install("Python", &["python3", "python3-venv"]).context(MISSING)?;
    find().context(MISSING)
}

/// The files' text, one after the other.
fn contents(files: &[&Path]) -> Result<String> {
    let read = |file: &&Path| {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", workspace::shown(file)))
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::folder;

    // The environment is made anew when this file changes, and only a pinned version changes it.
    #[test]
    fn every_requirement_of_the_tests_is_pinned() {
        let requirements = std::fs::read_to_string(folder().join("tests").join("requirements.txt")).unwrap();
        let lines = || requirements.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert!(lines().any(|line| line.starts_with("Scrapy==")));
        assert!(lines().any(|line| line.starts_with("flit_core==")), "what builds the extension");
        for line in lines() {
            assert!(line.contains("=="), "{line}");
        }
    }
}
