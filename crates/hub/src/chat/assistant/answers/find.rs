//! Which lines hold a text.

use switchboard_store::{FoundLine, StoreError};

use super::{Asked, counted, list, paragraphs, thousands};
use crate::chat::assistant::{
    intent::MOST_ROWS,
    markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, code_link},
    range::Range,
};

/// How many lines are looked at where a range selects among them.
const MOST_LINES: usize = 200;

/// The longest text that is searched for, in characters.
const LONGEST_TEXT: usize = 500;

/// How far the store counts.
const COUNTED_AT_MOST: u64 = 1_000;

/// The lines of outputs, logs and errors that hold all words of the text, the newest first.
pub async fn find(asked: Asked<'_>, text: &str, range: Option<Range>) -> Result<String, StoreError> {
    if !text.chars().any(char::is_alphanumeric) {
        return Ok("Say what to find, for example `/find connection refused`.".to_owned());
    }
    let wanted: String = text.chars().take(LONGEST_TEXT).collect();
    let limit = if range.is_some() { MOST_LINES } else { MOST_ROWS };
    let found = asked.store.search(asked.organization.clone(), wanted, limit).await?;
    let span = range.map(|range| range.span(asked.now)).unwrap_or_default();
    // Lines that were not fetched are older than all that were, and outside where those reach before the
    // range.
    let reaches_before =
        found.lines.last().is_some_and(|line| span.begin.is_some_and(|begin| line.at < begin));
    let unseen = if reaches_before { 0 } else { found.more };
    let fetched = found.lines.len();
    let lines: Vec<&FoundLine> = found.lines.iter().filter(|line| span.contains(line.at)).collect();
    let when = range.map(|range| format!(" {}", range.describe(asked.now))).unwrap_or_default();
    let words =
        text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    let words = if words == 1 { "the word" } else { "the words" };
    let quoted = format!("{words} {}", code(text, TITLE_CHARACTERS));
    let missing = match found.missing {
        0 => String::new(),
        1 => "The newest entry is not in the search index yet, and was not searched.".to_owned(),
        missing => format!(
            "The newest {} entries are not in the search index yet, and were not searched.",
            thousands(missing)
        ),
    };
    if lines.is_empty() {
        let looked = match unseen {
            0 => String::new(),
            _ => format!(
                "Looked at the latest {} that have it; there are more.",
                counted(fetched, "line", "lines")
            ),
        };
        return Ok(paragraphs([
            format!(
                "No line of output, log or error has {quoted}{when}. A line must hold all of the words, \
                 each as the beginning of a word."
            ),
            looked,
            missing,
        ]));
    }
    let shown = lines.len().min(MOST_ROWS);
    let hidden = (lines.len() - shown) as u64 + unseen;
    // What the store has not counted to its end, or not held against the range, is a lower or an upper bound.
    let is_inexact = unseen + fetched as u64 >= COUNTED_AT_MOST;
    let more = match hidden {
        0 => String::new(),
        _ if range.is_some() && unseen > 0 => "and more".to_owned(),
        _ if is_inexact => format!("and at least {} more", thousands(hidden)),
        _ => format!("and {} more", thousands(hidden)),
    };
    let lead = match (shown, hidden) {
        (1, 0) => format!("**One line** has {quoted}{when}"),
        (_, 0) => format!("**{}** have {quoted}{when}", counted(shown, "line", "lines")),
        _ => format!("The latest lines with {quoted}{when}"),
    };
    let zone = if range.is_some() { ":" } else { ", times in UTC:" };
    Ok(paragraphs([
        lead + zone,
        list(lines.into_iter().take(shown).map(|line| row(line, &asked))),
        more,
        missing,
    ]))
}

fn row(line: &FoundLine, asked: &Asked<'_>) -> String {
    let text = excerpt(&line.text);
    format!("{} {}", asked.short(line.at), code_link(&line.execution_id, text))
}

/// What is shown of a line is its beginning, so that much is enough.
fn excerpt(text: &str) -> &str {
    let end = text.char_indices().nth(LINE_CHARACTERS * 4).map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or(text)
}
