//! An answer as it streams in.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use http_body_util::{BodyDataStream, BodyExt, Limited};
use reqwest::{Response, header::CONTENT_TYPE};
use sse_stream::{Sse, SseByteStream};
use tokio::time::{Instant, timeout};

use super::{
    ModelError,
    chunk::{Chunk, Usage, error_text},
    retry::Failure,
    secret::ScrubbedStream,
    server::Server,
};
use crate::chat::deltas::Deltas;

/// The longest answer, in bytes. With what JSON adds it fits a frame.
const LONGEST_ANSWER: usize = 512 * 1024;

/// The most bytes that are read for one answer: each token of a stream comes with a few hundred bytes around it.
const STREAM_LIMIT: usize = 64 * 1024 * 1024;

/// The most bytes of an answer that does not stream.
const WHOLE_LIMIT: usize = 4 * 1024 * 1024;

/// How long what follows the answer's end, the count of tokens, may take.
const AFTERMATH: Duration = Duration::from_secs(3);

/// How long the connection may wait for the first word: as long as the task has time. A server may load the model first.
const FIRST_WORD: Duration = Duration::from_hours(24);

/// The event that ends a stream.
const DONE: &str = "[DONE]";

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// What the model says.
    pub text: String,
    /// Which model says it.
    pub model: String,
    /// How many tokens it took, where the server says so.
    pub usage: Option<Usage>,
    /// What a reader should know of it.
    pub note: Option<String>,
}

/// Reads the answer out of a response, and shows what comes of it as it comes.
pub async fn read(server: &Server, response: Response, deltas: &mut Deltas) -> Result<Answer, Failure> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    let response = axum::http::Response::<reqwest::Body>::from(response).into_body();
    let mut reading = Reading::new(server);
    if kind.starts_with("application/json") {
        let whole = Limited::new(response, WHOLE_LIMIT).collect().await;
        let whole = whole.map_err(|_| reading.broken_off())?.to_bytes();
        reading.take(&String::from_utf8_lossy(&whole), deltas)?;
        // It came in one piece, so it is all there is.
        reading.is_over = true;
        return reading.finish();
    }
    if !kind.starts_with("text/event-stream") && !kind.is_empty() {
        let reason = format!("its content type is `{}`", kind.chars().take(60).collect::<String>());
        return Err(reading.not_understood(server.scrubber.scrub(&reason)).into());
    }
    let bytes = BodyDataStream::new(Limited::new(response, STREAM_LIMIT)).map_err(as_io).boxed();
    reading.follow(SseByteStream::new(bytes), deltas).await?;
    reading.finish()
}

/// The reader of events wants an error type of its own.
fn as_io(error: Box<dyn Error + Send + Sync>) -> std::io::Error {
    std::io::Error::other(error)
}

/// An answer while it comes.
struct Reading<'a> {
    server: &'a Server,
    text: String,
    stream: Option<ScrubbedStream>,
    model: Option<String>,
    usage: Option<Usage>,
    finish_reason: Option<String>,
    /// Whether the stream has said that it ends.
    is_over: bool,
    is_too_long: bool,
}

impl<'a> Reading<'a> {
    fn new(server: &'a Server) -> Self {
        Self {
            server,
            text: String::new(),
            stream: Some(ScrubbedStream::new(server.scrubber.clone())),
            model: None,
            usage: None,
            finish_reason: None,
            is_over: false,
            is_too_long: false,
        }
    }

    /// Reads events until the answer is whole.
    async fn follow(
        &mut self,
        mut events: SseByteStream<BoxStream<'static, Result<Bytes, std::io::Error>>>,
        deltas: &mut Deltas,
    ) -> Result<(), Failure> {
        let mut idle_from = Instant::now();
        while !self.is_over && !self.is_too_long {
            let patience = match (self.finish_reason.is_some(), self.text.is_empty()) {
                (true, _) => AFTERMATH,
                (false, true) => FIRST_WORD,
                (false, false) => self.server.idle_timeout,
            };
            let left = patience.saturating_sub(idle_from.elapsed());
            let event = tokio::select! {
                event = timeout(left, events.next()) => event,
                () = deltas.due() => {
                    deltas.flush().await;
                    continue;
                }
            };
            idle_from = Instant::now();
            match event {
                Ok(Some(Ok(Sse { data: Some(data), .. }))) => self.take(&data, deltas)?,
                Ok(Some(Ok(_))) => {}
                // The answer itself was over.
                _ if self.finish_reason.is_some() => break,
                Ok(Some(Err(error))) => {
                    tracing::debug!(reason = self.server.root_cause(&error), "the model's answer broke off");
                    return Err(self.broken_off());
                }
                Ok(None) => return Err(self.broken_off()),
                Err(_) => {
                    let seconds = self.server.idle_timeout.as_secs().max(1);
                    return Err(ModelError::Silent { server: self.server.name.clone(), seconds }.into());
                }
            }
        }
        Ok(())
    }

