//! `cargo xtask screenshots`: the pictures of the documentation, taken from the running product.

use anyhow::Result;

use crate::browser::Browser;
use crate::bundle;
use crate::shell::{run, step};
use crate::test::build_hub;
use crate::tools::{Toolbox, cargo};
use crate::workspace;

/// Builds the product, runs it with something to show, and writes what its pages look like into `docs/images/`.
///
/// # Errors
/// When something is missing, a build fails, or a page never shows what a picture is to show.
pub fn take() -> Result<()> {
    let browser = Browser::ensure()?;
    bundle::dashboard(Toolbox::for_the_dashboard()?)?;
    build_hub()?;
    step("Taking the pictures");
    run(cargo()
        .args(["run", "--package", "switchboard-e2e", "--bin", "screenshots"])
        .env("SWITCHBOARD_BIN", workspace::hub("debug"))
        .env("SWITCHBOARD_DIST", workspace::dist())
        .env("CHROMEDRIVER", &browser.driver)
        .env("CHROMIUM", &browser.chromium))?;
    step("Written into docs/images/");
    Ok(())
}
