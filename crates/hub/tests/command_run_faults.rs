//! `switchboard run` against a hub that is away, slow, broken, picky or killed: the command does not feel it, and every
//! event arrives exactly once, in order, or is told as lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod command_support;

use std::{fs, sync::Arc, time::Duration};

use command_support::{
    Answer, FakeHub, Record, Running, address, finish, free_port, output, run_shell, switchboard,
};

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|number| number.to_string()).collect()
}

/// Whether the stored events are those of a whole run that wrote these lines.
fn assert_whole(record: &Record, lines: &[String]) {
    let stored = record.stored();
    assert_eq!(stored.first().unwrap()["event"]["type"], "agent-start");
    assert_eq!(output(&stored, "stdout"), lines);
    assert_eq!(stored.last().unwrap()["event"]["type"], "agent-complete");
    assert_eq!(stored.len(), lines.len() + 2);
}

#[test]
fn a_hub_that_comes_late_gets_everything() {
    let port = free_port();
    let record = Arc::new(Record::default());
    let mut running = Running::start(&mut run_shell(&address(port), &[], "seq 1 500"));
    running.wait_to_say("no hub answers");
    running.wait_to_say("the command has ended; delivering 502 events");
    let _hub = FakeHub::start_on(port, &record);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(!said.contains("did not reach"), "{said}");
    assert_whole(&record, &numbers(1, 500));
}

#[test]
fn errors_of_the_hub_are_tried_again() {
    let record = Arc::new(Record::default());
    for answer in [Answer::Status(500, None), Answer::Status(503, Some("1")), Answer::Status(429, Some("0"))]
    {
        record.answer_next(answer);
    }
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "seq 1 300"));
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("its output is kept and sent later"), "{}", done.stderr);
    assert!(!done.stderr.contains("did not reach"), "{}", done.stderr);
    assert_whole(&record, &numbers(1, 300));
}

#[test]
fn a_hub_that_is_killed_in_the_middle_gets_every_line_exactly_once() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let port = hub.port();
    let folder = tempfile::tempdir().unwrap();
    let gate = |name: &str| folder.path().join(name);
    let wait = |name| format!("while [ ! -e '{}' ]; do sleep 0.02; done", gate(name).display());
    let script = format!("seq 1 200; {}; seq 201 400; {}; seq 401 800", wait("first"), wait("second"));
    let running = Running::start(&mut run_shell(&hub.address(), &[], &script));
    record.wait_for(|stored| output(stored, "stdout").len() == 200);
    // Stored but never said: the same events come again, and their ids tell.
    record.answer_next(Answer::StoreAndHang);
    fs::write(gate("first"), "").unwrap();
    record.wait_for(|stored| output(stored, "stdout").len() > 200);
    drop(hub);
    fs::write(gate("second"), "").unwrap();
    let _hub = FakeHub::start_on(port, &record);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert_whole(&record, &numbers(1, 800));
}

#[test]
fn a_slow_hub_gets_larger_batches() {
    let record = Arc::new(Record::default());
    record.answer_always(Answer::After(Duration::from_millis(100)));
    let hub = FakeHub::start(&record);
    let done = finish(&mut switchboard(&["run", "--quiet", "--hub", &hub.address(), "--", "seq", "10000"]));
    assert_eq!(done.code, Some(0));
    assert_whole(&record, &numbers(1, 10_000));
    assert!(record.batches().contains(&1_000));
}

#[test]
fn an_event_that_is_refused_costs_itself_alone() {
    let record = Arc::new(Record::default());
    record.refuse_items_with("\"text\":\"77\"");
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "seq 1 200"));
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("the hub refused an event: this event is bad"), "{}", done.stderr);
    assert!(done.stderr.contains("1 of 202 events did not reach the hub: 1 refused"), "{}", done.stderr);
    let mut expected = numbers(1, 200);
    expected.retain(|line| line != "77");
    assert_whole(&record, &expected);
}

/// Where the hub refused each event for the same reason, each once cost a request of its own.
#[test]
fn a_hub_that_refuses_every_event_is_asked_a_few_times_only() {
    let record = Arc::new(Record::default());
    record.refuse_items_with("executionId");
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "seq 1 200"));
    assert_eq!(done.code, Some(0));
    assert!(done.stderr.contains("202 of 202 events did not reach the hub: 202 refused"), "{}", done.stderr);
    assert_eq!(record.keys().len(), 3);
}

#[test]
fn a_batch_that_is_too_large_goes_in_halves() {
    let record = Arc::new(Record::default());
    record.refuse_batches_over(30);
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "seq 1 200"));
    assert!(!done.stderr.contains("did not reach"), "{}", done.stderr);
    assert_whole(&record, &numbers(1, 200));
}

// A single answer that no hub gives once ended a run's reports, though the hub had taken everything before.
#[test]
fn who_took_something_is_asked_again_whatever_it_answers() {
    let (record, folder) = (Arc::new(Record::default()), tempfile::tempdir().unwrap());
    let hub = FakeHub::start(&record);
    let gate = folder.path().join("gate");
    let script = format!("echo 1; while [ ! -e '{}' ]; do sleep 0.02; done; echo 2", gate.display());
    let running = Running::start(&mut run_shell(&hub.address(), &["--heartbeat", "0"], &script));
    record.wait_for(|stored| output(stored, "stdout").len() == 1);
    record.answer_next(Answer::Status(404, None));
    record.answer_next(Answer::Page);
    fs::write(gate, "").unwrap();
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(said.contains("is not a hub") && !said.contains("did not reach"), "{said}");
    assert_whole(&record, &numbers(1, 2));
}

