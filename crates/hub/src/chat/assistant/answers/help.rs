//! What can be asked, and what cannot.

use super::{list, paragraphs};
use crate::chat::assistant::{
    command::Command,
    markdown::{TITLE_CHARACTERS, code},
};

/// The variable that connects a model.
const MODEL: &str = "A model, which answers other questions too, is connected with `SWITCHBOARD_MODEL_URL`.";

/// What can be asked, with examples.
pub fn help() -> String {
    let rows = Command::ALL.into_iter().filter(|command| *command != Command::Help).map(row);
    paragraphs([
        "I answer from this hub's own data. Ask in plain English, or with a command:".to_owned(),
        list(rows),
        "A range is `today`, `yesterday`, `last hour`, `this week`, `last 7 days`, `since 14:00` and the \
         like, in UTC."
            .to_owned(),
        MODEL.to_owned(),
    ])
}

/// For a question that the hub's data does not answer: that it does not, and what comes nearest.
pub fn unanswerable(nearest: Option<Command>) -> String {
    let cannot = "I cannot answer that from the hub's data.";
    let (nearest, others) = if let Some(command) = nearest {
        let (answers, usage, example) = (command.answers(), command.usage(), command.example());
        (
            format!("{cannot} The nearest that I can tell is {answers}: `{usage}`, or “{example}”"),
            String::new(),
        )
    } else {
        let others = [Command::Failed, Command::Running, Command::Find].map(row);
        (format!("{cannot} What I can tell is, for instance:"), list(others))
    };
    paragraphs([nearest, others, format!("`/help` shows what else I can answer. {MODEL}")])
}

fn row(command: Command) -> String {
    format!("`{}`: {}. *{}*", command.usage(), command.answers(), command.example())
}

/// For a command that there is not: which there are, and which was probably meant.
pub fn unknown_command(name: &str) -> String {
    let lead = format!("There is no command {}.", code(&format!("/{name}"), TITLE_CHARACTERS));
    let meant = Command::nearest(name).map(|command| format!(" Did you mean `/{}`?", command.name()));
    let known = Command::ALL.map(|command| format!("`/{}`", command.name())).join(", ");
    paragraphs([lead + &meant.unwrap_or_default(), format!("The commands are {known}.")])
}
