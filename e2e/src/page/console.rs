//! What the browser's console says.

use serde_json::Value;

use super::Page;

/// One entry of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleEntry {
    /// `SEVERE` for an error, otherwise `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// Who wrote it: `console-api`, `javascript`, `network`, …
    pub source: String,
    /// The text.
    pub message: String,
}

impl From<&Value> for ConsoleEntry {
    fn from(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Self { level: text("level"), source: text("source"), message: text("message") }
    }
}

impl Page {
    /// Everything that the console has said, in all tabs of this browser.
    pub async fn console(&self) -> Vec<ConsoleEntry> {
        self.front().await.console().await
    }

    /// Asserts that the console holds no error, and no warning of the page's own.
    pub async fn assert_console_clean(&self) {
        self.assert_console_clean_but_for(&[]).await;
    }

    /// Asserts that every error in the console contains one of `expected`.
    ///
    /// The browser itself writes an error when a server can't be reached or answers 404; a page can't prevent
    /// that, so a test that breaks the network expects those.
    pub async fn assert_console_clean_but_for(&self, expected: &[&str]) {
        let is_expected = |entry: &ConsoleEntry| expected.iter().any(|part| entry.message.contains(part));
        let mut errors = self.console().await;
        errors.retain(|entry| entry.level == "SEVERE" && !is_expected(entry));
        assert!(errors.is_empty(), "the console should hold no error, but: {errors:#?}");
    }
}
