//! The guard ends a process group when the task that started it is gone.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

// A task that is killed outright cannot end its servers itself: the hub would keep the port of the next one.
#[test]
fn the_group_ends_when_the_guards_input_closes() {
    let mut leader = Command::new("sh")
        .args(["-c", "sleep 1000 & wait"])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut guard = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["guard", &leader.id().to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(leader.try_wait().unwrap(), None);

    drop(guard.stdin.take());
    let mut output = leader.stdout.take().unwrap();
    assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert!(!leader.wait().unwrap().success());
    guard.kill().unwrap();
    guard.wait().unwrap();
}
