//! The model server's key, and what keeps it out of every text that comes back.

use std::fmt::{self, Write as _};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

/// What stands where the key stood.
const REDACTED: &str = "[key]";

/// A key that is shorter than this is a placeholder such as `none` or `ollama`, which local servers ask for: nobody
/// is harmed by it, while an answer without the word would be wrong.
const SHORTEST_SECRET: usize = 8;

/// A key. It shows in no debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes over a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    /// A key as somebody typed it, without white space around it.
    fn from(typed: String) -> Self {
        Self::new(typed.trim())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Takes a key out of texts, however it is written there.
#[derive(Clone, Default)]
pub struct Scrubber {
    /// The key as it is, and as it is written inside URLs, JSON, HTML and headers; the longest first.
    spellings: Vec<String>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scrubber")
    }
}

impl Scrubber {
    /// Takes out this key; nothing where there is none.
    pub fn new(key: Option<&Secret>) -> Self {
        let Some(key) = key.map(Secret::reveal).filter(|key| key.len() >= SHORTEST_SECRET) else {
            return Self::default();
        };
        let quoted = format!("{key:?}");
        let mut spellings = vec![
            key.to_owned(),
            percent(key, false, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
            percent(key, true, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
            percent(key, false, |byte| byte.is_ascii_alphanumeric()),
            percent(key, true, |byte| byte.is_ascii_alphanumeric()),
            // As JSON and as a log's debug output write it, and once more where that stands in JSON itself.
            quoted.trim_matches('"').to_owned(),
            format!("{:?}", quoted.trim_matches('"')).trim_matches('"').to_owned(),
            key.replace('/', "\\/"),
            key.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
            STANDARD.encode(key),
            STANDARD_NO_PAD.encode(key),
            URL_SAFE.encode(key),
            URL_SAFE_NO_PAD.encode(key),
        ];
        spellings.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        spellings.dedup();
        Self { spellings }
    }

    /// The text without the key.
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for spelling in &self.spellings {
            if clean.contains(spelling.as_str()) {
                clean = clean.replace(spelling.as_str(), REDACTED);
            }
        }
        clean
    }

    /// How many bytes at the end of a text may be the beginning of the key, to be seen once more comes.
    fn undecided(&self, text: &str) -> usize {
        let begins = |spelling: &String| {
            let longest = spelling.len().saturating_sub(1).min(text.len());
            let tail = (1..=longest).rev().find(|&length| {
                text.as_bytes().ends_with(spelling.as_bytes().get(..length).unwrap_or_default())
            });
            tail.unwrap_or(0)
        };
        self.spellings.iter().map(begins).max().unwrap_or(0)
    }
}

/// Takes a key out of a text that comes in parts, also where it is cut between two.
#[derive(Debug)]
pub struct ScrubbedStream {
    scrubber: Scrubber,
    /// The end of what came, while it may be the beginning of the key.
    held: String,
}

impl ScrubbedStream {
    /// The beginning of a text.
    pub fn new(scrubber: Scrubber) -> Self {
        Self { scrubber, held: String::new() }
    }

    /// Takes the next part, and answers what is certain by now.
    pub fn push(&mut self, part: &str) -> String {
        self.held.push_str(part);
        let mut clean = self.scrubber.scrub(&self.held);
        let certain = clean.len() - self.scrubber.undecided(&clean);
        // Spellings are ASCII wherever a key can be sent in a header, so this is a boundary; if not, all is held.
        self.held = if clean.is_char_boundary(certain) {
            clean.split_off(certain)
        } else {
            std::mem::take(&mut clean)
        };
        clean
    }

    /// The end of the text.
    pub fn finish(self) -> String {
        self.held
    }
}

/// The key with all bytes percent-encoded that are not `plain`.
fn percent(key: &str, lowercase: bool, plain: impl Fn(u8) -> bool) -> String {
    key.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = match (plain(byte), lowercase) {
            (true, _) => write!(text, "{}", char::from(byte)),
            (false, false) => write!(text, "%{byte:02X}"),
            (false, true) => write!(text, "%{byte:02x}"),
        };
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = r#"sk-a/b+c="d"\&é?7"#;

    #[test]
    fn the_key_is_taken_out_however_it_is_written() {
        let key = Secret::new("sk-a/b+c=\"d\"&7");
        let scrubber = Scrubber::new(Some(&key));
        for text in [
            "Bearer sk-a/b+c=\"d\"&7!".to_owned(),
            serde_json::to_string(&serde_json::json!({"authorization": key.reveal()})).unwrap(),
            serde_json::to_string(&serde_json::to_string(key.reveal()).unwrap()).unwrap(),
            "?key=sk-a%2Fb%2Bc%3D%22d%22%267".to_owned(),
            "?key=sk-a%2fb%2bc%3d%22d%22%267".to_owned(),
            "?key=sk%2Da%2Fb%2Bc%3D%22d%22%267".to_owned(),
            format!("{:?}", key.reveal()),
            "<b>sk-a/b+c=&quot;d&quot;&amp;7</b>".to_owned(),
            STANDARD.encode(key.reveal()),
        ] {
            let clean = scrubber.scrub(&text);
            assert!(clean.contains(REDACTED) && !clean.contains("sk"), "{text} became {clean}");
        }
        assert_eq!(scrubber.scrub("nothing here"), "nothing here");
        assert_eq!(format!("{key:?} {scrubber:?}"), "Secret Scrubber");
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        let scrubber = Scrubber::new(Some(&Secret::new("ollama")));
        assert_eq!(scrubber.scrub("Run ollama serve."), "Run ollama serve.");
    }

    proptest! {
        #[test]
        fn the_key_is_taken_out_wherever_it_is_cut(before in ".{0,20}", after in ".{0,20}", cuts in prop::collection::vec(0_usize..60, 0..6)) {
            let scrubber = Scrubber::new(Some(&Secret::new(KEY)));
            let text = format!("{before}{KEY}{after}");
            let mut places: Vec<_> = cuts.into_iter().filter(|cut| *cut < text.len() && text.is_char_boundary(*cut)).collect();
            places.sort_unstable();
            let (mut stream, mut shown, mut from) = (ScrubbedStream::new(scrubber.clone()), String::new(), 0);
            for place in places {
                shown.push_str(&stream.push(&text[from..place]));
                from = place;
            }
            shown.push_str(&stream.push(&text[from..]));
            shown.push_str(&stream.finish());
            prop_assert!(!shown.contains(KEY));
            prop_assert_eq!(shown, scrubber.scrub(&text));
        }

        #[test]
        fn other_text_comes_through_whole(parts in prop::collection::vec(".{0,12}", 0..8)) {
            let mut stream = ScrubbedStream::new(Scrubber::new(Some(&Secret::new(KEY))));
            let mut shown: String = parts.iter().map(|part| stream.push(part)).collect();
            shown.push_str(&stream.finish());
            prop_assert_eq!(shown, parts.concat());
        }
    }
}
