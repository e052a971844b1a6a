//! The HTTP side of a hub: reporting events and fetching snapshots, with failures sorted by what to do next.

use std::{error::Error, sync::Once, time::Duration};

use anyhow::Context as _;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect,
};
use switchboard_protocol::{
    ExecutionId, OrganizationId,
    rest::{Accepted, ExecutionSnapshot, Problem},
};

use super::{HubAddress, HubArgs};

/// How long a connection may take to open. On one machine or in one network it takes milliseconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a hub may take over one request before the client counts it as lost and sends it again: longer than
/// a busy disk needs for a commit, and a repeated report is told apart by its id.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// The longest `Retry-After` that is honoured. Longer is a mistake, or no use to a command that waits.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);
/// The longest answer to a report that is read, in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;
/// The longest snapshot that is read, in bytes: 1,000 events of 64 KiB.
const SNAPSHOT_LIMIT: usize = 64 * 1024 * 1024;

/// A client of one hub.
#[derive(Debug, Clone)]
pub struct Hub {
    address: HubAddress,
    organization: Option<OrganizationId>,
    client: Client,
}

/// Why a report was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    /// Nobody answers, or the hub is busy: the same report may be taken later.
    #[error("{reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// How long the hub asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// An item is bad, or the batch is too large. Nothing of it was stored; without that item it may be taken.
    #[error("{}", describe(.0))]
    Refused(Problem),
    /// No report will be taken: a wrong key, or something that is no hub.
    #[error("{0}")]
    Hopeless(String),
}

/// Why a snapshot could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// Nobody answers, or the hub is busy.
    #[error("{0}")]
    Transient(String),
    /// The hub knows no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It will not be answered: a wrong key, or something that is no hub.
    #[error("{0}")]
    Hopeless(String),
}

impl Hub {
    /// A client of the hub that the arguments name. Nothing is sent yet.
    ///
    /// # Errors
    /// A key that no header can carry, or a machine without usable root certificates.
    pub fn new(args: &HubArgs) -> anyhow::Result<Self> {
        use_ring();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
        if let Some(key) = args.key() {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {key}"))
                .context("the key holds characters that cannot be sent; check --key or SWITCHBOARD_KEY")?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let client = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(REQUEST_LIMIT)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .context("cannot prepare HTTP connections")?;
        Ok(Self { address: args.hub.clone(), organization: args.organization(), client })
    }

    /// Where the hub answers.
    pub fn address(&self) -> &HubAddress {
        &self.address
    }

    /// The organization that was named.
    pub fn organization(&self) -> Option<&OrganizationId> {
        self.organization.as_ref()
    }

    /// Reports a batch of frames, one on each line. When this returns `Ok` they are durable.
    ///
    /// # Errors
    /// [`ReportError`], which says whether to send the same again.
    pub async fn report(&self, lines: String) -> Result<Accepted, ReportError> {
        let transient = |reason| ReportError::Transient { reason, retry_after: None };
        let response = self
            .client
            .post(self.address.below(["api", "events"]))
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(lines)
            .send()
            .await
            .map_err(|error| transient(self.unreachable(&error)))?;
        let status = response.status();
        let retry_after = retry_after(&response);
        let body = read(response, ANSWER_LIMIT).await.map_err(|error| transient(self.unreachable(&error)))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| ReportError::Hopeless(self.no_hub(status)));
        }
        let problem = problem(status, &body);
        Err(match status {
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                ReportError::Refused(problem)
            }
            status if is_transient(status) => {
                ReportError::Transient { reason: describe(&problem), retry_after }
            }
            status => ReportError::Hopeless(self.hopeless(status, &problem)),
        })
    }

    /// Fetches an execution with its latest events.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn execution(&self, execution: &ExecutionId) -> Result<ExecutionSnapshot, FetchError> {
        let mut address = self.address.below(["api", "executions", execution.as_str()]);
        if let Some(organization) = &self.organization {
            address.query_pairs_mut().append_pair("organizationId", organization.as_str());
        }
        let answer = self.client.get(address).send().await;
        let response = answer.map_err(|error| FetchError::Transient(self.unreachable(&error)))?;
        let status = response.status();
        let body = read(response, SNAPSHOT_LIMIT)
            .await
            .map_err(|error| FetchError::Transient(self.unreachable(&error)))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| FetchError::Hopeless(self.no_hub(status)));
        }
        let problem = problem(status, &body);
        Err(match status {
            StatusCode::NOT_FOUND => FetchError::NotFound(format!("there is no execution {execution}")),
            status if is_transient(status) => FetchError::Transient(describe(&problem)),
            status => FetchError::Hopeless(self.hopeless(status, &problem)),
        })
    }

    /// What to say where nobody answers.
    fn unreachable(&self, error: &reqwest::Error) -> String {
        let address = &self.address;
        if error.is_connect() {
            format!("no hub answers at {address} ({})", root_cause(error))
        } else if error.is_timeout() {
            format!("the hub at {address} did not answer in time")
        } else {
            format!("the connection to the hub at {address} broke ({})", root_cause(error))
        }
    }

    fn no_hub(&self, status: StatusCode) -> String {
        format!("what answers at {} is not a hub (status {status}); check --hub", self.address)
    }

    fn hopeless(&self, status: StatusCode, problem: &Problem) -> String {
        let said = describe(problem);
        match status {
            StatusCode::UNAUTHORIZED => {
                format!("the hub does not accept the key: {said}; set --key or SWITCHBOARD_KEY")
            }
            StatusCode::FORBIDDEN => {
                format!("the hub does not allow this: {said}; check --organization and the key")
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => self.no_hub(status),
            status if status.is_redirection() => {
                format!(
                    "{} redirects elsewhere (status {status}); give the final address with --hub",
                    self.address
                )
            }
            _ => format!("the hub at {} refused: {said}", self.address),
        }
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

/// Whether the same request may succeed later.
fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// How long the answer asks to wait: seconds, or a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(std::time::SystemTime::now())
            .unwrap_or_default(),
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// Reads a body, and stops with an error from `reqwest` where the connection breaks. What is longer than `limit`
/// is cut, and then is no JSON.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < limit
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The problem that a body tells of; where it tells none, the status alone.
fn problem(status: StatusCode, body: &[u8]) -> Problem {
    serde_json::from_slice(body).ok().filter(|problem: &Problem| !problem.title.is_empty()).unwrap_or_else(
        || Problem {
            kind: "about:blank".into(),
            title: format!("status {status}"),
            status: status.as_u16(),
            detail: None,
            index: None,
        },
    )
}

/// A problem in one line, to be gone on with.
fn describe(problem: &Problem) -> String {
    problem.detail.as_ref().unwrap_or(&problem.title).trim_end_matches('.').to_owned()
}

/// The innermost error: what the operating system or the TLS library said.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
