//! `cargo xtask test`: every suite, with the numbers of all of them in the last line.

use std::process::Command;

use anyhow::Result;

use crate::browser::Browser;
use crate::bundle;
use crate::shell::{notice, run, run_and_read, step};
use crate::summary::{self, Counts};
use crate::tools::{Toolbox, WASM_TARGET, cargo};
use crate::{axe, scrapy, workspace};

/// The crates that are tested natively: all but the dashboard, which is wasm, and the end-to-end tests.
const NATIVE: [&str; 8] = [
    "switchboard-protocol",
    "switchboard-model",
    "switchboard-link",
    "switchboard-store",
    "switchboard-crawler",
    "switchboard-hub",
    "switchboard-bench",
    "xtask",
];

/// How long all browser tests of one test binary may take, in seconds; the runner's own 20 are too few on a busy machine.
const BROWSER_TIMEOUT: &str = "300";

/// How long chromedriver may take to start, in seconds; the runner's own 5 are too few on a busy machine.
const DRIVER_TIMEOUT: &str = "60";

/// What Python's unittest exits with where it found no test.
const NO_TESTS_RAN: i32 = 5;

/// Run the tests: natively, of the Scrapy extension, in a browser, and end to end. Without an option, all of them.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct Test {
    /// The quick loop: only the tests that need no browser. Installs nothing.
    #[arg(long)]
    native: bool,
    /// Only the tests of the Scrapy extension, with a real spider and the real hub.
    #[arg(long)]
    python: bool,
    /// Only the dashboard's own tests, in a headless browser.
    #[arg(long)]
    browser: bool,
    /// Only the tests of the real hub with a real browser.
    #[arg(long)]
    e2e: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// What became of a suite.
#[derive(Debug)]
struct Outcome {
    suite: &'static str,
    counts: Counts,
    /// Why the suite counts as failed where no single test does: it did not build, crashed, or held no test.
    problem: Option<String>,
}

impl Test {
    /// Answers whether everything passed; what did not, is said.
    pub fn run(self) -> bool {
        let all = !(self.native || self.python || self.browser || self.e2e);
        let mut outcomes = Vec::new();
        if all || self.native {
            outcomes.push(self.suite("native", Self::run_native));
        }
        if all || self.python {
            outcomes.push(self.suite("python", Self::run_python));
        }
        if all || self.browser {
            outcomes.push(self.suite("browser", Self::run_browser));
        }
        if all || self.e2e {
            outcomes.push(self.suite("end to end", Self::run_e2e));
        }
        let filtered = self.filter.is_some();
        for outcome in &mut outcomes {
            outcome.expect_tests(filtered);
        }
        conclude(&outcomes)
    }

    fn suite(&self, suite: &'static str, run: impl FnOnce(&Self) -> Result<Vec<Run>>) -> Outcome {
        step(&format!("Tests: {suite}"));
        let mut outcome = Outcome { suite, counts: Counts::default(), problem: None };
        match run(self) {
            Ok(runs) => runs.iter().for_each(|run| outcome.add(run)),
            Err(error) => outcome.problem = Some(format!("{error:#}")),
        }
        if let Some(problem) = &outcome.problem {
            notice(problem);
        }
        outcome
    }

    fn run_native(&self) -> Result<Vec<Run>> {
        let packages = NATIVE.into_iter().flat_map(|package| ["--package", package]);
        let mut tests = runner();
        tests.args(packages);
        let tests = Run::of("the native tests", tests.args(&self.filter))?;

        // nextest runs no documentation tests. Only libraries have some.
        let mut examples = cargo();
        examples.args(["test", "--doc", "--no-fail-fast"]);
        for package in NATIVE.into_iter().filter(|package| !["switchboard-bench", "xtask"].contains(package))
        {
            examples.args(["--package", package]);
        }
        Ok(vec![tests, Run::of("the documentation tests", examples.args(&self.filter))?])
    }

