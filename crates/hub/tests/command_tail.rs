//! `switchboard tail` against real hubs, which are killed, replaced and guarded by keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod command_support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{ChildStdout, Stdio},
};

use command_support::{RealHub, Running, address, finish, free_port, run_shell, switchboard};
use serde_json::Value;

/// A `tail --json` that runs, and the frames that it writes.
struct Tail {
    running: Running,
    frames: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(hub: &str, options: &[&str]) -> Self {
        let mut arguments = vec!["tail", "--json", "--hub", hub];
        arguments.extend(options);
        let mut running = Running::start(&mut switchboard(&arguments));
        let stdout = running.child().stdout.take().unwrap();
        Self { running, frames: BufReader::new(stdout).lines() }
    }

    /// Reads frames until one is the last that is wanted; answers all of them.
    fn until(&mut self, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut frames = Vec::new();
        for line in &mut self.frames {
            frames.push(serde_json::from_str(&line.unwrap()).unwrap());
            if last(frames.last().unwrap()) {
                return frames;
            }
        }
        panic!("it ended after {frames:?}");
    }
}

fn is_kind(frame: &Value, kind: &str) -> bool {
    frame["event"]["type"] == kind
}

fn texts(frames: &[Value]) -> Vec<String> {
    let output = frames.iter().filter(|frame| is_kind(frame, "output"));
    output.map(|frame| frame["event"]["data"]["text"].as_str().unwrap().to_owned()).collect()
}

fn send(hub: &str, events: &str) {
    let mut running = Running::start(switchboard(&["send", "--hub", hub]).stdin(Stdio::piped()));
    running.child().stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
    let (status, said) = running.end();
    assert!(status.success(), "{said}");
}

#[test]
fn a_finished_execution_is_shown_and_its_end_is_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(folder.path(), 0, "");
    finish(&mut run_shell(&hub.address(), &["--execution", "good"], "echo one; echo two >&2"));
    finish(&mut run_shell(&hub.address(), &["--execution", "bad"], "exit 3"));

    let done = finish(&mut switchboard(&["tail", "--hub", &hub.address(), "--execution", "good"]));
    assert_eq!(done.code, Some(0));
    let shown = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().map(|line| line.split_once("Z  ").unwrap().1).collect();
    assert_eq!(lines[0], "agent-start  good  sh  sh -c 'echo one; echo two >&2'");
    assert!(lines.contains(&"output  good  one"));
    assert!(lines.contains(&"output  good  stderr: two"));
    assert!(lines[3].starts_with("agent-complete  good  exit code 0  after "), "{}", lines[3]);

    let done = finish(&mut switchboard(&["tail", "--hub", &hub.address(), "--execution", "bad"]));
    assert_eq!(done.code, Some(1));
    let done =
        finish(&mut switchboard(&["tail", "--hub", &hub.address(), "--execution", "bad", "--since-now"]));
    assert_eq!((done.code, done.stdout.as_slice()), (Some(1), &b""[..]));
}

#[test]
fn a_hub_that_is_killed_costs_no_line_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(&folder.path().join("data"), 0, "");
    let (address, port) = (hub.address(), hub.port());
    let gate = |name: &str| folder.path().join(name);
    let wait = |name| format!("while [ ! -e '{}' ]; do sleep 0.02; done", gate(name).display());
    let script = format!("seq 1 400; {}; seq 401 800; {}; seq 801 1200", wait("first"), wait("second"));

    let mut tail = Tail::start(&address, &["--follow", "--execution", "e-1"]);
    tail.running.wait_to_say("waiting for its first event");
    let run = Running::start(&mut run_shell(&address, &["--execution", "e-1"], &script));
    let mut frames = tail.until(|frame| frame["event"]["data"]["text"] == "400");
    drop(hub);
    fs::write(gate("first"), "").unwrap();
    tail.running.wait_to_say("disconnected");
    let hub = RealHub::start(&folder.path().join("data"), port, "");
    tail.running.wait_to_say("connected again");
    frames.extend(tail.until(|frame| frame["event"]["data"]["text"] == "800"));
    drop(hub);
    let _hub = RealHub::start(&folder.path().join("data"), port, "");
    fs::write(gate("second"), "").unwrap();
    frames.extend(tail.until(|frame| is_kind(frame, "agent-complete")));

    assert!(run.end().0.success());
    let expected: Vec<String> = (1..=1200).map(|number| number.to_string()).collect();
    assert_eq!(texts(&frames), expected);
    assert_eq!(frames.len(), 1202);
    let seqs: Vec<u64> = frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted());
}

