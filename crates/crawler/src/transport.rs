//! The HTTP side: how a request is made, and what to say when no answer comes.

use std::{sync::Once, time::Duration};

use reqwest::{
    Client, Response,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue},
    redirect,
};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{FetchOptions, FetcherError, TargetError, address, cause, guard::Guard, words};

/// How long a connection may take to open. Across the world it takes a second.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection is kept for a further request, which is longer than sites ask to be left alone.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// The most headers of an answer. Servers send thirty; what is beyond is an attack or a mistake.
const MOST_HEADERS: usize = 200;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// It may not be made.
    #[error(transparent)]
    Refused(TargetError),
    /// The same may succeed later.
    #[error("{0}")]
    Transient(String),
    /// The same would fail again.
    #[error("{0}")]
    Lasting(String),
}

/// Makes requests to where they may go.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    client: Client,
    guard: Guard,
    timeout: Duration,
}

impl Transport {
    /// What these options ask for.
    pub(crate) fn new(options: &FetchOptions) -> Result<Self, FetcherError> {
        use_ring();
        let guard = Guard::new(options.allow_private);
        let user_agent = HeaderValue::from_str(&options.user_agent).map_err(|_| FetcherError::UserAgent)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, deflate"));
        let client = Client::builder()
            .user_agent(user_agent)
            .default_headers(headers)
            .connect_timeout(CONNECT_LIMIT.min(options.timeout))
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(2)
            .http1_max_headers(MOST_HEADERS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .redirect(redirect::Policy::none())
            .referer(false)
            // A proxy would connect to what the guard has not judged.
            .no_proxy()
            .dns_resolver(guard)
            .build()
            .map_err(|error| FetcherError::Client(cause::innermost(&error)))?;
        Ok(Self { client, guard, timeout: options.timeout })
    }

    /// Whether the address's host may be connected to, for now.
    pub(crate) async fn check(&self, url: &Url) -> Result<(), TargetError> {
        self.guard.check_literal(url)?;
        let Some(host) = url.domain() else { return Ok(()) };
        let resolved = tokio::time::timeout(CONNECT_LIMIT, self.guard.resolve(host)).await;
        resolved
            .map_err(|_| TargetError::Unresolvable {
                host: host.to_owned(),
                reason: "the name server does not answer".into(),
            })?
            .map(|_| ())
    }

    /// When a request that begins now must be over.
    pub(crate) fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now + CONNECT_LIMIT)
    }

    /// Makes one request, and waits for the head of the answer.
    pub(crate) async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        deadline: Instant,
    ) -> Result<Response, Trouble> {
        if !address::is_http(url) {
            return Err(Trouble::Refused(TargetError::NotHttp { text: url.to_string(), proposal: None }));
        }
        self.guard.check_literal(url).map_err(Trouble::Refused)?;
        let request = self.client.get(url.clone()).header(ACCEPT, HeaderValue::from_static(accept));
        match timeout_at(deadline, request.send()).await {
            Err(_) => Err(self.silent(url)),
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(url, &error)),
        }
    }

    /// What to say where nothing comes in time.
    pub(crate) fn silent(&self, url: &Url) -> Trouble {
        let (host, time) = (words::host(url), words::seconds(self.timeout));
        Trouble::Transient(format!("{host} did not answer within {time}."))
    }

    /// What to say where the page does not end in time.
    pub(crate) fn slow(&self, url: &Url) -> Trouble {
        let (host, time) = (words::host(url), words::seconds(self.timeout));
        Trouble::Transient(format!("{host} had not sent all of the page after {time}."))
    }
}

/// What to say where a request fails.
fn failed(url: &Url, error: &reqwest::Error) -> Trouble {
    let host = words::host(url);
    if let Some(refused) = cause::find::<TargetError>(error) {
        return match refused {
            // The name server may know it the next time.
            TargetError::Unresolvable { .. } => Trouble::Transient(refused.to_string()),
            _ => Trouble::Refused(refused.clone()),
        };
    }
    let cause = cause::innermost(error);
    if let Some(tls) = cause::find::<rustls::Error>(error) {
        return Trouble::Lasting(format!("There is no safe connection to {host} ({tls})."));
    }
    if error.is_connect() {
        return Trouble::Transient(if error.is_timeout() {
            format!("{host} could not be connected to in time.")
        } else {
            format!("{host} could not be connected to ({cause}).")
        });
    }
    match cause::find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse() => {
            Trouble::Lasting(format!("What {host} sent is not an answer in HTTP ({cause})."))
        }
        _ => Trouble::Transient(format!("The connection to {host} broke before an answer came ({cause}).")),
    }
}

/// Chooses the TLS implementation for this process, once.
fn use_ring() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // It fails only where another part of the process has chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
