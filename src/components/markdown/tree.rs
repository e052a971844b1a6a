//! Elements as a tree, before they are nodes of the page.

use std::borrow::Cow;

type Attributes = Vec<(&'static str, Cow<'static, str>)>;

/// An element or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Element(Element),
}

/// An element: its name, its attributes and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub name: &'static str,
    pub attributes: Attributes,
    pub children: Vec<Node>,
}

impl Element {
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub fn holding(mut self, node: impl Into<Node>) -> Self {
        self.children.push(node.into());
        self
    }

    /// A text as it was written, line breaks included.
    pub fn raw(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name).with("class", "markdown-raw").holding(Node::Text(text.into()))
    }

    pub fn push_text(&mut self, text: &str) {
        if let Some(Node::Text(last)) = self.children.last_mut() {
            last.push_str(text);
        } else {
            self.children.push(Node::Text(text.to_owned()));
        }
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}
