//! From the outbox to the hub: one request at a time, in order, again and again until it is durable.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use switchboard_link::Backoff;
use tokio::time::{Instant, sleep};

use super::{event::Event, outbox::Outbox};
use crate::command::client::{Hub, ReportError, say};

/// How long to wait between attempts: back soon after a short break, and never more than 5 s behind a hub that
/// returns. It never gives up; the run's end does.
const BACKOFF: Backoff = Backoff::new(250, 2.0, 5_000, 0);

/// The same after an answer that no hub gives to what it will take: a key is being changed, or a proxy answers in the place of a hub
/// that is started again. It may as well be a mistake that somebody has to find, so it is not asked often.
const PATIENT: Backoff = Backoff::new(1_000, 2.0, 60_000, 0);

/// How often it is said that the hub takes nothing, where that comes and goes.
const SAID_AGAIN: Duration = Duration::from_mins(1);

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
    /// Whether what is hopeless is tried again also where the hub has taken nothing yet.
    patient: bool,
    trouble: Mutex<Trouble>,
    /// How often a single event was refused, heartbeats included, which are not counted otherwise.
    refusals: AtomicU64,
}

/// What went wrong, in words for a person.
#[derive(Debug, Default)]
struct Trouble {
    /// Why the hub takes nothing now.
    present: Option<String>,
    /// Why it refused an event. That stays true.
    refusal: Option<String>,
    /// When it was last said that the hub takes nothing.
    said_at: Option<Instant>,
}

impl<'a> Delivery<'a> {
    /// Delivers from `outbox` to `hub`.
    pub fn new(hub: &'a Hub, outbox: &'a Outbox, quiet: bool) -> Self {
        Self { hub, outbox, quiet, patient: false, trouble: Mutex::default(), refusals: AtomicU64::new(0) }
    }

    /// The same for what runs for months: as long as more may be put in, no answer of the hub makes it give up, also none to its
    /// first report.
    pub fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// Why the hub takes nothing now, or else why it refused something; `None` where all is well.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.present.clone().or_else(|| trouble.refusal.clone())
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

    /// Delivers one batch; false where the hub will take nothing, and time will not change that.
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
                    self.recovered();
                    attempt = 0;
                }
                Err(ReportError::Transient { reason, retry_after }) => {
                    self.met(&reason, "the command runs on, and its output is kept and sent later");
                    let delay = Duration::from_millis(BACKOFF.delay_ms(attempt, fastrand::f64()));
                    sleep(delay.max(retry_after.unwrap_or_default())).await;
                    attempt = attempt.saturating_add(1);
                    parts.push_front(part);
                }
                Err(error @ ReportError::Hopeless(_)) if self.may_pass() => {
                    self.met(
                        &error.to_string(),
                        "the command runs on, its output is kept, and the hub is asked again",
                    );
                    self.wait_patiently(attempt).await;
                    attempt = attempt.saturating_add(1);
                    parts.push_front(part);
                }
                Err(error @ ReportError::Hopeless(_)) => {
                    self.gave_up(&error.to_string(), "the command runs on, and nothing of it is reported");
                    self.outbox.refused(parts.iter().flatten().chain(&part));
                    return false;
                }
                Err(ReportError::Refused(problem)) => {
                    let named = problem.index.filter(|index| *index < part.len());
                    let refused = ReportError::Refused(problem).to_string();
                    if let Some(index) = named.or((part.len() == 1).then_some(0)) {
                        self.refused(&refused);
                        let bad = part.remove(index);
                        self.outbox.refused([&bad]);
                        parts.push_front(part);
                        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
                        if self.outbox.tally().delivered == 0 && refusals >= REFUSED_FROM_THE_START {
                            self.gave_up(&refused, "nothing of the run is reported");
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

    /// Whether an answer that no hub gives to what it will take may be one of the moment: it has taken something before, or there is
    /// time to find out.
    fn may_pass(&self) -> bool {
        self.outbox.tally().delivered > 0 || (self.patient && !self.outbox.is_closed())
    }

    /// Waits long, or, once no more will be put in and somebody waits for the end, as long as for a hub that is away.
    async fn wait_patiently(&self, attempt: u32) {
        let random = fastrand::f64();
        let hurried = async {
            self.outbox.closed().await;
            sleep(Duration::from_millis(BACKOFF.delay_ms(attempt, random))).await;
        };
        tokio::select! {
            () = sleep(Duration::from_millis(PATIENT.delay_ms(attempt, random))) => {}
            () = hurried => {}
        }
    }

    /// Remembers why the hub takes nothing, and says it where it took something before; not again and again where that comes and
    /// goes.
    fn met(&self, reason: &str, consequence: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let was_said = trouble.said_at.is_some_and(|at| at.elapsed() < SAID_AGAIN);
        if trouble.present.is_none() && !was_said && !self.quiet {
            say(format_args!("{reason}; {consequence}"));
            trouble.said_at = Some(Instant::now());
        }
        trouble.present = Some(reason.to_owned());
    }

    /// The hub takes reports: what was wrong before is over.
    fn recovered(&self) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).present = None;
    }

    /// Remembers why an event was refused, and says it of the first.
    fn refused(&self, reason: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.refusal.is_none() && !self.quiet {
            say(format_args!("the hub refused an event: {reason}; the others are sent without it"));
        }
        trouble.refusal = Some(format!("the hub refused an event: {reason}"));
    }

    /// Nothing more is sent: remembers why, and says it whatever was said before.
    fn gave_up(&self, reason: &str, consequence: &str) {
        if !self.quiet {
            say(format_args!("{reason}; {consequence}"));
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).present = Some(reason.to_owned());
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
