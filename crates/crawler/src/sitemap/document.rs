//! Reading one sitemap: XML, packed or not, or a line for each address.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use quick_xml::{
    Reader,
    events::{BytesRef, Event},
};

use crate::address::LONGEST_ADDRESS;

/// The most addresses of one sitemap, which is what the protocol allows.
const MOST_ADDRESSES: usize = 50_000;
/// How deep elements may be nested. A sitemap has three levels, and its extensions a few more.
const DEEPEST: usize = 32;
/// How every file in gzip begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// What a sitemap holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Addresses of pages.
    Pages(Vec<String>),
    /// Addresses of sitemaps.
    Index(Vec<String>),
}

/// Unpacks a file in gzip, at most `limit` bytes of it, and as far as it is one.
pub(super) fn unpack(bytes: Vec<u8>, limit: u64) -> Vec<u8> {
    if !bytes.starts_with(GZIP) {
        return bytes;
    }
    let mut unpacked = Vec::new();
    // What came before an error is as good as a sitemap that ends there.
    let _ = MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut unpacked);
    unpacked
}

/// Reads a sitemap, as far as it can be read.
pub(super) fn read(text: &str) -> Document {
    if text.trim_start().starts_with('<') { read_xml(text) } else { read_lines(text) }
}

fn read_lines(text: &str) -> Document {
    let lines = text.lines().map(str::trim).filter(|line| {
        line.len() <= LONGEST_ADDRESS && (line.starts_with("http://") || line.starts_with("https://"))
    });
    Document::Pages(lines.take(MOST_ADDRESSES).map(str::to_owned).collect())
}

fn read_xml(text: &str) -> Document {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let (mut pages, mut sitemaps) = (Vec::new(), Vec::new());
    // The names of the elements that are open, without their prefix.
    let mut open: Vec<String> = Vec::new();
    let mut address = String::new();
    while pages.len() + sitemaps.len() < MOST_ADDRESSES {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                if open.len() >= DEEPEST {
                    break;
                }
                open.push(element.local_name().as_ref().to_owned());
                address.clear();
            }
            Ok(Event::End(_)) => {
                let holder = open.len().checked_sub(2).and_then(|place| open.get(place)).map(String::as_str);
                let found = address.trim();
                // Pictures and videos of a page have addresses too, in elements of their own.
                let list = match (open.last().map(String::as_str), holder) {
                    (Some("loc"), Some("url")) => Some(&mut pages),
                    (Some("loc"), Some("sitemap")) => Some(&mut sitemaps),
                    _ => None,
                };
                if let Some(list) = list.filter(|_| !found.is_empty() && found.len() <= LONGEST_ADDRESS) {
                    list.push(found.to_owned());
                }
                address.clear();
                open.pop();
            }
            Ok(Event::Text(text)) => address.push_str(&text),
            Ok(Event::CData(text)) => address.push_str(&text),
            Ok(Event::GeneralRef(reference)) => address.extend(character(&reference)),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    if pages.is_empty() && !sitemaps.is_empty() { Document::Index(sitemaps) } else { Document::Pages(pages) }
}

/// The character that a reference stands for. Those that a document defines itself are left out.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character);
    }
    match reference.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
          <url><loc> https://example.org/a?b=1&amp;c=&#50; </loc><lastmod>2020-01-01</lastmod>
            <image:image><image:loc>https://example.org/picture.png</image:loc></image:image></url>
          <url><loc><![CDATA[https://example.org/b&d]]></loc></url>
          <url><loc></loc></url><loc>https://example.org/stray</loc>
        </urlset>"#;

    fn pages(list: &[&str]) -> Document {
        Document::Pages(list.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn addresses_of_pages_are_found_and_those_of_pictures_are_not() {
        assert_eq!(read(XML), pages(&["https://example.org/a?b=1&c=2", "https://example.org/b&d"]));
    }

    #[test]
    fn an_index_names_sitemaps() {
        let text = "<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>https://example.org/1.xml</s:loc></s:sitemap></s:sitemapindex>";
        assert_eq!(read(text), Document::Index(vec!["https://example.org/1.xml".into()]));
    }

    #[test]
    fn a_sitemap_may_be_text() {
        let text = "https://example.org/a\r\n\r\n# no\n  http://example.org/b  \nexample.org/c\n";
        assert_eq!(read(text), pages(&["https://example.org/a", "http://example.org/b"]));
    }

    #[test]
    fn what_is_packed_is_unpacked_as_far_as_wanted() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(XML.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack(packed.clone(), 1_000_000), XML.as_bytes());
        assert_eq!(unpack(packed.clone(), 100), &XML.as_bytes()[..100]);
        assert!(unpack(packed[..packed.len() / 2].to_vec(), 1_000_000).len() < XML.len());
        assert_eq!(unpack(b"plain".to_vec(), 3), b"plain");
    }

    #[test]
    fn of_a_broken_one_what_comes_before_is_kept() {
        let cut = &XML[..XML.find("<url><loc><![").unwrap() + 20];
        assert_eq!(read(cut), pages(&["https://example.org/a?b=1&c=2"]));
        assert_eq!(read("<html><body><p>Not found</body>"), pages(&[]));
        assert_eq!(read(&"<a>".repeat(100_000)), pages(&[]));
        assert_eq!(read(""), pages(&[]));
    }

    /// A document may define names for text, one in terms of the other, until a kilobyte means a gigabyte.
    #[test]
    fn names_that_a_document_defines_are_not_unfolded() {
        let text = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset><url><loc>https://example.org/&b;</loc></url></urlset>";
        assert_eq!(read(text), pages(&["https://example.org/"]));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)(</?(url|loc|sitemap)>|&[a-z#0-9]{0,4};|.){0,60}") {
            let _ = read(&text);
        }
    }
}
