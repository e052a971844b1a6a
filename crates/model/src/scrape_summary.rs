//! What lists show of a scrape run, folded over its progress.

use switchboard_protocol::{
    ScrapePhase, ScrapeProgress, Timestamp,
    rest::{PlatformProgress, ScrapeRunSummary},
};

/// How many platforms a run shows by name. What further ones report counts for the whole run only if their reporter
/// says so itself.
pub const MOST_PLATFORMS: usize = 200;

/// Folds one frame into the summary. `received_at` stands in for a missing timestamp.
///
/// Answers whether the run's phase changed.
///
/// * A frame without a platform is about the whole run: its numbers are the run's. Frames of platforms move the
///   platform's own numbers, and the run's where their sum is more than it: a reporter may never tell of the whole.
/// * A phase only goes forward: what has ended stays so, and late numbers of a run that has ended change nothing.
/// * The run ends only by a frame without a platform, because nobody else knows how many platforms there are. Its
///   platforms end with it.
/// * Any sign of work shows that a run which has not started runs: its reporter may not say so.
pub fn apply_progress(
    summary: &mut ScrapeRunSummary,
    progress: &ScrapeProgress,
    received_at: Timestamp,
) -> bool {
    let at = progress.timestamp.unwrap_or(received_at);
    summary.created_at.get_or_insert(at);
    if summary.phase.is_final() {
        return false;
    }
    summary.updated_at = summary.updated_at.max(Some(at));
    let before = summary.phase;
    match &progress.platform {
        Some(platform) => platform_progress(summary, platform, progress),
        None => whole_progress(summary, progress),
    }
    if summary.phase != ScrapePhase::Pending {
        summary.started_at.get_or_insert(at);
    }
    if summary.phase.is_final() {
        summary.finished_at = Some(at);
        for platform in summary.platforms.iter_mut().filter(|platform| !platform.phase.is_final()) {
            platform.phase = summary.phase;
        }
    }
    summary.phase != before
}

fn whole_progress(summary: &mut ScrapeRunSummary, progress: &ScrapeProgress) {
    summary.phase = forward(summary.phase, progress);
    summary.current = progress.current.unwrap_or(summary.current);
    summary.total = progress.total.unwrap_or(summary.total);
    summary.items = progress.items.unwrap_or(summary.items);
    summary.bytes = progress.bytes.unwrap_or(summary.bytes);
    summary.errors = progress.errors.unwrap_or(summary.errors);
    say(&mut summary.message, progress);
}

fn platform_progress(summary: &mut ScrapeRunSummary, name: &str, progress: &ScrapeProgress) {
    let place = summary.platforms.iter().position(|platform| platform.platform == name);
    let place = place.or_else(|| {
        let place = summary.platforms.len();
        (place < MOST_PLATFORMS).then(|| {
            summary.platforms.push(PlatformProgress::of(name));
            place
        })
    });
    if let Some(platform) = place.and_then(|place| summary.platforms.get_mut(place)) {
        if !platform.phase.is_final() {
            platform.phase = forward(platform.phase, progress);
        }
        platform.current = progress.current.unwrap_or(platform.current);
        platform.total = progress.total.unwrap_or(platform.total);
        platform.items = progress.items.unwrap_or(platform.items);
        platform.bytes = progress.bytes.unwrap_or(platform.bytes);
        platform.errors = progress.errors.unwrap_or(platform.errors);
        say(&mut platform.message, progress);
    }
    let works = progress.phase.is_some_and(|phase| phase != ScrapePhase::Pending);
    if works || is_sign_of_work(progress) {
        summary.phase = ScrapePhase::Running;
    }
    let sum =
        |of: fn(&PlatformProgress) -> u64| summary.platforms.iter().map(of).fold(0, u64::saturating_add);
    summary.current = summary.current.max(sum(|platform| platform.current));
    summary.total = summary.total.max(sum(|platform| platform.total));
    summary.items = summary.items.max(sum(|platform| platform.items));
    summary.bytes = summary.bytes.max(sum(|platform| platform.bytes));
    summary.errors = summary.errors.max(sum(|platform| platform.errors));
}

/// The phase after a frame, of what has not ended.
fn forward(phase: ScrapePhase, progress: &ScrapeProgress) -> ScrapePhase {
    match progress.phase {
        Some(ScrapePhase::Pending) | None if phase == ScrapePhase::Pending => {
            if is_sign_of_work(progress) {
                ScrapePhase::Running
            } else {
                phase
            }
        }
        Some(ScrapePhase::Pending) | None => phase,
        Some(next) => next,
    }
}

