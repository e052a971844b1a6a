//! `switchboard serve`: runs the hub until it is asked to stop.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use switchboard_protocol::{OrganizationId, rest::DashboardConfig};
use switchboard_store::Retention;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::{
    Config, StartError,
    auth::Keys,
    chat::{ChatArgs, unless_blank},
    config::{DEFAULT_MAX_CONNECTIONS, Sync},
    scrape::ScrapeArgs,
};

/// Wrong usage, as clap answers it too.
const USAGE: u8 = 2;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Run the hub: dashboard, API and sockets on one port.
///
/// Without keys everybody who reaches the hub may read and report, so it then listens on loopback addresses only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Logs go to standard error. SWITCHBOARD_LOG chooses what is logged, for example \
                        `info`, `debug`, or `info,switchboard_hub::socket=debug`.")]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes an unused one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4100", env = "SWITCHBOARD_LISTEN")]
    listen: String,

    /// Folder of the database; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "data", env = "SWITCHBOARD_DATA")]
    data: PathBuf,

    /// Serve the built dashboard from this folder instead of the one inside the binary
    #[arg(long, value_name = "DIR", env = "SWITCHBOARD_DASHBOARD")]
    dashboard: Option<PathBuf>,

    /// Keys, as KEY=organization[,organization…] or KEY=* for all; several are separated by `;` or white space.
    /// Better given by the variable or --keys-file, because other users of the machine see arguments
    #[arg(long, value_name = "KEYS", env = "SWITCHBOARD_KEYS", hide_env_values = true)]
    keys: Option<String>,

    /// File with keys, written as for --keys, for example one a line
    #[arg(long, value_name = "FILE", env = "SWITCHBOARD_KEYS_FILE")]
    keys_file: Option<PathBuf>,

    /// Let pages of this origin use the hub too, for example `https://board.example.org`; may be repeated. Always
    /// allowed are pages of the hub's own address and, while it listens on loopback, of this machine. `*` allows all
    #[arg(long, value_name = "ORIGIN", env = "SWITCHBOARD_ALLOW_ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,

    /// Organization that the dashboard starts with [default: default]
    #[arg(long, value_name = "NAME", env = "SWITCHBOARD_ORGANIZATION")]
    organization: Option<String>,

    /// Key that the dashboard uses. Everybody who can open the page can read it: give one that may only see what
    /// they may
    #[arg(long, value_name = "KEY", env = "SWITCHBOARD_DASHBOARD_TOKEN", hide_env_values = true)]
    dashboard_token: Option<String>,

    /// Socket of a daemon hub that the dashboard watches over a connection of its own, which sends nothing: an address such as
    /// `ws://127.0.0.1:7000/ws`, or a path of this hub's origin [default: this hub]
    #[arg(long, value_name = "URL", env = "DAEMON_HUB_WS_URL")]
    daemon_hub_ws_url: Option<String>,

    /// Delete what is older than this many days; 0 keeps it
    #[arg(long, value_name = "DAYS", default_value_t = 30, env = "SWITCHBOARD_RETENTION_DAYS")]
    retention_days: u32,

    /// Delete the oldest beyond this size, for example 500MB or 2GiB; 0 keeps it
    #[arg(long, value_name = "SIZE", default_value = "2GiB", env = "SWITCHBOARD_RETENTION_BYTES", value_parser = size)]
    retention_bytes: u64,

    /// Open WebSockets and event streams at the same time; a further WebSocket is closed with code 4429, a further event
    /// stream answered with 503
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONNECTIONS, env = "SWITCHBOARD_MAX_CONNECTIONS")]
    max_connections: usize,

    /// What an accepted event survives: `full` a power cut, `normal` only the hub being killed
    #[arg(long, value_enum, default_value_t, env = "SWITCHBOARD_SYNC")]
    sync: Sync,

    /// How logs are written
    #[arg(long, value_enum, default_value_t, env = "SWITCHBOARD_LOG_FORMAT")]
    log_format: LogFormat,

    #[command(flatten)]
    chat: ChatArgs,

    #[command(flatten)]
    scrape: ScrapeArgs,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum LogFormat {
    /// A line for a person.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// What kept the hub from starting or from stopping well, in words for the person who started it.
pub async fn execute(args: ServeArgs) -> anyhow::Result<ExitCode> {
    log_to_stderr(args.log_format);
    let config = match args.config() {
        Ok(config) => config,
        Err(error) => return Ok(wrong_usage(&error)),
    };
    let hub = match crate::start(config).await {
        Ok(hub) => hub,
        Err(StartError::Usage(reason)) => return Ok(wrong_usage(&anyhow::anyhow!(reason))),
        Err(error) => return Err(error.into()),
    };
    announce(hub.addr())?;
    asked_to_stop().await?;
    tracing::info!("stopping");
    hub.shutdown().await.context("the store could not be closed well")?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

impl ServeArgs {
    fn config(self) -> anyhow::Result<Config> {
        let mut keys =
            self.keys.as_deref().map(Keys::parse).transpose().context("--keys")?.unwrap_or_default();
        if let Some(file) = &self.keys_file {
            let shown = file.display();
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read the keys in {shown}"))?;
            keys.extend(Keys::parse(&text).with_context(|| shown.to_string())?);
        }
        if let Some(folder) = self.dashboard.as_ref().filter(|folder| !folder.join("index.html").is_file()) {
            anyhow::bail!(
                "there is no index.html in {}; --dashboard takes the folder that `cargo xtask build` or `trunk build` made",
                folder.display()
            );
        }
        Ok(Config {
            listen: self.listen,
            data: self.data,
            dashboard_dir: self.dashboard,
            keys,
            allow_origins: self.allow_origin.into_iter().filter(|origin| !origin.is_empty()).collect(),
            dashboard: DashboardConfig {
                organization_id: unless_blank(self.organization).map(OrganizationId::from),
                token: unless_blank(self.dashboard_token),
                ws_url: None,
                api_url: None,
                daemon_hub_ws_url: unless_blank(self.daemon_hub_ws_url)
                    .map(|address| daemon_address(&address))
                    .transpose()
                    .context("--daemon-hub-ws-url")?,
            },
            retention: Retention {
                age_ms: (self.retention_days > 0).then(|| u64::from(self.retention_days) * DAY_MS),
                bytes: (self.retention_bytes > 0).then_some(self.retention_bytes),
            },
            max_connections: self.max_connections,
            sync: self.sync,
            chat: self.chat.config()?,
            scrape: self.scrape.config()?,
        })
    }
}

/// A daemon hub's socket as a browser can open it: an address, or a path of the page's origin. What is wrong with it is said
/// here, where somebody reads it, and not by a page that never connects.
fn daemon_address(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    let expected = "give an address such as ws://127.0.0.1:7000/ws or wss://daemon.example.org/ws, or a path such as /daemon/ws";
    if text.contains('#') {
        anyhow::bail!(
            "`{text}` has a fragment, with which no browser opens a socket; leave out `#` and what follows it"
        );
    }
    // Two slashes begin a host, and what a browser takes for one must not be taken for a path here.
    if text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\") {
        return Ok(text.to_owned());
    }
    let address =
        Url::parse(text).map_err(|error| anyhow::anyhow!("`{text}` is no address ({error}); {expected}"))?;
    if !matches!(address.scheme(), "ws" | "wss" | "http" | "https") {
        anyhow::bail!("`{text}` does not begin with ws://, wss://, http:// or https://; {expected}");
    }
    if !address.username().is_empty() || address.password().is_some() {
        anyhow::bail!(
            "`{text}` holds a user or a password, which browsers do not send to a socket and every visitor of the page could \
             read; leave them out"
        );
    }
    Ok(text.to_owned())
}

fn wrong_usage(error: &anyhow::Error) -> ExitCode {
    eprintln!("switchboard: {error:#}");
    ExitCode::from(USAGE)
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::builder()
        .with_env_var("SWITCHBOARD_LOG")
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails only where there is one already, which then is the one that is wanted.
    let _ = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}

/// One line on standard output, for scripts that wait until the hub answers.
fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let mut output = std::io::stdout().lock();
    writeln!(output, "Switchboard {version} listening on http://{address}")?;
    output.flush()?;
    tracing::info!(version, %address, "listening");
    Ok(())
}

