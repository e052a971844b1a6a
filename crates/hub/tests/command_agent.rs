//! `switchboard agent` with real processes: what it says of the agent, and when it starts the command again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod command_support;

use std::{
    fs,
    io::Read as _,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use command_support::{Answer, FakeHub, Record, Running, finish, switchboard};
use serde_json::Value;
use switchboard_model::Agents;
use switchboard_protocol::{AgentStatus, Frame, Timestamp, decode, rest::AgentSummary};

/// `switchboard agent --id worker` with options, and a shell script as its command.
fn agent_shell(hub: &FakeHub, options: &[&str], script: &str) -> Command {
    let address = hub.address();
    let mut arguments = vec!["agent", "--hub", &address, "--id", "worker", "--restart-delay", "0.01"];
    arguments.extend(options);
    arguments.extend(["--", "sh", "-c", script]);
    switchboard(&arguments)
}

/// The frames that are no heartbeats, by their types.
fn turns(agents: &[Value]) -> Vec<&str> {
    let types = agents.iter().map(|frame| frame["type"].as_str().unwrap());
    types.filter(|kind| *kind != "heartbeat").collect()
}

/// What a page makes of the frames about the one agent.
fn folded(record: &Record) -> AgentSummary {
    let mut agents = Agents::new("default".into());
    for frame in record.agents() {
        let Frame::AgentEvent(event) = decode(&frame.to_string()).unwrap().frame else { panic!("{frame}") };
        agents.event(None, &event, Timestamp::from_millis(1_000));
    }
    agents.get(&"worker".into()).unwrap().clone()
}

/// A script that fails with code 7 until it has been started so many times, and then succeeds.
fn fails_until(folder: &tempfile::TempDir, starts: u32) -> String {
    let file = folder.path().join("starts");
    format!(
        "f='{}'; n=$(cat \"$f\" 2>/dev/null || echo 0); n=$((n+1)); echo $n > \"$f\"; echo \"start $n\"; \
         [ $n -ge {starts} ] || exit 7",
        file.display()
    )
}

#[test]
fn a_worker_that_fails_is_started_again_until_it_succeeds() {
    let (record, folder) = (Arc::new(Record::default()), tempfile::tempdir().unwrap());
    let hub = FakeHub::start(&record);
    let done = finish(&mut agent_shell(&hub, &["--department", "tools"], &fails_until(&folder, 3)));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stdout, b"start 1\nstart 2\nstart 3\n", "its output is passed through");
    assert!(
        done.stderr.contains("the command exited with code 7; it is started again in"),
        "{}",
        done.stderr
    );

    let agents = record.agents();
    let expected =
        ["agent_started", "agent_error", "agent_started", "agent_error", "agent_started", "agent_stopped"];
    assert_eq!(turns(&agents), expected);
    assert!(
        agents.iter().all(|frame| frame["agentId"] == "worker" && frame["department"]["name"] == "tools")
    );
    let errors: Vec<_> = agents.iter().filter(|frame| frame["type"] == "agent_error").collect();
    assert_eq!(errors[1]["error"], "exited with code 7; its last line was: start 2");
    // Each start is an execution, with the agent's name and its own end.
    let stored = record.stored();
    let executions: std::collections::HashSet<_> =
        stored.iter().map(|report| report["executionId"].as_str().unwrap()).collect();
    assert_eq!(executions.len(), 3);
    assert_eq!((record.events("error").len(), record.events("agent-complete").len()), (2, 1));
    assert_eq!(record.events("agent-start")[0]["data"]["agent"]["id"], "worker");
    let started = agents.iter().find(|frame| frame["type"] == "agent_started").unwrap();
    assert!(executions.contains(started["executionId"].as_str().unwrap()));
}

