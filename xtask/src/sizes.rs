//! How much a visitor downloads, and how much that may be.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::shell::step;
use crate::workspace;

/// The most that all files of the release page may have together, each compressed by gzip at level 9, in bytes.
///
/// A page with Leptos and its router alone has about 100,000; executions with their log, hooks and reducers made it 430,000, chat (pages,
/// conversations, pending tasks, Markdown) 650,000, scrape runs 855,000, and agents with their daemon, the wire and its doctor 1,070,000.
/// Nearly half of it is what Leptos makes of each view and each signal. The hub sends it as brotli, which takes a sixth off: on a slow
/// mobile connection (1.6 Mbit/s) that is loaded in four and a half seconds, and from then on cached. Pages that are loaded when they
/// are first opened would halve it; until then nothing may make it grow unnoticed.
pub const BUDGET: u64 = 1_100_000;

/// One file of the page.
#[derive(Debug)]
struct Weight {
    path: PathBuf,
    raw: u64,
    gzip: u64,
}

/// Prints what each file under `folder` weighs, the heaviest first.
///
/// # Errors
/// When a file cannot be read, or all of them together exceed [`BUDGET`].
pub fn report(folder: &Path) -> Result<()> {
    let mut weights = Vec::new();
    weigh(folder, &mut weights)?;
    weights.sort_by_key(|weight| std::cmp::Reverse(weight.gzip));
    let raw: u64 = weights.iter().map(|weight| weight.raw).sum();
    let gzip: u64 = weights.iter().map(|weight| weight.gzip).sum();

    step("What the page weighs, in bytes");
    println!("{:>10} {:>10}", "raw", "gzip");
    for Weight { path, raw, gzip } in &weights {
        println!("{raw:>10} {gzip:>10}  {}", workspace::shown(path));
    }
    println!("{raw:>10} {gzip:>10}  together; the budget is {BUDGET} after gzip");
    within_budget(gzip)
}

fn within_budget(gzip: u64) -> Result<()> {
    if gzip > BUDGET {
        bail!("the page weighs {gzip} bytes after gzip; {} more than its budget of {BUDGET}", gzip - BUDGET);
    }
    Ok(())
}

fn weigh(folder: &Path, weights: &mut Vec<Weight>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", workspace::shown(folder)))? {
        let path = entry?.path();
        if path.is_dir() {
            weigh(&path, weights)?;
            continue;
        }
        let content = fs::read(&path).with_context(|| format!("cannot read {}", workspace::shown(&path)))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        let (raw, gzip) = (content.len() as u64, encoder.finish()?.len() as u64);
        weights.push(Weight { path, raw, gzip });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BUDGET, weigh, within_budget};

    #[test]
    fn files_in_folders_count_and_are_compressed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("snippets")).unwrap();
        std::fs::write(folder.path().join("snippets/a.js"), "a".repeat(10_000)).unwrap();
        std::fs::write(folder.path().join("index.html"), "<html>").unwrap();
        let mut weights = Vec::new();
        weigh(folder.path(), &mut weights).unwrap();
        assert_eq!(weights.iter().map(|weight| weight.raw).sum::<u64>(), 10_006);
        assert!(weights.iter().map(|weight| weight.gzip).sum::<u64>() < 200);
    }

    #[test]
    fn a_page_over_the_budget_is_refused() {
        assert!(within_budget(BUDGET).is_ok());
        assert!(within_budget(BUDGET + 7).unwrap_err().to_string().contains("7 more than its budget"));
    }
}
