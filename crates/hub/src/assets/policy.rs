//! What a page may load and do: headers that a browser enforces.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Headers that every answer with a file carries.
pub fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
}

/// The content security policy of a page.
///
/// Scripts come from the hub, and the page's own inline ones are allowed by their hashes: the build's loader is
/// one. Styles may be inline, because elements are given some. Connections may go anywhere over HTTP and
/// WebSocket, because `/config.json` may name another hub and a daemon.
pub fn of_page(page: &str) -> HeaderValue {
    let mut hashes = String::new();
    for script in inline_scripts(page) {
        hashes.push_str(" 'sha256-");
        STANDARD.encode_string(Sha256::digest(script), &mut hashes);
        hashes.push('\'');
    }
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss: http: https:; \
         object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

/// The text of each `<script>` without `src`. The page is our own build's, so this reads well-formed HTML only.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script")?;
        (!attributes.contains("src=")).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_allowed_by_their_hash_and_nothing_else_is() {
        let page = "<html><script type=\"module\">alert(1)</script><script src=\"/a.js\"></script></html>";
        let policy = of_page(page);
        let policy = policy.to_str().unwrap();
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let hash = "sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=";
        assert!(policy.contains(hash), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 1);
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"));
    }
}