// At the end an outage that was long over was given as the reason for what was lost by another.
#[test]
fn an_outage_that_is_over_is_no_reason() {
    let record = Arc::new(Record::default());
    record.refuse_items_with("\"text\":\"7\"");
    let hub = FakeHub::start(&record);
    let script = "seq 1 7; sleep 0.3; echo 8";
    let mut running = Running::start(&mut run_shell(&hub.address(), &["--heartbeat", "0"], script));
    running.wait_to_say("the hub refused an event");
    record.answer_next(Answer::Status(503, None));
    let (_, said) = running.end();
    assert!(
        said.contains("1 of 10 events did not reach the hub: 1 refused (the hub refused an event"),
        "{said}"
    );
}

#[test]
fn what_will_never_be_taken_is_told_once_and_the_command_runs_on() {
    for (answer, hint) in [
        (Answer::Status(401, None), "set --key or SWITCHBOARD_KEY"),
        (Answer::Status(403, None), "check --organization and the key"),
        (Answer::Status(404, None), "is not a hub"),
        (Answer::Status(308, None), "redirects elsewhere"),
        (Answer::Page, "is not a hub"),
    ] {
        let record = Arc::new(Record::default());
        record.answer_always(answer);
        let hub = FakeHub::start(&record);
        let done = finish(&mut run_shell(&hub.address(), &[], "seq 1 500; exit 4"));
        assert_eq!(done.code, Some(4));
        assert_eq!(String::from_utf8(done.stdout).unwrap().lines().count(), 500);
        assert!(done.stderr.contains(hint), "{}", done.stderr);
        assert!(done.stderr.contains("nothing of it is reported"), "{}", done.stderr);
        assert!(
            done.stderr.contains("502 of 502 events did not reach the hub: 502 refused"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn delivery_ends_with_its_time_and_says_what_is_lost() {
    let record = Arc::new(Record::default());
    record.answer_always(Answer::Hang);
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &["--flush-timeout", "0.2"], "seq 1 10; exit 5"));
    assert_eq!(done.code, Some(5));
    assert!(
        done.stderr.contains("12 of 12 events did not reach the hub: 12 not delivered in time"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_signal_ends_the_wait_for_delivery() {
    let options = ["--flush-timeout", "1000"];
    let mut running = Running::start(&mut run_shell(&address(free_port()), &options, "echo hello; exit 6"));
    running.wait_to_say("the command has ended; delivering 3 events");
    running.signal("INT");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(6));
    assert!(
        said.contains("3 of 3 events did not reach the hub: 3 not delivered in time (no hub answers"),
        "{said}"
    );
}

#[test]
fn a_dead_hub_neither_stops_the_command_nor_fills_the_memory() {
    // Without optimization a line costs ten times as much.
    let lines = if cfg!(debug_assertions) { 80_000 } else { 1_000_000 };
    let hub = address(free_port());
    let script = format!("yes {} | head -n {lines}", "x".repeat(600));
    let options =
        ["--patience=0.2", "--buffer-events=5000", "--buffer-bytes=1000000", "--flush-timeout=1000"];
    let mut running = Running::start(run_shell(&hub, &options, &script).stdout(std::process::Stdio::null()));
    running.wait_to_say("the command has ended; delivering");
    let pid = running.child().id();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    // The program, its buffers and 1 MB of events; all the events would be 60 MB and more.
    assert!(peak < 40_000, "{peak} kB");
    running.signal("TERM");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(said.contains(&format!("of {} events did not reach the hub", lines + 2)), "{said}");
    assert!(said.contains("dropped because the buffer was full"), "{said}");
}

#[test]
fn what_was_dropped_is_told_where_it_is_missing() {
    let port = free_port();
    let record = Arc::new(Record::default());
    let options = ["--patience", "0", "--buffer-events", "50"];
    let mut running = Running::start(&mut run_shell(&address(port), &options, "seq 1 1000"));
    running.wait_to_say("the command has ended");
    let _hub = FakeHub::start_on(port, &record);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));

    let stored = record.stored();
    let lines = output(&stored, "stdout");
    let lost = 1000 - lines.len();
    assert!(said.contains(&format!("events did not reach the hub: {lost} dropped")), "{said}");
    assert_eq!(lines.last().unwrap(), "1000");
    let notice = stored.iter().position(|report| report["event"]["type"] == "log").unwrap();
    let notice_text = stored[notice]["event"]["data"]["message"].as_str().unwrap();
    assert!(notice_text.starts_with(&format!("{lost} lines of output dropped here")), "{notice_text}");
    // What stands before and after the notice leaves out exactly so many lines.
    let before = output(&stored[..notice], "stdout").len();
    let after = output(&stored[notice..], "stdout");
    assert_eq!(after[0], (before + lost + 1).to_string());
    assert_eq!(stored.first().unwrap()["event"]["type"], "agent-start");
    assert_eq!(stored.last().unwrap()["event"]["type"], "agent-complete");
}
