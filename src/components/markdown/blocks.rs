//! The blocks of a text, and which of them have to be read again when it grows.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use web_sys::{Document, HtmlElement};

use super::{
    builder::Builder,
    dom::patch_children,
    tree::{Element, Node},
};

/// How much text becomes elements in one go, in bytes. A longer text is shown in several.
const STEP_BYTES: usize = 32 * 1024;

/// Up to which size, in bytes, a block is shown with its form. A longer one, which no reader would call a paragraph, is
/// shown as it was written.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// A text and the elements that show it.
pub(super) struct Blocks {
    root: HtmlElement,
    document: Option<Document>,
    source: String,
    shown: Vec<Block>,
    /// How many of the blocks show `source`. The others show what was there before, until they are read again.
    read: usize,
    is_whole: bool,
    /// Whether links refer to addresses that stand elsewhere in the text. Then a word at the end can change a link at
    /// the beginning, and everything is read again each time.
    has_definitions: bool,
}

/// What stands at the top level of the text: a paragraph, a list, a table.
struct Block {
    /// Where its first line begins, in bytes.
    start: usize,
    nodes: Vec<Node>,
}

impl Blocks {
    pub fn new(root: HtmlElement) -> Self {
        Self {
            document: root.owner_document(),
            root,
            source: String::new(),
            shown: Vec::new(),
            read: 0,
            is_whole: true,
            has_definitions: false,
        }
    }

    /// Shows `source`, or a further part of it; answers whether it is shown whole.
    pub fn show(&mut self, source: &str) -> bool {
        if self.is_whole && source == self.source {
            return true;
        }
        let kept = if self.has_definitions { 0 } else { self.unchanged(source) };
        if !self.read_from(source, kept) {
            self.read_from(source, 0);
        }
        if source.starts_with(&self.source) {
            self.source.push_str(source.get(self.source.len()..).unwrap_or_default());
        } else {
            source.clone_into(&mut self.source);
        }
        self.is_whole
    }

    /// How many blocks stay as they are, whatever follows in `source`.
    ///
    /// A block is finished by the first line of the one after it, once that line is complete: until then `#` may
    /// become a heading or `#hash`, a word of the paragraph above.
    fn unchanged(&self, source: &str) -> usize {
        let same = self.source.bytes().zip(source.bytes()).take_while(|(old, new)| old == new).count();
        let is_finished = |next: &Block| {
            let line = source.as_bytes().get(next.start..same);
            line.is_some_and(|line| line.iter().any(|byte| matches!(byte, b'\n' | b'\r')))
        };
        let read = self.shown.get(..self.read).unwrap_or_default();
        read.iter().skip(1).take_while(|next| is_finished(next)).count()
    }

    /// Reads the text from block number `kept` on; answers `false` where it has to be read from its beginning.
    fn read_from(&mut self, source: &str, kept: usize) -> bool {
        let base = if kept == 0 { 0 } else { self.shown.get(kept).map_or(0, |block| block.start) };
        let parser = Parser::new_ext(source.get(base..).unwrap_or_default(), options());
        self.has_definitions = parser.reference_definitions().iter().next().is_some();
        if self.has_definitions && kept > 0 {
            return false;
        }
        self.read = kept;
        let mut events = parser.into_offset_iter();
        let mut written = 0;
        loop {
            let Some((first, range)) = events.next() else {
                self.is_whole = true;
                self.drop_rest();
                return true;
            };
            let range = base + range.start..base + range.end;
            let nodes = read_block(first, &mut events, source, &range);
            let begin = source.get(..range.start).and_then(|before| before.rfind(['\n', '\r']));
            let start = begin.map_or(0, |line_end| line_end + 1);
            if self.write(Block { start, nodes }) {
                written += range.len();
            }
            if written > STEP_BYTES {
                self.is_whole = false;
                return true;
            }
        }
    }

    /// Shows the next block; answers whether that took work.
    fn write(&mut self, block: Block) -> bool {
        let place = self.read;
        self.read += 1;
        let Some(document) = &self.document else { return false };
        let before = self.shown.get_mut(place);
        if let Some(before) = before {
            let is_same = before.nodes == block.nodes;
            if !is_same
                && let Some(parent) = self.root.children().item(u32::try_from(place).unwrap_or(u32::MAX))
            {
                patch_children(document, &parent, &before.nodes, &block.nodes);
            }
            *before = block;
            return !is_same;
        }
        if let Ok(parent) = document.create_element("div") {
            parent.set_class_name("markdown-block");
            patch_children(document, &parent, &[], &block.nodes);
            let _ = self.root.append_child(&parent);
        }
        self.shown.push(block);
        true
    }

    fn drop_rest(&mut self) {
        while self.shown.len() > self.read {
            self.shown.pop();
            if let Some(last) = self.root.last_element_child() {
                last.remove();
            }
        }
    }
}

/// The words of a text without their form, on one line: for where there is room for a few of them.
pub fn plain_text(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for event in Parser::new_ext(source, options()) {
        match event {
            Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => {
                text.push_str(&part);
            }
            Event::Start(_)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link) => {}
            _ => text.push(' '),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Reads one block: the event that begins it, and those up to its end.
fn read_block<'text>(
    first: Event<'text>,
    events: &mut impl Iterator<Item = (Event<'text>, Range<usize>)>,
    source: &str,
    range: &Range<usize>,
) -> Vec<Node> {
    let is_code = matches!(first, Event::Start(Tag::CodeBlock(_)));
    let is_plain = range.len() > MAX_BLOCK_BYTES && !is_code;
    let mut builder = Builder::new();
    let mut depth = 0_usize;
    let mut next = Some(first);
    while let Some(event) = next {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !is_plain {
            builder.take(event);
        }
        next = if depth == 0 { None } else { events.next().map(|(event, _)| event) };
    }
    if is_plain {
        let text = source.get(range.clone()).unwrap_or_default();
        return vec![Element::raw("p", text).into()];
    }
    builder.finish()
}
