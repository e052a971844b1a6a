//! What is known of agents, and the latest events: one fold, wherever they come from.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_model::{Agents, Ring, VIEW_CAPACITY};
use switchboard_protocol::{
    AgentEvent, AgentId, Envelope, Frame, OrganizationId, Timestamp,
    rest::{AgentList, AgentSummary},
};

use super::connector::event_of;
use crate::realtime::{Matched, clock};

/// How much of an event's text is kept, in bytes. All of it is read; what a page shows a person is cut there.
const TEXT_KEPT: usize = 16 * 1024;

/// How much of an event's kind and of its agent's name is kept, in bytes: as much of a name as anybody reads.
const NAME_KEPT: usize = 512;

/// How many agents may have changed since the last update for the rows to follow at once. Beyond it they follow after [`MANY_MS`].
const FEW: usize = 32;

/// How often rows follow while many agents change, in milliseconds.
const MANY_MS: u32 = 250;

/// How many events of a batch are told of at once. More are told of after [`STORM_MS`]: nobody reads a thousand lines a frame.
const CALM: u64 = 100;

/// How often events are told of while many come, in milliseconds.
const STORM_MS: u32 = 150;

/// One agent. Its identity never changes; what it shows does, alone and in place.
#[derive(Debug, Clone)]
pub struct AgentRow {
    /// Which agent.
    pub id: AgentId,
    /// What is known of it.
    pub summary: ArcRwSignal<AgentSummary>,
}

