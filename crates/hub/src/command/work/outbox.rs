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

use super::event::{Event, Events, Kind};
use crate::clock::now;

/// How many events make a batch go out at once.
const BATCH: usize = 100;
/// How long a smaller batch waits for company.
const LINGER: Duration = Duration::from_millis(50);
/// The most events in one request, where many wait.
const LARGEST_BATCH: usize = 1_000;
/// The most bytes in one request. The hub takes 1 MiB; this leaves room, and one event of 64 KiB of text always fits.
const LARGEST_BATCH_BYTES: usize = 900 * 1024;
/// How many turning points find room beyond the bound. It takes many restarts of a command while the hub is away to fill that.
const SPARE: usize = 10_000;
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
/// [`Limits::patience`]; after that the oldest lines of output make room, and are counted. Other events find room in any
/// case, up to [`SPARE`] of them.
///
/// How an agent is has a place of its own beside the queue, which holds the latest only: it never takes a line's place, and
/// after an outage nobody is told how the agent was an hour ago.
#[derive(Debug)]
pub struct Outbox {
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
    /// How the agent is now, where the hub has not been told yet.
    beat: Option<Event>,
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
    /// The events of the execution whose lines they are.
    events: Arc<Events>,
    lines: u64,
    /// When the first of them was dropped.
    at: Timestamp,
    /// Where in the queue they are missing. It stays true while lines go, because only those behind it do.
    place: usize,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            queue: VecDeque::new(),
            beat: None,
            held: 0,
            bytes: 0,
            patience: limits.patience,
            gap: None,
            closed: false,
            hopeless: false,
            tally: Tally::default(),
        };
        Self { limits, state: Mutex::new(state), arrived: Notify::new(), room: Notify::new() }
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
                if !event.is_output() || self.fits(&state, cost) || state.patience.is_zero() {
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

    /// Takes how an agent is now, in place of what waits of that.
    pub fn beat(&self, beat: Event) {
        let mut state = self.state();
        if !state.hopeless {
            state.beat = Some(beat);
            drop(state);
            self.arrived.notify_one();
        }
    }

    /// Puts in a turning point of an agent: what it was before is not worth telling any more, and would contradict it.
    pub async fn announce(&self, event: Event) {
        self.state().beat = None;
        self.put(event).await;
    }

    /// No more will be put in.
    pub fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Waits until no more will be put in. For the taker, while it does not take: both wait for the same news.
    pub async fn closed(&self) {
        while !self.is_closed() {
            self.arrived.notified().await;
        }
    }

    /// Whether no more will be put in.
    pub fn is_closed(&self) -> bool {
        self.state().closed
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
        state.beat = None;
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
        while !event.is_output()
            && state.held >= self.limits.events.saturating_add(SPARE)
            && let Some(oldest) = state.queue.pop_front()
        {
            state.tally.dropped += 1;
            state.held -= 1;
            state.bytes -= self::cost(&oldest);
            if let Some(gap) = &mut state.gap {
                gap.place = gap.place.saturating_sub(1);
            }
        }
        while event.is_output() && !self.fits(state, cost) {
            // Few events are no output, and those come first or last: this looks at two or three.
            let place = state.queue.iter().position(Event::is_output).unwrap_or(state.queue.len());
            let oldest = state.queue.remove(place);
            state.miss(oldest.as_ref().unwrap_or(&event), place);
            let Some(oldest) = oldest else {
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
            state.tell(&gap);
        }
        // The beat goes with the first batch there is: that the agent is alive must not wait for a long queue.
        let beat = state.beat.take();
        let mut bytes = beat.as_ref().map_or(0, |beat| beat.line.len() + 1);
        let count = state
            .queue
            .iter()
            .take(LARGEST_BATCH - usize::from(beat.is_some()))
            .take_while(|event| {
                bytes += event.line.len() + 1;
                bytes <= LARGEST_BATCH_BYTES
            })
            .count();
        // An event that alone is larger than a batch goes alone; the hub may refuse it.
        let count = count.max(1).min(state.queue.len());
        state.queue.drain(..count).chain(beat).collect()
    }

    fn settle<'a>(&self, batch: impl IntoIterator<Item = &'a Event>, count: impl Fn(&mut Tally, u64)) {
        let mut state = self.state();
        for event in batch.into_iter().filter(|event| !event.is_beat()) {
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
        state.closed || state.queue.len() + usize::from(state.beat.is_some()) >= enough
    }

    fn fits(&self, state: &State, cost: usize) -> bool {
        state.held < self.limits.events && state.bytes + cost <= self.limits.bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and a half-counted event would do no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A line is dropped that stood at `place`.
    fn miss(&mut self, line: &Event, place: usize) {
        let Kind::Output(events) = &line.kind else { return };
        self.tally.dropped += 1;
        // A gap is one execution's: its notice stands where that one's lines are missing.
        let others = self.gap.take_if(|gap| !Arc::ptr_eq(&gap.events, events));
        let place = if let Some(others) = others {
            self.tell(&others);
            place + 1
        } else {
            place
        };
        let gap = || Gap { events: Arc::clone(events), lines: 0, at: now(), place };
        self.gap.get_or_insert_with(gap).lines += 1;
    }

    /// Puts the notice of a gap where the lines are missing.
    fn tell(&mut self, gap: &Gap) {
        let notice = gap.events.dropped(gap.lines, gap.at);
        self.held += 1;
        self.bytes += cost(&notice);
        let place = gap.place.min(self.queue.len());
        self.queue.insert(place, notice);
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
        Outbox::new(Limits { events, bytes, patience: PATIENCE })
    }

    thread_local! {
        /// The events of each test's one execution.
        static EVENTS: Arc<Events> = Arc::new(Events::new("e-1".into(), None));
    }

    fn output(_outbox: &Outbox, text: &str) -> Event {
        EVENTS.with(|events| events.output(text, OutputStream::Stdout, now()))
    }

    fn lifecycle(_outbox: &Outbox) -> Event {
        EVENTS.with(|events| events.lifecycle(&ExecutionEventKind::AgentStart, now(), &()))
    }

    fn beat(text: &str) -> Event {
        let line = format!(r#"{{"event":{{"type":"{text}"}}}}"#);
        Event { line: line.into(), kind: Kind::Beat }
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
        assert!(outbox.take().await.is_none());
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

    /// Heartbeats once could have pushed output out while the hub was away: they come for as long as the command runs.
    #[tokio::test(start_paused = true)]
    async fn only_the_latest_beat_waits_and_it_takes_no_lines_place() {
        let outbox = outbox(2, 1_000_000);
        put_lines(&outbox, 1..=2).await;
        for number in 0..1_000 {
            outbox.beat(beat(&format!("beat {number}")));
        }
        assert_eq!(outbox.tally(), Tally { waiting: 2, ..Tally::default() });
        let batch = outbox.take().await.unwrap();
        assert_eq!(said(&batch), ["1", "2", "beat 999"]);
        outbox.delivered(&batch);
        assert_eq!(outbox.tally(), Tally { delivered: 2, ..Tally::default() });
        outbox.beat(beat("alone"));
        assert_eq!(said(&outbox.take().await.unwrap()), ["alone"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turning_point_of_the_agent_takes_back_how_it_was() {
        let outbox = outbox(10, 1_000_000);
        outbox.beat(beat("running"));
        outbox.announce(lifecycle(&outbox)).await;
        outbox.close();
        assert_eq!(said(&outbox.take().await.unwrap()), ["agent-start"]);
        assert!(outbox.take().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_two_executions_are_missed_apart() {
        let outbox = outbox(2, 1_000_000);
        let other = Arc::new(Events::new("e-2".into(), None));
        put_lines(&outbox, 1..=2).await;
        for line in 1..=5 {
            outbox.put(other.output(&format!("other {line}"), OutputStream::Stdout, now())).await;
        }
        let batch = outbox.take().await.unwrap();
        let notice = |lines: &str| {
            format!(
                "{lines} of output dropped here: the hub was unreachable or too slow, and the buffer full"
            )
        };
        let executions: Vec<_> = batch
            .iter()
            .map(|event| Object::parse(&event.line).unwrap().text("executionId").unwrap().into_owned())
            .collect();
        assert_eq!(said(&batch), [&notice("2 lines"), &notice("4 lines"), "other 5"]);
        assert_eq!(executions, ["e-1", "e-2", "e-2"]);
    }

    /// A command that is started again and again while the hub is away must not fill the memory.
    #[tokio::test(start_paused = true)]
    async fn turning_points_are_bounded_too() {
        let outbox = outbox(2, 1_000_000);
        for _ in 0..2 * SPARE {
            outbox.put(lifecycle(&outbox)).await;
        }
        let tally = outbox.tally();
        assert_eq!((tally.waiting, tally.dropped), (SPARE as u64 + 2, SPARE as u64 - 2));
    }
}