#[test]
fn the_policy_says_which_end_is_one() {
    let starts = |options: &[&str], script: &str| {
        let record = Arc::new(Record::default());
        let hub = FakeHub::start(&record);
        let done = finish(&mut agent_shell(&hub, options, script));
        let last = record.agents().last().unwrap()["type"].as_str().unwrap().to_owned();
        (record.events("agent-start").len(), done.code, last, done.stderr)
    };
    let (count, code, last, _) = starts(&["--restart", "never"], "exit 7");
    assert_eq!((count, code, last.as_str()), (1, Some(7), "agent_error"));
    let (count, code, last, _) = starts(&["--restart", "on-failure"], "exit 0");
    assert_eq!((count, code, last.as_str()), (1, Some(0), "agent_stopped"));
    let (count, code, last, said) = starts(&["--restart", "always", "--max-restarts", "2"], "exit 0");
    assert_eq!((count, code, last.as_str()), (3, Some(0), "agent_stopped"));
    assert!(said.contains("started again 2 times in a row, and is not any more"), "{said}");
    let (count, code, last, _) = starts(&["--max-restarts", "1"], "exit 7");
    assert_eq!((count, code, last.as_str()), (2, Some(7), "agent_error"));
}

// A run that had ended well was taken to go on beside the next one, whose end then was not the agent's: it stayed running, and its
// error was lost.
#[test]
fn the_end_of_the_last_run_of_several_is_the_end_of_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let fails_the_second_time =
        format!("if [ -e '{0}' ]; then exit 7; else touch '{0}'; fi", starts.display());
    for (script, restarts, status, error) in [
        ("true", "2", AgentStatus::Stopped, None),
        (fails_the_second_time.as_str(), "1", AgentStatus::Error, Some("exited with code 7")),
    ] {
        let record = Arc::new(Record::default());
        let hub = FakeHub::start(&record);
        let options = ["--restart", "always", "--max-restarts", restarts];
        finish(&mut agent_shell(&hub, &options, script));
        let agent = folded(&record);
        assert_eq!((agent.status, agent.error.as_deref()), (status, error), "{:?}", record.agents());
        assert!(agent.executions.is_empty(), "{:?}", agent.executions);
    }
}

#[test]
fn a_worker_that_was_asked_to_end_is_not_started_again() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    for script in
        ["echo ready; exec sleep 1000", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done"]
    {
        let before = record.output("stdout").len();
        let running = Running::start(&mut agent_shell(&hub, &["--restart", "always"], script));
        record.wait_for(|stored| command_support::output(stored, "stdout").len() > before);
        running.signal("TERM");
        let (status, _) = running.end();
        assert!(matches!(status.code(), Some(143 | 9)), "{status}");
        assert_eq!(record.agents().last().unwrap()["type"], "agent_stopped");
    }
    assert_eq!(record.events("agent-start").len(), 2);
}

#[test]
fn a_worker_that_waits_still_beats_and_can_be_ended() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let address = hub.address();
    let arguments =
        ["agent", "--hub", &address, "--id", "worker", "--restart-delay", "60", "--heartbeat", "1"];
    let mut command = switchboard(&arguments);
    let running = Running::start(command.args(["--", "sh", "-c", "exit 7"]));
    record.wait_for_agents(|agents| {
        let waits = |frame: &&Value| frame["type"] == "heartbeat" && frame["status"] == "error";
        agents.iter().filter(waits).count() >= 2
    });
    let beat = record.agents().pop().unwrap();
    assert!(beat["currentTask"].as_str().unwrap().starts_with("is started again at "), "{beat}");
    let waits: std::collections::HashSet<_> = record
        .agents()
        .iter()
        .filter(|frame| frame["status"] == "error")
        .map(|frame| frame["currentTask"].clone())
        .collect();
    assert_eq!(waits.len(), 1, "what each heartbeat says again stays true: {waits:?}");
    assert!(beat.get("executionId").is_none(), "it works on nothing");
    running.signal("TERM");
    let (status, _) = running.end();
    assert_eq!(status.code(), Some(7), "how the command ended");
    assert_eq!(turns(&record.agents()), ["agent_started", "agent_error", "agent_stopped"]);
}

#[test]
fn a_running_worker_says_what_it_does() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let running =
        Running::start(&mut agent_shell(&hub, &["--heartbeat", "1"], "echo 'mail 7'; exec sleep 1000"));
    record.wait_for_agents(|agents| {
        agents.iter().any(|frame| frame["type"] == "heartbeat" && frame["currentTask"] == "mail 7")
    });
    let beat = record.agents().pop().unwrap();
    assert_eq!((&beat["status"], &beat["heartbeatSeconds"]), (&"running".into(), &1.into()));
    let execution = record.stored()[0]["executionId"].clone();
    assert_eq!(beat["executionId"], execution);
    running.signal("INT");
    running.end();
}

