//! What to take out of a page: items with fields, by CSS selectors that are read once for all pages.

mod item;
mod selector;

use std::sync::Arc;

use scraper::{ElementRef, Html, Selector};
use switchboard_protocol::{
    ScrapedItem,
    rest::{Extraction, ScrapeField},
};
use url::Url;

use crate::{
    budget::Budget,
    html::{base, elements, text_of, within},
    words,
};
use item::{Item, Value};

/// The most fields of an item.
const MOST_FIELDS: usize = 50;
/// The longest name of a field or an attribute, in characters.
const LONGEST_NAME: usize = 100;
/// The most values of one field.
const MOST_VALUES: usize = 1_000;
/// The most bytes of a value that are looked at: more than an item may have, so that it is seen that there is
/// more.
const LONGEST_VALUE: usize = item::LARGEST + 1;
/// The bytes of one field's values after which no more are taken.
const MOST_BYTES: usize = 4 * item::LARGEST;

/// An [`Extraction`] whose selectors are understood. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Extractor(Arc<Plan>);

#[derive(Debug)]
struct Plan {
    /// Selects the items; absent, the page is one.
    item: Option<Selector>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    /// Absent, the item itself holds the value.
    selector: Option<Selector>,
    attribute: Option<String>,
    many: bool,
}

/// Why an [`Extraction`] cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// There is nothing to take out.
    #[error("There are no fields to take out. Add at least one, or leave the extraction out.")]
    NoFields,
    /// There are too many fields.
    #[error("There are {count} fields, and at most {MOST_FIELDS} can be taken out.")]
    TooManyFields {
        /// How many there are.
        count: usize,
    },
    /// A field has no name.
    #[error("Field {place} has no name. Give it one.")]
    NoName {
        /// Which field it is, from 1.
        place: usize,
    },
    /// Two fields have the same name.
    #[error("There are two fields with the name {}. Give each a name of its own.", words::quote(.name))]
    SameName {
        /// The name.
        name: String,
    },
    /// The name of a field, or of its attribute, is too long.
    #[error("{} is too long for a name, which has at most {LONGEST_NAME} characters.", words::quote(.name))]
    LongName {
        /// The name.
        name: String,
    },
    /// The selector of a field cannot be used.
    #[error("The selector {} of the field {} cannot be used: {reason}.", words::quote(.selector), words::quote(.field))]
    Field {
        /// The field's name.
        field: String,
        /// The selector.
        selector: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The selector of the items cannot be used.
    #[error("The selector {} of the items cannot be used: {reason}.", words::quote(.selector))]
    Item {
        /// The selector.
        selector: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What was taken out of a page.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// The items, in order.
    pub(crate) items: Vec<ScrapedItem>,
    /// Whether there were more than wanted.
    pub(crate) is_cut: bool,
}

impl Extractor {
    /// Reads the selectors of an extraction.
    ///
    /// # Errors
    /// [`SelectorError`], which names the field and what is wrong with it.
    pub fn new(extraction: &Extraction) -> Result<Self, SelectorError> {
        let count = extraction.fields.len();
        if count == 0 {
            return Err(SelectorError::NoFields);
        }
        if count > MOST_FIELDS {
            return Err(SelectorError::TooManyFields { count });
        }
        let item = extraction.item.as_deref().map(str::trim).filter(|item| !item.is_empty());
        let item = item.map(|text| {
            selector::read(text).map_err(|reason| SelectorError::Item {
                selector: text.to_owned(),
                reason: reason.to_owned(),
            })
        });
        let mut fields: Vec<Field> = Vec::with_capacity(count);
        for (place, field) in extraction.fields.iter().enumerate() {
            let field = Field::new(field, place + 1)?;
            if fields.iter().any(|other| other.name == field.name) {
                return Err(SelectorError::SameName { name: field.name });
            }
            fields.push(field);
        }
        Ok(Self(Arc::new(Plan { item: item.transpose()?, fields })))
    }

    /// Takes at most `limit` items out of a page.
    pub(crate) fn extract(&self, page: &Html, address: &Url, limit: usize, budget: &Budget) -> Extracted {
        let plan = &self.0;
        let base = base(page, address);
        let mut extracted = Extracted::default();
        let whole = page.tree.root().children().find_map(ElementRef::wrap);
        let candidates: Box<dyn Iterator<Item = ElementRef<'_>>> = match &plan.item {
            None => Box::new(whole.into_iter()),
            Some(selector) => {
                Box::new(within(budget, elements(page)).filter(|element| selector.matches(element)))
            }
        };
        for candidate in candidates.take_while(|_| !budget.is_spent()) {
            let scope = if plan.item.is_some() { Scope::Inside(candidate) } else { Scope::Page(candidate) };
            let fields =
                plan.fields.iter().map(|field| (field.name.as_str(), field.take(scope, &base, budget)));
            let item = Item::new(fields.collect());
            if item.is_empty() {
                continue;
            }
            if extracted.items.len() >= limit {
                extracted.is_cut = true;
                break;
            }
            let Some(fields) = item.write() else { continue };
            extracted.items.push(ScrapedItem { url: Some(address.to_string()), platform: None, fields });
        }
        extracted
    }
}