impl PartialEq for AgentRow {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// One event, as a log shows it.
#[derive(Debug, PartialEq)]
pub struct EventEntry {
    /// Which one it is since watching began, from 1 on. Those in between were left out of view.
    pub number: u64,
    /// Its `type`, or the beginning of it.
    pub kind: Box<str>,
    /// The agent that it is about, or the beginning of its name.
    pub agent: Option<Box<str>>,
    /// When it was received.
    pub at: Timestamp,
    /// Its JSON, or as much of it as is kept.
    pub text: Box<str>,
    /// How long its JSON was, in bytes, where it was cut.
    pub cut_from: Option<usize>,
}

/// Where components look.
#[derive(Clone, Copy)]
pub(in crate::realtime) struct ObservedSignals {
    pub rows: RwSignal<Vec<AgentRow>>,
    /// Grows with each batch of events.
    pub version: RwSignal<u64>,
    /// How many events came.
    pub total: RwSignal<u64>,
    /// How many of them were never in view, because more than a view holds came at once.
    pub unseen: RwSignal<u64>,
}

impl ObservedSignals {
    /// Signals of the current owner.
    pub(in crate::realtime) fn new() -> Self {
        Self {
            rows: RwSignal::default(),
            version: RwSignal::new(0),
            total: RwSignal::new(0),
            unseen: RwSignal::new(0),
        }
    }
}

/// The agents, their events, and the rows that show them.
pub(in crate::realtime) struct Observed {
    signals: ObservedSignals,
    agents: RefCell<Agents>,
    rows: RefCell<BTreeMap<AgentId, AgentRow>>,
    events: RefCell<Ring<Rc<EventEntry>>>,
    total: Cell<u64>,
    /// The agents that changed since the rows last followed.
    touched: RefCell<BTreeSet<AgentId>>,
    followed_at: Cell<u64>,
    /// The number of the latest event that was told of, and when that was.
    told: Cell<u64>,
    told_at: Cell<u64>,
    telling: RefCell<Option<Timeout>>,
    timer: RefCell<Option<Timeout>>,
    this: Weak<Self>,
}

impl Observed {
    /// Nothing is known yet.
    pub(in crate::realtime) fn new(organization: OrganizationId, signals: ObservedSignals) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            signals,
            agents: RefCell::new(Agents::new(organization)),
            rows: RefCell::default(),
            events: RefCell::new(Ring::new(VIEW_CAPACITY)),
            total: Cell::new(0),
            touched: RefCell::default(),
            followed_at: Cell::new(0),
            told: Cell::new(0),
            told_at: Cell::new(0),
            telling: RefCell::default(),
            timer: RefCell::default(),
            this: this.clone(),
        })
    }

    /// Folds a batch. Each event about an agent counts, also where it is never in view. `received_at` is when it came by this
    /// machine's clock, and `by_server` by the clock by which its frames say when they were heard.
    pub(in crate::realtime) fn hear<'a>(
        &self,
        batch: impl Iterator<Item = &'a Envelope>,
        received_at: Timestamp,
        by_server: Timestamp,
    ) {
        let mut latest: Ring<(&Envelope, Option<AgentId>)> = Ring::new(VIEW_CAPACITY);
        for envelope in batch {
            let agent = match &envelope.frame {
                Frame::AgentEvent(event) => {
                    self.fold(envelope.seq, event, by_server);
                    Some(event.agent_id.clone())
                }
                Frame::Unknown(_) => {
                    let event = event_of(envelope, received_at).and_then(|event| event.agent());
                    event.map(|event| {
                        // A daemon is no hub: when something was heard is for this machine to say.
                        let event = AgentEvent { received_at: None, ..event };
                        self.fold(None, &event, received_at);
                        event.agent_id
                    })
                }
                _ => continue,
            };
            latest.push((envelope, agent));
        }
        if latest.total() > 0 {
            self.keep(&latest, received_at);
            self.follow();
        }
    }

    /// Everything that is known begins anew: another organization is watched.
    pub(in crate::realtime) fn begin_anew(&self, organization: OrganizationId) {
        self.agents.replace(Agents::new(organization));
        self.events.replace(Ring::new(VIEW_CAPACITY));
        self.total.set(0);
        self.told.set(0);
        self.touched.take();
        self.timer.take();
        self.telling.take();
        let _ = self.signals.total.try_set(0);
        let _ = self.signals.unseen.try_set(0);
        let _ = self.signals.version.try_update(|version| *version += 1);
        self.follow_all();
    }

    /// A snapshot is asked for.
    pub(in crate::realtime) fn asked(&self) {
        self.agents.borrow_mut().asked();
    }

    /// No snapshot came.
    pub(in crate::realtime) fn failed(&self) {
        self.agents.borrow_mut().failed();
    }

    /// What waits for a snapshot belongs to a log that is not followed any more.
    pub(in crate::realtime) fn forget_waiting(&self) {
        self.agents.borrow_mut().forget_waiting();
    }

    /// A snapshot came. Answers `false` where it must be fetched again.
    #[must_use]
    pub(in crate::realtime) fn answered(&self, list: AgentList) -> bool {
        let enough = self.agents.borrow_mut().answered(list);
        self.follow_all();
        enough
    }

    fn fold(&self, seq: Option<u64>, event: &AgentEvent, received_at: Timestamp) {
        if self.agents.borrow_mut().event(seq, event, received_at) {
            let mut touched = self.touched.borrow_mut();
            if !touched.contains(&event.agent_id) {
                touched.insert(event.agent_id.clone());
            }
        }
    }

    fn keep(&self, latest: &Ring<(&Envelope, Option<AgentId>)>, received_at: Timestamp) {
        let before = self.total.get();
        let mut events = self.events.borrow_mut();
        for (place, (envelope, agent)) in latest.since(0) {
            events.push(Rc::new(entry(before + place + 1, envelope, agent.as_ref(), received_at)));
        }
        drop(events);
        self.total.set(before + latest.total());
        let now = clock::now().monotonic_ms;
        if latest.total() <= CALM || now.saturating_sub(self.told_at.get()) >= u64::from(STORM_MS) {
            self.tell_of_events();
        } else if self.telling.borrow().is_none() {
            let this = self.this.clone();
            let tell = move || {
                if let Some(observed) = this.upgrade() {
                    observed.tell_of_events();
                }
            };
            self.telling.replace(Some(Timeout::new(STORM_MS, tell)));
        }
    }

    /// Has those who look see the latest events, and counts those that came and went since they last did.
    fn tell_of_events(&self) {
        self.telling.take();
        self.told_at.set(clock::now().monotonic_ms);
        let total = self.total.get();
        let first = self.events.borrow().iter().next().map_or(total, |event| event.number);
        let unseen = first.saturating_sub(self.told.replace(total) + 1);
        let _ = self.signals.total.try_set(total);
        if unseen > 0 {
            let _ = self.signals.unseen.try_update(|count| *count += unseen);
        }
        let _ = self.signals.version.try_update(|version| *version += 1);
    }

    /// Brings the rows to what is known: at once where few agents changed, else a few times a second.
    fn follow(&self) {
        let touched = self.touched.borrow().len();
        if touched == 0 || self.timer.borrow().is_some() {
            return;
        }
        let now = clock::now().monotonic_ms;
        if touched <= FEW || now.saturating_sub(self.followed_at.get()) >= u64::from(MANY_MS) {
            self.follow_touched();
            return;
        }
        let this = self.this.clone();
        let follow = move || {
            if let Some(observed) = this.upgrade() {
                observed.timer.take();
                observed.follow_touched();
            }
        };
        self.timer.replace(Some(Timeout::new(MANY_MS, follow)));
    }

    fn follow_touched(&self) {
        self.followed_at.set(clock::now().monotonic_ms);
        let touched = self.touched.take();
        let mut moved = false;
        {
            let agents = self.agents.borrow();
            let mut rows = self.rows.borrow_mut();
            for id in touched {
                if let Some(summary) = agents.get(&id) {
                    moved |= show(&mut rows, summary);
                }
            }
            if rows.len() != agents.len() {
                rows.retain(|id, _| agents.get(id).is_some());
                moved = true;
            }
        }
        if moved {
            self.publish();
        }
    }

    fn follow_all(&self) {
        self.touched.take();
        {
            let agents = self.agents.borrow();
            let mut rows = self.rows.borrow_mut();
            rows.retain(|id, _| agents.get(id).is_some());
            for summary in agents.iter() {
                show(&mut rows, summary);
            }
        }
        self.publish();
    }

    fn publish(&self) {
        let rows: Vec<_> = self.rows.borrow().values().cloned().collect();
        if self.signals.rows.try_with_untracked(|before| *before != rows) == Some(true) {
            let _ = self.signals.rows.try_set(rows);
        }
    }
}

