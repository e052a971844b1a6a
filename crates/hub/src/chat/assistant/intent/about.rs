//! Which executions a question is about, where it does not mean all.

use super::{
    joined,
    vocabulary::{COUNTING, ENDED, EXECUTIONS, FAILURE, FILLERS, RUNNING, SLOWNESS},
};
use crate::chat::assistant::words::{Word, number};

/// Words after which a name comes.
const BEFORE_A_NAME: &str = "of by for from in with agent department named called titled team because \
     due on";

/// The text that a question's executions must have: what is quoted, what looks like a name, or what follows
/// a word such as `of` and is no word of the question itself.
pub fn about(words: &[Word]) -> Option<String> {
    if let Some(quoted) = words.iter().find(|word| word.quoted) {
        return Some(quoted.name.clone());
    }
    if let Some(name) = words.iter().find(|word| word.looks_like_a_name()) {
        return Some(name.name.clone());
    }
    words.iter().enumerate().filter(|(_, word)| word.is(BEFORE_A_NAME)).find_map(|(index, _)| {
        let after = words.get(index + 1..).unwrap_or_default();
        let begin = after.iter().take_while(|word| word.is(BEFORE_A_NAME) || word.is(FILLERS)).count();
        let after = after.get(begin..).unwrap_or_default();
        let length = after.iter().take_while(|word| !is_of_the_question(word)).count();
        joined(after.get(..length).unwrap_or_default())
    })
}

fn is_of_the_question(word: &Word) -> bool {
    [
        FILLERS,
        EXECUTIONS,
        FAILURE,
        SLOWNESS,
        RUNNING,
        COUNTING,
        ENDED,
        BEFORE_A_NAME,
        "top last latest newest took take takes most detail details order average",
    ]
    .iter()
    .any(|list| word.is(list))
        || number(&word.plain).is_some()
}
