//! JSON for people: one member a line.

/// How much a text may grow to, in bytes: what is nested a thousand deep is mostly indentation.
const LONGEST: usize = 256 * 1024;

/// The same JSON with line breaks and indentation. It is read as text, so that no number loses a digit and no member its place, and
/// what is no JSON, or was cut, is shown as far as it goes.
pub fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut rest = json.chars().peekable();
    while let Some(character) = rest.next() {
        if text.len() > LONGEST {
            text.push('…');
            break;
        }
        if in_string {
            text.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                text.push(character);
            }
            '{' | '[' => {
                text.push(character);
                while rest.next_if(|next| next.is_whitespace()).is_some() {}
                if rest.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    text.extend(rest.next());
                } else {
                    depth += 1;
                    break_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            character if character.is_whitespace() => {}
            character => text.push(character),
        }
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth.min(64)));
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::indented;

    #[wasm_bindgen_test]
    fn one_member_a_line_and_every_digit() {
        let text =
            indented(r#"{"id":12345678901234567890,"text":"a {\"b\"}, c:\\","none":{ },"list":[1,[ ]]}"#);
        let expected = "{\n  \"id\": 12345678901234567890,\n  \"text\": \"a {\\\"b\\\"}, c:\\\\\",\n  \"none\": {},\n  \"list\": [\n    1,\n    []\n  ]\n}";
        assert_eq!(text, expected);
    }

    #[wasm_bindgen_test]
    fn what_was_cut_is_shown_as_far_as_it_goes() {
        assert_eq!(indented(r#"{"a":"b"#), "{\n  \"a\": \"b");
        assert!(indented(&"[".repeat(20_000)).len() < 300 * 1024);
    }
}
