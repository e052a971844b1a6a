//! Why an HTTP call gave no answer.

use switchboard_protocol::rest::Problem;

/// Why an HTTP call gave no answer, in words for the person at the page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No answer came: the server is down, or the network is.
    #[error("The server cannot be reached. It may be restarting; try again.")]
    Unreachable {
        /// What the browser says of it.
        reason: String,
    },
    /// 404: there is no such thing.
    #[error(
        "There is no such {what} here. It may belong to another organization, or retention has deleted it."
    )]
    NotFound {
        /// What was asked for, as in "execution".
        what: &'static str,
    },
    /// 401 or 403: the token does not admit to this.
    #[error("The server does not allow this. Check the token and the organization in config.json.")]
    NotAllowed,
    /// Any other refusal, with the server's own words where it has some.
    #[error("The server refused ({status}): {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server says of it.
        detail: String,
    },
    /// The answer is not what the contract says.
    #[error("The server's answer cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl ApiError {
    /// What an answer with a status other than 2xx means. `what` names what was asked for; `body` is its text.
    pub fn from_refusal(status: u16, body: &str, what: &'static str) -> Self {
        match status {
            401 | 403 => Self::NotAllowed,
            404 => Self::NotFound { what },
            _ => {
                let problem = serde_json::from_str::<Problem>(body).ok();
                let detail = problem.and_then(|problem| problem.detail.or(Some(problem.title)));
                Self::Refused {
                    status,
                    detail: detail
                        .filter(|text| !text.is_empty())
                        .unwrap_or_else(|| "no reason given".into()),
                }
            }
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::NotFound { .. } | Self::NotAllowed | Self::Unreadable { .. } => false,
        }
    }
}
