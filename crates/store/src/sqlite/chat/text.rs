//! What stands for a message, or for a whole conversation, where there is room for a line only.

use pulldown_cmark::{Event, Options, Parser};
use switchboard_protocol::rest::Message;

/// How many characters a title has at most.
const TITLE: usize = 80;

/// How many characters a preview has at most.
const PREVIEW: usize = 140;

/// How much of a message is looked at for its first line, in characters.
const LOOKED_AT: usize = 2_000;

/// What a conversation is about: the first line of its first message, without Markdown's marks.
pub(super) fn title(content: &str) -> String {
    let beginning = head(content, LOOKED_AT);
    let read = on_one_line(&first_line(beginning), TITLE + 1);
    // Where Markdown sees no text, an image or markup perhaps, the line stands as it was written.
    let line = if read.is_empty() {
        on_one_line(beginning.trim().lines().next().unwrap_or_default(), TITLE + 1)
    } else {
        read
    };
    if line.chars().count() <= TITLE {
        return line;
    }
    let cut = head(&line, TITLE - 1);
    let at_word = cut.rfind(' ').and_then(|space| cut.get(..space)).filter(|words| !words.is_empty());
    format!("{}…", at_word.unwrap_or(cut))
}

/// The beginning of a message, or of the reason why there is none.
pub(super) fn preview(message: &Message) -> String {
    on_one_line(message.error.as_deref().unwrap_or(&message.content), PREVIEW)
}

/// The text of the first line that has any.
fn first_line(markdown: &str) -> String {
    let mut line = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) => {
                // A block of code is one text with all its lines.
                let (first, more) = text.split_once('\n').map_or((&*text, false), |(first, _)| (first, true));
                line.push_str(first);
                if more && !line.trim().is_empty() {
                    break;
                }
            }
            Event::End(end) if is_inline(end) => {}
            Event::SoftBreak | Event::HardBreak | Event::End(_) if !line.trim().is_empty() => break,
            _ => {}
        }
    }
    line
}

fn is_inline(end: pulldown_cmark::TagEnd) -> bool {
    use pulldown_cmark::TagEnd::{Emphasis, Image, Link, Strikethrough, Strong};
    matches!(end, Emphasis | Image | Link | Strikethrough | Strong)
}

/// The first `most` characters of a text, white space and control characters as single spaces.
fn on_one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut characters = 0;
    for word in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        if word.is_empty() {
            continue;
        }
        if characters > 0 {
            line.push(' ');
            characters += 1;
        }
        for character in word.chars() {
            if characters >= most {
                return line.trim_end().to_owned();
            }
            line.push(character);
            characters += 1;
        }
    }
    line
}

/// The first `most` characters.
fn head(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_without_marks() {
        for (content, expected) in [
            ("Hello", "Hello"),
            ("\n\n# What **is** `this`?\nMore", "What is this?"),
            ("- *one* [link](https://x.example/a)\n- two", "one link"),
            ("> quoted ~~old~~ text", "quoted old text"),
            ("```rust\nfn main() {}\n}\n```", "fn main() {}"),
            ("/status of   it", "/status of it"),
            ("first line\nsecond line", "first line"),
            ("1 < 2 && 3_000 * 4 * 5", "1 < 2 && 3_000 * 4 * 5"),
            ("![](https://x.example/a.png)", "![](https://x.example/a.png)"),
            ("<b>", "<b>"),
            ("  ", ""),
        ] {
            assert_eq!(title(content), expected, "{content:?}");
        }
    }

    #[test]
    fn a_long_title_is_cut_at_a_word() {
        let words = "word ".repeat(40);
        let cut = title(&words);
        assert_eq!(cut, format!("{}…", "word ".repeat(15).trim_end()));
        assert_eq!(title(&"ä".repeat(80)), "ä".repeat(80), "80 characters fit");
        assert_eq!(title(&"ä".repeat(81)), format!("{}…", "ä".repeat(79)));
    }

    #[test]
    fn a_line_has_no_breaks_and_an_end() {
        assert_eq!(on_one_line(" a\n\tb\u{0}c  ", 140), "a b c");
        assert_eq!(on_one_line(&"🦀".repeat(500), 140).chars().count(), 140);
        assert_eq!(on_one_line("abc def", 4), "abc");
    }
}
