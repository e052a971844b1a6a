//! From the outbox to the hub: one request at a time, in order, again and again until it is durable.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use std::time::Duration;

use switchboard_link::Backoff;

use super::{event::Event, outbox::Outbox};
use crate::command::client::{Hub, ReportError, say};

/// How long to wait between attempts: back soon after a short break, and never more than 5 s behind a hub that
/// returns. It never gives up; the run's end does.
const BACKOFF: Backoff = Backoff::new(250, 2.0, 5_000, 0);

/// How many events may be refused before one is taken, until it is clear that none will be: the organization is
/// missing from them, say, or the execution's identifier is one that the hub does not take.
const REFUSED_FROM_THE_START: u64 = 3;

/// Delivers what the outbox holds until it is closed and empty, or the hub will take nothing.
#[derive(Debug)]
pub struct Delivery<'a> {
    hub: &'a Hub,
    outbox: &'a Outbox,
    /// Whether to say on stderr when delivery fails for the first time.
    quiet: bool,
    trouble: Mutex<Option<String>>,
    /// How often a single event was refused, heartbeats included, which are not counted otherwise.
    refusals: AtomicU64,
}

impl<'a> Delivery<'a> {
    /// Delivers from `outbox` to `hub`.
    pub fn new(hub: &'a Hub, outbox: &'a Outbox, quiet: bool) -> Self {
        Self { hub, outbox, quiet, trouble: Mutex::new(None), refusals: AtomicU64::new(0) }
    }

    /// What failed last, in words for a person; `None` where nothing has.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Delivers to the end.
    pub async fn run(&self) {
        while let Some(batch) = self.outbox.take().await {
            if !self.deliver(batch).await {
                self.outbox.give_up();
                return;
            }
        }
    }

    /// Delivers one batch; false where the hub will take nothing.
    async fn deliver(&self, batch: Vec<Event>) -> bool {
        // What is refused as a whole is delivered in halves, so that one bad event costs itself alone.
        let mut parts = VecDeque::from([batch]);
        let mut attempt = 0;
        while let Some(mut part) = parts.pop_front() {
            if part.is_empty() {
                continue;
            }
            match self.hub.report(lines(&part)).await {
                Ok(_) => {
                    self.outbox.delivered(&part);
                    attempt = 0;
                }
                Err(ReportError::Transient { reason, retry_after }) => {
                    self.met(&reason, "the command runs on, and its output is kept and sent later");
                    let delay = Duration::from_millis(BACKOFF.delay_ms(attempt, fastrand::f64()));
                    tokio::time::sleep(delay.max(retry_after.unwrap_or_default())).await;
                    attempt = attempt.saturating_add(1);
                    parts.push_front(part);
                }
                Err(error @ ReportError::Hopeless(_)) => {
                    self.met(&error.to_string(), "the command runs on, and nothing of it is reported");
                    self.outbox.refused(parts.iter().flatten().chain(&part));
                    return false;
                }
                Err(ReportError::Refused(problem)) => {
                    let named = problem.index.filter(|index| *index < part.len());
                    let refused = ReportError::Refused(problem).to_string();
                    if let Some(index) = named.or((part.len() == 1).then_some(0)) {
                        self.met(
                            &format!("the hub refused an event: {refused}"),
                            "the others are sent without it",
                        );
                        let bad = part.remove(index);
                        self.outbox.refused([&bad]);
                        parts.push_front(part);
                        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
                        if self.outbox.tally().delivered == 0 && refusals >= REFUSED_FROM_THE_START {
                            self.met(&refused, "nothing of the run is reported");
                            self.outbox.refused(parts.iter().flatten());
                            return false;
                        }
                    } else {
                        let second = part.split_off(part.len() / 2);
                        parts.push_front(second);
                        parts.push_front(part);
                    }
                }
            }
        }
        true
    }

    /// Remembers a failure, and says the first one.
    fn met(&self, reason: &str, consequence: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() && !self.quiet {
            say(format_args!("{reason}; {consequence}"));
        }
        *trouble = Some(reason.to_owned());
    }
}

/// A batch as newline-delimited JSON.
fn lines(batch: &[Event]) -> String {
    let mut lines = String::with_capacity(batch.iter().map(|event| event.line.len() + 1).sum());
    for event in batch {
        lines.push_str(&event.line);
        lines.push('\n');
    }
    lines
}
