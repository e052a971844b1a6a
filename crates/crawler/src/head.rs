//! The head of an answer: what it says of itself before its body comes.

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use url::Url;

use crate::{
    address::{LONGEST_ADDRESS, is_http},
    normalize, words,
};

/// The longest `Retry-After` that is kept. A run does not wait longer for a page.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(2);
/// The longest media type that is kept. The longest registered ones have half of it.
const LONGEST_MEDIA_TYPE: usize = 127;

/// What an answer is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page.
    Html,
    /// Text without links.
    Text,
    /// A picture, an archive, data: nothing to read.
    Other,
    /// Nothing is said, so its beginning has to tell.
    Unsaid,
}

/// The media type that an answer names, in lower case and without parameters, and its `charset`. What is none is
/// not there.
pub(crate) fn media_type(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    // Some servers send it twice; the last is the one that somebody thought of.
    let mut values = headers.get_all(CONTENT_TYPE).iter().filter_map(|value| value.to_str().ok());
    let Some(value) = values.next_back() else { return (None, None) };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    });
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&byte))
    };
    let is_media_type = media_type.len() <= LONGEST_MEDIA_TYPE
        && media_type.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    (is_media_type.then_some(media_type), charset)
}

/// What a media type means for the reading.
pub(crate) fn kind(media_type: Option<&str>) -> Kind {
    match media_type {
        None => Kind::Unsaid,
        Some("text/html" | "application/xhtml+xml") => Kind::Html,
        Some(media_type) if media_type.starts_with("text/") => Kind::Text,
        Some(_) => Kind::Other,
    }
}

/// What the beginning of a body of which nothing is said looks like.
pub(crate) fn sniff(beginning: &[u8]) -> Kind {
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let is_html = beginning.starts_with(b"<")
        && (!beginning.starts_with(b"<?xml")
            || beginning.windows(5).any(|five| five.eq_ignore_ascii_case(b"<html")));
    if is_html { Kind::Html } else { Kind::Other }
}

/// How many bytes the body is said to have.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Whether `X-Robots-Tag` forbids this crawler to follow links.
pub(crate) fn forbids_following(headers: &HeaderMap, agent: &str) -> bool {
    let values = headers.get_all("x-robots-tag").iter().filter_map(|value| value.to_str().ok());
    values.into_iter().any(|value| {
        let mut is_for_us = true;
        value.split(',').any(|rule| {
            // A name before a colon says whom the rules from there on are for; some rules have a colon of their
            // own.
            let rule = match rule.split_once(':') {
                Some((name, rule)) if !is_rule_with_value(name.trim()) => {
                    is_for_us = name.trim().eq_ignore_ascii_case(agent);
                    rule
                }
                _ => rule,
            };
            is_for_us && matches!(rule.trim().to_ascii_lowercase().as_str(), "nofollow" | "none")
        })
    })
}

fn is_rule_with_value(name: &str) -> bool {
    ["max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"]
        .iter()
        .any(|rule| name.eq_ignore_ascii_case(rule))
}

/// How long the answer asks to wait: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// Where a redirect leads; the error says why that is nowhere.
pub(crate) fn location(headers: &HeaderMap, from: &Url) -> Result<Url, String> {
    let Some(value) = headers.get(LOCATION) else {
        return Err("The server redirects without saying where to.".into());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let text = text.trim();
    let to = from.join(text).ok().filter(|to| to.as_str().len() <= LONGEST_ADDRESS);
    match to {
        None => Err(format!("The server redirects to {}, which is not an address.", words::quote(text))),
        Some(to) if !is_http(&to) => {
            Err(format!("The server redirects to {}, which is not a web address.", words::quote(to.as_str())))
        }
        Some(to) => Ok(normalize(to)),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect()
    }

    #[test]
    fn media_types_are_read_and_nonsense_is_none() {
        for (value, media, charset) in [
            ("text/html", Some("text/html"), None),
            (" Text/HTML ;Charset = \"UTF-8\" ; x", Some("text/html"), Some("UTF-8")),
            ("text/html;;;charset='latin1'", Some("text/html"), Some("latin1")),
            ("application/xhtml+xml", Some("application/xhtml+xml"), None),
            ("html", None, None),
            ("", None, None),
            ("text/", None, None),
            ("text/ht ml", None, None),
            ("<script>/x", None, None),
        ] {
            let read = media_type(&headers(&[("content-type", value)]));
            assert_eq!(read, (media.map(str::to_owned), charset.map(str::to_owned)), "{value}");
        }
        assert_eq!(media_type(&HeaderMap::new()), (None, None));
    }

    #[test]
    fn what_nobody_names_is_told_by_its_beginning() {
        for html in
            ["<p>", " \n\u{feff}".trim_start(), "\u{feff} <!DOCTYPE html>", "<?xml version='1.0'?><HTML>"]
        {
            let expected = if html.contains('<') { Kind::Html } else { Kind::Other };
            assert_eq!(sniff(html.as_bytes()), expected, "{html}");
        }
        for other in ["", "{}", "text <b>", "<?xml version='1.0'?><rss>", "\u{1f}\u{8b}"] {
            assert_eq!(sniff(other.as_bytes()), Kind::Other, "{other}");
        }
    }

    #[test]
    fn a_server_can_forbid_that_links_are_followed() {
        let forbids = |value| forbids_following(&headers(&[("x-robots-tag", value)]), "Switchboard");
        for value in [
            "nofollow",
            "noindex, NoFollow",
            "none",
            "switchboard: nofollow",
            "otherbot: noindex, switchboard: none",
        ] {
            assert!(forbids(value), "{value}");
        }
        for value in ["", "noindex", "otherbot: nofollow", "otherbot: noindex, nofollow", "max-snippet: 1"] {
            assert!(!forbids(value), "{value}");
        }
    }

    #[test]
    fn a_wait_is_seconds_or_a_date_and_at_most_two_minutes() {
        let wait = |value| retry_after(&headers(&[("retry-after", value)]));
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("86400"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
    }

    #[test]
    fn a_redirect_leads_to_a_web_address_or_says_that_it_does_not() {
        let from = Url::parse("https://example.org/a/b").unwrap();
        let to = |value| location(&headers(&[("location", value)]), &from);
        assert_eq!(to("c?d#e").unwrap().as_str(), "https://example.org/a/c?d");
        assert_eq!(to("//user@other.example").unwrap().as_str(), "https://other.example/");
        assert_eq!(to("/ä").unwrap().as_str(), "https://example.org/%C3%A4");
        assert_eq!(
            to("ftp://example.org/x").unwrap_err(),
            "The server redirects to “ftp://example.org/x”, which is not a web address."
        );
        assert_eq!(to("http://").unwrap_err(), "The server redirects to “http://”, which is not an address.");
        assert!(location(&HeaderMap::new(), &from).is_err());
        assert!(to(&"x".repeat(5000)).is_err());
    }
}
