//! The one error type of the HTTP side: RFC 9457 `application/problem+json`.
//!
//! Its detail is written for the caller and says what to do. What happened inside is logged, never sent.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use switchboard_protocol::rest::Problem;
use switchboard_store::StoreError;

/// A request that is not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    detail: String,
    index: Option<usize>,
    /// Seconds after which the same request may succeed.
    retry_after: Option<u32>,
}

impl Failure {
    /// A failure with what is wrong and what to do about it.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), index: None, retry_after: None }
    }

    /// 400.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: no key, or one that nobody knows.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "This hub asks for a key. Send it as `Authorization: Bearer KEY`; its administrator sets keys with \
             SWITCHBOARD_KEYS.",
        )
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 413.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// Says which item of a batch is the bad one, counted from 0.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// Says after how many seconds the same request may succeed.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What is wrong, and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Which item of a batch is the bad one.
    pub fn index(&self) -> Option<usize> {
        self.index
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "More reports are waiting to be stored than the hub holds. Nothing of this request was stored; \
                 send it again after the time in Retry-After.",
            )
            .retry_after(1),
            StoreError::Closing => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The hub is shutting down. Nothing of this request was stored; send it again.",
            )
            .retry_after(2),
            StoreError::Unusable { .. } | StoreError::Database(_) => {
                tracing::error!(%error, "the store failed");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The hub's storage failed; its log says why. Send the request again later.",
                )
                .retry_after(5)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let problem = Problem {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or_default().into(),
            status: self.status.as_u16(),
            detail: Some(self.detail),
            index: self.index,
        };
        // Strings and numbers: there is nothing here that JSON cannot write.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"switchboard\""));
        }
        response
    }
}
