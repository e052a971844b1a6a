//! A scrape run as a page folds it: snapshots and frames that meet, in any order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use switchboard_model::{ScrapeRun, ScrapeWatch, Seen, VIEW_CAPACITY};
use switchboard_protocol::{
    Frame, ScrapePhase, ScrapeProgress, Timestamp, decode,
    rest::{ScrapeRunSnapshot, ScrapeRunSummary},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn progress(members: &str) -> ScrapeProgress {
    let text = format!(r#"{{"type":"scrape_progress","runId":"r-1",{members}}}"#);
    let Frame::ScrapeProgress(progress) = decode(&text).unwrap().frame else { panic!("{text}") };
    progress
}

/// A frame that brings one page.
fn page(number: u64) -> ScrapeProgress {
    progress(&format!(
        r#""platform":"a.test","current":{number},"total":50,"pages":[{{"url":"https://a.test/{number}"}}]"#
    ))
}

fn end() -> ScrapeProgress {
    progress(r#""phase":"completed","message":"50 pages.""#)
}

fn empty(seq: Option<u64>) -> ScrapeRunSnapshot {
    ScrapeRunSnapshot {
        summary: ScrapeRunSummary::of("acme".into(), "r-1".into()),
        limits: None,
        extract: None,
        pages: Vec::new(),
        page_count: 0,
        seq,
    }
}

/// What a server answers that has folded these frames: the first has the number 1.
fn snapshot_of(frames: &[ScrapeProgress], numbered: bool) -> ScrapeRunSnapshot {
    let mut run = ScrapeRun::from_snapshot(empty(None));
    for (seq, frame) in (1..).zip(frames) {
        run.apply(Some(seq), frame, at(1));
    }
    ScrapeRunSnapshot {
        summary: run.summary().clone(),
        pages: run.pages().iter().cloned().collect(),
        page_count: run.page_count(),
        ..empty(numbered.then_some(frames.len() as u64))
    }
}

fn urls(watch: &ScrapeWatch) -> Vec<&str> {
    watch.run().map(|run| run.pages().iter().map(|page| page.url.as_str()).collect()).unwrap_or_default()
}

#[test]
fn a_page_shows_the_latest_and_counts_all() {
    let mut run = ScrapeRun::from_snapshot(empty(Some(0)));
    for number in 1..=1_200 {
        run.apply(Some(number), &page(number), at(1));
    }
    assert_eq!((run.pages().len(), run.page_count()), (VIEW_CAPACITY, 1_200));
    assert_eq!(run.pages().iter().next().unwrap().url, "https://a.test/201");
    assert_eq!(run.summary().current, 1_200);
}

#[test]
fn what_the_snapshot_has_is_not_folded_again() {
    let frames = [page(1), page(2), page(3)];
    let mut watch = ScrapeWatch::default();
    watch.asked();
    for (seq, frame) in (1..).zip(&frames) {
        assert_eq!(watch.frame(Some(seq), frame, at(1)), Seen::Nothing, "nothing is shown yet");
    }
    watch.answered(snapshot_of(&frames[..2], true));
    assert_eq!(urls(&watch), ["https://a.test/1", "https://a.test/2", "https://a.test/3"]);
}

// A server without numbers answered with a page that a frame had brought while the answer was on its way: it stood there twice.
#[test]
fn a_server_without_numbers_doubles_no_page() {
    let mut watch = ScrapeWatch::default();
    watch.asked();
    watch.frame(None, &page(1), at(1));
    watch.answered(snapshot_of(&[page(1)], false));
    watch.frame(None, &page(1), at(1));
    watch.frame(None, &page(2), at(1));
    assert_eq!(urls(&watch), ["https://a.test/1", "https://a.test/2"]);
}

#[test]
fn the_end_is_told_once_and_not_to_who_comes_after_it() {
    let mut watch = ScrapeWatch::default();
    watch.asked();
    watch.answered(empty(Some(0)));
    assert!(
        matches!(watch.frame(Some(1), &end(), at(1)), Seen::Ended(run) if run.phase == ScrapePhase::Completed)
    );
    assert_eq!(watch.frame(Some(2), &end(), at(1)), Seen::Nothing);
    watch.asked();
    assert_eq!(watch.answered(snapshot_of(&[end()], true)), Seen::Changed);

    let mut late = ScrapeWatch::default();
    late.asked();
    assert_eq!(late.answered(snapshot_of(&[end()], true)), Seen::Changed);
}

#[test]
fn the_end_may_come_by_a_snapshot() {
    let mut watch = ScrapeWatch::default();
    watch.asked();
    watch.answered(empty(Some(0)));
    watch.asked();
    assert!(matches!(watch.answered(snapshot_of(&[page(1), end()], true)), Seen::Ended(_)));
    assert_eq!(watch.frame(Some(2), &end(), at(1)), Seen::Nothing);
}

#[test]
fn a_frame_of_a_run_that_was_not_there_asks_for_it() {
    let mut watch = ScrapeWatch::default();
    watch.asked();
    watch.failed();
    assert_eq!(watch.frame(Some(1), &page(1), at(1)), Seen::Fetch);
}

#[test]
fn too_much_that_waits_is_fetched_again() {
    let mut watch = ScrapeWatch::default();
    watch.asked();
    for number in 1..=6_000 {
        watch.frame(Some(number), &page(number), at(1));
    }
    assert_eq!(watch.answered(empty(Some(0))), Seen::Fetch);
}

#[test]
fn late_pages_count_and_late_numbers_do_not() {
    let mut run = ScrapeRun::from_snapshot(empty(Some(0)));
    run.apply(Some(5), &page(5), at(1));
    run.apply(Some(4), &page(4), at(1));
    assert_eq!((run.summary().current, run.page_count()), (5, 2));
}

proptest! {
    /// Snapshots may come between any two frames, and frames twice: the page is what the frames alone would make it.
    #[test]
    fn snapshots_and_frames_meet_without_hole_or_double(
        count in 1_u64..40,
        asks in proptest::collection::vec((0_u64..40, 0_u64..40), 0..6),
        again in proptest::collection::vec(1_u64..40, 0..10),
    ) {
        let mut frames: Vec<ScrapeProgress> = (1..count).map(page).collect();
        frames.push(end());
        let mut watch = ScrapeWatch::default();
        let mut ends = 0;
        watch.asked();
        watch.answered(empty(Some(0)));
        // Each is answered later, as of when it was asked for.
        let mut answers: Vec<(u64, u64)> = Vec::new();
        for seq in 1..=count {
            for (asked_at, delay) in &asks {
                if *asked_at == seq {
                    watch.asked();
                    // The answer to an earlier request is not used.
                    answers = vec![(seq + delay, seq)];
                }
            }
            let heard = watch.frame(Some(seq), &frames[usize::try_from(seq).unwrap() - 1], at(1));
            ends += u32::from(matches!(heard, Seen::Ended(_)));
            for (_, as_of) in answers.iter().filter(|(due, _)| *due == seq) {
                let snapshot = snapshot_of(&frames[..usize::try_from(*as_of).unwrap()], true);
                let seen = watch.answered(snapshot);
                ends += u32::from(matches!(seen, Seen::Ended(_)));
            }
        }
        for number in again.into_iter().filter(|number| *number <= count) {
            // A link drops what came before; this is what it lets through after a proven gap.
            let snapshot = watch.run().unwrap().snapshot_seq();
            if snapshot.is_some_and(|snapshot| number <= snapshot) {
                watch.frame(Some(number), &frames[usize::try_from(number).unwrap() - 1], at(1));
            }
        }
        prop_assert_eq!(ends, 1);
        let expected: Vec<String> = (1..count).map(|number| format!("https://a.test/{number}")).collect();
        prop_assert_eq!(urls(&watch), expected);
        prop_assert_eq!(watch.run().unwrap().summary().phase, ScrapePhase::Completed);
    }
}
