//! The answers, a file each, and what they have in common.
//!
//! An answer is one sentence that says it, then a list or a table of at most ten rows, then what its reader
//! must know of its bounds. Links are relative to the dashboard. All times are in UTC, which is said once.

mod cost;
mod count;
mod failed;
mod find;
mod help;
mod running;
mod slow;
mod status;

use switchboard_protocol::{OrganizationId, Timestamp};
use switchboard_store::Store;

use super::{intent::Selection, markdown, moment, range::Span};

pub use cost::cost;
pub use count::count;
pub use failed::failed;
pub use find::find;
pub use help::{help, unanswerable, unknown_command};
pub use running::running;
pub use slow::slow;
pub use status::status;

/// Who asks, and when.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What the answer is read from.
    pub store: &'a dyn Store,
    /// Whose data it is read from.
    pub organization: &'a OrganizationId,
    /// The time of the question.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// A time as the reader needs it.
    pub fn short(&self, at: Timestamp) -> String {
        moment::short(at, self.now)
    }

    /// What a selection means now.
    fn span(&self, selection: &Selection) -> Span {
        selection.range.map(|range| range.span(self.now)).unwrap_or_default()
    }

    /// A selection as the end of a sentence, with a space before it, or empty where it selects all.
    fn describe(&self, selection: &Selection) -> String {
        self.describe_in(selection, "title, agent, department or identifier")
    }

    /// The same, where the text is looked for elsewhere too.
    fn describe_in(&self, selection: &Selection, places: &str) -> String {
        let mut text = String::new();
        if let Some(range) = selection.range {
            text.push(' ');
            text.push_str(&range.describe(self.now));
        }
        if let Some(about) = &selection.about {
            text.push_str(", with ");
            text.push_str(&markdown::code(about, markdown::TITLE_CHARACTERS));
            text.push_str(" in ");
            text.push_str(places);
        }
        text
    }
}

/// Paragraphs, with a blank line between them.
fn paragraphs(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A list, each row on a line.
fn list(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().map(|row| format!("- {row}")).collect::<Vec<_>>().join("\n")
}

/// `and 23 more`, where there are.
fn and_more(total: usize, shown: usize) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        more => format!("and {} more", thousands(more as u64)),
    }
}

/// `1 execution`, `2,000 executions`.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count as u64), if count == 1 { one } else { many })
}

/// A number with a comma between its thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What says in which zone times are, where no range has said it.
fn zone(selection: &Selection) -> &'static str {
    if selection.range.is_some() { "" } else { " Times are in UTC." }
}
