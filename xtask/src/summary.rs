//! What a test runner's last lines say: how many tests passed, and how many failed.

/// How many tests were executed, by how they ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed, in any way that the runner tells apart.
    pub failed: u64,
}

impl Counts {
    /// How many were executed.
    pub fn total(self) -> u64 {
        self.passed + self.failed
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Adds up every summary in the output of `cargo test`, wasm-bindgen's runner or cargo-nextest.
pub fn read<'a>(lines: impl IntoIterator<Item = &'a str> + Clone) -> Counts {
    let counts = lines.clone().into_iter().filter_map(nextest).reduce(Counts::plus);
    // nextest shows what a failed test has written, and that ends with a summary of its own.
    counts.unwrap_or_else(|| lines.into_iter().filter_map(libtest).fold(Counts::default(), Counts::plus))
}

/// The summary of Python's unittest: `Ran 12 tests in 0.003s`, and below it `OK (skipped=1)` or
/// `FAILED (failures=1, errors=2)`. The last one counts.
pub fn read_unittest<'a>(lines: impl IntoIterator<Item = &'a str>) -> Counts {
    let mut ran = 0_u64;
    let mut counts = Counts::default();
    for line in lines {
        if let Some(number) = line.strip_prefix("Ran ").and_then(count).map(|(number, _)| number) {
            ran = number;
            counts = Counts::default();
        } else if line == "OK" || line.starts_with("OK (") || line.starts_with("FAILED (") {
            let of = |kind: &str| unittest_detail(line, kind);
            let failed = of("failures") + of("errors") + of("unexpected successes");
            // One test with several failed parts is several failures, and an error outside of all tests is one more.
            let passed = ran.saturating_sub(failed + of("skipped") + of("expected failures"));
            counts = Counts { passed, failed };
        }
    }
    counts
}

/// The number behind `errors=` in `FAILED (failures=1, errors=2)`.
fn unittest_detail(line: &str, kind: &str) -> u64 {
    let details = line.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or_default();
    details
        .split(", ")
        .filter_map(|detail| detail.split_once('='))
        .find(|(name, _)| *name == kind)
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or_default()
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`, once for each test binary. wasm-bindgen's runner imitates it.
fn libtest(line: &str) -> Option<Counts> {
    let (_, results) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let counts = results.split(';').map_while(count);
    Some(sum(counts))
}

/// `Summary [ 0.012s] 3 tests run: 2 passed (1 slow), 1 timed out, 4 skipped`, once for each run.
fn nextest(line: &str) -> Option<Counts> {
    let (_, after_time) = line.trim().strip_prefix("Summary [")?.split_once(']')?;
    let (_, results) = after_time.split_once(" run: ")?;
    Some(sum(results.split(',').filter_map(count)))
}

/// Splits `2 passed (1 slow)` into 2 and what they did.
fn count(part: &str) -> Option<(u64, &str)> {
    let (number, what) = part.trim().split_once(' ')?;
    Some((number.parse().ok()?, what))
}

fn sum<'a>(parts: impl Iterator<Item = (u64, &'a str)>) -> Counts {
    let mut counts = Counts::default();
    for (number, what) in parts {
        match what.split_once(" (").map_or(what, |(what, _)| what) {
            "passed" => counts.passed += number,
            "failed" | "timed out" | "exec failed" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Counts, read, read_unittest};

    #[test]
    fn every_binary_of_cargo_test_counts() {
        let output = [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ];
        assert_eq!(read(output), Counts { passed: 7, failed: 2 });
    }

    #[test]
    fn the_runner_in_the_browser_counts() {
        let output = [
            "no tests to run!",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 3 filtered out; finished in 0.41s",
        ];
        assert_eq!(read(output), Counts { passed: 12, failed: 0 });
    }

    #[test]
    fn nextest_counts() {
        let line = "     Summary [   1.310s] 45 tests run: 45 passed (2 slow, 1 flaky), 3 skipped";
        assert_eq!(read([line]), Counts { passed: 45, failed: 0 });
        let line = "     Summary [   1.310s] 10/45 tests run: 6 passed, 2 failed, 1 exec failed, 1 timed out, 3 skipped";
        assert_eq!(read([line]), Counts { passed: 6, failed: 4 });
        let line = "     Summary [   0.010s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(read([line]), Counts { passed: 1, failed: 0 });
    }

    // One failed test counted twice: in nextest's summary, and in that of the test binary, which nextest shows.
    #[test]
    fn nextest_shows_what_a_failed_test_wrote_and_that_does_not_count() {
        let output = [
            "        FAIL [   0.190s] (1/2) xtask::bin/xtask probe::tests::a_test",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 24 filtered out; finished in 0.18s",
            "     Summary [   0.025s] 2 tests run: 1 passed, 1 failed, 0 skipped",
        ];
        assert_eq!(read(output), Counts { passed: 1, failed: 1 });
    }

    #[test]
    fn what_a_test_prints_is_not_a_summary() {
        let output = [
            "the test result: ok. 5 passed; 0 failed",
            "Summary of 3 tests run: 3 passed",
            "5 passed",
            "  test result: ok. 5 passed; 0 failed",
        ];
        assert_eq!(read(output), Counts::default());
    }

    #[test]
    fn pythons_unittest_counts() {
        let read = |last: &'static str| read_unittest(["....", "Ran 12 tests in 0.003s", "", last]);
        assert_eq!(read("OK"), Counts { passed: 12, failed: 0 });
        assert_eq!(read("OK (skipped=1, expected failures=2)"), Counts { passed: 9, failed: 0 });
        assert_eq!(read("FAILED (failures=1, errors=2, skipped=3)"), Counts { passed: 6, failed: 3 });
        assert_eq!(read("FAILED (failures=20)"), Counts { passed: 0, failed: 20 });
        assert_eq!(read_unittest(["Ran 1 test in 0.003s", "", "OK"]), Counts { passed: 1, failed: 0 });
        assert_eq!(read_unittest(["Ran 0 tests in 0.000s", "", "NO TESTS RAN"]), Counts::default());
        assert_eq!(read_unittest(["OK"]), Counts::default());
    }
}
