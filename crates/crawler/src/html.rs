//! What an HTML page says: its title, how much text it has, and where it links to.

mod links;
mod parse;
mod text;

use html5ever::{QualName, local_name, ns};
use scraper::{ElementRef, Html};
use url::Url;

use crate::{budget::Budget, words};

pub(crate) use links::{Following, base};
pub(crate) use parse::{Shortfall, parse};
pub(crate) use text::{TextLength, text_of};

/// The longest title that is kept, in characters.
const TITLE_LIMIT: usize = 300;
/// How many elements are looked at between two looks at the budget.
const STRIDE: usize = 64;

/// The page's title; `None` where it has none, or an empty one.
pub(crate) fn title(page: &Html) -> Option<String> {
    // Drawings have elements of this name too.
    let is_title = |name: &QualName| name.ns == ns!(html) && name.local == local_name!("title");
    let title = elements(page).find(|element| is_title(&element.value().name))?;
    let title = text_of(*title, TITLE_LIMIT * 4 + 1);
    (!title.is_empty()).then(|| words::cut(&title, TITLE_LIMIT).into_owned())
}

/// How many characters of text people see of the page.
pub(crate) fn text_length(page: &Html) -> u64 {
    let mut length = TextLength::default();
    text::visible(page.tree.root()).for_each(|piece| length.add(piece));
    length.total()
}

/// Where the page links to: each address once, in order.
pub(crate) fn links(page: &Html, address: &Url, following: Following<'_>, budget: &Budget) -> Vec<Url> {
    links::links(page, address, following, budget)
}

/// All elements of the page, in order.
pub(crate) fn elements(page: &Html) -> impl Iterator<Item = ElementRef<'_>> {
    page.tree.root().descendants().filter_map(ElementRef::wrap)
}

/// The elements until the budget is spent.
pub(crate) fn within<'page>(
    budget: &Budget,
    elements: impl Iterator<Item = ElementRef<'page>>,
) -> impl Iterator<Item = ElementRef<'page>> {
    elements
        .enumerate()
        .take_while(|(place, _)| !place.is_multiple_of(STRIDE) || !budget.is_spent())
        .map(|(_, element)| element)
}

#[cfg(test)]
mod tests;
