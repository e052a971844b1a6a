//! Looking into the index.

use rusqlite::{Transaction, params};
use switchboard_protocol::{Frame, OrganizationId, Timestamp};

use super::{
    super::{entries, failure::Failure, position::Position},
    index,
};
use crate::{Found, FoundLine, MAX_PAGE};

/// How many lines beyond those that are asked for are counted.
const MOST_COUNTED: usize = 1000;

/// How many words of a text are looked for.
const MOST_WORDS: usize = 32;

/// The newest lines with certain words.
const LINES: &str = "SELECT rowid FROM line_words
    WHERE line_words MATCH ?1 AND rowid > ?2 AND rowid <= ?3 ORDER BY rowid DESC LIMIT ?4";
/// One of them.
pub(in crate::sqlite) const LINE: &str = "SELECT body, received_at FROM entries WHERE position = ?1";

/// The text as an expression of the index: every word of it, as the beginning of a word. `None` where it has none.
///
/// Whatever somebody types is text and never syntax, so each word is quoted. What the index takes for several words,
/// as it does `a-b`, it then looks for side by side.
pub(super) fn expression(text: &str) -> Option<String> {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let words = words.filter(|word| word.contains(char::is_alphanumeric)).take(MOST_WORDS);
    let quoted: Vec<_> = words.map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}

/// The latest lines that the expression matches.
pub(super) fn find(
    transaction: &Transaction<'_>,
    name: &OrganizationId,
    expression: &str,
    limit: usize,
) -> Result<Found, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else {
        return Ok(Found::default());
    };
    let limit = limit.min(MAX_PAGE);
    let rows = i64::try_from(limit + MOST_COUNTED).unwrap_or(i64::MAX);
    // What retention has deleted is not looked at, though the index may still have it, and is not missing either.
    let gone = entries::first(transaction, organization)?.map_or(head, |first| first.seq().saturating_sub(1));
    let (from, to) = (Position::bound(organization, gone), Position::last(organization));
    let mut statement = transaction.prepare_cached(LINES)?;
    let found = statement
        .query_map(params![expression, from.key(), to.key(), rows], |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    let more = u64::try_from(found.len().saturating_sub(limit)).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(found.len().min(limit));
    for key in found.into_iter().take(limit) {
        lines.extend(line(transaction, Position::from_key(key))?);
    }
    let missing = head.saturating_sub(index::reach(transaction, organization)?.max(gone));
    Ok(Found { lines, more, missing })
}

fn line(transaction: &Transaction<'_>, position: Position) -> Result<Option<FoundLine>, Failure> {
    let mut statement = transaction.prepare_cached(LINE)?;
    let mut rows = statement.query([position.key()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let body = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let received_at = Timestamp::from_millis(row.get(1)?);
    let Ok(Frame::ExecutionEvent(frame)) = switchboard_protocol::decode(body).map(|envelope| envelope.frame)
    else {
        return Ok(None);
    };
    Ok(index::line(&frame.event).map(|text| FoundLine {
        at: frame.event.timestamp.unwrap_or(received_at),
        execution_id: frame.execution_id,
        seq: position.seq(),
        text,
    }))
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn whatever_is_typed_is_text() {
        assert_eq!(expression("disk full").as_deref(), Some(r#""disk"* "full"*"#));
        assert_eq!(expression(r#"a"b OR *"#).as_deref(), Some(r#""a""b"* "OR"*"#));
        for nothing in ["", "  \n", "*", "\"\"", "🦀 —", "\u{0}"] {
            assert_eq!(expression(nothing), None, "{nothing:?}");
        }
        let words = expression(&"word ".repeat(1000)).unwrap();
        assert_eq!(words.split(' ').count(), 32);
    }
}
