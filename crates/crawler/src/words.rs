//! Words for people: names, sizes and times in sentences, and texts cut to a length.

use std::{borrow::Cow, time::Duration};

use url::Url;

/// The longest address or other foreign text that a sentence quotes, in characters.
const QUOTE_LIMIT: usize = 200;

/// The text in quotation marks, cut to a readable length.
pub(crate) fn quote(text: &str) -> String {
    format!("“{}”", cut(text, QUOTE_LIMIT))
}

/// At most `limit` characters of the text, the last of them `…` where there were more.
pub(crate) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || text.char_indices().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// The host of an address, as a sentence names it.
pub(crate) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the server")
}

/// A size such as `10 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = KIB * KIB;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else if bytes >= KIB && bytes.is_multiple_of(KIB) {
        format!("{} KiB", bytes / KIB)
    } else {
        format!("{} bytes", thousands(bytes))
    }
}

/// A number with its thousands set apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time such as `30 seconds`.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        1_000 => "1 second".into(),
        milliseconds if milliseconds.is_multiple_of(1_000) => format!("{} seconds", milliseconds / 1_000),
        milliseconds => format!("{milliseconds} milliseconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_numbers_and_times_read_well() {
        assert_eq!(size(10 * 1024 * 1024), "10 MiB");
        assert_eq!(size(64 * 1024), "64 KiB");
        assert_eq!(size(1_000_000), "1,000,000 bytes");
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(seconds(Duration::from_secs(30)), "30 seconds");
        assert_eq!(seconds(Duration::from_millis(200)), "200 milliseconds");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(cut("naïve", 5), "naïve");
        assert_eq!(cut("naïve", 4), "naï…");
        assert_eq!(cut("", 0), "");
    }
}
