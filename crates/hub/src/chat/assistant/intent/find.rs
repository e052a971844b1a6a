//! Questions for text in outputs.

use super::{
    Intent,
    vocabulary::{EXECUTIONS, FAILURE, RUNNING, SLOWNESS},
};
use crate::chat::assistant::{
    range,
    words::{Cursor, Word},
};

/// What may come before the question.
const POLITE: &str = "please can could you would hey ok then now just i want to need";

/// The verbs that begin a search.
const VERBS: &str = "find search grep locate look";

/// What says that a quoted text was written somewhere.
const SAYS: &str = "say says said saying mention mentions mentioned mentioning contain \
     contains contained containing print prints printed wrote write writes \
     written log logs logged output outputs text line lines includes include \
     including appear appears occur occurs where matching match";

/// What stands between the verb and the text.
const BEFORE_THE_TEXT: &str = "for the a all any in through output outputs log logs text texts word \
     words line lines phrase string that which with containing contains \
     contain saying says say said mentioning mentions mention matching me up \
     of where it executions execution runs run whose";

/// What may follow the text.
const AFTER_THE_TEXT: &str = "in the output outputs log logs of any all my our executions execution \
     runs run please anywhere somewhere";

/// What says of a thing that a text comes from it.
const SAID: &str = "say says said mention mentions mentioned contain contains contained \
     print prints printed wrote write output outputs";

/// What text stands in.
const LINES: &str = "output outputs log logs line lines";

/// Reads a question for text; `None` where it is another one.
pub fn read(words: &[Word]) -> Option<Intent> {
    let polite = words.iter().take_while(|word| word.is(POLITE)).count();
    let words = words.get(polite..)?;
    let begins_with_verb = words.first().is_some_and(|word| word.is(VERBS));
    if let Some(quoted) = words.iter().find(|word| word.quoted) {
        let is_search = begins_with_verb || words.len() == 1 || words.iter().any(|word| word.is(SAYS));
        let rest: Vec<Word> = words.iter().filter(|word| !word.quoted).cloned().collect();
        return is_search.then(|| found(quoted.name.clone(), rest).0);
    }
    if begins_with_verb {
        let rest = words.get(1..)?;
        // `find agent crawler-7` wants the agent.
        if matches!(rest, [kind, name] if kind.is("agent execution scrape") && name.looks_like_a_name()) {
            return None;
        }
        // `find the failed executions` is no search for these words.
        let topics = [FAILURE, RUNNING, SLOWNESS];
        if rest.iter().any(|word| word.is(EXECUTIONS))
            && rest.iter().any(|word| topics.iter().any(|topic| word.is(topic)))
        {
            return None;
        }
        return Some(search(rest));
    }
    let mut cursor = Cursor::new(words);
    let asks_where = cursor.eat("where which what who does did any");
    cursor.eat("execution executions run runs agent agents job jobs");
    let asks_for_lines = cursor.eat(LINES);
    cursor.eat("does do did has have");
    cursor.eat("it they any anything anyone something an");
    let asks_for_lines = cursor.eat(LINES) || cursor.eat("execution") || asks_for_lines;
    let is_said =
        cursor.eat(SAID) || asks_for_lines && cursor.eat("with containing saying mentioning matching");
    if !asks_where || !is_said {
        return None;
    }
    let found = search(words.get(cursor.passed..)?);
    (!matches!(&found, Intent::Find { text, .. } if text.is_empty())).then_some(found)
}

/// A search for what is left when the words around it, and a range, are taken away.
fn search(words: &[Word]) -> Intent {
    let begin = words.iter().take_while(|word| word.is(BEFORE_THE_TEXT)).count();
    let (mut intent, words) = found(String::new(), words.get(begin..).unwrap_or_default().to_vec());
    // What is said of where to look begins with `in`: other last words belong to the text.
    let is_around = |words: &[Word]| words.iter().all(|word| word.is(AFTER_THE_TEXT));
    let ends = |index: &usize| {
        let rest = words.get(*index..).unwrap_or_default();
        rest.first().is_some_and(|word| word.is("in please anywhere")) && is_around(rest)
    };
    let end = (1..words.len()).find(ends).unwrap_or(words.len());
    let written = words.iter().take(end).map(|word| word.written.as_str()).filter(|text| !text.is_empty());
    let written = written.collect::<Vec<_>>().join(" ");
    if let Intent::Find { text, .. } = &mut intent {
        written.trim_end_matches(['?', '!', '.', ',', ';']).clone_into(text);
    }
    intent
}

/// A search with the range that the words name, and the other words.
fn found(text: String, mut rest: Vec<Word>) -> (Intent, Vec<Word>) {
    let range = range::take(&mut rest);
    (Intent::Find { text, range }, rest)
}
