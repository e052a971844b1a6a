//! Chromium and its driver, for the tests that look at the page.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::apt;
use crate::tools::Toolbox;

/// A browser and the program that drives it, of one version.
#[derive(Debug)]
pub struct Browser {
    /// What tests get as `CHROMIUM`.
    pub chromium: PathBuf,
    /// What tests get as `CHROMEDRIVER`.
    pub driver: PathBuf,
}

impl Browser {
    /// Finds the browser, or installs it by apt where this user may.
    ///
    /// # Errors
    /// When it is missing and cannot be installed; the message names what to get.
    pub fn ensure() -> Result<Self> {
        if let Some(browser) = Self::find() {
            return Ok(browser);
        }
        if let Err(error) = apt::install("Chromium and its driver", &["chromium", "chromium-driver"]) {
            bail!("{error:#}\n{}", Self::missing());
        }
        match Self::find() {
            Some(browser) => Ok(browser),
            None => bail!("{}", Self::missing()),
        }
    }

    /// `CHROMIUM` and `CHROMEDRIVER` where they are set, else the usual names on `PATH`.
    fn find() -> Option<Self> {
        let chromium = named("CHROMIUM", &["chromium", "chromium-browser", "google-chrome", "chrome"])?;
        let driver = named("CHROMEDRIVER", &["chromedriver"])?;
        Some(Self { chromium, driver })
    }

    fn missing() -> String {
        "The browser tests need Chromium and chromedriver of the same version, and at least one of them is missing.\n\
         On Debian, as root: apt-get install chromium chromium-driver\n\
         Elsewhere: install both, and set CHROMIUM and CHROMEDRIVER to their paths where they are not on PATH.\n\
         `cargo xtask test --native` runs the tests that need no browser."
            .to_owned()
    }
}

fn named(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let chosen = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    chosen.or_else(|| names.iter().find_map(|name| Toolbox::default().find(name)))
}
