//! `size`: what a visitor downloads.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::{
    Table, files,
    table::{count, verdict},
};

/// The most that the page may weigh after gzip, in bytes; `cargo xtask build` holds it to the same, and says why so much.
const TARGET: u64 = 1_100_000;

/// Weigh everything that the dashboard's release page loads.
#[derive(Debug, clap::Args)]
pub struct Size {}

/// The bytes of some files.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    raw: u64,
    gzip: u64,
}

impl Size {
    /// Reads the built dashboard.
    #[expect(clippy::unused_self, reason = "one shape for every benchmark")]
    pub fn run(self) -> Result<Table> {
        let mut found = Vec::new();
        list(&files::dashboard()?, &mut found)?;
        let whole = ["wasm", "js", "html"].iter().all(|kind| found.iter().any(|path| is_of(path, kind)));
        ensure!(whole, "the built dashboard is incomplete; run `cargo xtask build`");
        let mut table = Table::new("Size of the release page", &["files", "raw", "gzip -9", "target", ""]);
        let mut total = Weight::default();
        for kind in ["wasm", "js", "css", "html"] {
            let of_kind = weigh(found.iter().filter(|path| is_of(path, kind)))?;
            table.row([kind, &kilobytes(of_kind.raw), &kilobytes(of_kind.gzip), "", ""]);
            total = Weight { raw: total.raw + of_kind.raw, gzip: total.gzip + of_kind.gzip };
        }
        table.row([
            "together",
            &kilobytes(total.raw),
            &kilobytes(total.gzip),
            &format!("≤ {} after gzip", kilobytes(TARGET)),
            &verdict(total.gzip <= TARGET),
        ]);
        Ok(table)
    }
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn is_of(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension == kind)
}

fn weigh<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<Weight> {
    let mut weight = Weight::default();
    for path in paths {
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        weight.raw += content.len() as u64;
        weight.gzip += encoder.finish()?.len() as u64;
    }
    Ok(weight)
}

/// In units of 1,000 bytes, as the target is given.
#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn kilobytes(bytes: u64) -> String {
    format!("{} kB", count(bytes as f64 / 1000.0))
}
