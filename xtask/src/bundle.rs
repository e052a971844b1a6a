//! `cargo xtask build`: the dashboard in `dist/`, and one binary that holds it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::shell::{run, step};
use crate::sizes;
use crate::tools::{Toolbox, cargo};
use crate::workspace;

/// Builds both, and weighs the page in between.
///
/// # Errors
/// When something is missing, a build fails, or the page is larger than its budget.
pub fn build() -> Result<()> {
    dashboard(Toolbox::for_the_dashboard()?)?;
    sizes::report(&workspace::dist())?;
    step("Building the hub with the dashboard inside it");
    run(cargo().args([
        "build",
        "--release",
        "--package",
        "switchboard-hub",
        "--features",
        "embed-dashboard",
    ]))?;
    let (dist, hub) = (workspace::dist(), workspace::hub("release"));
    step(&format!("Built {} and {}", workspace::shown(&dist), workspace::shown(&hub)));
    Ok(())
}

/// Builds the release dashboard into `dist/`.
///
/// # Errors
/// When trunk fails.
pub fn dashboard(mut tools: Toolbox) -> Result<()> {
    let optimised = tools.add_wasm_opt();
    step("Building the dashboard for release");
    let source = if optimised { None } else { Some(PageWithoutWasmOpt::write()?) };
    let mut trunk = tools.command("trunk");
    trunk.args(["build", "--release"]);
    if let Some(page) = &source {
        trunk.args(["--html-output", "index.html"]).arg(&page.0);
    }
    run(&mut trunk)
}

/// A copy of `index.html` that asks for no `wasm-opt`, beside the original because its links are relative.
///
/// Trunk computes the integrity hashes in the page after `wasm-opt` has run, so optimising is trunk's own step, asked for in
/// `index.html`; there is no option that leaves it out. The copy goes when this value does.
#[derive(Debug)]
struct PageWithoutWasmOpt(PathBuf);

impl PageWithoutWasmOpt {
    fn write() -> Result<Self> {
        let page = std::fs::read_to_string(workspace::root().join("index.html"))
            .context("cannot read index.html")?;
        let path = workspace::root().join(".index-without-wasm-opt.html");
        std::fs::write(&path, without_wasm_opt(&page)).context("cannot write a copy of index.html")?;
        Ok(Self(path))
    }
}

impl Drop for PageWithoutWasmOpt {
    fn drop(&mut self) {
        let _: Result<_, _> = std::fs::remove_file(Path::new(&self.0));
    }
}

/// Turns the optimiser off, whether the page names a level or leaves it to trunk's default.
fn without_wasm_opt(page: &str) -> String {
    const LEVEL: &str = "data-wasm-opt=\"";
    let start = page.find(LEVEL).map(|at| at + LEVEL.len());
    match start.and_then(|start| Some((page.get(..start)?, page.get(start..)?.split_once('"')?))) {
        Some((before, (_, after))) => format!("{before}0\"{after}"),
        None => page.replacen("rel=\"rust\"", "rel=\"rust\" data-wasm-opt=\"0\"", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::without_wasm_opt;

    #[test]
    fn a_named_level_is_turned_off() {
        assert_eq!(
            without_wasm_opt(r#"<link data-trunk rel="rust" data-wasm-opt="z" data-bin="x"> <p title="y">"#),
            r#"<link data-trunk rel="rust" data-wasm-opt="0" data-bin="x"> <p title="y">"#
        );
    }

    // Trunk optimises release builds also where the page says nothing about it.
    #[test]
    fn the_default_level_is_turned_off_too() {
        assert_eq!(
            without_wasm_opt(r#"<link data-trunk rel="rust">"#),
            r#"<link data-trunk rel="rust" data-wasm-opt="0">"#
        );
    }
}
