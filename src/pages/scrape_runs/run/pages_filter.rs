//! Which of a run's pages are shown.

use switchboard_protocol::ScrapedPage;

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was read.
    Ok,
    /// It leads elsewhere.
    Redirect,
    /// It could not be read.
    Failed,
}

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Ok, Self::Redirect, Self::Failed];

    pub fn of(page: &ScrapedPage) -> Self {
        if page.is_failed() {
            Self::Failed
        } else if page.redirect.is_some() || page.status.is_some_and(|status| (300..400).contains(&status)) {
            Self::Redirect
        } else {
            Self::Ok
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Redirect => "redirect",
            Self::Failed => "failed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// A filter over pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    /// Text that is in a page's address, title, type or error, in small letters; empty is no filter.
    pub text: String,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

impl Filter {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub fn lets_through(&self, page: &ScrapedPage) -> bool {
        if self.outcome.is_some_and(|outcome| outcome != Outcome::of(page)) {
            return false;
        }
        let holds = |text: &str| text.to_lowercase().contains(&self.text);
        let others = [&page.title, &page.content_type, &page.error, &page.redirect];
        self.text.is_empty() || holds(&page.url) || others.into_iter().flatten().any(|text| holds(text))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn pages_are_found_by_text_and_outcome() {
        let page = |url: &str, status| ScrapedPage { status, ..ScrapedPage::of(url) };
        let pages = [
            page("https://a.test/Docs", Some(200)),
            page("https://a.test/old", Some(301)),
            page("https://a.test/gone", Some(404)),
            ScrapedPage { error: Some("Timed out.".into()), ..page("https://a.test/slow", None) },
        ];
        let found = |text: &str, outcome| {
            let filter = Filter { text: text.into(), outcome };
            pages.iter().map(|page| filter.lets_through(page)).collect::<Vec<_>>()
        };
        assert_eq!(found("", None), [true; 4]);
        assert_eq!(found("docs", None), [true, false, false, false]);
        assert_eq!(found("timed", None), [false, false, false, true]);
        assert_eq!(found("", Some(Outcome::Ok)), [true, false, false, false]);
        assert_eq!(found("", Some(Outcome::Redirect)), [false, true, false, false]);
        assert_eq!(found("", Some(Outcome::Failed)), [false, false, true, true]);
        assert_eq!(found("gone", Some(Outcome::Ok)), [false; 4]);
    }
}
