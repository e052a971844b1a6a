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
            let room = self.room.notified();
            tokio::pin!(room);
            // From here on a notice is not missed, though nobody polls yet.
            room.as_mut().enable();
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
