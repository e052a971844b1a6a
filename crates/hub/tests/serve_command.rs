//! `switchboard serve` as a process: how it starts, refuses to start, and ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::zombie_processes,
    missing_docs
)]

mod serve_support;

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use serve_support::{Api, Client, soon};

fn switchboard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.env_clear().arg("serve");
    command
}

/// A hub that says where it listens.
fn serve(data: &Path) -> (Child, SocketAddr) {
    let mut command = switchboard();
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Switchboard "), "{line}");
    let address = line.trim().rsplit_once("listening on http://").unwrap().1.parse().unwrap();
    (child, address)
}

/// What it says when it does not start.
fn refuses(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(stdout.is_empty(), "errors go to standard error");
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_tells_its_clients_and_loses_nothing_that_it_accepted() {
    let data = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(data.path());
    let mut client = Client::open(address, json!({"token": "stream", "batch": true})).await;
    let url = format!("http://{address}/api/events");
    let reporters: Vec<_> = (0..4)
        .map(|reporter| {
            let (url, api) = (url.clone(), Api::default().client);
            tokio::spawn(async move {
                let mut accepted = 0_u64;
                for number in 0.. {
                    let id = format!("{reporter}/{number}");
                    let frame = json!({"type": "heartbeat", "agentId": id, "id": id}).to_string();
                    match api.post(&url).body(frame).send().await {
                        Ok(answer) if answer.status() == 202 => accepted += 1,
                        // Refused because it stops, or gone.
                        _ => return accepted,
                    }
                }
                accepted
            })
        })
        .collect();
    client.until_seq(50).await;
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(client.closed().await.0, 1001);
    let mut accepted = 0;
    for reporter in reporters {
        accepted += reporter.await.unwrap();
    }
    let status = soon("the end", tokio::task::spawn_blocking(move || child.wait())).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));

    let (mut child, address) = serve(data.path());
    let head = Client::open(address, json!({"token": "stream"})).await.ack["seq"].as_u64().unwrap();
    assert!(head >= accepted && accepted >= 50, "{accepted} were accepted, {head} are there");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_accepted_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(data.path());
    let report = json!({"type": "heartbeat", "agentId": "a"}).to_string();
    let (status, _) = Api::default().post(&format!("http://{address}/api/events"), report).await;
    assert_eq!(status, 202);
    let epoch = Client::open(address, json!({"token": "stream"})).await.ack["epoch"].clone();
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, address) = serve(data.path());
    let handshake = json!({"token": "stream", "resume": {"epoch": epoch, "seq": 0}});
    let mut client = Client::open(address, handshake).await;
    let (_, frame) = client.until_type("heartbeat").await;
    assert_eq!((&frame["agentId"], &frame["seq"]), (&json!("a"), &json!(1)));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_keeps_it_from_starting_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, words) = refuses(switchboard().args(["--listen", &address, "--data"]).arg(&data));
    assert_eq!(code, 1);
    assert!(words.contains(&address) && words.contains("in use") && words.contains("--listen"), "{words}");

    std::fs::write(folder.path().join("file"), "").unwrap();
    let (code, words) = refuses(
        switchboard().args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("file/data")),
    );
    assert_eq!(code, 1);
    assert!(words.contains("file/data") && words.contains("choose"), "{words}");
}

#[test]
fn what_it_cannot_be_started_with_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let data = || {
        let mut command = switchboard();
        command.arg("--data").arg(folder.path());
        command
    };
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--bogus"], &["--bogus", "--help"]),
        (&["--listen", "0.0.0.0:0"], &["no key", "SWITCHBOARD_KEYS", "127.0.0.1"]),
        (&["--listen", "nowhere"], &["HOST:PORT"]),
        (&["--listen", "127.0.0.1:0", "--keys", "hunter2hunter2"], &["key 1", "KEY=organization"]),
        (&["--keys-file", "/nowhere/keys"], &["/nowhere/keys"]),
        (&["--listen", "127.0.0.1:0", "--allow-origin", "example.org"], &["example.org", "https://"]),
        (&["--retention-bytes", "plenty"], &["2GiB"]),
        (&["--dashboard", "/nowhere"], &["/nowhere", "index.html"]),
        (&["--listen", "127.0.0.1:0", "--max-connections", "0"], &["--max-connections"]),
    ];
    for (arguments, words) in cases {
        let (code, said) = refuses(data().args(arguments));
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(!said.contains("hunter2"), "a key is never repeated");
    }
}

#[test]
fn help_names_every_setting_with_its_variable() {
    let output = switchboard().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for name in [
        "--listen",
        "--data",
        "--dashboard",
        "--keys",
        "--keys-file",
        "--allow-origin",
        "--organization",
        "--dashboard-token",
        "--daemon-hub-ws-url",
        "--retention-days",
        "--retention-bytes",
        "--max-connections",
        "--log-format",
        "--sync",
        "DAEMON_HUB_WS_URL",
        "SWITCHBOARD_LISTEN",
        "SWITCHBOARD_KEYS",
        "SWITCHBOARD_LOG",
    ] {
        assert!(help.contains(name), "{name} is missing");
    }
}

#[test]
fn a_daemons_address_that_no_browser_could_open_is_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    for (address, words) in [
        ("127.0.0.1:7000/ws", "give an address such as ws://127.0.0.1:7000/ws"),
        ("ftp://daemon.example.org/", "does not begin with ws://, wss://, http:// or https://"),
    ] {
        let mut command = switchboard();
        command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .env("DAEMON_HUB_WS_URL", address);
        let (code, said) = refuses(&mut command);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("--daemon-hub-ws-url") && said.contains(words), "{said}");
    }
}
