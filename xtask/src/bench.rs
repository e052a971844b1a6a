//! `cargo xtask bench`: the benchmarks, on release builds.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::bundle;
use crate::shell::{run, step};
use crate::tools::cargo;
use crate::workspace;

/// Where the results stand.
const PAGE: &str = "docs/performance.md";

/// What is between these lines of the page is replaced by `--write`.
const MARKS: (&str, &str) = ("<!-- results: begin -->\n", "<!-- results: end -->\n");

/// Measure the release builds, and print Markdown tables.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// Which benchmarks to run; all, where none is named.
    #[arg(value_enum)]
    names: Vec<Name>,
    /// Put the tables into docs/performance.md, in place of those that are there.
    #[arg(long)]
    write: bool,
    /// Only see that everything runs: the figures mean little.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Decode,
    Ingest,
    Fanout,
    Idle,
    Browser,
    Reply,
    Size,
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Ingest => "ingest",
            Self::Fanout => "fanout",
            Self::Idle => "idle",
            Self::Browser => "browser",
            Self::Reply => "reply",
            Self::Size => "size",
        }
    }

    /// Options that make it short.
    fn quick(self) -> &'static [&'static str] {
        match self {
            Self::Decode => &["--frames", "20000", "--repetitions", "3"],
            Self::Ingest | Self::Fanout => &["--seconds", "1", "--repetitions", "1"],
            Self::Idle => &["--connections", "200", "--repetitions", "1"],
            Self::Browser => {
                &["--seconds", "1", "--repetitions", "1", "--rates", "1000", "--events", "20000"]
            }
            Self::Reply => &["--replies", "3"],
            Self::Size => &[],
        }
    }
}

impl Bench {
    /// Builds what is measured, and measures it.
    ///
    /// # Errors
    /// When a build or a benchmark fails. The tables of those before it are printed already.
    pub fn run(self) -> Result<()> {
        let names = if self.names.is_empty() { Name::value_variants() } else { &self.names };
        // The product as it is given away: the hub that is measured holds the dashboard. Decoding needs neither.
        if names.iter().any(|name| *name != Name::Decode) {
            bundle::build()?;
        }
        step("Building the benchmarks");
        run(cargo().args(["build", "--release", "--package", "switchboard-bench"]))?;

        let mut tables = measure("machine", &[])?;
        for name in names {
            step(&format!("Measuring: {}", name.text()));
            tables.push_str(&measure(name.text(), if self.quick { name.quick() } else { &[] })?);
        }
        if self.write { write(&tables) } else { Ok(()) }
    }
}

/// Runs one benchmark, and answers the table that it printed.
fn measure(name: &str, options: &[&str]) -> Result<String> {
    let binary = workspace::target()
        .join("release")
        .join(format!("switchboard-bench{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(binary);
    command.current_dir(workspace::root()).arg(name).args(options);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run the benchmark {name}"))?;
    if !output.status.success() {
        bail!("the benchmark {name} failed ({})", output.status);
    }
    let table = String::from_utf8(output.stdout).context("the benchmark prints UTF-8")?;
    print!("{table}");
    Ok(table)
}

fn write(tables: &str) -> Result<()> {
    let path = workspace::root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let page = with_results(&page, tables).with_context(|| format!("{PAGE} has no place for results"))?;
    fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))?;
    step(&format!("Wrote the tables into {PAGE}"));
    Ok(())
}

fn with_results(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{tables}{}{after}", MARKS.0, MARKS.1))
}

#[cfg(test)]
mod tests {
    use super::{MARKS, with_results};

    #[test]
    fn results_take_the_place_of_earlier_ones() {
        let page = format!("# Head\n{}old\n{}tail\n", MARKS.0, MARKS.1);
        let written = with_results(&page, "new\n\n").unwrap();
        assert_eq!(written, format!("# Head\n{}\nnew\n\n{}tail\n", MARKS.0, MARKS.1));
        assert_eq!(with_results(&written, "new\n\n").unwrap(), written);
        assert!(with_results("# Head\n", "new").is_none());
    }
}
