//! `switchboard send` with real input, against a hub that takes it, refuses it, or is away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod command_support;

use std::{fs, io::Write as _, process::Stdio, sync::Arc, time::Duration};

use command_support::{Answer, FakeHub, Finished, Record, Running, address, finish, free_port, switchboard};
use serde_json::Value;

/// Sends a file with this content.
fn send(hub: &str, options: &[&str], content: &str) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.json");
    fs::write(&file, content).unwrap();
    let mut arguments = vec!["send", "--hub", hub, file.to_str().unwrap()];
    arguments.extend(options);
    finish(&mut switchboard(&arguments))
}

fn event(number: usize) -> String {
    format!(
        r#"{{"type":"event","executionId":"e-1","event":{{"type":"output","data":{{"text":"{number}"}}}}}}"#
    )
}

fn texts(stored: &[Value]) -> Vec<&str> {
    stored.iter().map(|report| report["event"]["data"]["text"].as_str().unwrap()).collect()
}

#[test]
fn every_way_to_write_events_is_read() {
    let lines = format!("{}\n{}\n", event(1), event(2));
    let array = format!("[\n  {},\n  {}\n]\n", event(1), event(2));
    let pretty: Value = serde_json::from_str(&event(1)).unwrap();
    let pretty = format!("{pretty:#}\n{}", event(2));
    for content in [lines, array, pretty] {
        let record = Arc::new(Record::default());
        let hub = FakeHub::start(&record);
        let done = send(&hub.address(), &["--organization", "acme", "--key", "k"], &content);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        assert_eq!(done.stdout, b"accepted 2, duplicates 0, seq 2\n");
        assert_eq!(texts(&record.stored()), ["1", "2"]);
        assert!(record.stored().iter().all(|report| report["organizationId"] == "acme"));
        assert_eq!(record.keys(), [Some("Bearer k".to_owned())]);
    }
}

#[test]
fn an_id_of_its_own_makes_sending_again_harmless() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let content = event(1).replacen('{', r#"{"id":"mine","#, 1);
    assert_eq!(send(&hub.address(), &[], &content).stdout, b"accepted 1, duplicates 0, seq 1\n");
    assert_eq!(send(&hub.address(), &[], &content).stdout, b"accepted 0, duplicates 1, seq 1\n");
}

#[test]
fn a_stream_is_sent_while_it_flows() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let mut running = Running::start(switchboard(&["send", "--hub", &hub.address()]).stdin(Stdio::piped()));
    let mut input = running.child().stdin.take().unwrap();
    for number in 1..=3 {
        writeln!(input, "{}", event(number)).unwrap();
        record.wait_for(|stored| stored.len() == number);
    }
    drop(input);
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn many_events_go_in_batches_and_keep_their_order() {
    let record = Arc::new(Record::default());
    record.answer_next(Answer::Status(503, Some("0")));
    record.answer_next(Answer::StoreAndHang);
    let hub = FakeHub::start(&record);
    let port = hub.port();
    let content: String = (0..2000).map(|number| event(number) + "\n").collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    fs::write(&file, content).unwrap();
    let running =
        Running::start(&mut switchboard(&["send", "--hub", &hub.address(), file.to_str().unwrap()]));
    record.wait_for(|stored| !stored.is_empty());
    drop(hub);
    let _hub = FakeHub::start_on(port, &record);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0), "{said}");
    let expected: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    assert_eq!(texts(&record.stored()), expected);
}

#[test]
fn a_refused_event_is_named_by_its_line_and_what_stands_before_it_is_stored() {
    let record = Arc::new(Record::default());
    record.refuse_items_with("\"text\":\"3\"");
    let hub = FakeHub::start(&record);
    let content: String = (1..=5).map(|number| event(number) + "\n\n").collect();
    let done = send(&hub.address(), &[], &content);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("line 5: this event is bad; correct it"), "{}", done.stderr);
    assert_eq!(done.stdout, b"accepted 2, duplicates 0, seq 2\n");
    assert_eq!(texts(&record.stored()), ["1", "2"]);
}

#[test]
fn a_batch_that_is_too_large_goes_in_parts() {
    let record = Arc::new(Record::default());
    record.refuse_batches_over(3);
    let hub = FakeHub::start(&record);
    let content: String = (0..20).map(|number| event(number) + "\n").collect();
    assert_eq!(send(&hub.address(), &[], &content).stdout, b"accepted 20, duplicates 0, seq 20\n");
    assert_eq!(record.stored().len(), 20);
}

#[test]
fn what_is_no_json_is_named_by_its_line() {
    for (bad, hint) in [
        ("hello", "line 3: expected a JSON object"),
        ("{\"a\":}", "line 3: the frame is not JSON"),
        ("{\"a\":1", "line 3: the object that begins here has no end"),
    ] {
        let record = Arc::new(Record::default());
        let hub = FakeHub::start(&record);
        let done = send(&hub.address(), &[], &format!("{}\n{}\n{bad}\n", event(1), event(2)));
        assert_eq!(done.code, Some(1));
        assert!(done.stderr.contains(hint), "{}", done.stderr);
        assert!(done.stderr.contains("what stands before it is stored"), "{}", done.stderr);
        assert_eq!(texts(&record.stored()), ["1", "2"]);
    }
}

#[test]
fn a_hub_that_is_away_is_waited_for_and_then_told() {
    let options = ["--retry-timeout", "0.3"];
    let done = send(&address(free_port()), &options, &event(1));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("no hub answers at http://127.0.0.1:"), "{}", done.stderr);
    assert!(
        done.stderr.contains("start a hub with `switchboard serve`, or name another with --hub"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("nothing from line 1 on is stored"), "{}", done.stderr);

    let record = Arc::new(Record::default());
    record.answer_next(Answer::After(Duration::from_millis(10)));
    let port = free_port();
    let mut command = switchboard(&["send", "--hub", &address(port)]);
    let mut running = Running::start(command.stdin(Stdio::piped()));
    running.child().stdin.take().unwrap().write_all(event(1).as_bytes()).unwrap();
    running.wait_to_say("trying again for 30 s");
    let _hub = FakeHub::start_on(port, &record);
    assert_eq!(running.end().0.code(), Some(0));
    assert_eq!(texts(&record.stored()), ["1"]);
}

/// The thread that waits for input once kept the process alive until somebody wrote something.
#[test]
fn a_stream_that_goes_on_does_not_keep_a_failed_send_alive() {
    let record = Arc::new(Record::default());
    record.answer_always(Answer::Status(401, None));
    let hub = FakeHub::start(&record);
    let mut running = Running::start(switchboard(&["send", "--hub", &hub.address()]).stdin(Stdio::piped()));
    let mut input = running.child().stdin.take().unwrap();
    writeln!(input, "{}", event(1)).unwrap();
    assert_eq!(running.end().0.code(), Some(1));
    drop(input);
}

#[test]
fn a_wrong_key_and_a_missing_file_say_what_to_do() {
    let record = Arc::new(Record::default());
    record.answer_always(Answer::Status(401, None));
    let hub = FakeHub::start(&record);
    let done = send(&hub.address(), &["--key", "wrong"], &event(1));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("set --key or SWITCHBOARD_KEY"), "{}", done.stderr);
    assert!(!done.stderr.contains("wrong"), "{}", done.stderr);

    let done = finish(&mut switchboard(&["send", "no-such-file.json"]));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("cannot open no-such-file.json"), "{}", done.stderr);
}
