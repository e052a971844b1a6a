//! A page of a run as a row of a table, written over as rows are recycled.

use switchboard_protocol::ScrapedPage;
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlAnchorElement, HtmlElement, Text};

use super::pages_filter::Outcome;
use crate::components::{Row, grouped, is_web_address, size_text};

/// The columns: name and class.
pub(super) const COLUMNS: [(&str, &str); 9] = [
    ("Status", "page-status"),
    ("Address", "page-address"),
    ("Title", "page-title"),
    ("Type", "page-type"),
    ("Text", "page-text is-number"),
    ("Links", "page-links is-number"),
    ("Items", "page-items is-number"),
    ("Time", "page-time is-number"),
    ("Size", "page-size is-number"),
];

/// The elements are kept, so that writing a row sets attributes and texts and makes nothing.
pub(super) struct PageRow {
    row: HtmlElement,
    link: HtmlAnchorElement,
    title: HtmlElement,
    /// The text of each cell, as [`COLUMNS`] has them.
    texts: Vec<Text>,
}

impl Row<ScrapedPage> for PageRow {
    fn create(document: &Document) -> Option<Self> {
        let element = |name: &str, class: &str| {
            let element: HtmlElement = document.create_element(name).ok()?.dyn_into().ok()?;
            element.set_class_name(class);
            Some(element)
        };
        let row = element("div", "page-row")?;
        row.set_attribute("role", "row").ok()?;
        let link: HtmlAnchorElement = document.create_element("a").ok()?.dyn_into().ok()?;
        link.set_target("_blank");
        link.set_rel("noopener noreferrer");
        let mut title = None;
        let mut texts = Vec::with_capacity(COLUMNS.len());
        for (name, class) in COLUMNS {
            let cell = element("span", class)?;
            cell.set_attribute("role", "cell").ok()?;
            row.append_child(&cell).ok()?;
            let text = document.create_text_node("");
            if name == "Address" {
                cell.append_child(&link).ok()?;
                link.append_child(&text).ok()?;
            } else {
                cell.append_child(&text).ok()?;
            }
            if name == "Title" {
                title = Some(cell);
            }
            texts.push(text);
        }
        Some(Self { row, link, title: title?, texts })
    }

    fn element(&self) -> &HtmlElement {
        &self.row
    }

    fn write(&mut self, page: &ScrapedPage) {
        let outcome = Outcome::of(page);
        let status = match page.status {
            Some(status) => status.to_string(),
            None if outcome == Outcome::Failed => "error".to_owned(),
            None => "–".to_owned(),
        };
        // What went wrong, or where it leads, is more than what the page calls itself.
        let title = page.error.clone().or_else(|| page.redirect.as_ref().map(|to| format!("to {to}")));
        let title = title.or_else(|| page.title.clone()).or_else(|| page.note.clone()).unwrap_or_default();
        let number = |number: Option<u64>| number.map(grouped).unwrap_or_default();
        let texts = [
            status,
            page.url.clone(),
            title.clone(),
            page.content_type.clone().unwrap_or_default(),
            number(page.text_length),
            number(page.links),
            number(page.items),
            page.duration_ms.map(|time| format!("{} ms", grouped(time))).unwrap_or_default(),
            page.bytes.map(size_text).unwrap_or_default(),
        ];
        for (node, text) in self.texts.iter().zip(texts) {
            node.set_data(&text);
        }
        // Setting a plain attribute fails only for names that are none.
        let _ = self.row.set_attribute("data-outcome", outcome.as_str());
        self.title.set_title(page.note.as_ref().filter(|_| page.error.is_none()).unwrap_or(&title));
        self.link.set_title(&page.url);
        // A report may name anything as an address, and only web addresses are links.
        let _ = if is_web_address(&page.url) {
            self.link.set_attribute("href", &page.url)
        } else {
            self.link.remove_attribute("href")
        };
    }
}
