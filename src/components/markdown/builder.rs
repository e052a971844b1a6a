//! From the parser's events to a tree of elements. Only elements and attributes that are named in this file can come
//! of any text.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Tag, TagEnd};

use super::{
    link::{Destination, bare_address, destination},
    tree::{Element, Node},
};

/// What a code block's button says.
pub(super) const COPY: &str = "Copy";

/// How deep elements may stand in each other. What is nested deeper is shown without its form: a text of a million
/// quotes in quotes would exhaust the browser.
const MAX_DEPTH: usize = 24;

/// How many characters a code block's language may have: it is a label.
const MAX_LANGUAGE: usize = 32;

/// Builds the tree of one block.
pub(super) struct Builder {
    /// The elements that are open, each inside the one before; the first stands for the block itself.
    open: Vec<Element>,
    /// How many of the parser's containers are open of which no element was made.
    passed_over: usize,
    /// How the columns of the table stand, and which of its cells is next.
    columns: Vec<Alignment>,
    column: usize,
    is_head: bool,
}

impl Builder {
    pub fn new() -> Self {
        Self {
            open: vec![Element::new("div")],
            passed_over: 0,
            columns: Vec::new(),
            column: 0,
            is_head: false,
        }
    }

    /// What came of the events: normally one element.
    pub fn finish(mut self) -> Vec<Node> {
        while self.open.len() > 1 {
            self.close();
        }
        self.open.pop().map(|block| block.children).unwrap_or_default()
    }

    pub fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) | Event::Html(text) => self.text(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.put(Element::new("code").holding(Node::Text(text.into_string())));
            }
            Event::InlineHtml(text) | Event::FootnoteReference(text) => {
                self.put(Element::raw("span", text.into_string()));
            }
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.put(Element::new("br")),
            Event::Rule => self.put(Element::new("hr")),
            Event::TaskListMarker(is_done) => self.task(is_done),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if self.passed_over > 0 || self.open.len() > MAX_DEPTH {
            return self.pass_over();
        }
        let element = match tag {
            Tag::Paragraph => Element::new("p"),
            // The page has headings above these.
            Tag::Heading { level, .. } => Element::new(match level as usize {
                1 => "h3",
                2 => "h4",
                3 => "h5",
                _ => "h6",
            }),
            Tag::BlockQuote(_) => Element::new("blockquote"),
            Tag::CodeBlock(kind) => return self.start_code(&kind),
            Tag::HtmlBlock => Element::new("p").with("class", "markdown-raw"),
            Tag::List(None) => Element::new("ul"),
            Tag::List(Some(1)) => Element::new("ol"),
            Tag::List(Some(first)) => Element::new("ol").with("start", first.to_string()),
            Tag::Item => Element::new("li"),
            Tag::Table(columns) => {
                self.columns = columns;
                // A table that is wider than the page scrolls by itself, with the keyboard too.
                self.open.push(Element::new("div").with("class", "markdown-table").with("tabindex", "0"));
                Element::new("table")
            }
            Tag::TableHead => {
                (self.column, self.is_head) = (0, true);
                self.open.push(Element::new("thead"));
                Element::new("tr")
            }
            Tag::TableRow => {
                (self.column, self.is_head) = (0, false);
                if !self.is_in("tbody") {
                    self.open.push(Element::new("tbody"));
                }
                Element::new("tr")
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => Element::new("em"),
            Tag::Strong => Element::new("strong"),
            Tag::Strikethrough => Element::new("del"),
            // Nothing is loaded from elsewhere: an image is a link to it.
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let Some(link) = self.link(&dest_url) else { return self.pass_over() };
                link
            }
            Tag::Superscript
            | Tag::Subscript
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => return self.pass_over(),
        };
        self.open.push(element);
    }

    /// Makes no element of a container. What it holds goes into the one around it.
    fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    fn end(&mut self, end: TagEnd) {
        if self.passed_over > 0 {
            self.passed_over -= 1;
            return;
        }
        match end {
            TagEnd::Image => {
                if let Some(image) = self.open.last_mut().filter(|image| image.children.is_empty()) {
                    image.push_text("Image");
                }
            }
            // The figure around the code, and the code in it.
            TagEnd::CodeBlock => {
                self.close();
                self.close();
            }
            TagEnd::Table => {
                if self.is_in("tbody") {
                    self.close();
                }
                self.close();
            }
            TagEnd::TableHead => self.close(),
            TagEnd::TableCell => self.column += 1,
            _ => {}
        }
        self.close();
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',', '{', '\t']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        let language: String = language.chars().take(MAX_LANGUAGE).collect();
        let copy = Element::new("button")
            .with("type", "button")
            .with("class", "button is-plain is-small code-copy")
            .holding(Node::Text(COPY.to_owned()));
        let head = Element::new("figcaption")
            .holding(Element::new("span").holding(Node::Text(language)))
            .holding(copy);
        self.open.push(Element::new("figure").with("class", "code-block").holding(head));
        self.open.push(Element::new("pre").with("tabindex", "0"));
        self.open.push(Element::new("code"));
    }

    fn cell(&self) -> Element {
        let cell = if self.is_head { Element::new("th").with("scope", "col") } else { Element::new("td") };
        match self.columns.get(self.column) {
            Some(Alignment::Center) => cell.with("data-align", "center"),
            Some(Alignment::Right) => cell.with("data-align", "end"),
            _ => cell,
        }
    }

    fn link(&self, written: &str) -> Option<Element> {
        if self.is_in("a") { None } else { destination(written).map(anchor) }
    }

    fn task(&mut self, is_done: bool) {
        let mark = Element::new("input")
            .with("type", "checkbox")
            .with("disabled", "")
            .with("aria-label", if is_done { "Done" } else { "Open" });
        self.put(if is_done { mark.with("checked", "") } else { mark });
        let item = self.open.iter_mut().rev().find(|element| element.name == "li");
        if let Some(item) = item.filter(|item| item.attributes.is_empty()) {
            item.attributes.push(("class", "is-task".into()));
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(last) = self.open.last_mut() {
            last.push_text(text);
        }
    }

    fn put(&mut self, element: Element) {
        if let Some(last) = self.open.last_mut() {
            last.children.push(element.into());
        }
    }

    fn is_in(&self, name: &str) -> bool {
        self.open.iter().any(|element| element.name == name)
    }

    fn close(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let Some(mut element) = self.open.pop() else { return };
        let is_verbatim =
            element.name == "code" || element.attributes.contains(&("class", "markdown-raw".into()));
        if !is_verbatim && element.name != "a" && !self.is_in("a") {
            link_addresses(&mut element);
        }
        self.put(element);
    }
}