/// Shows what is known of an agent in its row; answers whether that is a new one.
fn show(rows: &mut BTreeMap<AgentId, AgentRow>, summary: &AgentSummary) -> bool {
    if let Some(row) = rows.get(&summary.agent_id) {
        if row.summary.with_untracked(|shown| shown != summary) {
            row.summary.set(summary.clone());
        }
        return false;
    }
    let id = summary.agent_id.clone();
    rows.insert(id.clone(), AgentRow { id, summary: ArcRwSignal::new(summary.clone()) });
    true
}

fn entry(number: u64, envelope: &Envelope, agent: Option<&AgentId>, received_at: Timestamp) -> EventEntry {
    let known = agent.map(|agent| beginning(agent.as_str(), NAME_KEPT).into());
    let (agent, text) = match &envelope.frame {
        Frame::AgentEvent(_) => (known, serde_json::to_string(envelope).unwrap_or_default()),
        Frame::Unknown(event) => {
            let named = || event.raw.object()?.text("agentId").map(|id| beginning(&id, NAME_KEPT).into());
            (known.or_else(named), event.raw.text().to_owned())
        }
        _ => (None, String::new()),
    };
    let length = text.len();
    let cut_from = (length > TEXT_KEPT).then_some(length);
    let text = beginning(&text, TEXT_KEPT).into();
    let kind = beginning(envelope.frame.kind(), NAME_KEPT).into();
    EventEntry { number, kind, agent, at: received_at, text, cut_from }
}

/// As much of a text as fits, up to the end of a character.
fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The latest events, to look at: a Copy handle.
#[derive(Clone, Copy)]
pub struct DaemonEvents {
    pub(in crate::realtime) observed: StoredValue<Option<Rc<Observed>>, LocalStorage>,
    pub(in crate::realtime) signals: ObservedSignals,
}

impl DaemonEvents {
    /// Reads the latest 1,000 events without copying them, and tracks their change; `None` once the hook's component is gone.
    pub fn with<T>(&self, read: impl FnOnce(&Ring<Rc<EventEntry>>) -> T) -> Option<T> {
        self.signals.version.track();
        self.with_untracked(read)
    }

    /// The same without tracking.
    pub fn with_untracked<T>(&self, read: impl FnOnce(&Ring<Rc<EventEntry>>) -> T) -> Option<T> {
        let observed = self.observed.try_get_value().flatten()?;
        Some(read(&observed.events.borrow()))
    }

    /// Grows with each batch of events.
    pub fn version(&self) -> Signal<u64> {
        self.signals.version.into()
    }
}

/// Hands a batch of a daemon to what observes it.
pub(super) fn hear_batch(observed: &Observed, matched: &Matched<'_>) {
    observed.hear(matched.iter(), matched.received_at(), matched.received_at());
}
