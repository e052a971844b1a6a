//! Which web pages may use the hub.
//!
//! A browser sends a page's origin with each WebSocket and each cross-origin request, and it lets any page on
//! the web open a socket to a loopback address. So the origin is checked before anything else is. Programs
//! send no origin and are not concerned.
//!
//! A page may also make its own name resolve to 127.0.0.1 (DNS rebinding), after which its requests look
//! same-origin. A hub on loopback without keys therefore also asks for a `Host` that is a loopback name.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::problem::Failure;

/// Which pages may use the hub.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// As given with `--allow-origin`, in lower case.
    allowed: Vec<Authority>,
    any: bool,
    /// Pages of this machine may, because the hub listens on loopback only.
    loopback: bool,
    /// The `Host` must be a loopback name or that of an allowed origin.
    guard_host: bool,
}

/// Host in lower case, and port with the scheme's default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

impl Origins {
    /// Reads the allowed origins, such as `https://board.example.org`; `*` allows every page.
    ///
    /// # Errors
    /// The first that is no origin.
    pub fn new(allowed: &[String], on_loopback: bool, has_keys: bool) -> Result<Self, String> {
        let any = allowed.iter().any(|origin| origin == "*");
        let named = allowed.iter().filter(|origin| *origin != "*");
        let allowed = named.map(|origin| Authority::of_origin(origin).ok_or_else(|| origin.clone()));
        Ok(Self {
            allowed: allowed.collect::<Result<_, _>>()?,
            any,
            loopback: on_loopback,
            guard_host: on_loopback && !has_keys && !any,
        })
    }

    /// Refuses a request of a page that may not use the hub.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        if self.guard_host && !self.host_is_known(headers) {
            return Err(Failure::forbidden(
                "This hub has no keys and answers to loopback names only. Open it as http://127.0.0.1 or \
                 http://localhost, or start it with --allow-origin and the address that you use.",
            ));
        }
        match headers.get(header::ORIGIN) {
            Some(origin) if !self.allows(origin, headers) => Err(Failure::forbidden(
                "This hub does not let pages of this origin use it. Start it with --allow-origin and the page's \
                 origin.",
            )),
            _ => Ok(()),
        }
    }

    /// Whether a page of `origin` may send a request with `headers`.
    pub fn allows(&self, origin: &HeaderValue, headers: &HeaderMap) -> bool {
        if self.any {
            return true;
        }
        let Some(origin) = origin.to_str().ok().and_then(Authority::of_origin) else { return false };
        let same_origin =
            || host(headers).is_some_and(|host| host.host == origin.host && same_port(&host, &origin));
        self.allowed.contains(&origin) || (self.loopback && origin.is_loopback()) || same_origin()
    }

    fn host_is_known(&self, headers: &HeaderMap) -> bool {
        host(headers).is_some_and(|host| {
            host.is_loopback() || self.allowed.iter().any(|allowed| allowed.host == host.host)
        })
    }
}

/// A `Host` without a port has the default of a scheme that the hub cannot know behind a proxy.
fn same_port(host: &Authority, origin: &Authority) -> bool {
    match host.port {
        Some(port) => origin.port == Some(port),
        None => matches!(origin.port, Some(80 | 443)),
    }
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    let uri: Uri = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let authority = uri.authority()?;
    Some(Authority { host: authority.host().to_ascii_lowercase(), port: authority.port_u16() })
}

impl Authority {
    fn of_origin(origin: &str) -> Option<Self> {
        let uri: Uri = origin.trim_end_matches('/').parse().ok()?;
        let default = match uri.scheme_str()? {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        let port = authority.port_u16().unwrap_or(default);
        Some(Self { host: authority.host().to_ascii_lowercase(), port: Some(port) })
    }

    fn is_loopback(&self) -> bool {
        let name = self.host.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn on_loopback_pages_of_this_machine_may_and_others_may_not() {
        let origins = Origins::new(&[], true, false).unwrap();
        for origin in
            ["http://127.0.0.1:4100", "http://localhost:8080", "http://[::1]:3000", "http://app.localhost"]
        {
            assert!(origins.check(&headers("127.0.0.1:4100", Some(origin))).is_ok(), "{origin}");
        }
        for origin in ["https://example.org", "null", "http://127.0.0.1.example.org", "file://"] {
            assert!(origins.check(&headers("127.0.0.1:4100", Some(origin))).is_err(), "{origin}");
        }
        assert!(origins.check(&headers("127.0.0.1:4100", None)).is_ok(), "programs send no origin");
    }

    #[test]
    fn a_page_that_rebinds_its_name_to_loopback_is_refused_while_there_are_no_keys() {
        let rebound = headers("evil.example:4100", Some("http://evil.example:4100"));
        assert!(Origins::new(&[], true, false).unwrap().check(&rebound).is_err());
        assert!(Origins::new(&[], true, true).unwrap().check(&rebound).is_ok(), "with keys it knows none");
        let named = Origins::new(&["https://board.example.org".into()], true, false).unwrap();
        assert!(named.check(&headers("board.example.org", Some("https://board.example.org"))).is_ok());
    }

    #[test]
    fn elsewhere_only_the_same_origin_and_the_allowed_ones_may() {
        let origins = Origins::new(&["https://Board.example.org/".into()], false, true).unwrap();
        for (host, origin) in [
            ("hub.example.org:4100", "http://hub.example.org:4100"),
            ("hub.example.org", "https://hub.example.org"),
            ("hub.example.org", "https://board.example.org"),
        ] {
            assert!(origins.check(&headers(host, Some(origin))).is_ok(), "{origin}");
        }
        for (host, origin) in [
            ("hub.example.org:4100", "http://hub.example.org:4101"),
            ("hub.example.org", "http://board.example.org"),
            ("hub.example.org", "http://localhost:8080"),
        ] {
            assert!(origins.check(&headers(host, Some(origin))).is_err(), "{origin}");
        }
        assert!(Origins::new(&["board.example.org".into()], false, true).is_err(), "an origin has a scheme");
        assert!(
            Origins::new(&["*".into()], false, true).unwrap().check(&headers("h", Some("https://x"))).is_ok()
        );
    }
}
