//! The events of one stream: where it begins, what follows, and when it is over.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use switchboard_protocol::{OrganizationId, RunId, ScrapePhase, rest::ScrapeRunSummary};
use switchboard_store::{ScrapeQuery, Store, StoreError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::state;
use crate::feed::{CaughtUp, Feed, Feeds, Next, Reader, Segment};

/// How long a browser waits before it opens a stream again that broke, in milliseconds.
const RETRY_MS: u32 = 2000;

/// How often a stream that has nothing to tell shows that it is alive. Proxies cut what is silent for long.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many runs a stream of all runs begins with.
const MOST_RUNS: usize = 50;

/// What a client asks for.
pub struct Wanted {
    /// Whose runs.
    pub organization: OrganizationId,
    /// One run; `None` is all of them.
    pub run: Option<RunId>,
    /// The place in the log of the last event that the client has seen.
    pub last: Option<u64>,
}

/// Where a stream begins.
pub enum Begin {
    /// With events.
    Events(Events),
    /// Nowhere: the run has ended, and the client has seen its end.
    Over,
    /// There is no such run.
    Unknown,
}

/// What follows on a stream.
pub struct Events {
    store: Arc<dyn Store>,
    feed: Arc<Feed>,
    organization: OrganizationId,
    /// The run that it is about; `None` is all of them.
    run: Option<RunId>,
    reader: Reader,
    /// What is to be sent next.
    text: String,
    /// The stream ends at this place of the log: the run has ended, and what is there of it is before that.
    until: Option<u64>,
    /// There is nothing to come.
    is_over: bool,
    heartbeat: Interval,
    stop: CancellationToken,
}

impl Events {
    /// The events after the last one that the client has seen, or, where that is no place that the log still has, how things
    /// stand and what follows.
    pub async fn begin(
        store: Arc<dyn Store>,
        feeds: &Feeds,
        stop: CancellationToken,
        wanted: Wanted,
    ) -> Result<Begin, StoreError> {
        let Wanted { organization, run, last } = wanted;
        let (feed, bounds) = feeds.join(&organization).await?;
        let last = last.filter(|last| (bounds.first.saturating_sub(1)..=bounds.head).contains(last));
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = Self {
            store,
            reader: feed.reader(last.unwrap_or(bounds.head)),
            feed,
            organization,
            run,
            text: format!("retry: {RETRY_MS}\n\n"),
            until: None,
            is_over: false,
            heartbeat,
            stop,
        };
        let Some(_) = last else {
            return Ok(if events.begin_with_state().await? { Begin::Events(events) } else { Begin::Unknown });
        };
        let Some(run) = events.run.clone() else { return Ok(Begin::Events(events)) };
        let Some(now) = events.store.scrape_run(events.organization.clone(), run, 1).await? else {
            return Ok(Begin::Unknown);
        };
        if now.summary.phase.is_final() {
            let empty = events.text.len();
            events.until = Some(now.seq.unwrap_or(bounds.head));
            while events.text.len() == empty && !events.is_over {
                events.advance().await?;
            }
            if events.text.len() == empty {
                return Ok(Begin::Over);
            }
        }
        Ok(Begin::Events(events))
    }

    /// As the body of a response.
    pub fn stream(self) -> impl Stream<Item = Bytes> + Send + 'static {
        stream::unfold(self, |mut events| async move { events.next().await.map(|bytes| (bytes, events)) })
    }

    /// The next part of the body.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.text.is_empty() {
                self.heartbeat.reset();
                return Some(std::mem::take(&mut self.text).into());
            }
            if self.is_over || self.stop.is_cancelled() {
                return None;
            }
            if self.reader.has_more() || self.is_at_end() {
                if let Err(error) = self.advance().await {
                    // The client comes back, and asks for what it has not seen.
                    tracing::warn!(%error, "an event stream ends because of the store");
                    return None;
                }
                continue;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = self.reader.changed() => {}
                _ = self.heartbeat.tick() => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    fn is_at_end(&self) -> bool {
        self.until.is_some_and(|until| self.reader.cursor() >= until)
    }

    /// Takes over what follows in the feed, or waits for it.
    async fn advance(&mut self) -> Result<(), StoreError> {
        if self.is_at_end() {
            self.is_over = true;
            return Ok(());
        }
        match self.reader.next() {
            Next::Segments(segments) => self.take(&segments),
            Next::Nothing => self.wait().await,
            Next::Behind => {
                let (caught_up, size) = self.reader.catch_up().await?;
                self.reader.learn(size);
                match caught_up {
                    CaughtUp::Segments(segments) if segments.is_empty() => self.wait().await,
                    CaughtUp::Segments(segments) => self.take(&segments),
                    CaughtUp::Overrun => {
                        self.is_over = !self.begin_with_state().await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits until the feed has grown, but not beyond the hub's end.
    async fn wait(&mut self) {
        tokio::select! {
            () = self.stop.cancelled() => self.is_over = true,
            () = self.reader.changed() => {}
        }
    }

    /// Adds the events in these segments that are for this stream.
    fn take(&mut self, segments: &[Arc<Segment>]) {
        for segment in segments {
            for scrape in segment.scrapes() {
                let is_wanted = self.run.as_ref().is_none_or(|run| *run == scrape.run);
                if scrape.seq <= self.reader.cursor() || !is_wanted || self.is_over {
                    continue;
                }
                // Cut from a string at the ends of frames.
                if let Ok(frame) = std::str::from_utf8(&scrape.text) {
                    push(&mut self.text, scrape.seq, frame);
                }
                self.is_over = self.run.is_some() && scrape.is_end;
            }
            self.reader.advance(segment.last());
        }
    }

    /// Adds how things stand, and goes on after that. Answers whether what the stream is about exists.
    async fn begin_with_state(&mut self) -> Result<bool, StoreError> {
        let (frames, seq) = match self.run.clone() {
            Some(run) => {
                let Some(now) = self.store.scrape_run(self.organization.clone(), run, 1).await? else {
                    return Ok(false);
                };
                self.is_over = now.summary.phase.is_final();
                (state::run(&now.summary), now.seq.unwrap_or_default())
            }
            None => self.unfinished().await?,
        };
        for frame in &frames {
            push(&mut self.text, seq, frame);
        }
        self.reader = self.feed.reader(seq);
        Ok(true)
    }

    /// The runs that have not ended, those first that became known first, and the place of the log that they are as of.
    async fn unfinished(&self) -> Result<(Vec<String>, u64), StoreError> {
        let list = |phase| {
            let query = ScrapeQuery { phase: Some(phase), limit: MOST_RUNS, ..ScrapeQuery::default() };
            self.store.scrape_runs(self.organization.clone(), query)
        };
        let (running, pending) = (list(ScrapePhase::Running).await?, list(ScrapePhase::Pending).await?);
        // The earlier of both: who hears the same numbers twice knows no less.
        let seq = running.seq.unwrap_or_default().min(pending.seq.unwrap_or_default());
        let mut runs: Vec<ScrapeRunSummary> = running.items.into_iter().chain(pending.items).collect();
        runs.truncate(MOST_RUNS);
        Ok((runs.iter().rev().filter_map(state::overview).collect(), seq))
    }
}

/// Writes one event. A frame is one line.
fn push(text: &mut String, seq: u64, frame: &str) {
    // Writing to a string does not fail.
    let _ = write!(text, "event: scrape_progress\nid: {seq}\ndata: {frame}\n\n");
}

#[cfg(test)]
mod tests {
    use switchboard_store::{Report, SqliteOptions, SqliteStore};

    use super::*;

    /// Proxies cut what is silent, and a client cannot tell a silent stream from a dead one.
    #[tokio::test(start_paused = true)]
    async fn a_stream_that_has_nothing_to_tell_shows_that_it_is_alive() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
        let (feeds, stop) = (Feeds::new(Arc::clone(&store)), CancellationToken::new());
        let wanted = Wanted { organization: "acme".into(), run: None, last: None };
        let begin = Events::begin(Arc::clone(&store), &feeds, stop.clone(), wanted).await.unwrap();
        let Begin::Events(mut events) = begin else { panic!("there is nothing to begin with") };
        assert_eq!(events.next().await.unwrap(), "retry: 2000\n\n");
        for _ in 0..3 {
            let before = Instant::now();
            assert_eq!(events.next().await.unwrap(), ":\n\n");
            assert!(before.elapsed() <= HEARTBEAT);
        }
        let body = r#"{"type":"scrape_progress","runId":"r-1","phase":"running"}"#;
        let report = Report { id: None, body: body.into(), fold: None };
        store.append("acme".into(), vec![report]).await.unwrap();
        let event = loop {
            let text = events.next().await.unwrap();
            if text != ":\n\n" {
                break text;
            }
        };
        let expected = "event: scrape_progress\nid: 1\ndata: {\"seq\":1,\"type\":\"scrape_progress\",\"runId\":\"r-1\",\"phase\":\"running\"}\n\n";
        assert_eq!(event, expected);
        stop.cancel();
        assert_eq!(events.next().await, None);
    }
}
