//! `fanout`: what it costs to bring one event to many connections.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use switchboard_protocol::{ExecutionId, Handshake};
use tokio::time::sleep;

use crate::{
    Table, frames,
    hub::{Hub, Options},
    note,
    publisher::{Gate, Load, Pace, Publisher},
    reader::{Look, Readers},
    statistics::{median, percentile},
    table::{count, milliseconds, verdict},
};

/// CPU-µs of the hub for each delivery at the even rate, durable ingest included.
const TARGET: f64 = 6.0;

/// The execution that subscribers follow.
const EXECUTION: &str = "e-bench";

/// Deliver events to many WebSocket connections, at an even rate and as fast as it goes.
#[derive(Debug, clap::Args)]
pub struct Fanout {
    /// How many connections receive every event.
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Events a second at the even rate, each a report of its own.
    #[arg(long, default_value_t = 1000.0)]
    rate: f64,
    /// How many events a report holds at saturation.
    #[arg(long, default_value_t = 100)]
    batch: u64,
    /// How many events the publisher may be ahead of the slowest connection at saturation.
    #[arg(long, default_value_t = 20_000)]
    window: u64,
    /// How long each repetition lasts, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each is measured, each time on an empty hub; the table has medians.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
}

/// What is delivered, and how.
#[derive(Debug, Clone, Copy)]
struct Variant {
    name: &'static str,
    /// Lines of one execution, to its subscribers; otherwise events of jobs, to everybody.
    subscribed: bool,
    /// Connections take several frames in one message, as the dashboard does.
    batch: bool,
    saturated: bool,
}

const VARIANTS: [Variant; 5] = [
    Variant { name: "job events, one message each", subscribed: false, batch: false, saturated: false },
    Variant { name: "job events, batched", subscribed: false, batch: true, saturated: false },
    Variant { name: "one execution's subscribers, batched", subscribed: true, batch: true, saturated: false },
    Variant { name: "job events, batched, saturated", subscribed: false, batch: true, saturated: true },
    Variant {
        name: "one execution's subscribers, batched, saturated",
        subscribed: true,
        batch: true,
        saturated: true,
    },
];

/// What one repetition found.
struct Found {
    deliveries_per_second: f64,
    per_message: f64,
    /// CPU-µs of the hub for each delivery.
    cpu: f64,
    /// In milliseconds; NaN at saturation, where they say how long the queue is.
    p50: f64,
    p99: f64,
}

impl Fanout {
    /// Measures every variant.
    pub async fn run(self) -> Result<Table> {
        let title = format!(
            "Fan-out: {} connections; {} events/s, or as fast as it goes",
            self.connections, self.rate
        );
        let columns =
            ["what", "deliveries/s", "events a message", "CPU-µs a delivery", "p50", "p99", "target", ""];
        let mut table = Table::new(title, &columns);
        for variant in VARIANTS {
            let mut found = Vec::new();
            for _ in 0..self.repetitions.max(1) {
                let one = self.measure(variant).await?;
                note(format_args!(
                    "{}: {:.2} CPU-µs, {:.0}/s",
                    variant.name, one.cpu, one.deliveries_per_second
                ));
                found.push(one);
            }
            let median_of = |pick: fn(&Found) -> f64| median(&found.iter().map(pick).collect::<Vec<_>>());
            let cpu = median_of(|found| found.cpu);
            let time = |value: f64| if variant.saturated { "–".into() } else { milliseconds(value) };
            table.row([
                variant.name.to_owned(),
                count(median_of(|found| found.deliveries_per_second)),
                format!("{:.1}", median_of(|found| found.per_message)),
                format!("{cpu:.2}"),
                time(median_of(|found| found.p50)),
                time(median_of(|found| found.p99)),
                format!("≤ {TARGET:.0} CPU-µs"),
                verdict(cpu <= TARGET),
            ]);
        }
        table.remark(
            "CPU time is the hub's alone, in user and in kernel mode, durable ingest and HTTP included. A time is from before \
             the report is posted to after the message is read.",
        );
        Ok(table)
    }

    async fn measure(&self, variant: Variant) -> Result<Found> {
        let hub = Hub::start(Options::default()).await?;
        // The execution exists before anybody subscribes to it.
        Publisher::connect(hub.address()).await?.post(frames::start(EXECUTION)).await?;
        let handshake = Handshake {
            token: "stream".into(),
            batch: variant.batch,
            binary: variant.batch,
            subscribe: if variant.subscribed { vec![ExecutionId::from(EXECUTION)] } else { Vec::new() },
            ..Handshake::default()
        };
        let look = if variant.saturated { Look::Count } else { Look::Time };
        let mut readers = Readers::connect(hub.address(), self.connections, &handshake, look).await?;

        let per_report = if variant.saturated { self.batch.max(1) } else { 1 };
        let line = move |number| {
            if variant.subscribed { frames::output(EXECUTION, number) } else { frames::job(number) }
        };
        let body =
            move |report: u64| frames::body((report * per_report..(report + 1) * per_report).map(line));
        let slowest = readers.slowest();
        let window = self.window;
        let gate = move |report: u64| report * per_report <= slowest() + window;
        let pace = Pace { reports_per_second: (!variant.saturated).then_some(self.rate), connections: 4 };
        let gate: Option<Gate> = variant.saturated.then(|| Box::new(gate) as Gate);
        let load = Load::start(hub.address(), pace, gate, body).await?;

        sleep(Duration::from_secs_f64(self.seconds.min(1.0))).await;
        readers.take_latencies();
        let (events, messages, cpu) = (readers.events(), readers.messages(), hub.cpu_time()?);
        let started = Instant::now();
        sleep(Duration::from_secs_f64(self.seconds)).await;
        let (events, messages) = (readers.events() - events, readers.messages() - messages);
        let (cpu, took) = (hub.cpu_time()?.saturating_sub(cpu), started.elapsed());
        let latencies = readers.take_latencies();
        ensure!(readers.all_open(), "the hub closed a connection");
        load.stop().await?;

        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let (events, messages) = (events as f64, messages as f64);
        Ok(Found {
            deliveries_per_second: events / took.as_secs_f64(),
            per_message: events / messages,
            cpu: cpu.as_secs_f64() * 1e6 / events,
            p50: percentile(&latencies, 0.5),
            p99: percentile(&latencies, 0.99),
        })
    }
}
