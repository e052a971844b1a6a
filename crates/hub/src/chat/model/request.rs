//! What is sent to an OpenAI-compatible server.

use serde::Serialize;

/// The body of `POST …/chat/completions`.
#[derive(Debug, Serialize)]
pub struct Request<'a> {
    /// Which model is asked.
    pub model: &'a str,
    /// The conversation, oldest first.
    pub messages: &'a [Turn],
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What was said.
    pub content: String,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Request<'a> {
    /// Asks for an answer bit by bit, with a count of tokens at its end.
    pub fn new(model: &'a str, messages: &'a [Turn]) -> Self {
        Self { model, messages, stream: true, stream_options: Some(StreamOptions { include_usage: true }) }
    }
}
