//! What the dashboard is told when it starts: `/config.json`, beside the page. Changing it needs no rebuild.

use gloo_net::http::Request;
use switchboard_protocol::{OrganizationId, rest::DashboardConfig};

/// Where the file is, from the root of the page's origin.
const CONFIG_PATH: &str = "/config.json";

/// The token of the handshake where the configuration names none (wire contract, part 1).
const DEFAULT_TOKEN: &str = "stream";

/// The socket's path where the configuration names no address (wire contract, part 1).
const SOCKET_PATH: &str = "/api/ws";

/// The configuration with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The organization to start with.
    pub organization_id: OrganizationId,
    /// The token of the handshake.
    pub token: String,
    /// What authorizes HTTP calls; `None` sends no `Authorization`, which spares other origins a preflight.
    pub api_token: Option<String>,
    /// The socket's address, `ws://` or `wss://`.
    pub ws_url: String,
    /// What HTTP paths are appended to; empty is the page's own origin.
    pub api_url: String,
    /// The address of a daemon whose agents are watched over a connection of its own, on which nothing is sent; `None` watches
    /// those of the hub, over its socket.
    pub daemon_hub_ws_url: Option<String>,
}

impl Config {
    /// Fetches the configuration. Absent, unreachable or no JSON, everything has its default: the page must
    /// come up in any case, and says by its connection status what it can't reach.
    pub async fn load() -> Self {
        let answer = Request::get(CONFIG_PATH).send().await;
        let written = match answer {
            Ok(response) if response.ok() => response.json::<DashboardConfig>().await.unwrap_or_default(),
            _ => DashboardConfig::default(),
        };
        Self::from_written(written, &page_origin())
    }

    /// Fills in what the configuration leaves out. `origin` is the page's, such as `http://127.0.0.1:4100`.
    pub fn from_written(written: DashboardConfig, origin: &str) -> Self {
        let ws_url = written.ws_url.filter(|url| !url.is_empty());
        let daemon = written.daemon_hub_ws_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        Self {
            organization_id: written.organization_id.unwrap_or_default(),
            token: written.token.clone().unwrap_or_else(|| DEFAULT_TOKEN.into()),
            api_token: written.token,
            ws_url: socket_address(ws_url.as_deref().unwrap_or(SOCKET_PATH), origin),
            daemon_hub_ws_url: daemon.map(|url| socket_address(url, origin)),
            api_url: written.api_url.map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_default(),
        }
    }
}

/// The absolute address of a socket: `http` becomes `ws`, and a path stands on the page's origin.
fn socket_address(written: &str, origin: &str) -> String {
    let absolute = if written.starts_with('/') { format!("{origin}{written}") } else { written.to_owned() };
    match absolute.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => absolute,
    }
}

fn page_origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}
