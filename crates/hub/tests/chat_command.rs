//! The options of `switchboard serve` about chat: what cannot be is wrong usage, said with what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::process::Command;

#[test]
fn what_cannot_be_is_wrong_usage() {
    let url = ["--model-url", "http://127.0.0.1:1/v1"];
    let cases: [(&[&str], &[&str]); 10] = [
        (&url, &["--model-url needs --model"]),
        (&["--model", "m"], &["--model needs --model-url", "http://"]),
        (&["--model", "m", "--model-url", "nowhere"], &["--model-url", "http://127.0.0.1:11434/v1"]),
        (&["--model", "m", url[0], url[1], "--model-price-input", "1"], &["--model-price-output", "both"]),
        (&["--model", "m", url[0], url[1], "--model-price-input", "cheap"], &["--model-price-input", "0.15"]),
        (
            &["--model", "m", url[0], url[1], "--model-key", "hunter2\u{7f}hunter2"],
            &["SWITCHBOARD_MODEL_KEY"],
        ),
        (&["--model-concurrency", "0"], &["--model-concurrency"]),
        (&["--task-timeout", "0"], &["--task-timeout"]),
        (&["--worker-lanes", "fast,no\nname"], &["--worker-lanes", "commas"]),
        (&["--worker-lanes", &"x".repeat(65)], &["--worker-lanes", "64"]),
    ];
    for (arguments, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.env_clear().args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(!said.contains("hunter2"), "a key is never repeated");
    }
}
