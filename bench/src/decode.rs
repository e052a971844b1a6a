//! `decode`: what a page does with each event before it shows it, on one core and without a browser.

use std::{hint::black_box, time::Duration};

use anyhow::{Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use switchboard_model::{Applied, Execution, new_summary};
use switchboard_protocol::{
    Envelope, ExecutionId, Frame, OrganizationId, Timestamp, decode_message, rest::ExecutionSnapshot,
};

use crate::{
    Table, frames,
    statistics::median,
    table::{count, verdict},
};

/// What a page must manage: 25 times the busiest stream that the browser is measured with.
const TARGET: f64 = 500_000.0;

/// Decode frames and fold them into an execution, natively on one core.
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// How many frames each repetition reads.
    #[arg(long, default_value_t = 200_000)]
    frames: u64,
    /// How many frames one message joins.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// How often each way is measured; the table has medians.
    #[arg(long, default_value_t = 9)]
    repetitions: usize,
}

impl Decode {
    /// Measures the three ways in turn, so that a machine that gets slower meanwhile slows all of them.
    pub fn run(self) -> Result<Table> {
        let frames = frames::stream(self.frames);
        let messages: Vec<String> = frames.chunks(self.batch.max(1)).map(|batch| batch.join("\n")).collect();
        let bytes: usize = frames.iter().map(String::len).sum();
        let (mut values, mut decoded, mut reduced) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.repetitions.max(1) {
            values.push(self.rate(parse_values(&messages)?));
            decoded.push(self.rate(decode(&messages, self.frames)?));
            reduced.push(self.rate(decode_and_reduce(&messages)?));
        }
        let (values, decoded, reduced) = (median(&values), median(&decoded), median(&reduced));

        #[expect(clippy::cast_precision_loss, reason = "a mean length")]
        let mean = bytes as f64 / self.frames.max(1) as f64;
        let title = format!(
            "Decode and reduce, one core, native; {} frames a message of {mean:.0} bytes",
            self.batch
        );
        let mut table = Table::new(title, &["what", "events/s", "of `serde_json::Value`", "target", ""]);
        let ratio = |rate: f64| format!("{:.2} ×", rate / values);
        table.row(["`serde_json::Value` of the same text", &count(values), "1", "", ""]);
        table.row(["decode", &count(decoded), &ratio(decoded), "", ""]);
        table.row([
            "decode and reduce",
            &count(reduced),
            &ratio(reduced),
            &format!("≥ {}", count(TARGET)),
            &verdict(reduced >= TARGET),
        ]);
        Ok(table)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn rate(&self, took: Duration) -> f64 {
        self.frames as f64 / took.as_secs_f64()
    }
}

/// The yardstick: a general JSON parser that builds a tree of each frame, and checks nothing.
fn parse_values(messages: &[String]) -> Result<Duration> {
    let started = cpu_time();
    for message in messages {
        for line in message.split('\n') {
            black_box(serde_json::from_str::<Value>(line)?);
        }
    }
    Ok(cpu_time().saturating_sub(started))
}

fn decode(messages: &[String], expected: u64) -> Result<Duration> {
    let started = cpu_time();
    let mut frames = 0;
    for message in messages {
        for envelope in decode_message(message) {
            black_box(envelope?);
            frames += 1;
        }
    }
    let took = cpu_time().saturating_sub(started);
    ensure!(frames == expected, "{expected} frames were sent, {frames} decoded");
    Ok(took)
}

/// As an execution's page: the events of its execution are folded in, everything else is decoded and passed by.
fn decode_and_reduce(messages: &[String]) -> Result<Duration> {
    let summary = new_summary(&OrganizationId::from("acme"), &ExecutionId::from("e-1"));
    let received_at = Timestamp::from_millis(1_769_860_800_000);
    let snapshot = ExecutionSnapshot { summary, events: Vec::new(), seq: Some(0) };
    let mut execution = Execution::from_snapshot(snapshot, received_at);
    let started = cpu_time();
    for message in messages {
        for envelope in decode_message(message) {
            if let Envelope { seq, frame: Frame::ExecutionEvent(frame), .. } = envelope? {
                let applied = execution.apply(seq, &frame.event, received_at);
                ensure!(applied == Applied::New, "an event was left out: {applied:?}");
            }
        }
    }
    let took = cpu_time().saturating_sub(started);
    black_box(execution);
    Ok(took)
}

/// The CPU time of this thread so far: unlike a clock on the wall, it does not run while others have the core.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
