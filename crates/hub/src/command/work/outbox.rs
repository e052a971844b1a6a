//! What waits to be delivered: bounded in events and bytes, and never in the command's way for long.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use switchboard_protocol::Timestamp;
use tokio::{
    sync::Notify,
    time::{Instant, timeout, timeout_at},
};

use super::event::{Event, Events};
use crate::clock::now;

/// How many events make a batch go out at once.
const BATCH: usize = 100;
/// How long a smaller batch waits for company.
const LINGER: Duration = Duration::from_millis(50);
/// The most events in one request, where many wait.
const LARGEST_BATCH: usize = 1_000;
/// The most bytes in one request. The hub takes 1 MiB; this leaves room, and one event of 64 KiB of text always fits.
const LARGEST_BATCH_BYTES: usize = 900 * 1024;
/// What an event costs beside its text: its place in the queue and the allocator's share.
const OVERHEAD: usize = 64;

/// How much may wait, and how long the command may be made to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most events.
    pub events: usize,
    /// The most bytes.
    pub bytes: usize,
    /// For how long in all the command may be slowed down because there is no room.
    pub patience: Duration,
}

/// What became of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Durable in the hub.
    pub delivered: u64,
    /// Lines of output dropped for want of room.
    pub dropped: u64,
    /// Refused by the hub, one by one or all together.
    pub refused: u64,
    /// Still here.
    pub waiting: u64,
}

impl Tally {
    /// How many events the hub has not.
    pub fn undelivered(&self) -> u64 {
        self.dropped + self.refused + self.waiting
    }
}

/// The queue between the command's output and its delivery.
///
/// One side puts in, one side takes a batch, delivers it and settles it. What was taken still counts against the
/// bounds until it is settled. Where there is no room, [`put`](Self::put) waits, in all no longer than
/// [`Limits::patience`]; after that the oldest lines of output make room, and are counted. Other events always
/// find room.
#[derive(Debug)]
pub struct Outbox {
    events: Arc<Events>,
    limits: Limits,
    state: Mutex<State>,
    /// Something was put in, or the outbox was closed.
    arrived: Notify,
    /// Something was settled.
    room: Notify,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Event>,
    /// Events in the queue and in flight.
    held: usize,
    /// Their bytes, with [`OVERHEAD`].
    bytes: usize,
    patience: Duration,
    gap: Option<Gap>,
    closed: bool,
    /// Whether delivery was given up, so that nothing is kept.
    hopeless: bool,
    tally: Tally,
}

/// Lines that were dropped and that no notice tells of yet.
#[derive(Debug)]
struct Gap {
    lines: u64,
    /// When the first of them was dropped.
    at: Timestamp,
    /// Where in the queue they are missing. It stays true while lines go, because only those behind it do.
    place: usize,
}

impl Outbox {
    /// An empty outbox for `events`.
    pub fn new(events: Arc<Events>, limits: Limits) -> Self {
        let state = State {
            queue: VecDeque::new(),
            held: 0,
            bytes: 0,
            patience: limits.patience,
            gap: None,
            closed: false,
            hopeless: false,
            tally: Tally::default(),
        };
        Self { events, limits, state: Mutex::new(state), arrived: Notify::new(), room: Notify::new() }
    }

    /// Puts an event in, and waits for room where there is none, as long as patience lasts.
    pub async fn put(&self, event: Event) {
        let cost = cost(&event);
        loop {
            // Made before the look, so that what is settled between the look and the wait is not missed.
            let room = self.room.notified();
            let patience = {
                let mut state = self.state();
                if state.hopeless {
                    state.tally.refused += 1;
                    return;
                }
                if !event.is_output || self.fits(&state, cost) || state.patience.is_zero() {
                    self.enqueue(&mut state, event, cost);
                    drop(state);
                    self.arrived.notify_one();
                    return;
                }
                state.patience
            };
            let began = Instant::now();
            let _ = timeout(patience, room).await;
            let mut state = self.state();
            state.patience = state.patience.saturating_sub(began.elapsed());
        }
    }

    /// No more will be put in.
    pub fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Takes the next batch; `None` once the outbox is closed and empty. For one taker at a time.
    pub async fn take(&self) -> Option<Vec<Event>> {
        while !self.holds(1) {
            self.arrived.notified().await;
        }
        let linger = Instant::now() + LINGER;
        while !self.holds(BATCH) && timeout_at(linger, self.arrived.notified()).await.is_ok() {}
        let batch = self.next_batch();
        (!batch.is_empty()).then_some(batch)
    }

