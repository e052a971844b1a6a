//! Terminal escape sequences, which programs write though nobody asked.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// `text` without colours, cursor movements and titles: ECMA-48 control sequences, and the strings that a bell or
/// a string terminator ends. Most lines have none and are given back as they are.
pub(super) fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&0x1b) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != ESCAPE {
            plain.push(character);
            continue;
        }
        match characters.next() {
            // A control sequence ends with a letter or one of @[\]^_`{|}~ (ECMA-48, section 5.4).
            Some('[') => while characters.next().is_some_and(|next| !matches!(next, '@'..='~')) {},
            // A string ends with a bell, or with escape and backslash.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while let Some(next) = characters.next() {
                    if next == BELL || (next == ESCAPE && characters.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            // Character sets: one more character follows.
            Some('(' | ')' | '*' | '+' | '#') => {
                characters.next();
            }
            _ => {}
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::without_escapes;

    #[wasm_bindgen_test]
    fn colours_titles_and_movements_go_and_the_text_stays() {
        for (written, plain) in [
            ("plain", "plain"),
            ("\u{1b}[1;31mred\u{1b}[0m and not", "red and not"),
            ("\u{1b}]0;a title\u{7}text", "text"),
            ("\u{1b}]8;;https://example.org\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\u{1b}[2K\u{1b}(Bb", "ab"),
            ("cut \u{1b}[3", "cut "),
            ("cut \u{1b}", "cut "),
            ("ünï\u{1b}[mcödé", "ünïcödé"),
        ] {
            assert_eq!(without_escapes(written), plain, "{written:?}");
        }
    }
}