/// Where a field is looked for.
#[derive(Clone, Copy)]
enum Scope<'page> {
    /// Below an item.
    Inside(ElementRef<'page>),
    /// In all of the page, of which this is the outermost element.
    Page(ElementRef<'page>),
}

impl Field {
    fn new(field: &ScrapeField, place: usize) -> Result<Self, SelectorError> {
        let name = field.name.trim();
        if name.is_empty() {
            return Err(SelectorError::NoName { place });
        }
        let attribute = field.attribute.as_deref().map(str::trim).filter(|attribute| !attribute.is_empty());
        for name in [Some(name), attribute].into_iter().flatten() {
            if name.chars().count() > LONGEST_NAME {
                return Err(SelectorError::LongName { name: name.to_owned() });
            }
        }
        let text = field.selector.trim();
        let selector = (!text.is_empty()).then(|| selector::read(text)).transpose();
        Ok(Self {
            name: name.to_owned(),
            selector: selector.map_err(|reason| SelectorError::Field {
                field: name.to_owned(),
                selector: text.to_owned(),
                reason: reason.to_owned(),
            })?,
            attribute: attribute.map(str::to_ascii_lowercase),
            many: field.many,
        })
    }

    fn take(&self, scope: Scope<'_>, base: &Url, budget: &Budget) -> Value {
        let (Scope::Inside(outermost) | Scope::Page(outermost)) = scope;
        let itself = usize::from(matches!(scope, Scope::Inside(_)));
        let below = outermost.descendants().filter_map(ElementRef::wrap);
        let found = within(budget, below).skip(itself).filter(|element| match &self.selector {
            Some(selector) => selector.matches_with_scope(element, Some(outermost)),
            None => false,
        });
        let itself = self.selector.is_none().then_some(outermost);
        let mut found = itself.into_iter().chain(found);
        if self.many {
            let mut room = MOST_BYTES;
            let values: Vec<_> = found
                .filter_map(|element| self.value(element, base))
                .take(MOST_VALUES)
                .take_while(|value| {
                    let fits = room > 0;
                    room = room.saturating_sub(value.len());
                    fits
                })
                .collect();
            return if values.is_empty() { Value::Nothing } else { Value::List(values) };
        }
        found.next().and_then(|element| self.value(element, base)).map_or(Value::Nothing, Value::Text)
    }

    /// What one element holds.
    fn value(&self, element: ElementRef<'_>, base: &Url) -> Option<String> {
        let Some(attribute) = &self.attribute else { return Some(text_of(*element, LONGEST_VALUE)) };
        let value = element.attr(attribute)?.trim();
        let value = value.get(..value.floor_char_boundary(LONGEST_VALUE)).unwrap_or(value);
        let is_address = matches!(attribute.as_str(), "href" | "src");
        let whole = is_address.then(|| base.join(value).ok()).flatten().map(String::from);
        Some(whole.unwrap_or_else(|| value.to_owned()))
    }
}

#[cfg(test)]
mod tests;
