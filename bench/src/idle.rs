//! `idle`: what a connection costs that receives nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use switchboard_protocol::Handshake;
use tokio::time::sleep;

use crate::{
    Table,
    hub::{Hub, Options},
    note,
    reader::{Look, Readers},
    statistics::median,
    table::{count, verdict},
};

/// The most memory that an idle connection may cost, in KiB.
const TARGET: f64 = 16.0;

/// Connections that are opened before the first look, so that what the hub needs once is not counted.
const WARM_UP: usize = 50;

/// How long the hub has to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Weigh connections that receive nothing.
#[derive(Debug, clap::Args)]
pub struct Idle {
    /// How many.
    #[arg(long, default_value_t = 2000)]
    connections: usize,
    /// How often it is measured, each time on a new hub; the table has the median.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
}

impl Idle {
    /// Measures how the hub's memory grows.
    pub async fn run(self) -> Result<Table> {
        allow_files(self.connections as u64 + 500)?;
        let mut found = Vec::new();
        for _ in 0..self.repetitions.max(1) {
            let one = self.measure().await?;
            note(format_args!("{one:.1} KiB a connection"));
            found.push(one);
        }
        let kibibytes = median(&found);
        let title = format!("Memory of the hub for each of {} idle connections", self.connections);
        let mut table = Table::new(title, &["what", "found", "target", ""]);
        table.row([
            "resident memory of the process, growth a connection".to_owned(),
            format!("{kibibytes:.1} KiB"),
            format!("≤ {} KiB", count(TARGET)),
            verdict(kibibytes <= TARGET),
        ]);
        Ok(table)
    }

    async fn measure(&self) -> Result<f64> {
        let hub = Hub::start(Options::default()).await?;
        // As the dashboard asks for it.
        let handshake =
            Handshake { token: "stream".into(), batch: true, binary: true, ..Handshake::default() };
        let mut first = Readers::connect(hub.address(), WARM_UP, &handshake, Look::Count).await?;
        sleep(REST).await;
        let before = hub.resident_bytes()?;
        let mut others = Readers::connect(hub.address(), self.connections, &handshake, Look::Count).await?;
        sleep(REST).await;
        let grown = hub.resident_bytes()?.saturating_sub(before);
        ensure!(first.all_open() && others.all_open(), "the hub closed a connection");
        #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
        Ok(grown as f64 / self.connections.max(1) as f64 / 1024.0)
    }
}

/// Raises this process's limit of open files, and that of the hub that it starts, as far as the system allows.
fn allow_files(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let allowed = limit.maximum.is_none_or(|maximum| maximum >= wanted);
    ensure!(
        allowed,
        "{wanted} open files are needed, and the system allows {:?}; see `ulimit -Hn`",
        limit.maximum
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
        .context("cannot raise the limit of open files")
}
