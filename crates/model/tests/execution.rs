//! An execution is a fold: live, snapshot plus replay, and a recorded log give the same state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use switchboard_model::{Applied, Execution, LineSource, VIEW_CAPACITY, apply_event, new_summary};
use switchboard_protocol::{
    AgentEvent, AgentEventKind, ExecutionEvent, ExecutionStatus, Json, Timestamp,
    rest::{ExecutionSnapshot, ExecutionSummary, SnapshotEvent},
};

fn event(id: u64, kind: &str, data: &str) -> ExecutionEvent {
    ExecutionEvent {
        id: Some(format!("ev-{id}").into()),
        kind: kind.into(),
        timestamp: Some(Timestamp::from_millis(1000 + i64::try_from(id).unwrap())),
        data: Some(Json::from_text(data.into()).unwrap()),
    }
}

fn line(id: u64) -> ExecutionEvent {
    event(id, "output", &format!(r#"{{"text":"line {id}"}}"#))
}

/// What a hub would answer after these events.
fn snapshot(events: &[(u64, ExecutionEvent)], with_seq: bool) -> ExecutionSnapshot {
    let mut summary: ExecutionSummary = new_summary(&"acme".into(), &"e-1".into());
    for (_, event) in events {
        apply_event(&mut summary, event, Timestamp::from_millis(0));
    }
    let skip = events.len().saturating_sub(VIEW_CAPACITY);
    ExecutionSnapshot {
        summary,
        events: events
            .iter()
            .skip(skip)
            .map(|(seq, event)| SnapshotEvent { seq: with_seq.then_some(*seq), event: event.clone() })
            .collect(),
        seq: with_seq.then(|| events.last().map_or(0, |(seq, _)| *seq)),
    }
}

fn texts(execution: &Execution) -> Vec<String> {
    execution.output().iter().map(|line| line.text.to_string()).collect()
}

fn now() -> Timestamp {
    Timestamp::from_millis(9_000_000)
}

#[test]
fn a_page_opened_in_the_middle_has_no_hole_and_no_double() {
    let all: Vec<_> = (1..=40).map(|seq| (seq, line(seq))).collect();
    // Subscribed at 10, snapshot as of 25, and every frame from 11 on arrives.
    let mut execution = Execution::from_snapshot(snapshot(&all[..25], true), now());
    for (seq, event) in &all[10..] {
        let applied = execution.apply(Some(*seq), event, now());
        assert_eq!(applied, if *seq <= 25 { Applied::Known } else { Applied::New });
    }
    assert_eq!(texts(&execution), (1..=40).map(|id| format!("line {id}")).collect::<Vec<_>>());
    assert_eq!(execution.summary().event_count, 40);
}

/// A frame that was lost and came after later ones used to be taken for a double, and was missing for good.
#[test]
fn a_frame_that_comes_late_asks_for_a_new_snapshot() {
    let mut execution = Execution::from_snapshot(snapshot(&[(1, line(1))], true), now());
    assert_eq!(execution.apply(Some(5), &line(5), now()), Applied::New);
    assert_eq!(execution.apply(Some(3), &line(3), now()), Applied::OutOfOrder);
    assert_eq!(execution.apply(Some(1), &line(1), now()), Applied::Known);
    assert_eq!(texts(&execution), ["line 1", "line 5"]);
}

#[test]
fn without_sequence_numbers_identifiers_keep_doubles_out() {
    let all: Vec<_> = (1..=30).map(|seq| (seq, line(seq))).collect();
    let mut execution = Execution::from_snapshot(snapshot(&all[..20], false), now());
    for (_, event) in &all[5..] {
        execution.apply(None, event, now());
    }
    assert_eq!(texts(&execution), (1..=30).map(|id| format!("line {id}")).collect::<Vec<_>>());
}

#[test]
fn the_view_is_bounded_and_the_count_is_not() {
    let mut execution = Execution::from_snapshot(snapshot(&[], true), now());
    for seq in 1..=2500 {
        execution.apply(Some(seq), &line(seq), now());
    }
    assert_eq!(execution.output().len(), VIEW_CAPACITY);
    assert_eq!(execution.output().total(), 2500);
    assert_eq!(execution.summary().event_count, 2500);
    assert_eq!(texts(&execution).first().map(String::as_str), Some("line 1501"));
}

/// A page that opened on a long run used to show a timeline without its beginning.
#[test]
fn a_snapshot_that_begins_after_the_start_still_tells_of_it() {
    let mut all = vec![(1, event(1, "agent-start", r#"{"agent":"Crawler","title":"Nightly"}"#))];
    all.extend((2..=1500).map(|seq| (seq, line(seq))));
    let execution = Execution::from_snapshot(snapshot(&all, true), now());
    let rows: Vec<_> =
        execution.timeline().iter().map(|row| (row.title.as_str(), row.detail.as_deref())).collect();
    assert_eq!(rows, [("Crawler started", Some("Nightly"))]);
    assert_eq!(execution.timeline().last().unwrap().at, Timestamp::from_millis(1001));
}

#[test]
fn lines_keep_their_stream_their_level_and_their_breaks() {
    let mut execution = Execution::from_snapshot(snapshot(&[], true), now());
    execution.apply(Some(1), &event(1, "output", r#"{"text":"a\r\nb\n","stream":"stderr"}"#), now());
    execution.apply(Some(2), &event(2, "log", r#"{"level":"warn","message":"careful"}"#), now());
    execution.apply(Some(3), &event(3, "output", r#""plain""#), now());
    execution.apply(Some(4), &event(4, "output", r#"{"text":""}"#), now());
    assert_eq!(texts(&execution), ["a", "b", "careful", "plain", ""]);
    let sources: Vec<_> = execution.output().iter().map(|line| line.source.clone()).collect();
    assert_eq!(sources[1], LineSource::Stderr);
    assert_eq!(sources[2], LineSource::Log("warn".into()));
}

#[test]
fn progress_takes_one_row_of_the_timeline_however_often_it_is_told() {
    let mut execution = Execution::from_snapshot(snapshot(&[], true), now());
    execution.apply(Some(1), &event(1, "agent-start", "{}"), now());
    for seq in 2..=100 {
        execution.apply(
            Some(seq),
            &event(seq, "progress", &format!(r#"{{"current":{seq},"total":100}}"#)),
            now(),
        );
    }
    execution.apply(Some(101), &event(101, "checkpoint", r#"{"at":7}"#), now());
    let rows: Vec<_> =
        execution.timeline().iter().map(|row| (row.title.as_str(), row.detail.as_deref())).collect();
    assert_eq!(
        rows,
        [("Started", None), ("Progress", Some("100 of 100")), ("checkpoint", Some(r#"{"at":7}"#))]
    );
    assert_eq!(execution.timeline_revision(), 101);
}

#[test]
fn the_status_follows_the_events() {
    let mut execution = Execution::from_snapshot(snapshot(&[], true), now());
    assert_eq!(execution.summary().status, ExecutionStatus::Pending);
    execution.apply(Some(1), &event(1, "agent-start", "{}"), now());
    assert_eq!(execution.summary().status, ExecutionStatus::Running);
    execution.apply(Some(2), &event(2, "agent-complete", r#"{"exitCode":0}"#), now());
    assert_eq!(execution.summary().status, ExecutionStatus::Completed);
}

proptest! {
    /// Wherever the snapshot is taken, and however far back the frames that follow it begin.
    #[test]
    fn live_and_snapshot_plus_replay_agree(
        kinds in proptest::collection::vec(0_u8..6, 1..60),
        cut in 0_usize..60,
        overlap in 0_usize..60,
        with_seq: bool,
    ) {
        let all: Vec<_> = kinds.iter().zip(1_u64..).map(|(kind, seq)| {
            let event = match kind {
                0 => event(seq, "agent-start", r#"{"agent":"a"}"#),
                1 => event(seq, "agent-complete", r#"{"exitCode":0}"#),
                2 => event(seq, "error", r#"{"message":"no"}"#),
                3 => event(seq, "progress", r#"{"percent":50}"#),
                4 => event(seq, "mystery", "[1]"),
                _ => line(seq),
            };
            (seq * 3, event)
        }).collect();
        let cut = cut.min(all.len());
        let from = cut.saturating_sub(overlap);
        let seq = |seq: u64| with_seq.then_some(seq);

        let mut live = Execution::from_snapshot(snapshot(&[], with_seq), now());
        for (at, event) in &all {
            live.apply(seq(*at), event, now());
        }
        let mut joined = Execution::from_snapshot(snapshot(&all[..cut], with_seq), now());
        for (at, event) in &all[from..] {
            joined.apply(seq(*at), event, now());
        }
        prop_assert_eq!(live.summary(), joined.summary());
        prop_assert_eq!(live.output(), joined.output());
        prop_assert_eq!(live.timeline(), joined.timeline());
    }
}

/// A heartbeat stands in the log, but is no event of the execution: it must not make the next event look known.
#[test]
fn a_heartbeat_moves_the_summary_and_no_place_in_the_log() {
    let mut execution = Execution::from_snapshot(snapshot(&[(1, line(1)), (2, line(2))], true), now());
    let kind = AgentEventKind::Heartbeat { status: None, current_task: None, heartbeat_seconds: Some(5) };
    let beat = AgentEvent::of("a".into(), kind);
    assert!(!execution.beat(Some(2), &beat, now()), "the snapshot has it");
    assert!(execution.beat(Some(9), &beat, now()));
    assert_eq!(execution.summary().heartbeat_seconds, Some(5));
    assert_eq!((execution.seq(), execution.summary().event_count), (Some(2), 2));
    assert_eq!(execution.apply(Some(3), &line(3), now()), Applied::New);
}
