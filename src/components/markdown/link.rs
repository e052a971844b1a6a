//! Where a link in a message may lead.

/// Paths of the dashboard, with everything below them. What else this host serves is not a page of the dashboard.
const PAGES: [&str; 5] = ["/executions", "/chat", "/scrape-runs", "/agents", "/wire"];

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To a page of this dashboard, which the router shows: path, query and fragment.
    Page(String),
    /// To anywhere else, in a tab of its own: the whole address.
    Elsewhere(String),
}

/// Where `written` leads, or `None` where a message must not lead: to scripts, to data, into files.
///
/// The browser's own parser reads it, and what is made of it is what that parser understood: an address that is
/// written in a way that two parsers read differently can't pass here as one thing and be followed as another.
/// Relative addresses are relative to the dashboard's root, not to the page that shows the message.
pub fn destination(written: &str) -> Option<Destination> {
    let written = written.trim();
    // A fragment would lead to elements of this page that the writer can't know.
    if written.is_empty() || written.starts_with('#') {
        return None;
    }
    let origin = web_sys::window()?.location().origin().ok()?;
    let url = web_sys::Url::new_with_base(written, &format!("{origin}/")).ok()?;
    match url.protocol().as_str() {
        "http:" | "https:" if url.origin() == origin && is_page(&url.pathname()) => {
            Some(Destination::Page(url.pathname() + &url.search() + &url.hash()))
        }
        "http:" | "https:" | "mailto:" => Some(Destination::Elsewhere(url.href())),
        _ => None,
    }
}

fn is_page(path: &str) -> bool {
    let is_below =
        |page: &&str| path.strip_prefix(*page).is_some_and(|rest| matches!(rest.get(..1), None | Some("/")));
    path == "/" || PAGES.iter().any(is_below)
}

/// The next address that stands bare in a text, as a range of it: from `http://` or `https://` to the next space,
/// without the punctuation that belongs to the sentence.
pub(super) fn bare_address(text: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("http") {
        let start = from + found;
        let rest = text.get(start..)?;
        from = start + 4;
        let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme));
        let is_inside_a_word = text.get(..start)?.chars().next_back().is_some_and(char::is_alphanumeric);
        let Some(scheme) = scheme.filter(|_| !is_inside_a_word) else { continue };
        let end = rest.find(|letter: char| letter.is_whitespace() || "<>\"`|".contains(letter));
        let address = without_punctuation(rest.get(..end.unwrap_or(rest.len()))?);
        if address.len() > scheme.len() {
            return Some(start..start + address.len());
        }
    }
    None
}

fn without_punctuation(address: &str) -> &str {
    let mut kept = address;
    while let Some(last) = kept.chars().next_back() {
        let closes_nothing = last == ')' && kept.matches(')').count() > kept.matches('(').count();
        if !closes_nothing && !".,;:!?'*_~]}".contains(last) {
            break;
        }
        kept = kept.get(..kept.len() - last.len_utf8()).unwrap_or_default();
    }
    kept
}
