//! What a question asks for.

mod about;
mod beyond;
mod find;
mod name;
mod question;
mod small_talk;
#[cfg(test)]
mod tests;
mod vocabulary;

use super::{
    command::Command,
    range::{self, Range},
    words::{Word, number, words},
};

/// The most rows that a list in an answer has.
pub const MOST_ROWS: usize = 10;

/// What a question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Which executions failed, and why.
    Failed(Selection),
    /// Which took longest.
    Slow(Selection),
    /// Which run.
    Running(Selection),
    /// How many there were, by status.
    Count(Selection),
    /// Which lines hold a text.
    Find {
        /// The text; empty where none was given.
        text: String,
        /// When they were written; `None`, at any time.
        range: Option<Range>,
    },
    /// What answers have cost.
    Cost(Option<Range>),
    /// How a thing is.
    Status {
        /// What it is, where the question says so.
        kind: Option<Kind>,
        /// Its name; empty where none was given.
        name: String,
    },
    /// What can be asked.
    Help,
    /// A command that there is not.
    UnknownCommand(String),
    /// Something that the hub's data does not say.
    Unanswerable {
        /// What comes nearest, where anything does.
        nearest: Option<Command>,
    },
}

/// Which executions a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// When; `None`, at any time.
    pub range: Option<Range>,
    /// A text in the title, agent, department or identifier.
    pub about: Option<String>,
    /// How many are to be listed.
    pub rows: usize,
}

impl Default for Selection {
    fn default() -> Self {
        Self { range: None, about: None, rows: MOST_ROWS }
    }
}

/// A kind of thing that has a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An agent that a daemon watches.
    Agent,
    /// A scrape run.
    Scrape,
    /// An execution.
    Execution,
}

/// Reads a question or a command.
pub fn parse(question: &str) -> Intent {
    match question.trim().strip_prefix('/') {
        Some(command) => self::command(command),
        None => question::read(question),
    }
}

/// Reads a command, without its `/`.
fn command(text: &str) -> Intent {
    let text = text.trim_start();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let name = name.trim_end_matches(|character: char| !character.is_alphanumeric());
    if name.is_empty() {
        return Intent::Help;
    }
    let Some(command) = Command::from_name(name) else { return Intent::UnknownCommand(name.to_owned()) };
    match command {
        Command::Failed => Intent::Failed(selection(rest)),
        Command::Slow => Intent::Slow(selection(rest)),
        Command::Running => Intent::Running(selection(rest)),
        Command::Count => Intent::Count(selection(rest)),
        Command::Find => Intent::Find { text: unquoted(rest), range: None },
        Command::Cost => Intent::Cost(range::take(&mut words(rest))),
        Command::Status => {
            let (kind, name) = name::after_command(&words(rest));
            Intent::Status { kind, name }
        }
        Command::Help => Intent::Help,
    }
}

/// What follows a command: a range, a number of rows, and else a text that executions must have.
fn selection(text: &str) -> Selection {
    let mut words = words(text);
    let range = range::take(&mut words);
    let rows = take_rows(&mut words);
    words.retain(|word| word.quoted || !word.is(vocabulary::FILLERS));
    Selection { range, rows, about: joined(&words) }
}

/// Takes the number of rows out of the words: `top 5`, `5 slowest`, `last 3`. Other numbers stay.
fn take_rows(words: &mut Vec<Word>) -> usize {
    const BEFORE: &str = "top first last latest newest slowest longest recent";
    const AFTER: &str =
        "slowest longest latest newest last most executions runs jobs failures errors failed rows";
    let is_alone = words.len() == 1;
    let beside =
        |index: Option<usize>, any| index.and_then(|index| words.get(index)).is_some_and(|word| word.is(any));
    let found = words.iter().enumerate().find_map(|(index, word)| {
        let is_rows = is_alone || beside(index.checked_sub(1), BEFORE) || beside(index.checked_add(1), AFTER);
        Some((index, number(&word.plain).filter(|_| is_rows)?))
    });
    let Some((index, rows)) = found else { return MOST_ROWS };
    words.remove(index);
    words.retain(|word| !word.is("top first"));
    usize::try_from(rows).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS)
}

/// The words as one text; `None` where there are none.
fn joined(words: &[Word]) -> Option<String> {
    let names: Vec<&str> =
        words.iter().map(|word| word.name.as_str()).filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// The text without the quotation marks around it, where they are around all of it.
fn unquoted(text: &str) -> String {
    match words(text).as_slice() {
        [word] if word.quoted => word.name.clone(),
        _ => text.to_owned(),
    }
}
