//! How many durable events a second the SQLite store takes: `cargo run --release -p switchboard-store --example
//! throughput -- [full|normal] [appenders] [batch] [seconds]`.
//!
//! Each appender reports to an execution of its own in batches, waits for the answer and sends the next, as
//! reporters behind the hub do. The database is made in the current folder, on the disk that is to be measured, and
//! deleted at the end.
#![allow(clippy::unwrap_used, reason = "an example that measures ends where something is wrong")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use switchboard_protocol::{
    Envelope, ExecutionEvent, ExecutionEventKind, ExecutionFrame, Frame, Json, Timestamp,
};
use switchboard_store::{Fold, Log, Report, SqliteOptions, SqliteStore, Upkeep, sqlite::Synchronous};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |index: usize, default: usize| arguments.get(index).map_or(default, |text| text.parse().unwrap());
    let synchronous = match arguments.first().map(String::as_str) {
        Some("normal") => Synchronous::Normal,
        _ => Synchronous::Full,
    };
    let (appenders, batch, seconds) = (number(1, 8), number(2, 100), number(3, 10));

    let folder = tempfile::tempdir_in(".").unwrap();
    let options = SqliteOptions { synchronous, ..SqliteOptions::default() };
    let store = Arc::new(SqliteStore::open(folder.path(), options).unwrap());
    let started = Instant::now();
    let ends = started + Duration::from_secs(u64::try_from(seconds).unwrap());
    let mut tasks = JoinSet::new();
    for appender in 0..appenders {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut slowest = Duration::ZERO;
            let mut sent = 0;
            while Instant::now() < ends {
                let reports = (0..batch).map(|item| report(appender, sent + item)).collect();
                sent += batch;
                let asked = Instant::now();
                store.append("acme".into(), reports).await.unwrap();
                slowest = slowest.max(asked.elapsed());
            }
            slowest
        });
    }
    let slowest = tasks.join_all().await.into_iter().max().unwrap_or_default();
    let elapsed = started.elapsed();
    let stats = store.stats();
    store.close().await.unwrap();
    let megabytes = std::fs::metadata(folder.path().join("switchboard.db")).unwrap().len() >> 20;
    println!(
        "{synchronous:?}, {appenders} appenders, batches of {batch}: {:.0} events/s, {:.0} commits/s, \
         slowest answer {slowest:.1?}, {megabytes} MiB for {} events",
        rate(stats.accepted, elapsed),
        rate(stats.commits, elapsed),
        stats.accepted,
    );
}

fn rate(count: u64, elapsed: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of events is far below 2^52")]
    let count = count as f64;
    count / elapsed.as_secs_f64()
}

/// A line of output as the hub hands it on, with an id as `switchboard run` gives it.
fn report(appender: usize, number: usize) -> Report {
    let execution_id = format!("execution-{appender}");
    let id = format!("{execution_id}-{number}");
    let text = format!(
        r#"{{"stream":"stdout","text":"fetched https://example.org/page/{number} in 120 ms, 48213 bytes"}}"#
    );
    let event = ExecutionEvent {
        id: Some(id.as_str().into()),
        kind: ExecutionEventKind::Output,
        timestamp: Some(Timestamp::from_millis(1_774_958_400_000)),
        data: Json::from_text(text).ok(),
    };
    let frame = ExecutionFrame { execution_id: execution_id.into(), event };
    let body = Envelope::unsequenced(Frame::ExecutionEvent(frame.clone())).encode().unwrap();
    Report { id: Some(id), body: body.into(), fold: Some(Fold::Execution(frame)) }
}
