//! Questions for one thing, and its name in them.

use super::{
    Intent, Kind, joined,
    vocabulary::{COUNTING, ENDED, EVERYTHING, EXECUTIONS, FAILURE, FILLERS, PREDICATES, RUNNING, SLOWNESS},
};
use crate::chat::assistant::words::{Cursor, Word, number};

/// How a question for one thing begins. Where `true` follows, nothing else begins so; else what follows
/// must look like a name, or something must be said of it that is said of what runs.
const BEGINNINGS: &[(&str, bool)] = &[
    ("what is the status of", true),
    ("what is the state of", true),
    ("what is status of", true),
    ("what is the progress of", true),
    ("the status of", true),
    ("status of", true),
    ("state of", true),
    ("progress of", true),
    ("status", true),
    ("what happened to", true),
    ("what happened with", true),
    ("what happened in", false),
    ("what is wrong with", true),
    ("what is up with", true),
    ("what about", false),
    ("how about", false),
    ("how far along is", true),
    ("how far is", true),
    ("how long did", true),
    ("how long has", true),
    ("how long does", true),
    ("how long is", true),
    ("how long was", true),
    ("how is", false),
    ("how are", false),
    ("how did", false),
    ("how does", false),
    ("how was", false),
    ("why did", false),
    ("why has", false),
    ("why is", false),
    ("why does", false),
    ("when did", false),
    ("when was", false),
    ("when has", false),
    ("what is", false),
    ("what did", false),
    ("where is", false),
    ("check on", false),
    ("check", false),
    ("show", false),
    ("open", false),
    ("find", false),
    ("about", false),
    ("is", false),
    ("are", false),
    ("did", false),
    ("does", false),
    ("has", false),
    ("was", false),
];

/// Reads a question for one thing; `None` where it is another one.
pub fn read(words: &[Word]) -> Option<Intent> {
    let polite = words
        .iter()
        .take_while(|word| word.is("please tell me can could you hey and so then do know give us"))
        .count();
    let words = words.get(polite..)?;
    let mut cursor = Cursor::new(words);
    let strong =
        BEGINNINGS.iter().find(|(beginning, _)| cursor.eat_all(beginning)).map(|(_, strong)| *strong);
    let rest = words.get(cursor.passed..)?;
    let end = rest.iter().rposition(|word| word.quoted || !word.is(PREDICATES)).map_or(0, |last| last + 1);
    let said = rest.get(end..)?;
    let mut rest = rest.get(..end)?;
    if strong == Some(false) {
        rest = without_what_is_asked(rest);
    }
    let (kind, name) = named(rest);
    let inside = without_kind(rest);
    // `status` alone, or with an end that is none of the name: `crawler-7 status`.
    let is_status = words.last().is_some_and(|word| word.is("status state progress"));
    let is_name = inside.iter().any(|word| word.quoted || word.looks_like_a_name());
    let is_generic = inside.iter().all(|word| {
        !word.quoted && (is_of_the_question(word) || inside.len() > 1 && number(&word.plain).is_some())
    });
    if is_generic {
        let asks_for_all = strong == Some(true) && words.first().is_some_and(|word| word.is("status"))
            || is_status && words.len() <= 2;
        return asks_for_all.then(|| Intent::Status { kind, name: String::new() });
    }
    let is_one = match strong {
        Some(true) => true,
        Some(false) => {
            // `is the sky blue` is said of nothing that runs.
            let is_said = said.iter().any(|word| !word.is(FILLERS))
                || said.iter().any(|word| word.is("ok okay still now do"));
            is_name || kind.is_some() || is_said && is_short(inside)
        }
        None => {
            (is_name && inside.len() == 1 && (said.is_empty() || is_status || kind.is_some()))
                || (is_status && is_short(inside))
                || (kind.is_some()
                    && rest.first().is_some_and(|word| kind_of(word).is_some())
                    && inside.len() == 1)
        }
    };
    is_one.then_some(Intent::Status { kind, name })
}

/// The words without what is asked of the thing: `the exit code of e-1`, `me e-1`, `crawler-7 do`.
fn without_what_is_asked(words: &[Word]) -> &[Word] {
    const AROUND: &str = "me us do does did in log logs output outputs exit code error";
    let is_around = |word: &Word| !word.quoted && word.is(AROUND);
    let begin = words.iter().rposition(|word| word.is("of for")).map_or(0, |index| index + 1);
    let words = words.get(begin..).unwrap_or_default();
    let begin = words.iter().take_while(|word| is_around(word)).count();
    let words = words.get(begin..).unwrap_or_default();
    let end = words.iter().rposition(|word| !is_around(word)).map_or(0, |last| last + 1);
    words.get(..end).unwrap_or_default()
}

/// What follows `/status`: a kind of thing, if it begins with one, and the name as it stands.
pub fn after_command(words: &[Word]) -> (Option<Kind>, String) {
    let kind = words.first().and_then(kind_of);
    let begin = match kind {
        Some(Kind::Scrape) if words.get(1).is_some_and(|word| word.is("run")) => 2,
        Some(_) => 1,
        None => 0,
    };
    (kind, joined(words.get(begin..).unwrap_or_default()).unwrap_or_default())
}

/// What a part of a question names: a kind of thing, if it says one, and the name.
fn named(words: &[Word]) -> (Option<Kind>, String) {
    let kind = words.iter().find_map(kind_of);
    (kind, joined(without_kind(words)).unwrap_or_default())
}

/// The words of the name, without articles and the kind around them.
fn without_kind(words: &[Word]) -> &[Word] {
    let is_around = |word: &Word| {
        !word.quoted && (kind_of(word).is_some() || word.is("the my our run job called named a of id"))
    };
    let begin = words.iter().take_while(|word| is_around(word)).count();
    let rest = words.get(begin..).unwrap_or_default();
    let end = rest.iter().rposition(|word| !is_around(word)).map_or(0, |last| last + 1);
    rest.get(..end).unwrap_or_default()
}

fn kind_of(word: &Word) -> Option<Kind> {
    match word.plain.as_str() {
        "agent" | "agents" => Some(Kind::Agent),
        "scrape" | "scrapes" | "scraping" => Some(Kind::Scrape),
        "execution" | "executions" => Some(Kind::Execution),
        _ => None,
    }
}

fn is_short(words: &[Word]) -> bool {
    words.len() <= 4 && words.iter().all(|word| word.quoted || !word.is("i you we my your a to who weather"))
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
        EVERYTHING,
        "scrape scrapes last latest time",
    ]
    .iter()
    .any(|list| word.is(list))
}