    /// Takes one event.
    fn take(&mut self, data: &str, deltas: &mut Deltas) -> Result<(), Failure> {
        let data = data.trim();
        if data == DONE {
            self.is_over = true;
            return Ok(());
        }
        if data.is_empty() {
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| {
            Failure::from(self.not_understood("it is not the JSON that is expected".to_owned()))
        })?;
        if let Some(error) = &chunk.error {
            return Err(Failure {
                reason: ModelError::Failed {
                    server: self.server.name.clone(),
                    after: String::new(),
                    what: "an error instead of an answer".to_owned(),
                    said: error_text(error).map(|text| self.server.quoted(text)).unwrap_or_default(),
                },
                is_transient: self.text.is_empty(),
                retry_after: None,
            });
        }
        if !chunk.is_one() {
            return Err(self.not_understood("it has no `choices`".to_owned()).into());
        }
        if let Some(model) = chunk.model() {
            self.model = Some(model.to_owned());
        }
        self.usage = chunk.usage().or(self.usage);
        if let Some(reason) = chunk.finish_reason() {
            self.finish_reason.get_or_insert_with(|| reason.to_owned());
        }
        let clean = self.stream.as_mut().map(|stream| stream.push(chunk.text())).unwrap_or_default();
        self.grow(&clean);
        deltas.push(&clean);
        Ok(())
    }

    fn grow(&mut self, clean: &str) {
        self.text.push_str(clean);
        if self.text.len() > LONGEST_ANSWER {
            let end = (0..=LONGEST_ANSWER).rev().find(|end| self.text.is_char_boundary(*end)).unwrap_or(0);
            self.text.truncate(end);
            self.is_too_long = true;
        }
    }

    /// The answer, if it is whole.
    fn finish(mut self) -> Result<Answer, Failure> {
        let rest = self.stream.take().map(ScrubbedStream::finish).unwrap_or_default();
        self.grow(&rest);
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        if self.text.trim().is_empty() {
            let reason = match reason {
                "length" => ": it reached its own limit before the first word",
                "content_filter" => ": its content filter kept the answer back",
                "tool_calls" | "function_call" => ": it wants to call a tool, and has none here",
                _ => "",
            };
            let server = self.server.name.clone();
            return Err(ModelError::Empty { server, reason: reason.to_owned() }.into());
        }
        let note = match reason {
            _ if self.is_too_long => {
                Some(format!("Cut off: the hub keeps the first {LONGEST_ANSWER} bytes of an answer."))
            }
            "length" => Some("Cut off: the model reached its own limit of length.".to_owned()),
            "content_filter" => Some("Cut off by the model's content filter.".to_owned()),
            _ => None,
        };
        let model = self.model.as_deref().unwrap_or(&self.server.model);
        let model = self.server.scrubber.scrub(model).chars().take(200).collect();
        Ok(Answer { text: self.text, model, usage: self.usage, note })
    }

    /// The connection ended before the answer did. The request is sent again where nobody saw anything of it.
    fn broken_off(&self) -> Failure {
        let server = self.server.name.clone();
        if self.text.is_empty() {
            let reason = "the connection ended before an answer".to_owned();
            let reason = ModelError::Unreachable { server, reason };
            return Failure { reason, is_transient: true, retry_after: None };
        }
        ModelError::CutOff { server }.into()
    }

    fn not_understood(&self, reason: String) -> ModelError {
        ModelError::NotUnderstood { server: self.server.name.clone(), reason }
    }
}
