//! `ingest`: how many events the hub makes durable.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::{
    Table, frames,
    hub::{Hub, Options},
    note,
    publisher::{Load, Pace, latencies},
    statistics::{median, percentile},
    table::{count, milliseconds, verdict},
};

/// Durable events a second.
const TARGET: f64 = 20_000.0;

/// Report events in batches over kept connections, and single ones.
#[derive(Debug, clap::Args)]
pub struct Ingest {
    /// How many events one report holds.
    #[arg(long, default_value_t = 100)]
    batch: u64,
    /// How many connections report at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long each repetition lasts, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each is measured, each time on an empty hub; the table has medians.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
}

/// What one repetition found.
struct Found {
    events_per_second: f64,
    /// CPU-µs of the hub for each event.
    cpu: f64,
    /// Of a single event's report, in milliseconds.
    p50: f64,
    p99: f64,
}

impl Ingest {
    /// Measures with and without waiting for the disk.
    pub async fn run(self) -> Result<Table> {
        let title = format!(
            "Ingest: durable events, {} connections × {} events of about 200 bytes a report",
            self.connections, self.batch
        );
        let columns = ["`--sync`", "events/s", "CPU-µs an event", "a single event, p50", "p99", "target", ""];
        let mut table = Table::new(title, &columns);
        for sync in ["full", "normal"] {
            let mut found = Vec::new();
            for _ in 0..self.repetitions.max(1) {
                let one = self.measure(sync).await?;
                note(format_args!("{sync}: {:.0} events/s, p99 {:.1} ms", one.events_per_second, one.p99));
                found.push(one);
            }
            let median_of = |pick: fn(&Found) -> f64| median(&found.iter().map(pick).collect::<Vec<_>>());
            let rate = median_of(|found| found.events_per_second);
            table.row([
                format!("`{sync}`"),
                count(rate),
                format!("{:.1}", median_of(|found| found.cpu)),
                milliseconds(median_of(|found| found.p50)),
                milliseconds(median_of(|found| found.p99)),
                format!("≥ {}", count(TARGET)),
                verdict(rate >= TARGET),
            ]);
        }
        Ok(table)
    }

    async fn measure(&self, sync: &str) -> Result<Found> {
        let hub = Hub::start(Options { sync, ..Options::default() }).await?;
        let time = Duration::from_secs_f64(self.seconds);
        let batch = self.batch;
        let body = move |number: u64| {
            frames::body(
                (number * batch..(number + 1) * batch)
                    .map(|line| frames::output(&format!("e-{}", line % 8), line)),
            )
        };
        let pace = Pace { reports_per_second: None, connections: self.connections };
        let load = Load::start(hub.address(), pace, None, body).await?;
        // The first second fills caches, and makes the files.
        sleep(time.min(Duration::from_secs(1))).await;
        let (reports, cpu, started) = (load.reported(), hub.cpu_time()?, Instant::now());
        sleep(time).await;
        let (reports, cpu, took) =
            (load.reported() - reports, hub.cpu_time()?.saturating_sub(cpu), started.elapsed());
        load.stop().await?;

        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let events = (reports * batch) as f64;
        let single = latencies(hub.address(), time, |number| frames::output("e-1", number)).await?;
        Ok(Found {
            events_per_second: events / took.as_secs_f64(),
            cpu: cpu.as_secs_f64() * 1e6 / events,
            p50: percentile(&single, 0.5),
            p99: percentile(&single, 0.99),
        })
    }
}