fn anchor(destination: Destination) -> Element {
    let link = Element::new("a");
    match destination {
        Destination::Page(path) => link.with("href", path),
        // Where it leads is told before anybody goes there.
        Destination::Elsewhere(address) => link
            .with("href", address.clone())
            .with("title", address)
            .with("target", "_blank")
            .with("rel", "noopener noreferrer"),
    }
}

/// Makes links of the addresses that stand bare in an element's own text.
fn link_addresses(element: &mut Element) {
    let holds_one = |node: &Node| matches!(node, Node::Text(text) if bare_address(text).is_some());
    if !element.children.iter().any(holds_one) {
        return;
    }
    let mut children = Vec::with_capacity(element.children.len() + 2);
    for node in std::mem::take(&mut element.children) {
        let Node::Text(text) = node else {
            children.push(node);
            continue;
        };
        let mut rest = text.as_str();
        while let Some(range) = bare_address(rest) {
            let (before, address) = (rest.get(..range.start), rest.get(range.clone()));
            let address = address.unwrap_or_default();
            children.extend(before.filter(|text| !text.is_empty()).map(|text| Node::Text(text.to_owned())));
            let text = Node::Text(address.to_owned());
            children.push(match destination(address) {
                Some(destination) => anchor(destination).holding(text).into(),
                None => text,
            });
            rest = rest.get(range.end..).unwrap_or_default();
        }
        if !rest.is_empty() {
            children.push(Node::Text(rest.to_owned()));
        }
    }
    element.children = children;
}
