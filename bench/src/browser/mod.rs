//! `browser`: what a stream costs the page that shows it.

mod page;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use switchboard_e2e as e2e;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    Table, files, frames,
    hub::{Hub, Options},
    note,
    publisher::{Load, Pace, Publisher},
    statistics::{median, percentile},
    table::{count, milliseconds, verdict},
};
use page::{Memory, Watched};

/// Reports a second: at a higher rate of events, each holds more of them, as a worker's would.
const REPORTS_PER_SECOND: f64 = 100.0;

/// What a page may be busier than the page that only decodes and counts one message an event, in percentage points
/// of the main thread: the product's aim is to need less.
const LEAST_BUSY_OF: &str = "≤ the floor, one message an event";

/// Events after which the page is weighed first: the view is full, and everything has run.
const FIRST_WEIGHING: u64 = 10_000;

/// How much more than at the first weighing a page may hold at the last, as a share.
const FLAT: f64 = 1.10;

/// Stream an execution into the dashboard's page, in a real Chromium.
#[derive(Debug, clap::Args)]
pub struct Browser {
    /// Events a second, one measurement each.
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,20000")]
    rates: Vec<u64>,
    /// How long frames are counted, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each is measured; the table has medians.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// After how many events the page is weighed again, to see whether it grows.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

/// What is loaded.
#[derive(Debug, Clone, Copy)]
struct Subject {
    name: &'static str,
    /// The path, with `{}` for the execution.
    path: &'static str,
}

const DASHBOARD: Subject = Subject { name: "the dashboard", path: "/executions/{}" };

const SUBJECTS: [Subject; 3] = [
    DASHBOARD,
    Subject { name: "floor, one message an event", path: "/floor.html?execution={}" },
    Subject { name: "floor, batched and binary", path: "/floor.html?execution={}&batch" },
];

/// What one repetition found.
#[derive(Debug, Clone, Copy)]
struct Found {
    busy: f64,
    frames_per_second: f64,
    age: f64,
    events_per_second: f64,
}

impl Browser {
    /// Measures the dashboard and the floor in turn, and then weighs the dashboard.
    pub async fn run(self) -> Result<Table> {
        let site = Site::new()?;
        let journal = e2e::Journal::default();
        let mut table = Table::new(
            "Browser: one execution streaming",
            &["page", "sent/s", "main thread busy", "frames/s", "event on screen after, p50", "target", ""],
        );
        for rate in &self.rates {
            let mut found: [Vec<Found>; SUBJECTS.len()] = Default::default();
            for _ in 0..self.repetitions.max(1) {
                for (subject, found) in SUBJECTS.iter().zip(&mut found) {
                    let one = self.measure(*subject, *rate, &site, &journal).await?;
                    note(format_args!("{rate}/s, {}: {one:?}", subject.name));
                    found.push(one);
                }
            }
            let busy_of = |found: &[Found]| median(&found.iter().map(|one| one.busy).collect::<Vec<_>>());
            let [dashboard, floor, _] = &found;
            let met = verdict(busy_of(dashboard) <= busy_of(floor));
            for (subject, found) in SUBJECTS.iter().zip(&found) {
                let median_of = |pick: fn(&Found) -> f64| median(&found.iter().map(pick).collect::<Vec<_>>());
                let judged = subject.name == DASHBOARD.name;
                table.row([
                    format!("{}, {} events/s", subject.name, count(as_number(*rate))),
                    count(median_of(|found| found.events_per_second)),
                    format!("{:.1} %", median_of(|found| found.busy) * 100.0),
                    format!("{:.0}", median_of(|found| found.frames_per_second)),
                    milliseconds(median_of(|found| found.age)),
                    if judged { LEAST_BUSY_OF.into() } else { String::new() },
                    if judged { met.clone() } else { String::new() },
                ]);
            }
        }
        let (first, last) = self.weigh(&site, &journal).await?;
        let flat = last.javascript + last.wasm <= (first.javascript + first.wasm) * FLAT;
        table.remark(format!(
            "Memory of the dashboard's page, JavaScript heap after a collection + wasm memory: {} after {} events, {} after {} \
             events (target: flat, at most {:.0} % more): {}.",
            megabytes(first),
            count(as_number(FIRST_WEIGHING)),
            megabytes(last),
            count(as_number(self.events)),
            (FLAT - 1.0) * 100.0,
            verdict(flat)
        ));
        table.remark(
            "The floor decodes and counts, shows one number and keeps nothing; its times are to the decoded event, the \
             dashboard's to the painted line. Both load the same counter of messages from the test harness.",
        );
        Ok(table)
    }

