//! What is said of a command when it starts.

use std::{ffi::OsString, path::Path};

use serde::Serialize;
use switchboard_protocol::NamedEntity;

use super::pulse::shortened;

/// The longest title that is made from a command line, in characters.
const LONGEST_TITLE: usize = 200;

/// Data of `agent-start`.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// The agent at work.
    pub agent: NamedEntity,
    /// The department that it works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<NamedEntity>,
    /// What it is about.
    pub title: String,
    /// The command line.
    pub command: String,
    /// The process, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

impl Description {
    /// Describes a command. Without a name, the agent is the command's file name; without a title, it is about its command
    /// line.
    pub fn of(
        command: &[OsString],
        agent: Option<String>,
        department: Option<String>,
        title: Option<String>,
    ) -> Self {
        let program = command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
        let command = command_line(command);
        Self {
            agent: NamedEntity::named(agent.unwrap_or_else(|| program.to_string_lossy().into_owned())),
            department: department.map(NamedEntity::named),
            title: title.unwrap_or_else(|| shortened(&command, LONGEST_TITLE)),
            command,
            pid: None,
        }
    }

    /// The same of the process that was started.
    pub fn started(&self, pid: Option<u32>) -> Self {
        Self { pid, ..self.clone() }
    }
}

/// An argument, unless it is empty.
pub fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// A command line as a person would type it.
fn command_line(command: &[OsString]) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:=,@%+~".contains(character);
    let words: Vec<String> = command
        .iter()
        .map(|word| {
            let word = word.to_string_lossy();
            if !word.is_empty() && word.chars().all(is_plain) {
                word.into_owned()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect();
    words.join(" ")
}