#[test]
fn a_tail_that_comes_in_the_middle_sees_the_beginning_and_ends_with_the_execution() {
    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(&folder.path().join("data"), 0, "");
    let gate = folder.path().join("go on");
    let script = format!("seq 1 50; while [ ! -e '{}' ]; do sleep 0.02; done; seq 51 100", gate.display());
    let mut early = Tail::start(&hub.address(), &["--follow", "--execution", "e-1"]);
    early.running.wait_to_say("waiting for its first event");
    let run = Running::start(&mut run_shell(&hub.address(), &["--execution", "e-1"], &script));
    early.until(|frame| frame["event"]["data"]["text"] == "50");

    let mut late = Tail::start(&hub.address(), &["--execution", "e-1"]);
    let mut frames = late.until(|frame| frame["event"]["data"]["text"] == "50");
    fs::write(&gate, "").unwrap();
    frames.extend(late.until(|frame| is_kind(frame, "agent-complete")));
    let expected: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    assert_eq!(texts(&frames), expected);
    assert_eq!(late.running.end().0.code(), Some(0));
    assert!(run.end().0.success());
}

#[test]
fn another_log_on_the_same_address_is_followed_too() {
    let folder = tempfile::tempdir().unwrap();
    let event = |id: &str| {
        format!(
            r#"{{"type":"event","executionId":"e-1","event":{{"id":"{id}","type":"output","data":{{"text":"{id}"}}}}}}"#
        )
    };
    let hub = RealHub::start(&folder.path().join("old"), 0, "");
    let (address, port) = (hub.address(), hub.port());
    send(&address, &event("old"));
    let mut tail = Tail::start(&address, &["--follow", "--execution", "e-1"]);
    tail.until(|frame| frame["event"]["id"] == "old");
    drop(hub);
    let _hub = RealHub::start(&folder.path().join("new"), port, "");
    send(&address, &event("new"));
    let frames = tail.until(|frame| frame["event"]["id"] == "new");
    assert_eq!(frames.len(), 1);
}

#[test]
fn an_organization_is_followed_without_other_peoples_frames() {
    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(folder.path(), 0, "");
    let mut tail = Tail::start(&hub.address(), &["--organization", "acme"]);
    tail.running.wait_to_say("connected to");
    let heartbeat = |organization: &str, agent: &str| {
        format!(
            r#"{{"type":"heartbeat","agentId":"{agent}","organizationId":"{organization}","status":"idle"}}"#
        )
    };
    send(&hub.address(), &heartbeat("other", "theirs"));
    send(&hub.address(), &heartbeat("acme", "ours"));
    let frames = tail.until(|frame| frame["type"] == "heartbeat");
    assert_eq!(frames.last().unwrap()["agentId"], "ours");
}

#[test]
fn what_cannot_be_followed_says_what_to_do() {
    let done = finish(&mut switchboard(&["tail", "--hub", &address(free_port())]));
    assert_eq!(done.code, Some(1));
    assert!(
        done.stderr.contains("start one with `switchboard serve`, or name another with --hub"),
        "{}",
        done.stderr
    );

    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(folder.path(), 0, "a-long-key=acme");
    let done = finish(&mut switchboard(&["tail", "--hub", &hub.address(), "--key", "another-key"]));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("does not accept this token"), "{}", done.stderr);
    assert!(done.stderr.contains("check --hub, --key and --organization"), "{}", done.stderr);
    assert!(!done.stderr.contains("another-key"), "{}", done.stderr);

    let known = ["tail", "--hub", &hub.address(), "--key", "a-long-key", "--execution", "nope"];
    let done = finish(&mut switchboard(&known));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("there is no execution nope; check --execution"), "{}", done.stderr);
}

#[test]
fn a_reader_that_leaves_ends_the_tail() {
    let folder = tempfile::tempdir().unwrap();
    let hub = RealHub::start(folder.path(), 0, "");
    finish(&mut run_shell(&hub.address(), &["--execution", "e-1"], "seq 1 900"));
    let mut tail = Tail::start(&hub.address(), &["--follow", "--execution", "e-1"]);
    tail.until(|frame| is_kind(frame, "output"));
    let Tail { running, frames } = tail;
    drop(frames);
    send(
        &hub.address(),
        r#"{"type":"event","executionId":"e-1","event":{"type":"log","data":{"message":"more"}}}"#,
    );
    assert_eq!(running.end().0.code(), Some(0));
}
