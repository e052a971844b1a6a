//! Questions that the hub's data does not answer.

use super::{
    Intent,
    vocabulary::{COUNTING, EXECUTIONS, FAILURE, MONEY, QUICKNESS, RUNNING, SLOWNESS, STUCK, has, plain},
};
use crate::chat::assistant::{
    command::Command,
    words::{Word, number},
};

/// What a question begins with that asks to do something, or to think something up.
const DEEDS: &str = "delete remove restart stop kill cancel start rerun retry resume pause \
     deploy fix write translate explain summarize summarise create make send \
     email schedule remember draw generate suggest recommend compare predict \
     calculate clean clear change set update add analyze analyse";

/// What may come before that.
const BEFORE_A_DEED: &str = "please can could would will you i want to need now ok and then";

/// What asks for more than the hub's answers hold, wherever it stands.
const BEYOND: &str = "average mean median percent percentage percentile rate trend trends \
     predict tomorrow future forecast compared compare versus vs correlate \
     should recommend often frequently opinion weather per";

/// The answer to such a question, with what comes nearest.
pub fn unanswerable(words: &[Word]) -> Intent {
    Intent::Unanswerable { nearest: nearest(words) }
}

/// Whether it is to do something: the assistant only reads.
pub fn is_deed(words: &[Word]) -> bool {
    let first = words.iter().find(|word| !word.is(BEFORE_A_DEED));
    let text = plain(words);
    let asks_how = ["how do i ", "how can i ", "how should i ", "how do we ", "how can we ", "how to "];
    first.is_some_and(|word| word.is(DEEDS)) || asks_how.iter().any(|beginning| text.starts_with(beginning))
}

/// Whether it asks for what the hub does not know or does not compute.
pub fn is_beyond(words: &[Word]) -> bool {
    const PHRASES: &[&str] = &["next week", "next month", "next hour", "most expensive"];
    let text = plain(words);
    let is_named = words.iter().any(|word| word.quoted || word.looks_like_a_name());
    // `which agent fails most`, but not `the most recent failure`.
    let is_ranking = has(words, "most least")
        && (has(words, FAILURE) || has(words, MONEY))
        && !text.contains("most recent");
    // `longer than 5 minutes`, `with exit code 137`: such conditions would be dropped silently.
    let is_compared = has(words, "than") && has(words, "more longer less shorter other over");
    let is_of_a_code =
        text.contains("exit code") && words.iter().any(|word| number(&word.plain).is_some()) && !is_named;
    has(words, BEYOND)
        || is_ranking
        || is_compared
        || is_of_a_code
        || has(words, QUICKNESS) && !is_named
        || PHRASES.iter().any(|phrase| text.contains(phrase))
        || words.first().is_some_and(|word| word.is("will"))
}

/// What the assistant can answer that comes nearest to a question that it cannot.
fn nearest(words: &[Word]) -> Option<Command> {
    const TOPICS: [(&str, Command); 9] = [
        (MONEY, Command::Cost),
        (FAILURE, Command::Failed),
        (SLOWNESS, Command::Slow),
        (QUICKNESS, Command::Slow),
        ("than", Command::Slow),
        (RUNNING, Command::Running),
        (STUCK, Command::Running),
        (COUNTING, Command::Count),
        (EXECUTIONS, Command::Count),
    ];
    let is_about_one = words.iter().any(Word::looks_like_a_name) || has(words, "agent scrape");
    let topic = TOPICS.iter().find(|(topic, _)| has(words, topic)).map(|(_, command)| *command);
    if is_about_one { Some(Command::Status) } else { topic }
}
