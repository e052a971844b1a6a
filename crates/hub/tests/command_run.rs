//! `switchboard run` with real processes, against a hub that stays well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod command_support;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    sync::Arc,
};

use command_support::{FakeHub, Record, Running, address, finish, free_port, run_shell, signal, switchboard};

#[test]
fn a_command_is_reported_from_start_to_end_and_passes_through_unchanged() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let script = r"printf 'one\ntwo \033[31mred\033[0m\nbad \377 byte\nlast'; printf 'oops\n' >&2";
    let options = ["--agent", "builder", "--department", "tools", "--title", "A try", "--execution", "e/1"];
    let done = finish(&mut run_shell(&hub.address(), &options, script));

    assert_eq!(done.code, Some(0));
    assert_eq!(done.stdout, b"one\ntwo \x1b[31mred\x1b[0m\nbad \xff byte\nlast");
    assert_eq!(done.stderr, format!("switchboard: {}/executions/e%2F1\noops\n", hub.address()));

    let stored = record.stored();
    assert!(stored.iter().all(|report| report["type"] == "event" && report["executionId"] == "e/1"));
    assert_eq!(record.output("stdout"), ["one", "two red", "bad \u{fffd} byte", "last"]);
    assert_eq!(record.output("stderr"), ["oops"]);
    let start = &stored.first().unwrap()["event"];
    assert_eq!(start["type"], "agent-start");
    assert_eq!(start["data"]["agent"]["name"], "builder");
    assert_eq!(start["data"]["department"]["name"], "tools");
    assert_eq!(start["data"]["title"], "A try");
    assert!(start["data"]["command"].as_str().unwrap().starts_with("sh -c 'printf "));
    assert!(start["data"]["pid"].is_u64());
    let end = &stored.last().unwrap()["event"];
    assert_eq!(end["type"], "agent-complete");
    assert_eq!(end["data"]["exitCode"], 0);
    assert!(end["data"]["durationMs"].is_u64());
}

#[test]
fn what_is_not_said_has_a_default() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let mut command = switchboard(&["run", "--quiet", "--", "/bin/echo", "two words", "plain"]);
    let done = finish(command.env("SWITCHBOARD_HUB", hub.address()).env("SWITCHBOARD_KEY", "secret"));

    assert_eq!((done.code, done.stdout.as_slice(), done.stderr.as_str()), (Some(0), &b""[..], ""));
    let start = &record.events("agent-start")[0]["data"];
    assert_eq!(start["agent"]["name"], "echo");
    assert_eq!(start["title"], "/bin/echo 'two words' plain");
    assert!(start.get("department").is_none());
    assert_eq!(record.output("stdout"), ["two words plain"]);
    assert!(record.keys().iter().all(|key| key.as_deref() == Some("Bearer secret")));
}

#[test]
fn an_organization_stands_in_each_report() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    finish(&mut run_shell(&hub.address(), &["--organization", "acme"], "echo hello"));
    assert_eq!(record.stored().len(), 3);
    assert!(record.stored().iter().all(|report| report["organizationId"] == "acme"));
}

#[test]
fn a_command_may_report_to_the_same_execution() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let script = r#"echo "$SWITCHBOARD_EXECUTION at $SWITCHBOARD_HUB""#;
    finish(&mut run_shell(&hub.address(), &["--execution", "e-9"], script));
    assert_eq!(record.output("stdout"), [format!("e-9 at {}", hub.address())]);
}

#[test]
fn the_exit_code_is_the_commands() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "echo no >&2; exit 3"));
    assert_eq!(done.code, Some(3));
    let error = &record.events("error")[0]["data"];
    assert_eq!(error["message"], "exited with code 3");
    assert_eq!(error["exitCode"], 3);
    assert!(error.get("reason").is_none());
    assert!(record.events("agent-complete").is_empty());
}

#[test]
fn a_command_that_cannot_start_fails_as_in_a_shell() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let folder = tempfile::tempdir().unwrap();
    let not_executable = folder.path().join("plain.txt");
    fs::write(&not_executable, "text").unwrap();
    fs::set_permissions(&not_executable, fs::Permissions::from_mode(0o644)).unwrap();

    let missing = finish(&mut switchboard(&["run", "--hub", &hub.address(), "--", "no-such-command-here"]));
    assert_eq!(missing.code, Some(127));
    assert!(
        missing.stderr.contains("cannot start no-such-command-here: there is no such command"),
        "{}",
        missing.stderr
    );
    let refused =
        finish(&mut switchboard(&["run", "--hub", &hub.address(), "--", not_executable.to_str().unwrap()]));
    assert_eq!(refused.code, Some(126));

    assert_eq!(record.events("agent-start").len(), 2);
    let errors = record.events("error");
    assert_eq!(errors[0]["data"]["exitCode"], 127);
    assert!(errors[0]["data"]["message"].as_str().unwrap().contains("there is no such command"));
    assert_eq!(errors[1]["data"]["exitCode"], 126);
}

