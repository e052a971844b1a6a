//! The HTTP side of opening a WebSocket: RFC 6455, section 4.2.
//!
//! Done here rather than by axum's extractor, because the hub wants the TCP connection itself: without hyper's
//! wrapping it costs less memory while idle, and what a client sends beyond the limit can be read away before
//! the connection closes, so that the client sees the reason.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{handshake::derive_accept_key, protocol::WebSocketConfig};

use super::wire::Wire;
use crate::problem::Failure;

/// The longest message that a client may send: a handshake with all the subscriptions that it may have.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// What is reserved for reading. Clients say little, so this is what an idle connection costs; a longer message
/// is given room when it comes.
const READ_BUFFER: usize = 1024;

/// A request to open a WebSocket that was answered with 101.
pub struct Upgraded(OnUpgrade);

/// Checks the request; answers the response that switches protocols, and what comes after it.
pub fn accept(mut request: Request) -> Result<(Response<Body>, Upgraded), Failure> {
    let headers = request.headers();
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let asked =
        has_token(headers, header::CONNECTION, "upgrade") && has_token(headers, header::UPGRADE, "websocket");
    let (true, Some(key)) = (asked, key) else {
        return Err(Failure::new(
            StatusCode::UPGRADE_REQUIRED,
            "This address is a WebSocket; open it with a WebSocket client.",
        ));
    };
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Failure::bad_request(
            "This hub speaks version 13 of the WebSocket protocol (RFC 6455) only.",
        ));
    }
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrade =
        upgrade.ok_or_else(|| Failure::bad_request("This connection cannot become a WebSocket."))?;

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok((response, Upgraded(upgrade)))
}

impl Upgraded {
    /// The WebSocket, once the response is out; `None` where the client has left before.
    pub async fn socket(self) -> Option<Wire<TcpStream>> {
        let upgraded = self.0.await.ok()?;
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        Some(Wire::new(parts.io.into_inner(), parts.read_buf.to_vec(), config))
    }
}

/// Whether a header that lists tokens has this one.
fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}