async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Whoever asks twice means at once. What was answered with 202 is durable all the same.
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(i32::from(u8::MAX));
    });
    Ok(())
}

/// A size in bytes with an optional unit.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return Err("give a size such as 500MB or 2GiB".into()),
    };
    let number: u64 = number.parse().map_err(|_| "give a size such as 500MB or 2GiB".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "that is more than any disk has".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemons_address_is_one_that_a_browser_can_open_or_a_path() {
        for good in [
            "ws://127.0.0.1:7000/ws",
            "wss://daemon.example.org/ws?x=1",
            "http://[::1]:7000",
            "HTTPS://daemon.example.org/ws",
            "/daemon/ws",
            " /ws ",
        ] {
            assert_eq!(daemon_address(good).unwrap(), good.trim());
        }
        for (bad, words) in [
            ("127.0.0.1:7000/ws", "127.0.0.1:7000/ws"),
            ("localhost:7000/ws", "does not begin with ws://"),
            ("daemon.example.org", "is no address"),
            ("ftp://daemon.example.org/", "does not begin with ws://"),
            ("ws://", "is no address"),
            ("//daemon.example.org/ws", "is no address"),
            ("ws://daemon.example.org/#a", "leave out `#`"),
            ("/daemon/ws#a", "leave out `#`"),
            ("/ws#", "leave out `#`"),
            ("ws://user:secret@daemon.example.org/", "leave them out"),
        ] {
            let error = daemon_address(bad).unwrap_err().to_string();
            assert!(error.contains(words), "{bad}: {error}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in
            [("0", 0), ("1024", 1024), ("500MB", 500_000_000), ("2 GiB", 2 << 30), ("64k", 65_536)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "2 parsecs", "-1", "1.5GB", "99999999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
