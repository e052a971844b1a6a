//! Which characters bytes mean.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into a page its own word on its encoding is looked for, as the HTML standard has it.
const PRESCAN: usize = 1024;

/// Reads text: by the byte order mark, by what the server said, by what the page says, or as UTF-8 where it is
/// that, and else as windows-1252, which everything can be read as.
pub(crate) fn decode<'bytes>(bytes: &'bytes [u8], said: Option<&str>) -> Cow<'bytes, str> {
    let said = said.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = said.or_else(|| declared(bytes)).unwrap_or_else(|| guess(bytes));
    // This also looks for a byte order mark, which outdoes the rest.
    encoding.decode(bytes).0
}

/// What a page says of itself, in `<meta charset>` or `<meta http-equiv content>`, or in an XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..PRESCAN).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let label = if head.starts_with("<?xml") {
        let declaration = head.split("?>").next().unwrap_or_default();
        label_after(declaration, "encoding")
    } else {
        let tags = head.split("<meta").skip(1).filter_map(|tag| tag.split('>').next());
        tags.into_iter().find_map(|tag| label_after(tag, "charset"))
    }?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A page whose declaration can be read byte by byte is not UTF-16, whatever it says.
    Some(if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding })
}

/// The value in `name=value` or `name="value"`.
fn label_after<'text>(text: &'text str, name: &str) -> Option<&'text str> {
    let (_, after) = text.split_once(name)?;
    let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    value.split(['"', '\'', ';', ' ', '/']).next()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        // The page was cut in the middle of a character.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_the_server_the_page_and_the_bytes_are_asked_in_this_order() {
        let latin_page = b"<meta charset=\"iso-8859-1\"><p>na\xefve".as_slice();
        assert!(decode(latin_page, None).ends_with("naïve"));
        assert!(
            decode(b"<META HTTP-EQUIV='Content-Type' content='text/html; charset=Shift_JIS'>\x83\x6e", None)
                .ends_with('ハ')
        );
        assert!(decode(b"<?xml version='1.0' encoding='iso-8859-2'?>\xb1", None).ends_with('ą'));
        // The server's word outdoes the page's.
        assert!(decode("<meta charset=iso-8859-1>naïve".as_bytes(), Some("utf-8")).ends_with("naïve"));
        // A byte order mark outdoes both, and is no part of the text.
        assert_eq!(decode(b"\xef\xbb\xbfna\xc3\xafve", Some("iso-8859-1")), "naïve");
        assert_eq!(decode(b"\xff\xfea\0b\0", None), "ab");
        // Nobody says anything.
        assert_eq!(decode("naïve".as_bytes(), None), "naïve");
        assert_eq!(decode(b"na\xefve", None), "naïve");
    }

    #[test]
    fn nonsense_is_read_all_the_same() {
        assert_eq!(decode(b"abc", Some("no-such-charset")), "abc");
        assert_eq!(decode(b"<meta charset=utf-16>abc\xc3\xa9", None), "<meta charset=utf-16>abcé");
        assert_eq!(decode(b"<meta charset=>abc", None), "<meta charset=>abc");
        assert_eq!(decode(b"a\xff\xc3b", Some("utf-8")), "a\u{fffd}\u{fffd}b");
        // Cut in the middle of a character: it is still UTF-8.
        assert!(decode(b"caf\xc3\xa9 \xc3", None).starts_with("café "));
    }
}
