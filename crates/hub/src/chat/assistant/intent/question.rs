//! Questions in plain English.
//!
//! The order of the readings decides where a question could be two: text to find before anything that the
//! text may look like, what the hub cannot know before what it can, one thing before all.

use super::{
    Intent, Kind, MOST_ROWS, Selection, about, beyond, find, name, small_talk, take_rows,
    vocabulary::{
        COUNTING, ENDED, EVERYTHING, EXECUTIONS, FAILURE, FILLERS, MONEY, ONE_THING, RUNNING, SLOWNESS, WELL,
        has,
    },
};
use crate::chat::assistant::{
    range::{self, DayName, Period, Range},
    words::{Word, words},
};

/// Reads a question.
pub fn read(question: &str) -> Intent {
    let mut words = words(question);
    if words.is_empty() || small_talk::is_small_talk(&words) || small_talk::asks_for_help(&words) {
        return Intent::Help;
    }
    if beyond::is_deed(&words) {
        return beyond::unanswerable(&words);
    }
    if let Some(found) = find::read(&words) {
        return found;
    }
    if beyond::is_beyond(&words) {
        return beyond::unanswerable(&words);
    }
    let range = range::take(&mut words);
    if has(&words, MONEY) {
        return Intent::Cost(range);
    }
    if let Some(status) = name::read(&words) {
        return status;
    }
    about_many(words, range)
}

/// Reads a question about things none of which it names.
fn about_many(mut words: Vec<Word>, range: Option<Range>) -> Intent {
    if let Some(kind) = asked_kind(&words, range) {
        return Intent::Status { kind: Some(kind), name: String::new() };
    }
    let is_last = has(&words, "last latest newest recent") && has(&words, ONE_THING);
    let rows = match take_rows(&mut words) {
        MOST_ROWS if is_last => 1,
        rows => rows,
    };
    let selection = Selection { range, about: about::about(&words), rows };
    if is_about_failure(&words) {
        return Intent::Failed(selection);
    }
    if is_about_slowness(&words) {
        return Intent::Slow(selection);
    }
    // Whoever asks whether all is well wants to know what is not, and has a day in mind.
    if is_about_all(&words) {
        return Intent::Failed(Selection {
            range: range.or(Some(Range::Period(Period::Day(DayName::DaysAgo(0))))),
            ..selection
        });
    }
    if is_about_running(&words) && !(range.is_some() && has(&words, COUNTING)) {
        return running(&words, selection);
    }
    if is_about_numbers(&words, range) {
        return Intent::Count(selection);
    }
    // Whatever is asked of a thing that has a name, its status comes nearest.
    let mut names = words.iter().filter(|word| word.looks_like_a_name());
    match (names.next(), names.next()) {
        (Some(name), None) => Intent::Status { kind: None, name: name.name.clone() },
        _ => beyond::unanswerable(&words),
    }
}

/// The kind of things that a question asks for, as in `list agents`, and not for what executions of them did.
fn asked_kind(words: &[Word], range: Option<Range>) -> Option<Kind> {
    if has(words, "scrape scrapes") && !has(words, "execution executions") {
        return Some(Kind::Scrape);
    }
    let is_other =
        range.is_some() || [FAILURE, SLOWNESS, RUNNING, ENDED].iter().any(|topic| has(words, topic));
    let is_known =
        |word: &Word| word.is(FILLERS) || word.is(COUNTING) || word.is("agent agents doing online alive");
    let is_agents = has(words, "agent agents") && !is_other && words.iter().all(is_known);
    is_agents.then_some(Kind::Agent)
}

fn is_about_failure(words: &[Word]) -> bool {
    // `how many failed and how many completed` is answered by the numbers of both.
    let is_of_both = has(words, COUNTING) && has(words, ENDED);
    let did_not = has(words, "not") && has(words, "work works worked complete finish succeed");
    has(words, FAILURE) && !is_of_both || did_not
}

/// `what took so long`, `the most time`, `long running`.
fn is_about_slowness(words: &[Word]) -> bool {
    let takes = has(words, "take takes took taking taken run runs ran running execution executions");
    has(words, "slow slower slowest slowly longest longer slowness")
        || takes && has(words, "long duration durations runtime runtimes")
        || has(words, "most") && has(words, "time")
}

fn is_about_all(words: &[Word]) -> bool {
    let is_how =
        has(words, "how") && has(words, "everything things") && words.iter().all(|word| word.is(FILLERS));
    let is_well = has(words, WELL) && has(words, EVERYTHING)
        || has(words, WELL) && words.iter().all(|word| word.is(WELL) || word.is(FILLERS));
    is_how || is_well
}

fn is_about_running(words: &[Word]) -> bool {
    // `what runs` is about now, and `which runs` about what was.
    has(words, RUNNING)
        || has(words, "runs")
            && has(words, "what")
            && words.iter().all(|word| word.is(FILLERS) || word.is("runs"))
}

/// What runs now. `what was running yesterday` asks for what was at work then, and how long.
fn running(words: &[Word], selection: Selection) -> Intent {
    let Some(range) = selection.range else { return Intent::Running(selection) };
    if has(words, "busy") && has(words, "how") {
        return Intent::Count(selection);
    }
    if has(words, "was were ran") {
        return Intent::Slow(selection);
    }
    // What runs today may have started before; only a time that is named since when limits it.
    let range = if matches!(range, Range::Period(_)) { None } else { Some(range) };
    Intent::Running(Selection { range, ..selection })
}

fn is_about_numbers(words: &[Word], range: Option<Range>) -> bool {
    const TO_COUNT: &str = "overview summary statistics stats total count";
    let counts =
        has(words, COUNTING) && [EXECUTIONS, ENDED, FAILURE, TO_COUNT].iter().any(|topic| has(words, topic));
    let is_known = words.iter().all(|word| {
        word.quoted
            || word.looks_like_a_name()
            || [FILLERS, EXECUTIONS, COUNTING, ENDED, "last latest newest happens"]
                .iter()
                .any(|list| word.is(list))
    });
    // What is left of `what happened today` is a range and nothing else.
    let is_of_something =
        range.is_some() || has(words, ENDED) || has(words, EXECUTIONS) || has(words, "happened");
    counts || is_known && is_of_something
}
