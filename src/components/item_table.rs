//! What was taken out of pages, as a table with a column for each field.

use leptos::prelude::*;
use switchboard_protocol::Json;

use super::is_web_address;

/// The most characters of a value that are shown.
const VALUE_LIMIT: usize = 300;

/// The values of one item by the names of their fields, in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemValues(Vec<(String, String)>);

impl ItemValues {
    /// Reads an item's fields. What is no object has none.
    pub fn read(fields: &Json) -> Self {
        let Some(object) = fields.object() else { return Self::default() };
        let value = |name: &str| {
            let json = object.json(name)?;
            let text = match json.read::<Option<String>>() {
                Ok(text) => text.unwrap_or_default(),
                // Numbers, lists and objects as they were sent.
                Err(_) => json.on_one_line().text().to_owned(),
            };
            Some((name.to_owned(), shortened(text)))
        };
        Self(object.names().filter_map(value).collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// The table: the names of all fields, in the order in which they first come, and a row for each item.
#[component]
pub fn ItemTable(
    /// Its name.
    label: &'static str,
    /// The items.
    #[prop(into)]
    items: Signal<Vec<ItemValues>>,
) -> impl IntoView {
    move || {
        items.with(|items| {
            let mut names: Vec<&str> = Vec::new();
            for (name, _) in items.iter().flat_map(|item| &item.0) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            let head = |name: &&str| view! { <th scope="col">{(*name).to_owned()}</th> };
            let row = |item: &ItemValues| {
                let cells = names.iter().map(|name| cell(item.get(name))).collect_view();
                view! { <tr>{cells}</tr> }
            };
            view! {
                <div class="item-table" tabindex="0">
                    <table aria-label=label>
                        <thead>
                            <tr>{names.iter().map(head).collect_view()}</tr>
                        </thead>
                        <tbody>{items.iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            }
        })
    }
}

fn cell(value: &str) -> impl IntoView + use<> {
    let text = value.to_owned();
    // A value that was cut leads nowhere.
    let address = Some(text.clone()).filter(|text| is_web_address(text) && !text.ends_with('…'));
    let shown = match address {
        Some(address) => view! {
            <a href=address target="_blank" rel="noopener noreferrer">
                {text.clone()}
            </a>
        }
        .into_any(),
        None => text.clone().into_any(),
    };
    view! { <td title=text>{shown}</td> }
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(VALUE_LIMIT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
