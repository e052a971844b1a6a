use super::*;
use crate::chat::assistant::{
    command::Command,
    intent::{Intent, parse},
};

const PAGE: &str = include_str!("../../../../../../docs/assistant.md");

#[tokio::test]
async fn help_names_every_command_and_the_way_to_a_model() {
    let room = Room::new();
    for question in ["/help", "hello!", "what can you do?"] {
        let help = room.ask(question).await;
        for command in Command::ALL.into_iter().filter(|command| *command != Command::Help) {
            assert!(help.contains(&format!("`{}`", command.usage())), "{command:?}: {help}");
        }
        assert!(help.contains("SWITCHBOARD_MODEL_URL"), "{help}");
    }
}

#[tokio::test]
async fn what_it_cannot_answer_it_says_plainly() {
    let room = Room::new();
    let answer = room.ask("What is the average duration?").await;
    assert_eq!(
        answer,
        "I cannot answer that from the hub's data. The nearest that I can tell is which executions took longest: \
         `/slow [range]`, or “What were the slowest executions this week?”\n\n\
         `/help` shows what else I can answer. A model, which answers other questions too, is connected with \
         `SWITCHBOARD_MODEL_URL`."
    );
    let other = room.ask("Write a poem about the sea").await;
    assert!(other.starts_with("I cannot answer that from the hub's data."), "{other}");
    assert!(other.contains("/find TEXT") && other.contains("SWITCHBOARD_MODEL_URL"), "{other}");
}

#[tokio::test]
async fn an_unknown_command_is_answered_with_the_known_ones() {
    let room = Room::new();
    assert_eq!(
        room.ask("/fialed today").await,
        "There is no command `/fialed`. Did you mean `/failed`?\n\n\
         The commands are `/failed`, `/running`, `/slow`, `/count`, `/status`, `/find`, `/cost`, `/help`."
    );
    for (name, meant) in [
        ("errors", Command::Failed),
        ("stat", Command::Status),
        ("serach", Command::Find),
        ("runing", Command::Running),
    ] {
        assert_eq!(Command::nearest(name), Some(meant), "{name}");
    }
    for name in ["xyzzy", "deploy", "q", "c", &"x".repeat(100_000)] {
        assert_eq!(Command::nearest(name), None, "{name}");
    }
}

/// The examples are the first that people try.
#[test]
fn every_example_is_understood_as_its_command() {
    for command in Command::ALL {
        let understood = match parse(command.example()) {
            Intent::Failed(_) => Command::Failed,
            Intent::Slow(_) => Command::Slow,
            Intent::Running(_) => Command::Running,
            Intent::Count(_) => Command::Count,
            Intent::Find { .. } => Command::Find,
            Intent::Cost(_) => Command::Cost,
            Intent::Status { .. } => Command::Status,
            Intent::Help => Command::Help,
            other => panic!("{command:?} is not understood: {other:?}"),
        };
        assert_eq!(understood, command);
    }
}

#[test]
fn the_page_has_the_commands_and_no_others() {
    let listed: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `/"))
        .filter_map(|line| line.split('`').next())
        .collect();
    assert_eq!(listed, Command::ALL.map(|command| command.usage().trim_start_matches('/')));
    for command in Command::ALL {
        assert!(PAGE.contains(command.example()), "{command:?}");
    }
}

/// A page that shows a question that is not understood is worse than none.
#[test]
fn every_question_on_the_page_is_understood() {
    let questions: Vec<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("- *")?.strip_suffix('*')).collect();
    assert!(questions.len() > 15, "{questions:?}");
    for question in questions {
        let intent = parse(question);
        assert!(
            !matches!(intent, Intent::Unanswerable { .. } | Intent::UnknownCommand(_)),
            "{question}: {intent:?}"
        );
    }
}
