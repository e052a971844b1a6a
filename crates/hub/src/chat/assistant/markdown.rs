//! Text that is data, written into Markdown so that it stays data.
//!
//! A title, an error or a line of output may hold anything, a link or an image too. Nothing of that may
//! come to life in an answer, so whatever was stored or asked goes through here, and nowhere else is
//! Markdown put together from it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use switchboard_protocol::ExecutionId;

/// How many characters of a title or a name are shown.
pub const TITLE_CHARACTERS: usize = 80;

/// How many characters of an error or a line of output are shown.
pub const LINE_CHARACTERS: usize = 160;

/// What stands for itself in a path; the same as in the dashboard's links.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The text on one line of at most `most` characters, with every character that Markdown gives a meaning
/// taken literally.
pub fn escape(text: &str, most: usize) -> String {
    let line = one_line(text, most);
    let mut escaped = String::with_capacity(line.len() + 8);
    // Where a line begins, a number with a point or a bracket makes a list, and some signs make more.
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    for (index, character) in line.char_indices() {
        match character {
            // As an entity it is safe in tables too, where a backslash before it is another thing.
            '|' => escaped.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '$' | '^' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '-' | '+' | '=' | ':' if index == 0 => {
                escaped.push('\\');
                escaped.push(character);
            }
            '.' | ')' if index == digits && digits > 0 => {
                escaped.push('\\');
                escaped.push(character);
            }
            // Some readers make links of bare addresses.
            ':' if line.get(index..).is_some_and(|rest| rest.starts_with("://")) => escaped.push_str("\\:"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The text as a code span on one line of at most `most` characters. Not for tables: there a `|` ends the
/// cell.
pub fn code(text: &str, most: usize) -> String {
    let line = one_line(text, most);
    if line.is_empty() {
        return "*(empty)*".to_owned();
    }
    let fence = "`".repeat(longest_run(&line, '`') + 1);
    // A backtick at an end would lengthen the fence; of such spaces one at each end is not shown.
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// A link to an execution, with its escaped title as its text.
pub fn link(execution: &ExecutionId, title: Option<&str>) -> String {
    let title = title.map(|title| escape(title, TITLE_CHARACTERS)).filter(|title| !title.is_empty());
    let text = title.unwrap_or_else(|| escape(execution.as_str(), TITLE_CHARACTERS));
    // A name of nothing but spaces leaves nothing that one could click.
    let text = if text.is_empty() { "untitled".to_owned() } else { text };
    format!("[{text}]({})", address(execution))
}

/// A link to an execution, with a line of what it wrote as its text.
pub fn code_link(execution: &ExecutionId, line: &str) -> String {
    format!("[{}]({})", code(line, LINE_CHARACTERS), address(execution))
}

/// The page of an execution, relative to the dashboard.
fn address(execution: &ExecutionId) -> String {
    format!("/executions/{}", utf8_percent_encode(execution.as_str(), &ENCODED))
}

/// The first line that is not blank.
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The text with every run of white space and control characters as one space, without the signs that turn
/// the direction of writing or are not seen, and cut with an ellipsis after `most` characters.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let (mut length, mut gap) = (0_usize, false);
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            gap = length > 0;
        } else if !is_invisible(character) {
            if length + usize::from(gap) >= most {
                line.push('…');
                return line;
            }
            if gap {
                line.push(' ');
                length += 1;
                gap = false;
            }
            line.push(character);
            length += 1;
        }
    }
    line
}

/// Signs that show nothing of their own. They could make one name look like another, or turn a line around.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
