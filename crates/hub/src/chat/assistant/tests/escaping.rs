use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::chat::assistant::markdown::{code, code_link, escape, first_line, link};

/// What a reader sees, and whether anything but text, paragraphs and code spans is there.
fn rendered(markdown: &str) -> (String, Vec<String>) {
    let (mut text, mut others) = (String::new(), Vec::new());
    for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            other => others.push(format!("{other:?}")),
        }
    }
    (text, others)
}

#[test]
fn text_is_shown_as_it_is() {
    for (text, escaped) in [
        ("plain text, with 2.5 points", "plain text, with 2.5 points"),
        ("[link](https://x.example)", "\\[link\\](https\\://x.example)"),
        ("![image](x)", "!\\[image\\](x)"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("a | b", "a &#124; b"),
        ("*a* _b_ `c` ~d~", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~"),
        ("one\ntwo\r\n\tthree", "one two three"),
        ("&lt;", "\\&lt;"),
        ("a\u{202e}b\u{200b}c\u{0}d", "abc d"),
        ("", ""),
    ] {
        assert_eq!(escape(text, 80), escaped, "{text}");
    }
}

#[test]
fn long_text_is_cut_between_characters() {
    assert_eq!(escape(&"ü".repeat(100), 10), format!("{}…", "ü".repeat(10)));
    assert_eq!(escape("ten signs!", 10), "ten signs!");
    assert_eq!(code("ten signs! more", 10), "`ten signs!…`");
    assert_eq!(first_line("\n\n  first \nsecond"), "first");
}

#[test]
fn a_code_span_holds_its_backticks() {
    assert_eq!(code("a `b` c", 80), "``a `b` c``");
    assert_eq!(code("``", 80), "``` `` ```");
    assert_eq!(code(" \n ", 80), "*(empty)*");
}

#[test]
fn a_link_leads_to_its_execution_whatever_its_name() {
    assert_eq!(link(&"a b/ü?#(1)".into(), Some("T]")), "[T\\]](/executions/a%20b%2F%C3%BC%3F%23%281%29)");
    assert_eq!(link(&"e-1".into(), Some("  ")), "[e-1](/executions/e-1)");
    assert_eq!(link(&"e-1".into(), None), "[e-1](/executions/e-1)");
    assert_eq!(code_link(&"e-1".into(), "x"), "[`x`](/executions/e-1)");
}

/// How many such parts a reader sees.
fn count(markdown: &str, wanted: impl Fn(&Tag<'_>) -> bool) -> usize {
    let events = Parser::new_ext(markdown, Options::all());
    events.filter(|event| matches!(event, Event::Start(tag) if wanted(tag))).count()
}

/// Text as stored data may hold it: of Markdown's own signs more than of others.
fn arbitrary() -> impl Strategy<Value = String> {
    let signs = proptest::sample::select(
        &[
            "[",
            "]",
            "(",
            ")",
            "!",
            "<",
            ">",
            "`",
            "``",
            "*",
            "_",
            "#",
            "|",
            "\n",
            "\\",
            "&",
            ";",
            "-",
            "+",
            "=",
            ":",
            "~",
            "^",
            "$",
            "{",
            "}",
            "\"",
            "1.",
            " ",
            "    ",
            "\t",
            "a",
            "href",
            "http://x.example",
            "<b>",
            "<!--",
            "]]>",
            "[^1]",
            "[x]",
            "amp",
            "@",
            "---",
            ":::",
            "\u{2028}",
        ][..],
    );
    prop_oneof![
        proptest::collection::vec(signs, 0..24).prop_map(|parts| parts.concat()),
        "\\PC{0,40}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn escaped_text_is_text_alone(text in arbitrary()) {
        let (shown, others) = rendered(&escape(&text, 1000));
        prop_assert_eq!(others, Vec::<String>::new());
        let signs = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
        prop_assert_eq!(signs(&shown), signs(&text));
    }

    #[test]
    fn escaped_text_stays_in_its_row(text in arbitrary()) {
        let list = format!("Lead:\n\n- {}\n- last", escape(&text, 1000));
        prop_assert_eq!(count(&list, |tag| matches!(tag, Tag::Item)), 2);
        let table = format!("| a | b |\n|---|---|\n| {} | last |", link(&text.as_str().into(), Some(&text)));
        prop_assert_eq!(count(&table, |tag| matches!(tag, Tag::TableCell)), 4);
        prop_assert_eq!(count(&table, |tag| matches!(tag, Tag::Link { .. })), 1);
    }

    #[test]
    fn a_code_span_is_one_whatever_it_holds(text in arbitrary()) {
        let (_, others) = rendered(&code(&text, 1000).replace("*(empty)*", ""));
        prop_assert_eq!(others, Vec::<String>::new());
        let markdown = format!("- 14:05 {}", code_link(&text.as_str().into(), &text));
        let links: Vec<_> = Parser::new_ext(&markdown, Options::all())
            .filter_map(|event| match event {
                Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.to_string()),
                _ => None,
            })
            .collect();
        prop_assert_eq!(links.len(), 1);
        prop_assert!(links[0].starts_with("/executions/"));
    }
}
