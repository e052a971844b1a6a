//! A stream of bytes to the JSON objects in it, while it still flows.

use std::mem;

/// The longest object that is read, in bytes: what the hub takes in one request.
const LONGEST_ITEM: usize = 1024 * 1024;
/// What some editors put at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One object, as it stood in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The line in which it begins, counted from 1.
    pub line: usize,
    /// Its text, which may go over several lines.
    pub text: String,
}

/// What in the input is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Unreadable {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there, and what to do.
    pub reason: String,
}

/// Finds the objects in an array, in newline-delimited JSON, or simply one after the other, pretty-printed or not.
///
/// It only follows brackets and strings to find where an object ends; whether it is good JSON is seen when it is read.
#[derive(Debug)]
pub struct Items {
    /// The object so far; empty between objects.
    text: Vec<u8>,
    /// The line in which it begins.
    began: usize,
    line: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    in_array: bool,
    /// How many bytes came before anything but white space.
    at_start: usize,
}

impl Default for Items {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            began: 1,
            line: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            in_array: false,
            at_start: 0,
        }
    }
}

impl Items {
    /// Takes the next bytes, and hands each object that is whole to `emit`.
    ///
    /// # Errors
    /// [`Unreadable`] at the first byte that belongs to no object. What was emitted before stands.
    pub fn feed(&mut self, bytes: &[u8], emit: &mut impl FnMut(Item)) -> Result<(), Unreadable> {
        for byte in bytes {
            if self.depth == 0 {
                self.between(*byte)?;
            } else {
                self.text.push(*byte);
                self.inside(*byte)?;
                if self.depth == 0 {
                    emit(self.finished()?);
                }
            }
            self.line += usize::from(*byte == b'\n');
        }
        Ok(())
    }

    /// The input has ended.
    ///
    /// # Errors
    /// [`Unreadable`] where that is in the middle of something.
    pub fn finish(&self) -> Result<(), Unreadable> {
        if self.depth > 0 {
            return Err(unreadable(
                self.began,
                "the object that begins here has no end; close its braces and quotes",
            ));
        }
        if self.in_array {
            return Err(unreadable(self.line, "the array has no end; close it with ]"));
        }
        Ok(())
    }

    fn between(&mut self, byte: u8) -> Result<(), Unreadable> {
        if BYTE_ORDER_MARK.get(self.at_start) == Some(&byte) {
            self.at_start += 1;
            return Ok(());
        }
        self.at_start = BYTE_ORDER_MARK.len();
        match byte {
            b'{' => {
                self.text.push(byte);
                self.began = self.line;
                self.depth = 1;
            }
            b'[' if !self.in_array => self.in_array = true,
            b']' if self.in_array => self.in_array = false,
            b',' if self.in_array => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                let found = if byte.is_ascii_graphic() {
                    char::from(byte).to_string()
                } else {
                    format!("0x{byte:02x}")
                };
                let reason = format!("expected a JSON object that begins with {{, found {found}");
                return Err(unreadable(self.line, &reason));
            }
        }
        Ok(())
    }

    fn inside(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.text.len() > LONGEST_ITEM {
            let reason = format!("the object that begins here has more than {LONGEST_ITEM} bytes, or no end");
            return Err(unreadable(self.began, &reason));
        }
        match byte {
            _ if mem::take(&mut self.escaped) => {}
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'\n' if self.in_string => {
                return Err(unreadable(
                    self.line,
                    "a string is not closed in its line; close it, or write \\n in it",
                ));
            }
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        Ok(())
    }

    fn finished(&mut self) -> Result<Item, Unreadable> {
        let text = String::from_utf8(mem::take(&mut self.text))
            .map_err(|_| unreadable(self.began, "the object is not valid UTF-8"))?;
        Ok(Item { line: self.began, text })
    }
}

fn unreadable(line: usize, reason: &str) -> Unreadable {
    Unreadable { line, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads input in chunks of `size`.
    fn read(input: &[u8], size: usize) -> (Vec<Item>, Result<(), Unreadable>) {
        let (mut items, mut found) = (Items::default(), Vec::new());
        let outcome =
            input.chunks(size).try_for_each(|chunk| items.feed(chunk, &mut |item| found.push(item)));
        let outcome = outcome.and_then(|()| items.finish());
        (found, outcome)
    }

    fn texts(input: &str) -> Vec<(usize, String)> {
        let (items, outcome) = read(input.as_bytes(), 1);
        outcome.unwrap();
        assert_eq!(items, read(input.as_bytes(), 7).0);
        items.into_iter().map(|item| (item.line, item.text)).collect()
    }

    fn error(input: &str) -> String {
        read(input.as_bytes(), 3).1.unwrap_err().to_string()
    }

    #[test]
    fn finds_objects_however_they_are_written() {
        let two = [(1, "{\"a\":1}".to_owned()), (2, "{\"b\":[{}]}".to_owned())];
        assert_eq!(texts("{\"a\":1}\n{\"b\":[{}]}\n"), two);
        assert_eq!(texts("\u{feff}[{\"a\":1},\n{\"b\":[{}]}]"), two);
        assert_eq!(
            texts("{\n \"a\": \"}\\\"{\"\n}\n\n{}"),
            [(1, "{\n \"a\": \"}\\\"{\"\n}".into()), (5, "{}".into())]
        );
        assert_eq!(texts("  \r\n"), []);
        assert_eq!(texts("[]"), []);
    }

    #[test]
    fn says_in_which_line_the_input_is_wrong() {
        assert_eq!(error("{}\nhello"), "line 2: expected a JSON object that begins with {, found h");
        assert!(error("{}\n{}\n{\"a\":{}\n").starts_with("line 3: the object that begins here has no end"));
        assert!(error("[{}").starts_with("line 1: the array has no end"));
        assert!(error("{\"a\":\"b\n\"}").starts_with("line 1: a string is not closed"));
        assert!(error("{}]").contains("found ]"));
        assert!(read(b"{\"a\":\"\xff\"}", 9).1.unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn an_object_without_end_does_not_fill_the_memory() {
        let endless = format!("{{\"a\":\"{}", "x".repeat(2 * LONGEST_ITEM));
        assert!(error(&endless).contains("more than 1048576 bytes"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(input in any::<Vec<u8>>(), size in 1_usize..8) {
            let _ = read(&input, size);
        }
    }
}
