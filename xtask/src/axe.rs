//! axe-core, which finds what keeps people with disabilities from a page; for the end-to-end tests.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::shell::{run, step};
use crate::tools::Toolbox;
use crate::{apt, workspace};

/// The version whose rules the pages are held to.
const VERSION: &str = "4.14.1";

const MISSING: &str = "The end-to-end tests hold the pages to the rules of axe-core, which npm installs, and there is no npm \
    (on Debian, as root: apt-get install npm; elsewhere: nodejs.org).";

/// The script that a page is checked with, installed into `.tools/` where it is missing.
///
/// # Errors
/// When there is no npm, or it cannot install; the message says what to get.
pub fn script() -> Result<PathBuf> {
    let folder = workspace::tools().join(format!("axe-core-{VERSION}"));
    let script = folder.join("node_modules").join("axe-core").join("axe.min.js");
    if script.is_file() {
        return Ok(script);
    }
    let npm = npm()?;
    step(&format!("Installing axe-core {VERSION} into {}", workspace::shown(&folder)));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", workspace::shown(&folder)))?;
    let mut install = Command::new(npm);
    install.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    run(install.arg(&folder).arg(format!("axe-core@{VERSION}")))?;
    if !script.is_file() {
        bail!("axe-core was installed into {}, but is not there", workspace::shown(&folder));
    }
    Ok(script)
}

/// The machine's npm, installed by apt where this user may.
fn npm() -> Result<PathBuf> {
    let find = || Toolbox::default().find("npm");
    if let Some(npm) = find() {
        return Ok(npm);
    }
    apt::install("npm", &["npm"]).context(MISSING)?;
    find().context(MISSING)
}
