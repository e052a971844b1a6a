//! Parsing HTML in bounded time and memory.
//!
//! The HTML standard says how every text is to be read, and there are texts for which that takes time with the
//! square of their length, or makes thousands of nodes of every byte. So the parser is given the text in pieces,
//! and tags are taken out on the way to the tree when the tree is deep or large enough.

use std::cell::{Cell, RefCell};

use html5ever::{
    LocalName,
    buffer_queue::BufferQueue,
    interface::{TokenizerResult, Tracer, TreeSink as _},
    local_name,
    tendril::StrTendril,
    tokenizer::{EndTag, StartTag, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};
use scraper::{Html, HtmlTreeSink};

use crate::budget::Budget;

/// How deep elements may be nested. What is deeper is taken as standing at that depth, as browsers do.
const DEEPEST: usize = 512;
/// The most nodes of a page. Ordinary ones have some thousand.
const MOST_NODES: usize = 500_000;
/// How many bytes are parsed between two looks at the budget.
const PIECE: usize = 4096;
/// How many tags are read between two looks at the depth.
const STRIDE: u32 = 16;
/// How many elements that were left out are searched for the one that an end tag closes.
const SEARCHED: usize = 32;

/// Elements whose content is text, or that have none. They make no page deep, and leaving one out would make text
/// of a script.
const LEAVES: &[&str] = &[
    "area",
    "base",
    "basefont",
    "bgsound",
    "br",
    "col",
    "embed",
    "frame",
    "hr",
    "iframe",
    "image",
    "img",
    "input",
    "keygen",
    "link",
    "meta",
    "noembed",
    "noframes",
    "noscript",
    "param",
    "plaintext",
    "script",
    "source",
    "style",
    "textarea",
    "title",
    "track",
    "wbr",
    "xmp",
];

/// A page as far as it was parsed.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The tree.
    pub(crate) page: Html,
    /// Why it is not all of the page.
    pub(crate) shortfall: Option<Shortfall>,
}

/// Why a page was not parsed to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortfall {
    /// It has more nodes than are kept.
    Nodes,
    /// It took too long.
    Time,
}

/// Parses a page.
pub(crate) fn parse(text: &str, budget: &Budget) -> Parsed {
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounds::new(builder, MOST_NODES);
    // A byte order mark is gone already, and a second one is text.
    let options = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(sink, options);
    let input = BufferQueue::default();
    let mut shortfall = None;
    let mut rest = text;
    while !rest.is_empty() {
        if tokenizer.sink.full.get() {
            shortfall = Some(Shortfall::Nodes);
            break;
        }
        if budget.is_spent() {
            shortfall = Some(Shortfall::Time);
            break;
        }
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        input.push_back(StrTendril::from_slice(piece));
        rest = after;
        // It stops at each script, for someone to run it.
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    }
    tokenizer.end();
    Parsed { page: tokenizer.sink.builder.sink.finish(), shortfall }
}

type Handle = <HtmlTreeSink as html5ever::interface::TreeSink>::Handle;

/// Stands between the tokenizer and the tree, and holds back what would make the tree too deep or too large.
struct Bounds {
    builder: TreeBuilder<Handle, HtmlTreeSink>,
    most_nodes: usize,
    tags: Cell<u32>,
    /// The elements that are open are as many as may be.
    deep: Cell<bool>,
    /// There are as many nodes as may be.
    full: Cell<bool>,
    /// The elements that were left out and are open.
    left_out: RefCell<Vec<LocalName>>,
}

impl Bounds {
    fn new(builder: TreeBuilder<Handle, HtmlTreeSink>, most_nodes: usize) -> Self {
        Self {
            builder,
            most_nodes,
            tags: Cell::new(0),
            deep: Cell::new(false),
            full: Cell::new(false),
            left_out: RefCell::default(),
        }
    }

    /// Whether a tag is to be taken out.
    fn leaves_out(&self, tag: &Tag) -> bool {
        self.measure();
        match tag.kind {
            StartTag if self.deep.get() && !tag.self_closing && !LEAVES.contains(&&*tag.name) => {
                self.left_out.borrow_mut().push(tag.name.clone());
                true
            }
            StartTag => false,
            EndTag => {
                let mut left_out = self.left_out.borrow_mut();
                let found = left_out.iter().rev().take(SEARCHED).position(|name| *name == tag.name);
                if let Some(found) = found {
                    let remaining = left_out.len() - found - 1;
                    left_out.truncate(remaining);
                }
                found.is_some()
            }
        }
    }

