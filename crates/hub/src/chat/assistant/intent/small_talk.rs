//! Greetings, and questions for what can be asked.

use super::vocabulary::{FAILURE, MONEY, has, plain};
use crate::chat::assistant::words::Word;

const GREETINGS: &str = "hi hello hey hallo hiya howdy yo greetings good morning afternoon \
     evening day thanks thank thx cheers welcome bye goodbye test ping";

/// The whole of a question that asks for help.
const ALL_OF_IT: &[&str] = &[
    "help",
    "options",
    "usage",
    "commands",
    "help me",
    "help please",
    "please help",
    "what",
    "show me what you can do",
    "list commands",
    "show commands",
    "i need help",
    "can you help",
    "can you help me",
];

/// How a question begins that asks for help.
const BEGINNINGS: &[&str] = &[
    "what can you",
    "what can i",
    "what could i",
    "what do you do",
    "what do you know",
    "what do you understand",
    "who are you",
    "what are you",
    "how do you work",
    "how does this work",
    "how does it work",
    "what should i ask",
    "what questions",
    "which questions",
    "which commands",
    "what commands",
];

/// Whether it greets or thanks and asks nothing.
pub fn is_small_talk(words: &[Word]) -> bool {
    let is_greeting =
        words.iter().all(|word| word.is(GREETINGS) || word.is("there switchboard you how are to"));
    let asks_how_it_is = ["how are you", "what is up", "are you there"].contains(&plain(words).as_str());
    is_greeting && words.iter().any(|word| word.is(GREETINGS)) || asks_how_it_is
}

/// Whether it asks what can be asked.
pub fn asks_for_help(words: &[Word]) -> bool {
    let text = plain(words);
    // `what can you tell me about costs` asks for more than that.
    let is_of_a_topic = has(words, MONEY) || has(words, FAILURE);
    ALL_OF_IT.contains(&text.as_str())
        || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) && !is_of_a_topic
}
