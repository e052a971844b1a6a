//! Whether an address can be a daemon's, in words for whoever wrote it.

use web_sys::Url;

/// Why a daemon cannot be watched at an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    /// It is no address of a socket.
    #[error(
        "“{0}” is no address of a WebSocket. One looks like ws://127.0.0.1:7000/ws; set DAEMON_HUB_WS_URL, or daemonHubWsUrl in config.json."
    )]
    NotASocket(String),
    /// The browser would refuse it.
    #[error(
        "This page came over https, and from such a page browsers refuse {0}, because it is not encrypted. Give the daemon a wss:// address."
    )]
    Mixed(String),
}

/// Checks an address before a browser is given it: what it says of these two is nothing that a person could use.
pub(super) fn check(address: &str) -> Result<(), AddressError> {
    let is_secure = web_sys::window().and_then(|window| window.location().protocol().ok());
    check_on(address, is_secure.as_deref() == Some("https:"))
}

/// An address as a page shows it: without what may be secret in it, a query, a fragment, or a name and password.
pub(in crate::realtime) fn bare(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    let secret = rest.get(..host_end).and_then(|host| host.rfind('@')).map_or(0, |place| place + 1);
    format!("{scheme}://{}", rest.get(secret..).unwrap_or_default())
}

fn check_on(address: &str, page_is_secure: bool) -> Result<(), AddressError> {
    let wrong = || AddressError::NotASocket(shortened(address));
    // Chromium takes a host with a space in it, and no other browser does.
    if address.trim().contains(char::is_whitespace) {
        return Err(wrong());
    }
    let url = Url::new(address).map_err(|_| wrong())?;
    if !matches!(url.protocol().as_str(), "ws:" | "wss:") || url.hostname().is_empty() {
        return Err(wrong());
    }
    if !url.hash().is_empty() {
        return Err(wrong());
    }
    let host = url.hostname();
    // What never leaves the machine needs no encryption (W3C Secure Contexts, section 3.1).
    let is_local =
        host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]";
    if page_is_secure && url.protocol() == "ws:" && !is_local {
        return Err(AddressError::Mixed(shortened(address)));
    }
    Ok(())
}

/// An address for a message: one may be as long as it likes, and hold a token.
fn shortened(address: &str) -> String {
    const SHOWN: usize = 120;
    let address = bare(address);
    match address.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", address.get(..end).unwrap_or_default()),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn only_addresses_of_sockets_are_taken() {
        for good in ["ws://127.0.0.1:7000/ws", "wss://daemon.example.org/ws?x=1", "ws://[::1]:9/"] {
            assert_eq!(check_on(good, false), Ok(()), "{good}");
        }
        for bad in ["", "daemon", "ftp://a/b", "ws://", "ws://a b/", "wss://host/#part", "127.0.0.1:7000"] {
            assert!(matches!(check_on(bad, false), Err(AddressError::NotASocket(_))), "{bad}");
        }
        let long = check_on(&"x".repeat(100_000), false).unwrap_err().to_string();
        assert!(long.len() < 500, "an address of any length is told in short");
    }

    #[wasm_bindgen_test]
    fn what_may_be_secret_in_an_address_is_not_shown() {
        for (address, shown) in [
            ("wss://daemon.example.org/ws?token=s3cret", "wss://daemon.example.org/ws"),
            ("wss://me:s3cret@daemon.example.org/@/ws#s3cret", "wss://daemon.example.org/@/ws"),
            ("ws://127.0.0.1:7000/ws", "ws://127.0.0.1:7000/ws"),
            ("ws://", "ws://"),
            ("daemon?s3cret", "daemon"),
        ] {
            assert_eq!(bare(address), shown);
        }
        for refused in ["ftp://a/?s3cret", "ws://a/?s3cret#part", "ws://daemon.example.org/ws?s3cret"] {
            let error = check_on(refused, true).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[wasm_bindgen_test]
    fn what_a_browser_would_refuse_on_a_secure_page_is_said_in_words() {
        for refused in ["ws://daemon.example.org/ws", "ws://10.0.0.8:7000/"] {
            assert!(matches!(check_on(refused, true), Err(AddressError::Mixed(_))), "{refused}");
        }
        for taken in ["wss://daemon.example.org/ws", "ws://127.0.0.1:7000/ws", "ws://localhost:7000/ws"] {
            assert_eq!(check_on(taken, true), Ok(()), "{taken}");
        }
    }
}