    /// Of a link that is left out, the address is kept, in an element without content.
    fn keep_link(&self, tag: &Tag, line: u64) {
        if tag.kind != StartTag || tag.name != local_name!("a") || self.full.get() {
            return;
        }
        let end = Tag { kind: EndTag, attrs: Vec::new(), ..tag.clone() };
        for tag in [tag.clone(), end] {
            let _ = self.builder.process_token(Token::TagToken(tag), line);
        }
    }

    fn measure(&self) {
        let tags = self.tags.get().wrapping_add(1);
        self.tags.set(tags);
        if !tags.is_multiple_of(STRIDE) {
            return;
        }
        // The elements that are open are not shown, but those are that a garbage collector must not take away: the
        // same, and a few.
        let open = OpenElements::default();
        self.builder.trace_handles(&open);
        self.deep.set(open.0.get() > DEEPEST);
        self.full.set(self.builder.sink.0.borrow().tree.values().len() > self.most_nodes);
    }
}

impl TokenSink for Bounds {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Handle> {
        let is_held_back = match &token {
            Token::TagToken(tag) if self.leaves_out(tag) => {
                self.keep_link(tag, line);
                true
            }
            Token::EOFToken => false,
            Token::CharacterTokens(_) | Token::CommentToken(_) => {
                self.measure();
                self.full.get()
            }
            _ => self.full.get(),
        };
        if is_held_back { TokenSinkResult::Continue } else { self.builder.process_token(token, line) }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Counts what the tree's builder holds on to.
#[derive(Default)]
struct OpenElements(Cell<usize>);

impl Tracer for OpenElements {
    type Handle = Handle;

    fn trace_handle(&self, _: &Handle) {
        self.0.set(self.0.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::html::{elements, text_length, title};

    fn parsed(text: &str) -> Parsed {
        let (budget, _waiting) = Budget::new(Duration::from_hours(1));
        parse(text, &budget)
    }

    fn depth(page: &Html) -> usize {
        elements(page).map(|element| element.ancestors().count()).max().unwrap()
    }

    #[test]
    fn a_page_nested_a_hundred_thousand_deep_is_read_without_overflow_and_in_one_go() {
        let (open, close) = ("<div>".repeat(100_000), "</div>".repeat(100_000));
        let text = format!("<title>Deep</title>{open}inmost{close}<p>after <b>all</b>");
        let parsed = parsed(&text);
        assert_eq!(parsed.shortfall, None);
        assert!(depth(&parsed.page) < DEEPEST + 40, "{}", depth(&parsed.page));
        assert_eq!(title(&parsed.page).as_deref(), Some("Deep"));
        assert_eq!(text_length(&parsed.page), "inmost after all".len() as u64);
        // What follows stands where it belongs.
        let paragraph = elements(&parsed.page).find(|element| element.value().name() == "p").unwrap();
        assert_eq!(paragraph.ancestors().count(), 3);
    }

    #[test]
    fn a_script_in_the_depth_stays_a_script() {
        let text = format!("{}<script>var a = '<p>not text</p>';</script>seen", "<div>".repeat(2000));
        assert_eq!(text_length(&parsed(&text).page), 4);
    }

    /// Formatting that is never closed is opened anew in each paragraph, so that four bytes make five hundred
    /// nodes.
    #[test]
    fn a_page_that_would_grow_without_measure_is_cut() {
        let bold: Vec<_> = (0..400).map(|number| format!("<p><b id={number}>")).collect();
        let text = bold.concat() + &"<p>x".repeat(50_000);
        let parsed = parsed(&text);
        assert_eq!(parsed.shortfall, Some(Shortfall::Nodes));
        assert!(parsed.page.tree.values().len() < MOST_NODES * 2);
    }

    #[test]
    fn a_page_that_takes_too_long_is_read_as_far_as_the_time_goes() {
        let (budget, _waiting) = Budget::new(Duration::ZERO);
        let parsed = parse("<p>x", &budget);
        assert_eq!(parsed.shortfall, Some(Shortfall::Time));
        assert_eq!(text_length(&parsed.page), 0);
    }

    #[test]
    fn characters_that_are_cut_by_the_pieces_stay_whole() {
        let text = format!("<p>{}", "ä€😀".repeat(5000));
        assert_eq!(text_length(&parsed(&text).page), 15_000);
    }
}
