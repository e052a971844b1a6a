//! A question as words.

/// How many words of a question are looked at. Nobody asks for a list of failures in more.
const MOST_WORDS: usize = 200;

/// How many characters of a word, or of a text in quotation marks, are looked at.
const LONGEST_WORD: usize = 500;

/// Quotation marks in pairs. Around a part of a question they say: this is text, and no question.
const QUOTES: [(char, char); 6] = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('`', '`'), ('‘', '’')];

/// One word, or one text in quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// In lower case and without punctuation, for comparing. Empty for what was quoted.
    pub plain: String,
    /// As it was written, without punctuation around it: for names, whose case counts.
    pub name: String,
    /// As it was written, with its punctuation: for text to find.
    pub written: String,
    /// Whether it stood in quotation marks.
    pub quoted: bool,
}

impl Word {
    /// Whether it is one of these words, which stand with spaces between them.
    pub fn is(&self, words: &str) -> bool {
        !self.plain.is_empty() && words.split_ascii_whitespace().any(|word| word == self.plain)
    }

    /// Whether it looks like the name of a thing: `crawler-7`, `nightly_import`, `e1`.
    pub fn looks_like_a_name(&self) -> bool {
        let has_digit = self.plain.bytes().any(|byte| byte.is_ascii_digit());
        let has_letter = self.plain.chars().any(char::is_alphabetic);
        has_letter && (has_digit || self.plain.contains(['-', '_', '/', '.', ':', '@']))
    }
}

/// The words of a question.
pub fn words(question: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = question.trim_start();
    while !rest.is_empty() && words.len() < MOST_WORDS {
        if let Some((text, after)) = quotation(rest) {
            let text = cut(text.trim()).to_owned();
            if !text.is_empty() {
                words.push(Word { plain: String::new(), name: text.clone(), written: text, quoted: true });
            }
            rest = after;
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            push(&mut words, word);
            rest = after;
        }
        rest = rest.trim_start();
    }
    words
}

/// The quotation that the text begins with, and what follows it.
fn quotation(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let (open, close) =
        if first == '\'' { ('\'', '\'') } else { *QUOTES.iter().find(|(open, _)| *open == first)? };
    let inside = text.strip_prefix(open)?;
    // An apostrophe ends a quotation only where a word ends: in `'it's late'` the first one does not.
    let is_end = |index: usize| {
        let after = inside.get(index + close.len_utf8()..).and_then(|after| after.chars().next());
        !(matches!(close, '\'' | '’') && after.is_some_and(char::is_alphanumeric))
    };
    let end = inside.match_indices(close).map(|(index, _)| index).find(|index| is_end(*index))?;
    Some((inside.get(..end)?, inside.get(end + close.len_utf8()..)?))
}

fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST_WORD).map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or(text)
}

fn push(words: &mut Vec<Word>, written: &str) {
    let written = cut(written);
    let name = written.trim_matches(|character: char| !character.is_alphanumeric());
    if name.is_empty() {
        return;
    }
    let plain = name.to_lowercase().replace('’', "'");
    let word = |plain: &str, name: &str, written: &str| Word {
        plain: plain.to_owned(),
        name: name.to_owned(),
        written: written.to_owned(),
        quoted: false,
    };
    // What is written together for short is taken apart, with and without its apostrophe.
    for question in ["what", "how", "who", "where", "when", "it", "that", "there"] {
        if let Some("'s" | "s" | "'re") = plain.strip_prefix(question)
            && plain != "its"
        {
            words.push(word(question, question, written));
            words.push(word("is", "is", ""));
            return;
        }
    }
    if let Some(verb) = plain.strip_suffix("n't") {
        words.push(word(verb, verb, written));
        words.push(word("not", "not", ""));
        return;
    }
    let length = plain.strip_suffix("'s").map_or(name.chars().count(), |owner| owner.chars().count());
    let name: String = name.chars().take(length).collect();
    words.push(word(plain.strip_suffix("'s").unwrap_or(&plain), &name, written));
}

/// A number in digits or as a word.
pub fn number(word: &str) -> Option<u32> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if let Some(value) = NAMES.iter().position(|name| *name == word) {
        return u32::try_from(value).ok();
    }
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
}

/// Goes along words, as far as they are what was expected.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'w> {
    words: &'w [Word],
    /// How many words it has passed.
    pub passed: usize,
}

impl<'w> Cursor<'w> {
    /// At the first of the words.
    pub fn new(words: &'w [Word]) -> Self {
        Self { words, passed: 0 }
    }

    /// The next word, which is empty at the end and for what was quoted.
    pub fn peek(&self) -> &'w str {
        self.words.get(self.passed).map_or("", |word| &word.plain)
    }

    /// Passes the next word if it is one of these.
    pub fn eat(&mut self, any: &str) -> bool {
        let found = self.words.get(self.passed).is_some_and(|word| word.is(any));
        self.passed += usize::from(found);
        found
    }

    /// Passes all of these words, or none.
    pub fn eat_all(&mut self, all: &str) -> bool {
        let mut ahead = *self;
        let found = all.split_ascii_whitespace().all(|word| ahead.eat(word));
        if found {
            *self = ahead;
        }
        found
    }

    /// Passes what `read` reads, or nothing.
    pub fn read<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// Passes the next word if `read` makes something of it.
    pub fn next<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let found = read(self.peek())?;
        self.passed += 1;
        Some(found)
    }
}