#[test]
fn a_command_that_cannot_be_started_the_first_time_ends_it() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let address = hub.address();
    let done =
        finish(&mut switchboard(&["agent", "--hub", &address, "--id", "w", "--", "no-such-command-here"]));
    assert_eq!(done.code, Some(127));
    assert!(done.stderr.contains("there is no such command"), "{}", done.stderr);
    let agents = record.agents();
    assert_eq!(turns(&agents), ["agent_started", "agent_error"]);
    assert!(agents.last().unwrap()["error"].as_str().unwrap().contains("there is no such command"));
}

// One answer that no hub gives, of a proxy while the hub was started again or while keys were changed, once ended an agent's reports
// for good, mostly without a word.
#[test]
fn no_answer_ends_what_an_agent_reports() {
    let record = Arc::new(Record::default());
    for answer in [Answer::Status(401, None), Answer::Page] {
        record.answer_next(answer);
    }
    let hub = FakeHub::start(&record);
    let script = "echo ready; while :; do sleep 0.02; done";
    let mut running = Running::start(&mut agent_shell(&hub, &[], script));
    running.wait_to_say("the hub does not accept the key");
    record.wait_for(|stored| command_support::output(stored, "stdout") == ["ready"]);
    record.answer_next(Answer::Status(404, None));
    running.signal("TERM");
    let (_, said) = running.end();
    assert!(!said.contains("did not reach"), "{said}");
    assert_eq!(turns(&record.agents()), ["agent_started", "agent_stopped"]);
}

#[test]
fn an_agent_that_was_never_reported_does_not_wait_at_its_end() {
    let record = Arc::new(Record::default());
    record.answer_always(Answer::Status(401, None));
    let hub = FakeHub::start(&record);
    let began = Instant::now();
    let done = finish(&mut agent_shell(&hub, &["--flush-timeout", "1000"], "true"));
    assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
    assert!(done.stderr.contains("nothing of it is reported"), "{}", done.stderr);
    assert!(done.stderr.contains("events did not reach the hub"), "{}", done.stderr);
}

// Where whoever read our output had left, the worker died of its first line, was started again, and died again, without end.
#[test]
fn a_reader_that_leaves_does_not_end_a_worker() {
    let (record, folder) = (Arc::new(Record::default()), tempfile::tempdir().unwrap());
    let hub = FakeHub::start(&record);
    let gate = folder.path().join("gate");
    let script = format!(
        "echo one; while [ ! -e '{}' ]; do sleep 0.02; done; echo two; sleep 0.1; echo three; while :; do sleep 0.02; done",
        gate.display()
    );
    let options = ["--restart", "always", "--max-restarts", "3"];
    let mut running = Running::start(&mut agent_shell(&hub, &options, &script));
    let mut first = [0; 4];
    let mut stdout = running.child().stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    fs::write(gate, "").unwrap();
    running.wait_to_say("standard output cannot be written any more");
    record.wait_for(|stored| command_support::output(stored, "stdout") == ["one", "two", "three"]);
    running.signal("TERM");
    let (_, said) = running.end();
    assert_eq!(said.matches("cannot be written").count(), 1, "{said}");
    assert_eq!(record.events("agent-start").len(), 1, "it was not started again");
}

#[test]
fn wrong_flags_say_what_is_right() {
    let long = "n".repeat(300);
    let cases: [(&[&str], &str); 7] = [
        (&["agent", "--", "true"], "--id"),
        (&["agent", "--id", "w"], "COMMAND"),
        (&["agent", "--id", " ", "--", "true"], "1 to 256 bytes"),
        (&["agent", "--id", &long, "--", "true"], "1 to 256 bytes"),
        (&["agent", "--id", "w", "--heartbeat", "0", "--", "true"], "1..=3600"),
        (&["agent", "--id", "w", "--restart-delay", "0", "--", "true"], "0.01 or more"),
        (&["agent", "--id", "w", "--restart", "sometimes", "--", "true"], "on-failure"),
    ];
    for (arguments, hint) in cases {
        let done = finish(&mut switchboard(arguments));
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(done.stderr.contains(hint), "{arguments:?}: {}", done.stderr);
    }
}
