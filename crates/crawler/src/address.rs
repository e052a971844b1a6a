//! Addresses: what a person types, and the one form in which a page is known.

use std::net::IpAddr;

use url::{ParseError, Url};

use crate::words::quote;

/// The longest address that is followed, in bytes. Servers refuse longer ones, and a page can hold thousands of
/// them.
pub(crate) const LONGEST_ADDRESS: usize = 4096;

/// Why an address cannot be scraped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It cannot be read as an address.
    #[error("{} is not an address ({reason}).{}", quote(.text), propose(.proposal.as_deref()))]
    NotAUrl {
        /// What was typed.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// What was probably meant.
        proposal: Option<String>,
    },
    /// It names another protocol than HTTP.
    #[error("{} cannot be scraped: only http and https addresses can.{}", quote(.text), propose(.proposal.as_deref()))]
    NotHttp {
        /// What was typed.
        text: String,
        /// What was probably meant.
        proposal: Option<String>,
    },
    /// It names no host.
    #[error("{} names no host. Write a whole address, such as https://example.org/.", quote(.text))]
    NoHost {
        /// What was typed.
        text: String,
    },
    /// Its host has no address.
    #[error("The host {host} was not found ({reason}). Check how it is spelled.")]
    Unresolvable {
        /// The host.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Its host is in a network that is not public.
    #[error(
        "{host} is a private address ({address}). Start the hub with --scrape-allow-private to let it scrape such addresses."
    )]
    Private {
        /// The host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
}

fn propose(proposal: Option<&str>) -> String {
    proposal.map(|proposal| format!(" Did you mean {proposal}?")).unwrap_or_default()
}

/// Reads what a person typed as a target: `http` or `https` only, with a host; normalized.
///
/// # Errors
/// [`TargetError`], which proposes the whole address where only the scheme is missing.
pub fn target(text: &str) -> Result<Url, TargetError> {
    let text = text.trim();
    let unreadable = |reason: &str, proposal| {
        Err(TargetError::NotAUrl { text: text.to_owned(), reason: reason.to_owned(), proposal })
    };
    if text.is_empty() {
        return unreadable("it is empty", None);
    }
    if text.len() > LONGEST_ADDRESS {
        return unreadable("it is longer than 4,096 characters", None);
    }
    match Url::parse(text) {
        Ok(url) if !is_http(&url) => {
            Err(TargetError::NotHttp { text: text.to_owned(), proposal: proposal(text) })
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => {
            Err(TargetError::NoHost { text: text.to_owned() })
        }
        Ok(url) => Ok(normalize(url)),
        Err(ParseError::EmptyHost) => Err(TargetError::NoHost { text: text.to_owned() }),
        Err(ParseError::RelativeUrlWithoutBase) => {
            unreadable("it does not begin with https:// or http://", proposal(text))
        }
        Err(error) => unreadable(&error.to_string(), None),
    }
}

/// The whole address where only the scheme is missing: `example.org/x`, `localhost:8080`, `//example.org`.
fn proposal(text: &str) -> Option<String> {
    let text = text.trim_start_matches('/');
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let host = text.get(..end)?;
    // `mailto:somebody` and `data:…` have a scheme; `localhost:8080` has a port.
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_host = name.contains('.') || name == "localhost";
    if !is_host || name.contains('@') || port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Url::parse(&format!("https://{text}")).ok().map(|url| normalize(url).into())
}

/// Whether the address is one that HTTP requests are made to.
pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The one form of an address in which a page is known: no fragment, no user information, no empty query.
pub fn normalize(mut url: Url) -> Url {
    url.set_fragment(None);
    if url.query() == Some("") {
        url.set_query(None);
    }
    // Both fail only for an address without a host, which has no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// The platform that an address belongs to: its host, and the port where that is not the scheme's.
pub fn platform(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_into_its_one_form() {
        for (typed, read) in [
            ("https://example.org", "https://example.org/"),
            (" HTTP://Example.ORG:80/A?b#c ", "http://example.org/A?b"),
            ("https://user:secret@example.org/?", "https://example.org/"),
            ("https://example.org/a/../b/./c", "https://example.org/b/c"),
            ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ] {
            assert_eq!(target(typed).unwrap().as_str(), read);
        }
    }

    #[test]
    fn where_only_the_scheme_is_missing_the_whole_address_is_proposed() {
        for (typed, proposed) in [
            ("example.org/x", "https://example.org/x"),
            ("example.org:8080/x?y=1", "https://example.org:8080/x?y=1"),
            ("localhost:3000", "https://localhost:3000/"),
            ("//example.org", "https://example.org/"),
        ] {
            let error = target(typed).unwrap_err().to_string();
            assert!(error.ends_with(&format!(" Did you mean {proposed}?")), "{error}");
        }
        for typed in ["ftp://example.org/", "mailto:a@example.org", "javascript:alert(1)", "data:text/html,x"]
        {
            let error = target(typed).unwrap_err();
            assert!(matches!(error, TargetError::NotHttp { proposal: None, .. }), "{error}");
        }
        assert_eq!(
            target("news").unwrap_err().to_string(),
            "“news” is not an address (it does not begin with https:// or http://)."
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert!(matches!(target("  "), Err(TargetError::NotAUrl { .. })));
        assert!(matches!(target("https://"), Err(TargetError::NoHost { .. })));
        assert!(matches!(target("https://exa mple.org/"), Err(TargetError::NotAUrl { .. })));
        assert!(matches!(target("https://example.org:99999/"), Err(TargetError::NotAUrl { .. })));
        let long = format!("https://example.org/{}", "x".repeat(LONGEST_ADDRESS));
        assert!(target(&long).unwrap_err().to_string().len() < 1000);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_target_or_refused_in_a_sentence(text in "(https?:)?/{0,2}.{0,40}") {
            match target(&text) {
                // Its one form stays what it is.
                Ok(url) => proptest::prop_assert_eq!(target(url.as_str()), Ok(url)),
                Err(error) => proptest::prop_assert!(error.to_string().ends_with(['.', '?'])),
            }
        }
    }

    #[test]
    fn a_platform_is_the_host_and_a_port_that_is_not_the_schemes() {
        let platform = |url: &str| platform(&Url::parse(url).unwrap());
        assert_eq!(platform("https://example.org:443/x"), "example.org");
        assert_eq!(platform("http://example.org:443/x"), "example.org:443");
        assert_eq!(platform("http://[::1]:8080/"), "[::1]:8080");
    }
}