/// Whether something has been done, whatever the frame says of its phase.
fn is_sign_of_work(progress: &ScrapeProgress) -> bool {
    progress.current.is_some_and(|current| current > 0) || !progress.pages.is_empty()
}

fn say(message: &mut Option<String>, progress: &ScrapeProgress) {
    if let Some(text) = &progress.message {
        *message = Some(text.clone()).filter(|text| !text.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{Frame, decode};

    use super::*;

    fn fold(frames: &[&str]) -> ScrapeRunSummary {
        let mut summary = ScrapeRunSummary::of("acme".into(), "r-1".into());
        for (at, members) in (1..).zip(frames) {
            let frame = format!(r#"{{"type":"scrape_progress","runId":"r-1",{members}}}"#);
            let Frame::ScrapeProgress(progress) = decode(&frame).unwrap().frame else { panic!("{frame}") };
            apply_progress(&mut summary, &progress, Timestamp::from_millis(at));
        }
        summary
    }

    #[test]
    fn a_run_from_start_to_end() {
        let summary = fold(&[
            r#""phase":"pending","total":2"#,
            r#""phase":"running","platform":"a.test","current":1,"total":2,"bytes":10"#,
            r#""phase":"running","current":1,"total":2,"bytes":10,"message":"a.test/1""#,
            r#""phase":"completed","platform":"a.test","current":2,"total":2"#,
            r#""phase":"completed","current":2,"total":2,"items":3,"message":"""#,
        ]);
        assert_eq!((summary.phase, summary.current, summary.total), (ScrapePhase::Completed, 2, 2));
        assert_eq!((summary.items, summary.bytes, summary.message), (3, 10, None));
        assert_eq!(summary.created_at, Some(Timestamp::from_millis(1)));
        assert_eq!(summary.started_at, Some(Timestamp::from_millis(2)));
        assert_eq!(summary.finished_at, Some(Timestamp::from_millis(5)));
        assert_eq!(summary.platforms.len(), 1);
        assert_eq!(summary.platforms[0].phase, ScrapePhase::Completed);
    }

    #[test]
    fn the_whole_is_the_sum_where_nobody_tells_of_it() {
        let summary = fold(&[
            r#""platform":"a.test","current":1,"total":4"#,
            r#""platform":"b.test","current":2,"total":6,"errors":1"#,
        ]);
        assert_eq!((summary.phase, summary.current, summary.total), (ScrapePhase::Running, 3, 10));
        assert_eq!(summary.errors, 1);
    }

    #[test]
    fn a_platform_that_has_ended_does_not_end_the_run() {
        let summary = fold(&[r#""phase":"completed","platform":"a.test","current":4,"total":4"#]);
        assert_eq!(summary.phase, ScrapePhase::Running);
        assert_eq!(summary.platforms[0].phase, ScrapePhase::Completed);
    }

    #[test]
    fn nothing_revives_what_has_ended_and_its_platforms_end_with_it() {
        let summary = fold(&[
            r#""phase":"running","platform":"a.test","current":1,"total":4"#,
            r#""phase":"cancelled","message":"Cancelled.""#,
            r#""phase":"running","platform":"a.test","current":2,"total":4"#,
            r#""phase":"completed","current":4"#,
        ]);
        assert_eq!((summary.phase, summary.current), (ScrapePhase::Cancelled, 1));
        assert_eq!(summary.platforms[0].phase, ScrapePhase::Cancelled);
        assert_eq!(summary.message.as_deref(), Some("Cancelled."));
    }

    #[test]
    fn a_late_pending_does_not_set_a_run_back() {
        let summary = fold(&[r#""phase":"running""#, r#""phase":"pending","total":9"#]);
        assert_eq!((summary.phase, summary.total), (ScrapePhase::Running, 9));
    }

    #[test]
    fn a_total_may_shrink_when_the_reporter_says_so() {
        let summary = fold(&[r#""current":1,"total":40"#, r#""current":2,"total":30"#]);
        assert_eq!(summary.total, 30);
    }

    #[test]
    fn platforms_are_bounded() {
        let frames: Vec<_> = (0..300).map(|n| format!(r#""platform":"p{n}","current":1"#)).collect();
        let summary = fold(&frames.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(summary.platforms.len(), MOST_PLATFORMS);
    }
}
