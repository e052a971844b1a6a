//! Reading CSS selectors, with words for what is wrong with one.

use scraper::{Selector, error::SelectorErrorKind};
use selectors::parser::SelectorParseErrorKind;

/// The longest selector, in bytes.
const LONGEST: usize = 1_000;
/// How deep selectors may stand in one another, as in `:not(:is(a))`. Each level can multiply the work by the
/// depth of the page.
const DEEPEST: usize = 2;

/// Reads a selector. The error says what is wrong, to be put after a colon.
pub(super) fn read(text: &str) -> Result<Selector, &'static str> {
    if text.len() > LONGEST {
        return Err("it is longer than 1,000 characters");
    }
    if depth(text) > DEEPEST {
        return Err("it has more than two selectors in one another");
    }
    Selector::parse(text).map_err(|error| match error {
        SelectorErrorKind::EndOfLine => "something is missing at its end",
        SelectorErrorKind::ExpectedColonOnPseudoElement
        | SelectorErrorKind::ExpectedIdentityOnPseudoElement => "a name is missing after a colon",
        SelectorErrorKind::UnexpectedSelectorParseError(error) => reason(&error),
        _ => "it is not written as CSS asks for",
    })
}

fn reason(error: &SelectorParseErrorKind) -> &'static str {
    match error {
        SelectorParseErrorKind::EmptySelector => "a selector is missing, perhaps beside a comma",
        SelectorParseErrorKind::DanglingCombinator => "something is missing after its last sign",
        SelectorParseErrorKind::UnsupportedPseudoClassOrElement => {
            "it has a pseudo-class or pseudo-element that does not work without a browser"
        }
        SelectorParseErrorKind::ClassNeedsIdent => "a class name is missing after a full stop",
        SelectorParseErrorKind::ExpectedNamespace => "it names a namespace, which is not known here",
        _ => "it is not written as CSS asks for",
    }
}

/// How many parentheses stand in one another.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for character in text.chars() {
        match character {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}