#[test]
fn a_signal_is_passed_on_and_the_command_decides() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let script = "trap 'echo cleaning up; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let running = Running::start(&mut run_shell(&hub.address(), &[], script));
    record.wait_for(|stored| command_support::output(stored, "stdout") == ["ready"]);
    running.signal("TERM");
    let (status, _) = running.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(record.output("stdout"), ["ready", "cleaning up"]);
    assert_eq!(record.events("agent-complete").len(), 1);
}

#[test]
fn a_command_that_dies_of_a_signal_which_we_passed_on_was_cancelled() {
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let record = Arc::new(Record::default());
        let hub = FakeHub::start(&record);
        let running = Running::start(&mut run_shell(&hub.address(), &[], "echo ready; exec sleep 1000"));
        record.wait_for(|stored| command_support::output(stored, "stdout") == ["ready"]);
        running.signal(name);
        let (status, _) = running.end();
        assert_eq!(status.code(), Some(128 + number), "{name}");
        let error = &record.events("error")[0]["data"];
        assert_eq!(error["message"], format!("killed by signal {number} (SIG{name})"));
        assert_eq!(error["exitCode"], 128 + number);
        assert_eq!(error["reason"], "cancelled");
    }
}

/// A terminal sends Ctrl-C to the command as well as to us; passed on, it once came to the command twice, which many
/// programs take for "stop at once".
#[test]
fn ctrl_c_in_a_terminal_reaches_the_command_once() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("go on");
    let command = folder.path().join("command.sh");
    let script = format!(
        "n=0; trap 'n=$((n+1)); echo got $n' INT; echo ready; while [ ! -e '{}' ]; do sleep 0.05; done; echo total $n",
        gate.display()
    );
    fs::write(&command, script).unwrap();
    // `exec`: a shell that stays in between, as some do, takes the Ctrl-C for itself too and hides our exit code.
    let inside = format!(
        "exec {} run --hub {} -- sh '{}'",
        env!("CARGO_BIN_EXE_switchboard"),
        hub.address(),
        command.display()
    );
    // `script` gives its command a terminal, and what we write is what a person types there.
    let mut terminal = std::process::Command::new("script");
    terminal.args(["-qec", &inside, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut running = Running::start(&mut terminal);
    record.wait_for(|stored| command_support::output(stored, "stdout") == ["ready"]);
    running.child().stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    record.wait_for(|stored| command_support::output(stored, "stdout").len() == 2);
    fs::write(&gate, "").unwrap();
    record.wait_for(|stored| stored.last().unwrap()["event"]["type"] == "agent-complete");
    assert_eq!(record.output("stdout"), ["ready", "got 1", "total 1"]);
    assert!(running.end().0.success());
}

#[test]
fn a_command_that_dies_of_another_signal_failed() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "kill -KILL $$"));
    assert_eq!(done.code, Some(137));
    let error = &record.events("error")[0]["data"];
    assert_eq!(error["message"], "killed by signal 9 (SIGKILL)");
    assert!(error.get("reason").is_none());
}

#[test]
fn a_prompt_is_seen_before_it_is_answered() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let script = r#"printf 'Name: '; read name; echo "Hello $name""#;
    let mut running = Running::start(run_shell(&hub.address(), &[], script).stdin(Stdio::piped()));
    let mut passed_on = [0; 6];
    running.child().stdout.as_mut().unwrap().read_exact(&mut passed_on).unwrap();
    assert_eq!(&passed_on, b"Name: ");
    record.wait_for(|stored| command_support::output(stored, "stdout") == ["Name: "]);
    running.child().stdin.take().unwrap().write_all(b"you\n").unwrap();
    assert_eq!(running.end().0.code(), Some(0));
    assert_eq!(record.output("stdout"), ["Name: ", "Hello you"]);
}

/// A process that outlived its parent and held the pipe once kept `run` waiting for as long as it lived.
#[test]
fn a_process_left_behind_does_not_hold_the_run() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let done = finish(&mut run_shell(&hub.address(), &[], "sleep 1000 & echo $!"));
    let left_behind: u32 = String::from_utf8(done.stdout).unwrap().trim().parse().unwrap();
    signal(left_behind, "KILL");
    assert_eq!(done.code, Some(0));
    assert_eq!(record.output("stdout"), [left_behind.to_string()]);
    assert_eq!(record.events("agent-complete").len(), 1);
}

#[test]
fn a_reader_that_leaves_ends_the_command_as_without_us() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let mut running = Running::start(&mut switchboard(&["run", "--hub", &hub.address(), "--", "yes"]));
    let mut some = [0; 2];
    let mut stdout = running.child().stdout.take().unwrap();
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    assert_eq!(running.end().0.code(), Some(128 + 13));
    assert_eq!(record.events("error")[0]["data"]["message"], "killed by signal 13 (SIGPIPE)");
}

