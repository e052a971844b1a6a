//! What an OpenAI-compatible server sends: read leniently, because each of them leaves out something else.

use serde::Deserialize;
use serde_json::Value;

/// One event of a stream, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chunk {
    choices: Option<Vec<Choice>>,
    model: Option<String>,
    usage: Option<Usage>,
    /// Some servers report an error inside the stream.
    pub error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    delta: Option<Part>,
    /// In a whole answer.
    message: Option<Part>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    content: Value,
    refusal: Value,
}

/// How many tokens an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// What the model read.
    pub prompt_tokens: u64,
    /// What it wrote.
    pub completion_tokens: u64,
}

impl Chunk {
    /// The text that it brings.
    pub fn text(&self) -> &str {
        let part = self.choice().and_then(|choice| choice.delta.as_ref().or(choice.message.as_ref()));
        part.and_then(|part| part.content.as_str().or_else(|| part.refusal.as_str())).unwrap_or_default()
    }

    /// Why the answer ends here, where it does.
    pub fn finish_reason(&self) -> Option<&str> {
        self.choice()?.finish_reason.as_deref().filter(|reason| !reason.is_empty())
    }

    /// Which model answers, where the server says so.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref().filter(|model| !model.is_empty())
    }

    /// How many tokens it took, where the server says so.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.filter(|usage| *usage != Usage::default())
    }

    /// Whether it has the members of an answer at all.
    pub fn is_one(&self) -> bool {
        self.choices.is_some() || self.usage.is_some()
    }

    fn choice(&self) -> Option<&Choice> {
        self.choices.as_ref()?.first()
    }
}

/// What a body or an event says is wrong, however the server puts it.
pub fn error_text(value: &Value) -> Option<&str> {
    let error = value.get("error").unwrap_or(value);
    let places =
        [error.get("message"), error.get("detail"), value.get("message"), value.get("detail"), Some(error)];
    places.into_iter().flatten().find_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Chunk {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn chunks_of_many_servers_are_read() {
        assert_eq!(read(r#"{"choices":[{"delta":{"role":"assistant","content":"Hi"}}]}"#).text(), "Hi");
        assert_eq!(
            read(r#"{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}"#).finish_reason(),
            Some("stop")
        );
        assert_eq!(read(r#"{"choices":[{"delta":{"refusal":"No."}}]}"#).text(), "No.");
        assert_eq!(
            read(r#"{"choices":[{"message":{"content":"Whole."},"finish_reason":"stop"}]}"#).text(),
            "Whole."
        );
        let last =
            read(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#);
        assert_eq!(last.usage(), Some(Usage { prompt_tokens: 3, completion_tokens: 4 }));
        assert!(read(r#"{"choices":null,"usage":null}"#).usage().is_none());
        assert!(!read("{}").is_one());
    }

    #[test]
    fn errors_of_many_servers_are_read() {
        for text in [
            r#"{"error":{"message":"No.","code":7}}"#,
            r#"{"error":"No."}"#,
            r#"{"message":"No."}"#,
            r#"{"detail":"No."}"#,
            r#""No.""#,
        ] {
            assert_eq!(error_text(&serde_json::from_str(text).unwrap()), Some("No."), "{text}");
        }
        assert_eq!(error_text(&serde_json::json!({"error": {"code": 7}})), None);
    }
}
