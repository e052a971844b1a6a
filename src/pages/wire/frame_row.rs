//! A frame as a row of a table, written over as rows are recycled.

use switchboard_model::{Direction, FrameHead, WireFrame};
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, Text};

use crate::components::{Row, grouped, write_exact_clock};

/// The columns: name and class.
pub(super) const COLUMNS: [(&str, &str); 7] = [
    ("Time", "frame-time"),
    ("Way", "frame-way"),
    ("Kind", "frame-kind"),
    ("Seq", "frame-seq is-number"),
    ("About", "frame-key"),
    ("Bytes", "frame-size is-number"),
    ("Text", "frame-text"),
];

/// How much of a frame's text a row holds, in characters: more than the widest screen shows.
const ROW_CHARACTERS: usize = 300;

/// A frame as the page shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShownFrame {
    /// Its number in the recording.
    pub number: u64,
    pub frame: WireFrame,
    pub head: FrameHead,
}

/// The name of the row of a frame.
pub(super) fn row_id(number: u64) -> String {
    format!("frame-{number}")
}

/// The elements are kept, so that writing a row sets attributes and texts and makes nothing.
pub(super) struct FrameRow {
    row: HtmlElement,
    /// The text of each cell, as [`COLUMNS`] has them.
    texts: Vec<Text>,
    written: String,
}

impl Row<ShownFrame> for FrameRow {
    fn create(document: &Document) -> Option<Self> {
        let element = |class: &str, role: &str| {
            let element: HtmlElement = document.create_element("div").ok()?.dyn_into().ok()?;
            element.set_class_name(class);
            element.set_attribute("role", role).ok()?;
            Some(element)
        };
        let row = element("frame-row", "row")?;
        let mut texts = Vec::with_capacity(COLUMNS.len());
        for (_, class) in COLUMNS {
            let cell = element(class, "gridcell")?;
            let text = document.create_text_node("");
            cell.append_child(&text).ok()?;
            row.append_child(&cell).ok()?;
            texts.push(text);
        }
        Some(Self { row, texts, written: String::new() })
    }

    fn element(&self) -> &HtmlElement {
        &self.row
    }

    fn write(&mut self, item: &ShownFrame) {
        let ShownFrame { number, frame, head } = item;
        write_exact_clock(&mut self.written, frame.at);
        let kind = if head.problem.is_some() { "unreadable" } else { &head.kind };
        let text: String = frame.text.chars().take(ROW_CHARACTERS).collect();
        let texts = [
            self.written.as_str(),
            frame.direction.as_str(),
            kind,
            &head.seq.map(grouped).unwrap_or_default(),
            &head.key,
            &grouped(frame.bytes as u64),
            &text,
        ];
        for (node, text) in self.texts.iter().zip(texts) {
            node.set_data(text);
        }
        self.row.set_id(&row_id(*number));
        let way = match (head.problem.is_some(), frame.direction) {
            (true, _) => "unreadable",
            (false, Direction::Received) => "received",
            (false, Direction::Sent) => "sent",
        };
        // Setting plain attributes fails only for names that are none.
        let _ = self.row.set_attribute("data-way", way);
        let _ = self.row.set_attribute("data-number", &number.to_string());
        // A chosen frame keeps the list still, so what is written anew is not chosen.
        let _ = self.row.set_attribute("aria-selected", "false");
    }
}
