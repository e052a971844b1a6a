//! A line of output as a row.

use switchboard_model::{LineSource, OutputLine};
use switchboard_protocol::Timestamp;
use web_sys::{Document, HtmlElement, Text};

use super::ansi::without_escapes;
use crate::components::{Row, write_exact_clock};

/// How wide the mark is, in characters, with the space after it.
const MARK_WIDTH: usize = 6;

/// `<div class="log-line"><span class="log-time"/><span class="log-mark"/><span class="log-text"/></div>`, and what
/// its places hold, so that what stays the same is not set again.
///
/// The columns are made of characters, which are all of one width: a row is one line of text, which is the least
/// that a browser can lay out.
pub(super) struct LineRow {
    line: HtmlElement,
    time: Text,
    mark: Text,
    text: Text,
    at: Option<Timestamp>,
    source: Option<LineSource>,
    written: String,
}

impl Row<OutputLine> for LineRow {
    fn create(document: &Document) -> Option<Self> {
        let line = super::element(document, "div", "log-line")?;
        let place = |class| {
            let parent = super::child(document, &line, "span", class)?;
            let text = document.create_text_node("");
            parent.append_child(&text).ok()?;
            Some(text)
        };
        let (time, mark, text) = (place("log-time")?, place("log-mark")?, place("log-text")?);
        Some(Self { line, time, mark, text, at: None, source: None, written: String::new() })
    }

    fn element(&self) -> &HtmlElement {
        &self.line
    }

    fn write(&mut self, item: &OutputLine) {
        if self.at != Some(item.at) {
            self.at = Some(item.at);
            write_exact_clock(&mut self.written, item.at);
            self.written.push(' ');
            self.time.set_data(&self.written);
        }
        if self.source.as_ref() != Some(&item.source) {
            self.source = Some(item.source.clone());
            let (tone, mark) = look(&item.source);
            self.written.clear();
            self.written.extend(mark.chars().chain(std::iter::repeat(' ')).take(MARK_WIDTH - 1));
            self.written.push(' ');
            self.mark.set_data(&self.written);
            // Setting a plain attribute fails only for names that are none.
            let _ = self.line.set_attribute("data-tone", tone);
        }
        self.text.set_data(&without_escapes(&item.text));
    }
}

/// A line's colour and, since colour never stands alone, its mark.
fn look(source: &LineSource) -> (&'static str, &str) {
    match source {
        LineSource::Stdout => ("", ""),
        LineSource::Stderr => ("stderr", "err"),
        LineSource::Log(level) => {
            let is = |names: &[&str]| names.iter().any(|name| level.eq_ignore_ascii_case(name));
            if is(&["error", "err", "fatal", "critical", "panic"]) {
                ("bad", level)
            } else if is(&["warn", "warning"]) {
                ("warn", "warn")
            } else if is(&["debug", "trace", "verbose"]) {
                ("quiet", level)
            } else {
                ("info", level)
            }
        }
    }
}
