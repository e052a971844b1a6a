//! Keeps the pages true: every option that `switchboard serve` and `switchboard agent` have is on them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{collections::BTreeSet, process::Command};

const PAGE: &str = include_str!("../../../docs/operations.md");
const EXAMPLE: &str = include_str!("../../../.env.example");
const GUIDE: &str = include_str!("../../../docs/user-guide.md");

fn help() -> String {
    help_of("serve")
}

fn help_of(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard")).args([command, "--help"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The words of the help that begin so, such as `--listen` or `SWITCHBOARD_LISTEN`.
fn named(help: &str, beginnings: &[&str]) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    help.split(|character| !is_part(character))
        .filter(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_flag_is_on_the_page() {
    let flags = named(&help(), &["--"]);
    assert!(flags.len() > 10, "{flags:?}");
    for flag in flags.iter().filter(|flag| *flag != "--help") {
        assert!(PAGE.contains(&format!("| `{flag}` |")), "{flag} is missing");
    }
}

#[test]
fn every_variable_is_on_the_page_and_in_the_example() {
    let variables = named(&help(), &["SWITCHBOARD_", "DAEMON_HUB_"]);
    assert!(variables.len() > 10, "{variables:?}");
    for variable in variables {
        assert!(PAGE.contains(&format!("`{variable}`")), "{variable} is missing on the page");
        assert!(EXAMPLE.contains(&format!("{variable}=")), "{variable} is missing in .env.example");
    }
}

/// What is an agent's own; how it reports is what `--help` is for.
#[test]
fn every_flag_of_an_agent_is_in_the_guide() {
    let help = help_of("agent");
    let own = help.split("\nOptions:\n").nth(1).unwrap().split("\nHub:\n").next().unwrap();
    let own = own.split("\nDelivery:\n").next().unwrap();
    let flags = named(own, &["--"]);
    assert!(flags.contains("--restart") && flags.contains("--heartbeat"), "{flags:?}");
    let left_out = ["--help", "--quiet"];
    for flag in flags.iter().filter(|flag| flag.len() > 2 && !left_out.contains(&flag.as_str())) {
        assert!(GUIDE.contains(flag.as_str()), "{flag} is missing");
    }
}
