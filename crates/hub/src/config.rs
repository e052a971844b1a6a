//! What a hub is started with.

use std::path::PathBuf;

use switchboard_protocol::rest::DashboardConfig;
use switchboard_store::Retention;

use crate::auth::Keys;

pub use crate::chat::{
    ChatConfig, DEFAULT_MODEL_CONCURRENCY, DEFAULT_TASK_TIMEOUT, ModelConfig, Prices, Secret,
};
pub use crate::scrape::{DEFAULT_SCRAPE_RUNS, ScrapeConfig};

/// What a hub is started with. `Default` is a hub for a try: loopback, an unused port, no keys, everything kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// `HOST:PORT` to listen on; port 0 takes an unused one.
    pub listen: String,
    /// The folder that holds the database. It is made where it is missing.
    pub data: PathBuf,
    /// Serves the built dashboard from this folder instead of the one inside the binary.
    pub dashboard_dir: Option<PathBuf>,
    /// Who may speak to the hub. Without any, only loopback addresses are listened on.
    pub keys: Keys,
    /// Which web pages may use the hub besides its own, as origins such as `https://board.example.org`.
    pub allow_origins: Vec<String>,
    /// What `/config.json` answers.
    pub dashboard: DashboardConfig,
    /// What is kept.
    pub retention: Retention,
    /// How many WebSockets and event streams may be open.
    pub max_connections: usize,
    /// Whether each commit waits for the disk.
    pub sync: Sync,
    /// Who answers messages.
    pub chat: ChatConfig,
    /// How sites are scraped.
    pub scrape: ScrapeConfig,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Sync {
    /// What is answered with 202 survives a power cut.
    #[default]
    Full,
    /// It survives a kill of the hub; a power cut may take the last moments.
    Normal,
}

/// How many WebSockets and event streams may be open, unless configured otherwise.
pub const DEFAULT_MAX_CONNECTIONS: usize = 10_000;

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".into(),
            data: "data".into(),
            dashboard_dir: None,
            keys: Keys::default(),
            allow_origins: Vec::new(),
            dashboard: DashboardConfig::default(),
            retention: Retention { age_ms: None, bytes: None },
            max_connections: DEFAULT_MAX_CONNECTIONS,
            sync: Sync::default(),
            chat: ChatConfig::default(),
            scrape: ScrapeConfig::default(),
        }
    }
}