    /// These events are durable in the hub.
    pub fn delivered<'a>(&self, batch: impl IntoIterator<Item = &'a Event>) {
        self.settle(batch, |tally, count| tally.delivered += count);
    }

    /// The hub refuses these events; they are given up.
    pub fn refused<'a>(&self, batch: impl IntoIterator<Item = &'a Event>) {
        self.settle(batch, |tally, count| tally.refused += count);
    }

    /// The hub will take nothing: gives up all that waits and all that will come.
    pub fn give_up(&self) {
        let mut state = self.state();
        state.hopeless = true;
        let waiting = std::mem::take(&mut state.queue);
        state.held = 0;
        state.bytes = 0;
        state.gap = None;
        state.tally.refused += waiting.len() as u64;
        drop(state);
        self.room.notify_waiters();
    }

    /// What became of the events so far.
    pub fn tally(&self) -> Tally {
        let state = self.state();
        Tally { waiting: state.held as u64, ..state.tally.clone() }
    }

    fn enqueue(&self, state: &mut State, event: Event, cost: usize) {
        while event.is_output && !self.fits(state, cost) {
            // Few events are no output, and those come first or last: this looks at two or three.
            let place = state.queue.iter().position(|event| event.is_output).unwrap_or(state.queue.len());
            state.tally.dropped += 1;
            state.gap.get_or_insert_with(|| Gap { lines: 0, at: now(), place }).lines += 1;
            let Some(oldest) = state.queue.remove(place) else {
                // All the room is taken by what is in flight: then this line is the one to go.
                return;
            };
            state.held -= 1;
            state.bytes -= self::cost(&oldest);
        }
        state.held += 1;
        state.bytes += cost;
        state.queue.push_back(event);
    }

    fn next_batch(&self) -> Vec<Event> {
        let mut state = self.state();
        if let Some(gap) = state.gap.take() {
            let notice = self.events.dropped(gap.lines, gap.at);
            state.held += 1;
            state.bytes += cost(&notice);
            let place = gap.place.min(state.queue.len());
            state.queue.insert(place, notice);
        }
        let mut bytes = 0;
        let count = state
            .queue
            .iter()
            .take(LARGEST_BATCH)
            .take_while(|event| {
                bytes += event.line.len() + 1;
                bytes <= LARGEST_BATCH_BYTES
            })
            .count();
        // An event that alone is larger than a batch goes alone; the hub may refuse it.
        let count = count.max(1).min(state.queue.len());
        state.queue.drain(..count).collect()
    }

    fn settle<'a>(&self, batch: impl IntoIterator<Item = &'a Event>, count: impl Fn(&mut Tally, u64)) {
        let mut state = self.state();
        for event in batch {
            state.held = state.held.saturating_sub(1);
            state.bytes = state.bytes.saturating_sub(cost(event));
            count(&mut state.tally, 1);
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Whether at least `enough` events wait, or no more will come.
    fn holds(&self, enough: usize) -> bool {
        let state = self.state();
        state.closed || state.queue.len() >= enough
    }

    fn fits(&self, state: &State, cost: usize) -> bool {
        state.held < self.limits.events && state.bytes + cost <= self.limits.bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and a half-counted event would do no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(event: &Event) -> usize {
    event.line.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{ExecutionEventKind, Object, OutputStream};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn outbox(events: usize, bytes: usize) -> Outbox {
        let limits = Limits { events, bytes, patience: PATIENCE };
        Outbox::new(Arc::new(Events::new("e-1".into(), None)), limits)
    }

    fn output(outbox: &Outbox, text: &str) -> Event {
        outbox.events.output(text, OutputStream::Stdout, now())
    }

    fn lifecycle(outbox: &Outbox) -> Event {
        outbox.events.lifecycle(&ExecutionEventKind::AgentStart, now(), &())
    }

    /// What the events say: a line's text, or else a notice or the kind.
    fn said(batch: &[Event]) -> Vec<String> {
        let said = |event: &Event| {
            let report = Object::parse(&event.line).unwrap();
            let event = report.object("event").unwrap();
            let data = event.object("data");
            let text = |name: &str| data.as_ref().and_then(|data| data.text(name).map(String::from));
            text("text")
                .or_else(|| text("message"))
                .unwrap_or_else(|| event.text("type").unwrap().into_owned())
        };
        batch.iter().map(said).collect()
    }

    async fn put_lines(outbox: &Outbox, lines: std::ops::RangeInclusive<u32>) {
        for line in lines {
            outbox.put(output(outbox, &line.to_string())).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_goes_out_when_it_is_full_or_has_waited() {
        let outbox = outbox(1_000, 1_000_000);
        let began = Instant::now();
        put_lines(&outbox, 1..=100).await;
        assert_eq!(outbox.take().await.unwrap().len(), 100);
        assert_eq!(began.elapsed(), Duration::ZERO);

        put_lines(&outbox, 1..=3).await;
        assert_eq!(outbox.take().await.unwrap().len(), 3);
        assert!(began.elapsed() >= LINGER && began.elapsed() < 2 * LINGER);

        put_lines(&outbox, 1..=3).await;
        outbox.close();
        let began = Instant::now();
        assert_eq!(outbox.take().await.unwrap().len(), 3);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(outbox.take().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_bounded_in_bytes_and_an_event_beyond_goes_alone() {
        let outbox = outbox(1_000, 100_000_000);
        let long = "x".repeat(400 * 1024);
        for text in [long.as_str(), &long, &long, &long.repeat(3), "short"] {
            outbox.put(output(&outbox, text)).await;
        }
        outbox.close();
        let mut sizes = Vec::new();
        while let Some(batch) = outbox.take().await {
            sizes.push(batch.len());
        }
        assert_eq!(sizes, [2, 1, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_outbox_slows_the_command_down_once_and_then_drops_the_oldest_lines() {
        let outbox = outbox(4, 1_000_000);
        outbox.put(lifecycle(&outbox)).await;
        put_lines(&outbox, 1..=3).await;
        let began = Instant::now();
        put_lines(&outbox, 4..=9).await;
        assert!(began.elapsed() >= PATIENCE && began.elapsed() < 2 * PATIENCE);
        outbox.put(lifecycle(&outbox)).await;
        outbox.close();

        let batch = outbox.take().await.unwrap();
        let notice =
            "6 lines of output dropped here: the hub was unreachable or too slow, and the buffer full";
        assert_eq!(said(&batch), ["agent-start", notice, "7", "8", "9", "agent-start"]);
        outbox.delivered(&batch);
        let tally = outbox.tally();
        assert_eq!((tally.delivered, tally.dropped, tally.waiting), (6, 6, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn room_in_time_costs_nothing() {
        let outbox = outbox(2, 1_000_000);
        put_lines(&outbox, 1..=2).await;
        let batch = outbox.take().await.unwrap();
        let settle = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            outbox.delivered(&batch);
        };
        tokio::join!(put_lines(&outbox, 3..=4), settle);
        assert_eq!(said(&outbox.take().await.unwrap()), ["3", "4"]);
        assert_eq!(outbox.tally().dropped, 0);
        assert!(outbox.state().patience < PATIENCE);
    }

    /// What is on its way cannot be taken back, so with nothing else there the newest line is the one to go; the notice
    /// once came after the end.
    #[tokio::test(start_paused = true)]
    async fn while_everything_is_in_flight_the_newest_lines_go() {
        let outbox = outbox(2, 1_000_000);
        put_lines(&outbox, 1..=2).await;
        let in_flight = outbox.take().await.unwrap();
        put_lines(&outbox, 3..=5).await;
        outbox.put(lifecycle(&outbox)).await;
        outbox.close();
        outbox.delivered(&in_flight);
        let notice =
            "3 lines of output dropped here: the hub was unreachable or too slow, and the buffer full";
        assert_eq!(said(&outbox.take().await.unwrap()), [notice, "agent-start"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_is_counted() {
        let outbox = outbox(10, 1_000_000);
        put_lines(&outbox, 1..=5).await;
        let in_flight = outbox.take().await.unwrap();
        put_lines(&outbox, 6..=7).await;
        outbox.refused(&in_flight);
        outbox.give_up();
        put_lines(&outbox, 8..=9).await;
        let tally = outbox.tally();
        assert_eq!((tally.refused, tally.waiting, tally.undelivered()), (9, 0, 9));
    }
}