/// A write to a pipe that nobody empties once kept us alive after everybody had given up.
#[test]
fn a_reader_that_stands_still_does_not_keep_us_alive() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let mut running = Running::start(&mut run_shell(&hub.address(), &[], "exec cat /dev/zero"));
    record.wait_for(|stored| !stored.is_empty());
    let ended = |running: &mut Running| running.child().try_wait().unwrap().is_some();
    while !ended(&mut running) {
        running.signal("TERM");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(running.end().0.code(), Some(128 + 15));
}

/// A note to a closed standard error once ended us in the middle of the run.
#[test]
fn nobody_has_to_read_our_notes() {
    let options = ["--flush-timeout", "0.2"];
    let mut running = Running::start(&mut run_shell(&address(free_port()), &options, "sleep 0.1; exit 3"));
    running.stop_reading();
    assert_eq!(running.end().0.code(), Some(3));
}

#[test]
fn many_lines_all_arrive_in_order_in_few_requests() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let done = finish(&mut switchboard(&["run", "--hub", &hub.address(), "--", "seq", "30000"]));
    assert_eq!(done.code, Some(0));
    let expected: Vec<String> = (1..=30_000).map(|number| number.to_string()).collect();
    assert_eq!(record.output("stdout"), expected);
    assert!(record.batches().iter().all(|items| *items <= 1_000));
}

/// The frames of agents that are no heartbeats, by their types.
fn turns(agents: &[serde_json::Value]) -> Vec<&str> {
    let types = agents.iter().map(|frame| frame["type"].as_str().unwrap());
    types.filter(|kind| *kind != "heartbeat").collect()
}

#[test]
fn an_agent_beats_while_its_command_runs_and_says_what_it_does() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("go on");
    let script =
        format!("echo 'page 7 of 9'; echo; while [ ! -e '{}' ]; do sleep 0.02; done", gate.display());
    let options =
        ["--agent=builder", "--department=tools", "--title=Nightly", "--execution=e-1", "--heartbeat=1"];
    let running = Running::start(&mut run_shell(&hub.address(), &options, &script));
    record.wait_for_agents(|agents| {
        agents.len() >= 2 && agents.last().unwrap()["currentTask"] == "page 7 of 9"
    });
    fs::write(&gate, "").unwrap();
    assert!(running.end().0.success());

    let agents = record.agents();
    assert_eq!(turns(&agents), ["agent_stopped"], "the end, and only the end");
    assert_eq!(agents.last().unwrap()["type"], "agent_stopped");
    for frame in &agents {
        assert_eq!((&frame["agentId"], &frame["executionId"]), (&"builder".into(), &"e-1".into()));
        assert_eq!(frame["department"]["name"], "tools");
    }
    assert_eq!((&agents[0]["status"], &agents[0]["heartbeatSeconds"]), (&"running".into(), &1.into()));
}

#[test]
fn an_agent_says_why_its_run_failed_and_that_a_cancelled_one_stopped() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    finish(&mut run_shell(&hub.address(), &[], "echo fine; sleep 0.1; echo 'disk full' >&2; exit 3"));
    let agents = record.agents();
    assert_eq!(turns(&agents), ["agent_error"]);
    assert_eq!(agents.last().unwrap()["error"], "exited with code 3; its last line was: disk full");

    let running = Running::start(&mut run_shell(&hub.address(), &[], "echo ready; exec sleep 1000"));
    record.wait_for(|stored| {
        command_support::output(stored, "stdout").last().is_some_and(|line| line == "ready")
    });
    running.signal("TERM");
    running.end();
    assert_eq!(turns(&record.agents()), ["agent_error", "agent_stopped"]);
}

#[test]
fn without_a_heartbeat_nothing_is_said_of_the_agent() {
    let record = Arc::new(Record::default());
    let hub = FakeHub::start(&record);
    finish(&mut run_shell(&hub.address(), &["--heartbeat", "0"], "echo hello"));
    assert_eq!((record.agents().len(), record.stored().len()), (0, 3));
}

#[test]
fn wrong_flags_say_what_is_right() {
    let cases: [(&[&str], &str); 6] = [
        (&["run"], "COMMAND"),
        (&["run", "--no-such-flag", "--", "true"], "--no-such-flag"),
        (&["run", "--hub", "localhost:4100", "--", "true"], "http://"),
        (&["run", "--patience", "long", "--", "true"], "number of seconds"),
        (&["run", "--heartbeat", "4000", "--", "true"], "0..=3600"),
        (&["run", "--buffer-events", "many", "--", "true"], "--buffer-events"),
    ];
    for (arguments, hint) in cases {
        let done = finish(&mut switchboard(arguments));
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(done.stderr.contains(hint), "{arguments:?}: {}", done.stderr);
    }
}