    fn run_python(&self) -> Result<Vec<Run>> {
        let python = scrapy::python()?;
        build_hub()?;
        let mut tests = Command::new(python);
        tests
            .current_dir(scrapy::folder())
            .args(["-m", "unittest", "discover", "--start-directory", ".", "--top-level-directory", "."])
            .arg("--verbose")
            .env("SWITCHBOARD_BIN", workspace::hub("debug"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(filter) = &self.filter {
            tests.args(["-k", filter]);
        }
        let (status, lines) = run_and_read(&mut tests)?;
        let counts = summary::read_unittest(lines.iter().map(String::as_str));
        // A newer Python fails where no test has such a name.
        let nothing_to_run = self.filter.is_some() && status.code() == Some(NO_TESTS_RAN);
        Ok(vec![Run { what: "the tests in Python", counts, succeeded: status.success() || nothing_to_run }])
    }

    fn run_browser(&self) -> Result<Vec<Run>> {
        let browser = Browser::ensure()?;
        let tools = Toolbox::for_wasm_tests()?;
        let mut tests = tools.command("cargo");
        tests
            .args(["test", "--package", "switchboard-dashboard", "--target", WASM_TARGET, "--lib", "--tests"])
            .arg("--no-fail-fast")
            .env("CHROMEDRIVER", &browser.driver)
            // A test file that forgets to say where it runs must not silently run in Node.
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            .env("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_TIMEOUT)
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_TIMEOUT);
        Ok(vec![Run::of("the tests in the browser", tests.args(&self.filter))?])
    }

    fn run_e2e(&self) -> Result<Vec<Run>> {
        let browser = Browser::ensure()?;
        let python = scrapy::python()?;
        let axe = axe::script()?;
        bundle::dashboard(Toolbox::for_the_dashboard()?)?;
        build_hub()?;

        let mut tests = runner();
        tests
            .args(["--package", "switchboard-e2e"])
            .args(&self.filter)
            // Each test has a hub and a browser of its own; two at a time would only fight for the machine.
            .args(if has_nextest() { &["--test-threads", "1"][..] } else { &["--", "--test-threads", "1"] })
            .env("SWITCHBOARD_BIN", workspace::hub("debug"))
            .env("SWITCHBOARD_DIST", workspace::dist())
            .env("SWITCHBOARD_SCRAPY_PYTHON", python)
            .env("SWITCHBOARD_AXE", axe)
            .env("CHROMEDRIVER", &browser.driver)
            .env("CHROMIUM", &browser.chromium);
        Ok(vec![Run::of("the end-to-end tests", &mut tests)?])
    }
}

/// Leaves `target/debug/switchboard`, which tests start.
pub fn build_hub() -> Result<()> {
    step("Building the hub");
    run(cargo().args(["build", "--package", "switchboard-hub", "--bin", "switchboard"]))
}

/// One call of a test runner.
struct Run {
    what: &'static str,
    counts: Counts,
    succeeded: bool,
}

impl Run {
    fn of(what: &'static str, command: &mut Command) -> Result<Self> {
        let (status, lines) = run_and_read(command)?;
        let counts = summary::read(lines.iter().map(String::as_str));
        Ok(Self { what, counts, succeeded: status.success() })
    }
}

impl Outcome {
    fn add(&mut self, run: &Run) {
        self.counts = self.counts.plus(run.counts);
        if !run.succeeded && run.counts.failed == 0 {
            self.problem =
                Some(format!("{} did not build, or ended before they could say what failed", run.what));
        }
    }

    /// A suite in which nothing ran proves nothing. With a filter that is normal for one, but not for all.
    fn expect_tests(&mut self, filtered: bool) {
        if self.counts.total() == 0 && self.problem.is_none() && !filtered {
            self.problem = Some("no test was executed".to_owned());
        }
    }

    /// A suite that could not be run counts as one failure, so that the last line never claims success for it.
    fn totals(&self) -> Counts {
        let unnamed = u64::from(self.problem.is_some() && self.counts.failed == 0);
        Counts { failed: self.counts.failed + unnamed, ..self.counts }
    }
}

/// Says what passed. The very last line is `N passed, M failed`.
fn conclude(outcomes: &[Outcome]) -> bool {
    let mut all = Counts::default();
    println!();
    for outcome in outcomes {
        let Counts { passed, failed } = outcome.totals();
        let remark = outcome.problem.as_deref().map(|problem| format!(" ({problem})")).unwrap_or_default();
        println!("{}: {passed} passed, {failed} failed{}", outcome.suite, remark.replace('\n', " "));
        all = all.plus(outcome.totals());
    }
    if all.total() == 0 {
        println!("no test has such a name");
    }
    println!("{} passed, {} failed", all.passed, all.failed);
    all.failed == 0 && all.passed > 0
}

/// cargo-nextest where it is installed, else `cargo test`; both go on after a failure.
fn runner() -> Command {
    let mut command = cargo();
    if has_nextest() {
        command.args(["nextest", "run", "--no-fail-fast", "--no-tests", "pass"]);
    } else {
        command.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    }
    command
}

fn has_nextest() -> bool {
    Toolbox::default().find("cargo-nextest").is_some()
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Run, conclude};
    use crate::summary::Counts;
    use crate::workspace;

    fn outcome(run: &Run) -> Outcome {
        let mut outcome = Outcome { suite: "native", counts: Counts::default(), problem: None };
        outcome.add(run);
        outcome.expect_tests(false);
        outcome
    }

    #[test]
    fn a_suite_that_passes_passes() {
        let passed =
            outcome(&Run { what: "tests", counts: Counts { passed: 3, failed: 0 }, succeeded: true });
        assert_eq!(passed.totals(), Counts { passed: 3, failed: 0 });
        assert!(conclude(&[passed]));
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_is_a_failure() {
        let crashed =
            outcome(&Run { what: "tests", counts: Counts { passed: 3, failed: 0 }, succeeded: false });
        assert_eq!(crashed.totals(), Counts { passed: 3, failed: 1 });
        assert!(!conclude(&[crashed]));
    }

    #[test]
    fn a_suite_without_a_test_is_a_failure() {
        let empty = outcome(&Run { what: "tests", counts: Counts::default(), succeeded: true });
        assert_eq!(empty.totals(), Counts { passed: 0, failed: 1 });
    }

    #[test]
    fn failed_tests_are_counted_once() {
        let failed =
            outcome(&Run { what: "tests", counts: Counts { passed: 1, failed: 2 }, succeeded: false });
        assert_eq!(failed.totals(), Counts { passed: 1, failed: 2 });
        assert!(!conclude(&[failed]));
    }

    // The runner in the browser knows `#[wasm_bindgen_test]` only: a plain test of the dashboard would pass by never running.
    #[test]
    fn the_dashboard_has_no_test_that_nothing_runs() {
        let mut folders = vec![workspace::root().join("src"), workspace::root().join("tests")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    let plain = source.lines().any(|line| line.trim() == "#[test]");
                    assert!(!plain, "{}: use #[wasm_bindgen_test]", workspace::shown(&path));
                }
            }
        }
    }
}