    async fn measure(
        &self,
        subject: Subject,
        rate: u64,
        site: &Site,
        journal: &e2e::Journal,
    ) -> Result<Found> {
        let stage = Stage::new(subject, site, journal).await?;
        let load = stage.load(rate, 0).await?;
        sleep(Duration::from_secs(2)).await;
        let (time, reported) = (Duration::from_secs_f64(self.seconds), load.reported());
        let work = stage.page.work(time).await?;
        let reports = load.reported() - reported;
        let ages = stage.page.ages(time).await?;
        let sent = load.stop().await? * per_report(rate);
        // What was counted must be all: a page that drops events would be measured as a fast one.
        stage.page.caught_up(sent.saturating_sub(1)).await;
        Ok(Found {
            busy: work.busy,
            frames_per_second: work.frames_per_second,
            age: percentile(&ages, 0.5),
            events_per_second: as_number(reports * per_report(rate)) / work.seconds,
        })
    }

    /// What the page holds after few events and after many.
    async fn weigh(&self, site: &Site, journal: &e2e::Journal) -> Result<(Memory, Memory)> {
        let stage = Stage::new(DASHBOARD, site, journal).await?;
        let rate = self.rates.iter().copied().max().unwrap_or(FIRST_WEIGHING);
        let (mut sent, mut weighed) = (0, Vec::new());
        for goal in [FIRST_WEIGHING, self.events] {
            let mut load = stage.load(rate, sent).await?;
            load.until(goal.saturating_sub(sent).div_ceil(per_report(rate))).await?;
            sent += load.stop().await? * per_report(rate);
            stage.page.caught_up(sent.saturating_sub(1)).await;
            weighed.push(stage.page.memory().await?);
            note(format_args!("after {sent} events: {:?}", weighed.last()));
        }
        let mut weighed = weighed.into_iter();
        weighed.next().zip(weighed.next()).context("two weighings")
    }
}

/// The dashboard and the floor, in one folder that the hub serves: same origin, same server.
struct Site(TempDir);

impl Site {
    fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-site-").tempdir_in(files::target())?;
        copy(&files::dashboard()?, folder.path())?;
        fs::write(folder.path().join("floor.html"), include_str!("../../pages/floor.html"))?;
        fs::write(folder.path().join("floor.js"), include_str!("../../pages/floor.js"))?;
        Ok(Self(folder))
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// A hub with one execution, and a page of a new browser that watches it.
struct Stage {
    page: Watched,
    hub: Hub,
    _browser: e2e::Browser,
}

/// The execution that is watched.
const EXECUTION: &str = "e-bench";

impl Stage {
    async fn new(subject: Subject, site: &Site, journal: &e2e::Journal) -> Result<Self> {
        let hub = Hub::start(Options { dashboard: Some(site.0.path()), ..Options::default() }).await?;
        let mut publisher = Publisher::connect(hub.address()).await?;
        publisher.post(frames::start(EXECUTION)).await?;
        let mut browser = e2e::Browser::launch(journal).await;
        let tab = browser.tab(&format!("http://{}", hub.address())).await;
        let page = Watched::open(tab, &subject.path.replace("{}", EXECUTION)).await;
        page.follows(async || publisher.post(frames::output(EXECUTION, 0)).await).await?;
        Ok(Self { page, hub, _browser: browser })
    }

    /// Streams lines at `rate`, numbered from `first` on.
    async fn load(&self, rate: u64, first: u64) -> Result<Load> {
        let size = per_report(rate);
        let body = move |report: u64| {
            let lines = first + report * size..first + (report + 1) * size;
            frames::body(lines.map(|line| frames::output(EXECUTION, line)))
        };
        // One connection: lines of an execution are reported in order.
        let pace = Pace { reports_per_second: Some(REPORTS_PER_SECOND), connections: 1 };
        Load::start(self.hub.address(), pace, None, body).await
    }
}

/// How many events one report holds at a rate of events a second.
fn per_report(rate: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive constant")]
    let reports = REPORTS_PER_SECOND as u64;
    (rate / reports).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn as_number(count: u64) -> f64 {
    count as f64
}

fn megabytes(memory: Memory) -> String {
    format!("{:.1} + {:.1} MB", memory.javascript / 1e6, memory.wasm / 1e6)
}
