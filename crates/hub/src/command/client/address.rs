//! A hub's address, and the addresses of what it serves.

use std::{fmt, str::FromStr};

use reqwest::Url;
use switchboard_protocol::ExecutionId;

/// Where a hub answers: `http` or `https`, a host, a port, and a path where it stands behind a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubAddress(Url);

impl HubAddress {
    /// The address of something below the hub's, with each segment escaped.
    pub fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut address = self.0.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        address
    }

    /// The page that shows an execution.
    pub fn execution_page(&self, execution: &ExecutionId) -> Url {
        self.below(["executions", execution.as_str()])
    }

    /// The WebSocket.
    pub fn socket(&self) -> Url {
        let mut address = self.below(["api", "ws"]);
        let scheme = if self.0.scheme() == "https" { "wss" } else { "ws" };
        // Between these four schemes every change is allowed.
        let _ = address.set_scheme(scheme);
        address
    }
}

impl FromStr for HubAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "such as http://127.0.0.1:4100";
        let mut address =
            Url::parse(text).map_err(|error| format!("{error}; expected an address {example}"))?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(format!("expected an address that starts with http:// or https://, {example}"));
        }
        if !address.username().is_empty() || address.password().is_some() {
            return Err("an address holds no user or password; give the key with --key".into());
        }
        address.set_query(None);
        address.set_fragment(None);
        Ok(Self(address))
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hub_serves_is_below_its_address() {
        let hub: HubAddress = "http://127.0.0.1:4100".parse().unwrap();
        assert_eq!(hub.to_string(), "http://127.0.0.1:4100");
        assert_eq!(
            hub.execution_page(&"a/b ?".into()).as_str(),
            "http://127.0.0.1:4100/executions/a%2Fb%20%3F"
        );
        assert_eq!(hub.socket().as_str(), "ws://127.0.0.1:4100/api/ws");

        let proxied: HubAddress = "https://example.org/switchboard/?x=1#y".parse().unwrap();
        assert_eq!(proxied.to_string(), "https://example.org/switchboard");
        assert_eq!(proxied.socket().as_str(), "wss://example.org/switchboard/api/ws");
    }

    #[test]
    fn an_address_that_cannot_be_a_hub_says_what_is_expected() {
        for (text, hint) in [
            ("", "such as http://127.0.0.1:4100"),
            ("localhost:4100", "starts with http:// or https://"),
            ("127.0.0.1:4100", "such as http://127.0.0.1:4100"),
            ("ws://127.0.0.1:4100", "starts with http:// or https://"),
            ("http://me:secret@127.0.0.1", "--key"),
        ] {
            let error = text.parse::<HubAddress>().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
