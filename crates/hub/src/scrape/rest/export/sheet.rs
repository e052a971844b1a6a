//! Rows as CSV, such that a spreadsheet that opens them runs nothing.

use csv::WriterBuilder;
use serde_json::Value;
use switchboard_protocol::{ScrapedPage, rest::ScrapeItem};

/// The columns of pages.
pub const PAGE_COLUMNS: [&str; 15] = [
    "url",
    "platform",
    "status",
    "title",
    "textLength",
    "links",
    "durationMs",
    "contentType",
    "bytes",
    "items",
    "depth",
    "redirect",
    "error",
    "note",
    "timestamp",
];

/// The columns that items have besides their fields: where they were found.
pub const ITEM_COLUMNS: [&str; 2] = ["page", "platform"];

/// What begins a formula in one spreadsheet or another.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Rows that are being written.
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// No row yet.
    pub fn new() -> Self {
        Self(WriterBuilder::new().flexible(true).from_writer(Vec::new()))
    }

    /// The row with the columns' names.
    pub fn names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> Result<(), csv::Error> {
        self.0.write_record(names.into_iter().map(|name| harmless(name.to_owned())))
    }

    /// A page.
    pub fn page(&mut self, page: &ScrapedPage) -> Result<(), csv::Error> {
        let row = serde_json::to_value(page).unwrap_or_default();
        self.0.write_record(PAGE_COLUMNS.map(|name| cell(row.get(name))))
    }

    /// An item, with the fields of these names.
    pub fn item(&mut self, item: &ScrapeItem, fields: &[String]) -> Result<(), csv::Error> {
        let row: Value = item.fields.read().unwrap_or_default();
        let found = [&item.url, &item.platform].map(|text| harmless(text.clone().unwrap_or_default()));
        self.0.write_record(found.into_iter().chain(fields.iter().map(|name| cell(row.get(name)))))
    }

    /// The rows' text.
    pub fn into_bytes(self) -> Vec<u8> {
        // Writing to memory does not fail.
        self.0.into_inner().unwrap_or_default()
    }
}

/// A value in a cell: text as it is, all else as JSON, nothing as nothing.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text.clone()),
        // A number below zero begins as a formula may, and is none.
        Some(value) => value.to_string(),
    }
}

/// Text that no spreadsheet takes for a formula.
fn harmless(mut text: String) -> String {
    if text.starts_with(FORMULA) {
        text.insert(0, '\'');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_protocol::Json;

    use super::*;

    #[test]
    fn a_cell_never_begins_a_formula() {
        for text in ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(Some(&json!(text))), format!("'{text}"));
        }
        assert_eq!(cell(Some(&json!(" =1"))), " =1");
        assert_eq!(cell(Some(&json!(-5))), "-5", "a number stays one");
    }

    #[test]
    fn items_are_rows_with_the_fields_in_order_and_everything_quoted_that_must_be() {
        let item = ScrapeItem {
            number: 1,
            url: Some("https://a.test/".into()),
            platform: Some("a.test".into()),
            fields: Json::write(&json!({"b": "two, \"three\"\nlines", "a": ["x", 1], "c": null})).unwrap(),
        };
        let fields = ["a", "b", "c", "d"].map(str::to_owned);
        let mut sheet = Sheet::new();
        sheet.names(ITEM_COLUMNS.into_iter().chain(fields.iter().map(String::as_str))).unwrap();
        sheet.item(&item, &fields).unwrap();
        assert_eq!(
            String::from_utf8(sheet.into_bytes()).unwrap(),
            "page,platform,a,b,c,d\nhttps://a.test/,a.test,\"[\"\"x\"\",1]\",\"two, \"\"three\"\"\nlines\",,\n"
        );
    }

    #[test]
    fn a_page_has_the_columns_that_its_json_has() {
        let page = ScrapedPage {
            status: Some(404),
            title: Some("Gone".into()),
            ..ScrapedPage::of("https://a.test/x")
        };
        let mut sheet = Sheet::new();
        sheet.page(&page).unwrap();
        assert_eq!(String::from_utf8(sheet.into_bytes()).unwrap(), "https://a.test/x,,404,Gone,,,,,,,,,,,\n");
    }
}
