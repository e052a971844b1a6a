//! What `run`, `send` and `tail` share: how to name a hub, and how to talk to it over HTTP.

mod address;
mod http;

use std::{
    fmt,
    io::{self, Write as _},
};

use switchboard_protocol::OrganizationId;

pub use address::HubAddress;
pub use http::{FetchError, Hub, ReportError};

/// Which hub a client command talks to, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub struct HubArgs {
    /// The hub's address
    #[arg(
        long,
        value_name = "URL",
        env = "SWITCHBOARD_HUB",
        default_value = "http://127.0.0.1:4100",
        help_heading = "Hub"
    )]
    pub hub: HubAddress,
    /// The key that admits to the hub; better set in the environment, where `ps` does not show it
    #[arg(long, value_name = "KEY", env = "SWITCHBOARD_KEY", hide_env_values = true, help_heading = "Hub")]
    pub key: Option<Secret>,
    /// The organization, where the key admits to several
    #[arg(long, value_name = "NAME", env = "SWITCHBOARD_ORGANIZATION", help_heading = "Hub")]
    pub organization: Option<String>,
}

impl HubArgs {
    /// The organization that was named; an empty name is none, so that an empty variable unsets it.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.organization.as_deref().filter(|name| !name.is_empty()).map(OrganizationId::from)
    }

    /// The key that was given; an empty one is none.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|secret| secret.0.as_str()).filter(|key| !key.is_empty())
    }
}

/// Says something to the person at the terminal, on standard error and in one write, so that it does not mix with
/// what a command writes there. Where nobody reads any more it is not said: `eprintln!` would panic.
pub fn say(text: impl fmt::Display) {
    let _ = io::stderr().write_all(format!("switchboard: {text}\n").as_bytes());
}

/// Text that must not show in logs and messages.
#[derive(Clone)]
pub struct Secret(String);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Reads a flag's duration, in seconds with an optional fraction.
pub fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let expected = "expected a number of seconds, such as 30 or 0.5";
    let seconds: f64 = text.parse().map_err(|_| expected.to_owned())?;
    std::time::Duration::try_from_secs_f64(seconds).map_err(|_| expected.to_owned())
}
