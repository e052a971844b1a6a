//! Where a page links to.

use std::collections::HashSet;

use scraper::{ElementRef, Html};
use url::Url;

use super::{elements, within};
use crate::{
    address::{LONGEST_ADDRESS, is_http},
    budget::Budget,
    normalize,
};

/// The most links that are taken from a page.
const MOST_LINKS: usize = 10_000;

/// What is known of whether a page's links may be followed, before the page is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Following<'name> {
    /// Whether the answer's headers forbid it.
    pub(crate) forbidden: bool,
    /// The crawler's name, under which a page may say something to it.
    pub(crate) agent: &'name str,
}

/// The address that relative links are relative to: the page's own, or the one in its first `<base href>`.
pub(crate) fn base(page: &Html, address: &Url) -> Url {
    let mut bases = elements(page).filter(|element| element.value().name() == "base");
    let named =
        bases.find_map(|element| element.attr("href")).and_then(|href| address.join(href.trim()).ok());
    named.filter(is_http).unwrap_or_else(|| address.clone())
}

/// The addresses in `<a>`, `<area>` and `<link rel=next>` that may be followed: each once, in order.
pub(super) fn links(page: &Html, address: &Url, following: Following<'_>, budget: &Budget) -> Vec<Url> {
    if following.forbidden || forbids(page, following.agent) {
        return Vec::new();
    }
    let base = base(page, address);
    let mut seen = HashSet::new();
    let mut links = Vec::new();
    for element in within(budget, elements(page)) {
        let Some(link) = link(element, &base) else { continue };
        if seen.insert(link.clone()) {
            links.push(link);
        }
        if links.len() == MOST_LINKS {
            break;
        }
    }
    links
}

fn link(element: ElementRef<'_>, base: &Url) -> Option<Url> {
    let is_link = match element.value().name() {
        "a" | "area" => !says(element, "rel", "nofollow"),
        "link" => says(element, "rel", "next"),
        _ => false,
    };
    // In a drawing the attribute is `xlink:href`, whose local name this is.
    let href = element.attr("href").filter(|href| is_link && href.len() <= LONGEST_ADDRESS)?;
    let link = base.join(href.trim()).ok()?;
    let is_followed = is_http(&link) && link.has_host() && link.as_str().len() <= LONGEST_ADDRESS;
    is_followed.then(|| normalize(link))
}

/// Whether the page itself forbids to follow its links, in `<meta name=robots>` or under the crawler's own name.
fn forbids(page: &Html, agent: &str) -> bool {
    let metas = elements(page).filter(|element| element.value().name() == "meta");
    metas.into_iter().any(|meta| {
        let name = meta.attr("name").unwrap_or_default().trim();
        let is_for_us = name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(agent);
        is_for_us && (says(meta, "content", "nofollow") || says(meta, "content", "none"))
    })
}

/// Whether the attribute holds the word.
fn says(element: ElementRef<'_>, attribute: &str, word: &str) -> bool {
    let words = element.attr(attribute).unwrap_or_default().split([' ', ',', '\t', '\n', '\r']);
    words.into_iter().any(|said| said.eq_ignore_ascii_case(word))
}
