//! Keeps the operator's pages true: every option that `switchboard serve` has is on them.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{collections::BTreeSet, process::Command};

const PAGE: &str = include_str!("../../../docs/operations.md");
const EXAMPLE: &str = include_str!("../../../.env.example");

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard")).args(["serve", "--help"]).output().unwrap();
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
