//! An OpenAI-compatible server: where it is, what it is asked, and what it means when it refuses.

use std::{error::Error, sync::Once, time::Duration};

use http_body_util::{BodyExt, Limited};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde_json::Value;

use super::{
    ModelError,
    answer::{self, Answer},
    chunk::error_text,
    request::{Request, Turn},
    retry::Failure,
    secret::Scrubber,
};
use crate::chat::{config::ModelConfig, deltas::Deltas};

/// How long a connection may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How much of an error's body is read, in bytes.
const ERROR_LIMIT: usize = 64 * 1024;

/// How long an error's body may take.
const ERROR_ARRIVAL: Duration = Duration::from_secs(10);

/// How much of what a server says about an error is passed on, in characters.
const SAID_CHARACTERS: usize = 300;

/// An OpenAI-compatible server.
#[derive(Debug)]
pub struct Server {
    client: Client,
    /// Where completions are asked for.
    address: Url,
    /// Host and port: what a reader gets to see of the address.
    pub name: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Takes the key out of what the server says.
    pub scrubber: Scrubber,
    /// How long it may be silent inside an answer.
    pub idle_timeout: Duration,
}

impl Server {
    /// The server of a configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the configuration, in words for the person who starts the hub.
    pub fn new(config: &ModelConfig) -> Result<Self, String> {
        let mut address = base(&config.url)?;
        let name = shown(&address);
        let is_local = is_loopback(&address);
        address
            .path_segments_mut()
            .map_err(|()| UNUSABLE.to_owned())?
            .pop_if_empty()
            .extend(["chat", "completions"]);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &config.key {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).map_err(|_| {
                "the model's key holds characters that cannot be sent; check SWITCHBOARD_MODEL_KEY".to_owned()
            })?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        use_ring();
        let mut client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .tcp_nodelay(true)
            // The key is for the configured address only.
            .redirect(redirect::Policy::none());
        if is_local {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("cannot prepare HTTP connections: {error}"))?;
        Ok(Self {
            client,
            address,
            name,
            model: config.model.clone(),
            scrubber: Scrubber::new(config.key.as_ref()),
            idle_timeout: config.idle_timeout,
        })
    }

    /// Asks once.
    pub async fn ask(&self, turns: &[Turn], deltas: &mut Deltas) -> Result<Answer, Failure> {
        let request = serde_json::to_vec(&Request::new(&self.model, turns)).map_err(|error| {
            ModelError::NotUnderstood {
                server: self.name.clone(),
                reason: format!("the request cannot be written: {error}"),
            }
        })?;
        let sent = self.client.post(self.address.clone()).body(request).send().await;
        let response = sent.map_err(|error| Failure {
            reason: ModelError::Unreachable { server: self.name.clone(), reason: self.root_cause(&error) },
            is_transient: true,
            retry_after: None,
        })?;
        if response.status().is_success() {
            answer::read(self, response, deltas).await
        } else {
            Err(self.refusal(response).await)
        }
    }

    /// What a status means that is no success.
    async fn refusal(&self, response: Response) -> Failure {
        let (code, retry_after) = (response.status(), retry_after(&response));
        let said = self.said(response).await;
        let (server, status) = (self.name.clone(), code.as_u16());
        let reason = match code {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ModelError::Key { server, status, said },
            StatusCode::NOT_FOUND => ModelError::Unknown { server, model: self.model.clone(), said },
            StatusCode::TOO_MANY_REQUESTS => {
                let when = match retry_after {
                    Some(wait) if wait.as_secs() > 1 => format!("in {} seconds", wait.as_secs()),
                    _ => "in a minute".to_owned(),
                };
                ModelError::RateLimited { server, said, when }
            }
            code if code.is_redirection() => ModelError::Redirected { server, status },
            code if code.is_server_error() => {
                ModelError::Failed { server, after: String::new(), what: format!("status {status}"), said }
            }
            _ => ModelError::Refused { server, status, said },
        };
        let is_transient = code.is_server_error() || code == StatusCode::TOO_MANY_REQUESTS;
        Failure { reason, is_transient, retry_after }
    }

    /// What the body of an error says, as the end of a sentence; nothing where it says nothing that can be shown.
    async fn said(&self, response: Response) -> String {
        let body = axum::http::Response::<reqwest::Body>::from(response).into_body();
        let read = Limited::new(body, ERROR_LIMIT).collect();
        let body = match tokio::time::timeout(ERROR_ARRIVAL, read).await {
            Ok(Ok(body)) => body.to_bytes(),
            // Too long, too slow, or broken off: the status says enough.
            Ok(Err(_)) | Err(_) => return String::new(),
        };
        let value = serde_json::from_slice::<Value>(&body).ok();
        value.as_ref().and_then(error_text).map(|text| self.quoted(text)).unwrap_or_default()
    }

    /// Words of the server as the end of a sentence: without the key, on one line, and not too many.
    pub fn quoted(&self, text: &str) -> String {
        let clean = self.scrubber.scrub(text);
        let mut words = clean.split(|character: char| character.is_whitespace() || character.is_control());
        let mut line = words.by_ref().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(SAID_CHARACTERS) {
            line.truncate(end);
            line.push('…');
        }
        let line = line.trim_end_matches('.');
        if line.is_empty() { String::new() } else { format!(", it says: “{line}”") }
    }

    /// The innermost error: what the operating system or the TLS library said. It never names the address, whose
    /// query may hold a key.
    pub fn root_cause(&self, error: &(dyn Error + 'static)) -> String {
        let mut cause = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        match cause.downcast_ref::<reqwest::Error>() {
            Some(error) if error.is_timeout() => "it did not answer in time".to_owned(),
            Some(_) => "the connection broke".to_owned(),
            None => self.scrubber.scrub(&cause.to_string()),
        }
    }
}

/// What is said of an address that cannot be used. It is not repeated, because it may hold a key.
const UNUSABLE: &str =
    "--model-url takes the address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1";

fn base(url: &str) -> Result<Url, String> {
    let address = Url::parse(url.trim()).map_err(|error| format!("{UNUSABLE} ({error})"))?;
    if !matches!(address.scheme(), "http" | "https") || !address.has_host() {
        return Err(UNUSABLE.to_owned());
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(
            "--model-url holds a name or a password; give a key with SWITCHBOARD_MODEL_KEY".to_owned()
        );
    }
    Ok(address)
}

fn shown(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether it is on this machine, where no proxy leads.
fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Chooses the TLS implementation for this process, once.
fn use_ring() {
    static CHOSEN: Once = Once::new();
    // It fails only where another part of the process has chosen before, which is as good.
    CHOSEN.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// How long the answer asks to wait: seconds, or a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(std::time::SystemTime::now()).unwrap_or_default())
}
