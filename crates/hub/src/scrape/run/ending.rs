//! How a run ends, in words.

use switchboard_protocol::{
    ScrapePhase,
    rest::{PlatformProgress, ScrapeRunSnapshot},
};
use switchboard_store::{PlatformNews, Telling};

/// What a run says that somebody ended.
pub const CANCELLED: &str = "Cancelled.";

/// What a run says that met a fault of the hub.
const FAULT: &str =
    "The hub met a fault of its own while it scraped; its log says more. Start the run again.";

/// How many platforms that failed a run names.
const MOST_NAMED: usize = 5;

/// What came of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub platform: String,
    /// Why it failed, where it did.
    pub failure: Option<String>,
}

/// How a run ends.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Completed, failed or cancelled.
    pub phase: ScrapePhase,
    message: String,
    /// What was not told of the platforms before.
    news: Vec<PlatformNews>,
}

impl Ending {
    /// Somebody has asked for it.
    pub fn cancelled() -> Self {
        Self { phase: ScrapePhase::Cancelled, message: CANCELLED.into(), news: Vec::new() }
    }

    /// It cannot go on.
    pub fn failed(message: String) -> Self {
        Self { phase: ScrapePhase::Failed, message, news: Vec::new() }
    }

    /// The hub is at fault.
    pub fn fault() -> Self {
        Self::failed(FAULT.into())
    }

    /// All platforms have ended. The run has failed where each of them has.
    pub fn of(
        outcomes: Vec<Outcome>,
        news: Vec<PlatformNews>,
        now: Option<&ScrapeRunSnapshot>,
        max_pages: u32,
    ) -> Self {
        let count = outcomes.len();
        let failed: Vec<(String, String)> =
            outcomes.into_iter().filter_map(|outcome| Some((outcome.platform, outcome.failure?))).collect();
        if !failed.is_empty() && failed.len() == count {
            let message = match failed.as_slice() {
                [(_, reason)] => reason.clone(),
                _ => format!("Every site failed. {}", named(&failed)),
            };
            return Self { phase: ScrapePhase::Failed, message, news };
        }
        let (pages, errors) = now.map_or((0, 0), |now| (now.summary.current, now.summary.errors));
        let mut sentences = vec![format!("{}.", counted(pages, errors, 0))];
        if pages >= u64::from(max_pages) {
            sentences.push(format!("The limit of {} (maxPages) was reached.", number(pages, "page")));
        }
        if !failed.is_empty() {
            sentences.push(named(&failed));
        }
        Self { phase: ScrapePhase::Completed, message: sentences.join(" "), news }
    }

    /// The same for the store.
    pub fn telling(self) -> Telling {
        Telling { platforms: self.news, phase: None, message: Some(self.message), end: Some(self.phase) }
    }
}

/// How a platform ended that did not fail: `12 pages, 3 errors, 2 forbidden by robots.txt.`
pub fn platform_message(numbers: &PlatformProgress, forbidden: usize) -> String {
    format!("{}.", counted(numbers.current, numbers.errors, forbidden as u64))
}

fn counted(pages: u64, errors: u64, forbidden: u64) -> String {
    let mut parts = vec![number(pages, "page")];
    if errors > 0 {
        parts.push(number(errors, "error"));
    }
    if forbidden > 0 {
        parts.push(format!("{forbidden} forbidden by robots.txt"));
    }
    parts.join(", ")
}

fn number(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The platforms that failed and why, the first of them.
fn named(failed: &[(String, String)]) -> String {
    let shown = failed.iter().take(MOST_NAMED);
    let mut parts: Vec<String> =
        shown.map(|(platform, reason)| format!("{platform} failed: {reason}")).collect();
    if failed.len() > MOST_NAMED {
        parts.push(format!("{} more failed.", failed.len() - MOST_NAMED));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::rest::ScrapeRunSummary;

    use super::*;

    fn outcome(platform: &str, failure: Option<&str>) -> Outcome {
        Outcome { platform: platform.into(), failure: failure.map(Into::into) }
    }

    fn run_of(pages: u64, errors: u64) -> ScrapeRunSnapshot {
        let mut summary = ScrapeRunSummary::of("acme".into(), "r-1".into());
        (summary.current, summary.errors) = (pages, errors);
        ScrapeRunSnapshot {
            summary,
            limits: None,
            extract: None,
            pages: Vec::new(),
            page_count: pages,
            seq: None,
        }
    }

    fn words(outcomes: Vec<Outcome>, pages: u64, errors: u64) -> (ScrapePhase, String) {
        let ending = Ending::of(outcomes, Vec::new(), Some(&run_of(pages, errors)), 10);
        (ending.phase, ending.message)
    }

    #[test]
    fn a_run_fails_only_where_every_platform_did() {
        let gone = || outcome("b.test", Some("It does not answer."));
        assert_eq!(words(vec![gone()], 0, 0), (ScrapePhase::Failed, "It does not answer.".into()));
        let (phase, message) = words(vec![gone(), outcome("c.test", Some("No."))], 0, 0);
        assert_eq!(phase, ScrapePhase::Failed);
        assert_eq!(message, "Every site failed. b.test failed: It does not answer. c.test failed: No.");
        let (phase, message) = words(vec![outcome("a.test", None), gone()], 3, 1);
        assert_eq!(phase, ScrapePhase::Completed);
        assert_eq!(message, "3 pages, 1 error. b.test failed: It does not answer.");
    }

    #[test]
    fn a_run_says_that_its_limit_stopped_it() {
        let (_, message) = words(vec![outcome("a.test", None)], 10, 0);
        assert_eq!(message, "10 pages. The limit of 10 pages (maxPages) was reached.");
        assert_eq!(words(vec![outcome("a.test", None)], 1, 0).1, "1 page.");
    }

    #[test]
    fn many_failures_are_counted_and_not_listed() {
        let outcomes = (0..8).map(|number| outcome(&format!("s{number}"), Some("No."))).collect();
        let (_, message) = words(outcomes, 0, 0);
        assert!(
            message.contains("s4 failed") && !message.contains("s5") && message.ends_with("3 more failed.")
        );
    }

    #[test]
    fn a_platform_says_what_its_robots_txt_forbade() {
        let numbers = PlatformProgress { current: 12, errors: 3, ..PlatformProgress::of("a.test") };
        assert_eq!(platform_message(&numbers, 2), "12 pages, 3 errors, 2 forbidden by robots.txt.");
        assert_eq!(platform_message(&PlatformProgress::of("a.test"), 0), "0 pages.");
    }
}
