//! One item, and the bound of its size.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use switchboard_protocol::Json;

/// The most bytes of an item as JSON.
pub(super) const LARGEST: usize = 64 * 1024;

/// What a field of an item holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    /// Nothing that matches.
    Nothing,
    /// One text.
    Text(String),
    /// Texts, of a field that takes many.
    List(Vec<String>),
}

/// The fields of an item, in order.
#[derive(Debug)]
pub(super) struct Item<'name>(Vec<(&'name str, Value)>);

impl<'name> Item<'name> {
    /// An item with these fields.
    pub(super) fn new(fields: Vec<(&'name str, Value)>) -> Self {
        Self(fields)
    }

    /// Whether no field holds anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| *value == Value::Nothing)
    }

    /// The item as JSON. Where it is too large, its longest texts are cut, and then its longest lists.
    pub(super) fn write(mut self) -> Option<Json> {
        let (mut longest_text, mut longest_list) = (LARGEST, usize::MAX);
        loop {
            let json = Json::write(&self).ok()?;
            if json.text().len() <= LARGEST {
                return Some(json);
            }
            if longest_text > 64 {
                longest_text /= 2;
            } else {
                let lists = self.0.iter().filter_map(|(_, value)| match value {
                    Value::List(list) => Some(list.len()),
                    _ => None,
                });
                longest_list = lists.max().unwrap_or(0).min(longest_list) / 2;
            }
            self.cut(longest_text, longest_list);
            if longest_list == 0 {
                // What is left are at most fifty names and short texts, which fit.
                return Json::write(&self).ok();
            }
        }
    }

    fn cut(&mut self, longest_text: usize, longest_list: usize) {
        for (_, value) in &mut self.0 {
            match value {
                Value::Nothing => {}
                Value::Text(text) => cut(text, longest_text),
                Value::List(list) => {
                    list.truncate(longest_list);
                    for text in list {
                        cut(text, longest_text);
                    }
                }
            }
        }
    }
}

/// Cuts a text to this many bytes, or a few less, and marks it.
fn cut(text: &mut String, longest: usize) {
    const MARK: char = '…';
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest.saturating_sub(MARK.len_utf8())));
        text.push(MARK);
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (Cow::Borrowed(*name), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(item: Item<'_>) -> serde_json::Value {
        let json = item.write().unwrap();
        assert!(json.text().len() <= LARGEST, "{}", json.text().len());
        json.read().unwrap()
    }

    #[test]
    fn an_item_that_is_too_large_loses_the_ends_of_its_long_texts_only() {
        let long = "ä".repeat(100_000);
        let fields = vec![("short", Value::Text("as it is".into())), ("long", Value::Text(long))];
        let read = read(Item::new(fields));
        assert_eq!(read["short"], "as it is");
        let long = read["long"].as_str().unwrap();
        assert!(long.starts_with("ää") && long.ends_with("ä…") && long.len() > 20_000);
    }

    #[test]
    fn lists_lose_their_ends_where_cutting_texts_is_not_enough() {
        let list = vec!["\u{1}".repeat(64); 1000];
        let read = read(Item::new(vec![("list", Value::List(list)), ("none", Value::Nothing)]));
        assert!(read["list"].as_array().unwrap().len() > 50);
        assert!(read["none"].is_null());
    }

    #[test]
    fn the_largest_names_and_texts_fit() {
        let names: Vec<String> = (0..50).map(|number| format!("{}{number}", "\u{1}".repeat(98))).collect();
        let fields = names.iter().map(|name| (name.as_str(), Value::Text("\u{1}".repeat(70_000))));
        read(Item::new(fields.collect()));
    }
}
