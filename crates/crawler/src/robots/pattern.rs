//! The patterns of `Allow` and `Disallow`: a path's beginning, with `*` for anything and `$` for the end (RFC
//! 9309, 2.2.2 and 2.2.3).

use std::fmt::Write as _;

use url::Url;

/// One pattern, in the spelling that [`path`] gives paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    /// Whether it matches whole paths only.
    ends: bool,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn new(text: &str) -> Self {
        let (text, ends) = text.strip_suffix('$').map_or((text, false), |text| (text, true));
        Self { text: spell(text.as_bytes(), false), ends }
    }

    /// How much it says: of the patterns that match, the longest decides.
    pub(super) fn len(&self) -> usize {
        self.text.len() + usize::from(self.ends)
    }

    /// Whether it matches a path that [`path`] has spelled.
    ///
    /// What stands between two stars is found at its first place: a later one leaves less of the path for the rest
    /// of the pattern.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut pieces = self.text.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return !self.ends || rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if self.ends && pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        true
    }
}

/// What a pattern is matched with: the path and the query.
pub(super) fn path(url: &Url) -> String {
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    spell(path.as_bytes(), true)
}

/// The one spelling in which percent-encoded text can be compared: what needs no escape has none, and all else has
/// one, in capitals. In a query, an address may be written either way, as the RFC's table has it. In a path, `*`
/// and `$` are characters as others, which patterns write escaped.
fn spell(text: &[u8], is_path: bool) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut bytes = text.iter();
    let mut in_query = false;
    while let Some(&byte) = bytes.next() {
        in_query |= byte == b'?';
        let escaped = (byte == b'%').then(|| hexadecimal(bytes.as_slice())).flatten();
        match escaped {
            Some(value) => {
                bytes.nth(1);
                let is_plain = is_unreserved(value) || (in_query && matches!(value, b':' | b'/'));
                if is_plain { spelled.push(char::from(value)) } else { escape(&mut spelled, value) }
            }
            None if !byte.is_ascii() || (is_path && matches!(byte, b'*' | b'$')) => {
                escape(&mut spelled, byte);
            }
            None => spelled.push(char::from(byte)),
        }
    }
    spelled
}

/// The byte that the two hexadecimal digits at the beginning of the text name.
fn hexadecimal(text: &[u8]) -> Option<u8> {
    let digit = |place: usize| text.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape(text: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(text, "%{byte:02X}");
}
