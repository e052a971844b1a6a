//! Ports, and a small HTTP client for what a test asks of a server itself.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

/// An answer of a server.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON, or null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// `GET url`.
pub async fn get(url: &str) -> Result<Answer, String> {
    request(Method::GET, url, String::new()).await
}

/// `POST url` with a body of JSON.
pub async fn post(url: &str, body: impl Into<String>) -> Result<Answer, String> {
    request(Method::POST, url, body.into()).await
}

async fn request(method: Method, url: &str, body: String) -> Result<Answer, String> {
    let exchange = async {
        // A client for each request: a pooled connection to a hub that was killed since would only fail.
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned() })
    };
    tokio::time::timeout(Duration::from_secs(20), exchange)
        .await
        .map_err(|_| format!("{url} does not answer"))?
}

/// A free loopback address whose port stays free for as long as a test may leave it unused.
///
/// The port lies below the range from which the system takes the local ports of outgoing connections (32768 and
/// up on Linux). Inside it, a client that retries a port on which nobody listens can be given just that port as
/// its own, and is then connected to itself.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let spread = u16::try_from(std::process::id() % 12_000).unwrap_or_default();
    (0..12_000)
        .map(|_| 20_000 + spread.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("one of 12,000 ports is free")
}
