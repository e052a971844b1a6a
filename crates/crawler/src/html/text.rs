//! The text of elements, as people see it.

use ego_tree::{NodeRef, iter::Edge};
use scraper::Node;

/// Elements that show no text of their own.
const UNSEEN: &[&str] = &["head", "noscript", "script", "style", "template"];

/// Elements that stand in a line. All others begin a new one, so that what is before and after them is not one
/// word.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// The text below a node bit by bit, with a space where an element begins a new line. What is not seen is left
/// out, but not the node itself: who asks for a script's text is given it.
pub(super) fn visible(node: NodeRef<'_, Node>) -> impl Iterator<Item = &str> {
    let mut hidden = None;
    node.traverse().filter_map(move |edge| {
        let (at, is_open) = match edge {
            Edge::Open(at) => (at, true),
            Edge::Close(at) => (at, false),
        };
        match at.value() {
            Node::Text(text) if is_open && hidden.is_none() => Some(&**text),
            Node::Element(element) if at != node => {
                if hidden == Some(at.id()) && !is_open {
                    hidden = None;
                } else if hidden.is_none() && UNSEEN.contains(&element.name()) {
                    hidden = Some(at.id());
                }
                (hidden.is_none() && !INLINE.contains(&element.name())).then_some(" ")
            }
            _ => None,
        }
    })
}

/// The text below a node with its white space joined; what is beyond `limit` bytes is not looked at.
pub(crate) fn text_of(node: NodeRef<'_, Node>, limit: usize) -> String {
    let mut text = String::new();
    for character in visible(node).flat_map(str::chars) {
        if text.len() >= limit {
            break;
        }
        if !character.is_whitespace() {
            text.push(character);
        } else if !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Counts characters, white space joined.
#[derive(Debug, Default)]
pub(crate) struct TextLength {
    characters: u64,
    /// White space that counts as soon as more text follows.
    space: bool,
}

impl TextLength {
    /// Counts on.
    pub(crate) fn add(&mut self, text: &str) {
        for character in text.chars() {
            if character.is_whitespace() {
                self.space = self.characters > 0;
            } else {
                self.characters += 1 + u64::from(std::mem::take(&mut self.space));
            }
        }
    }

    /// How many there were.
    pub(crate) fn total(&self) -> u64 {
        self.characters
    }
}
