//! Keeps what happened on the wire. The shell calls it before and after each input of the link, and that is all it knows of it.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use switchboard_link::{Access, History, Input, Link, Moment, Output};
use switchboard_model::{Ring, WireRecording};
use switchboard_protocol::Timestamp;

use super::Unreadable;
use crate::realtime::clock;

/// How many unreadable frames are kept: the link shows 16 of a message at most, each cut.
const MOST_UNREADABLE: usize = 50;

/// How often at most who watches is told, in milliseconds: numbers that change faster cannot be read.
const TELL_MS: u32 = 250;

/// What is kept of the wire.
pub(in crate::realtime) struct Recorder {
    history: RefCell<History>,
    unreadable: RefCell<Ring<Unreadable>>,
    /// There while somebody watches.
    recording: RefCell<Option<WireRecording>>,
    watchers: Cell<usize>,
    /// How many round trips had been measured.
    round_trips: Cell<u64>,
    /// Grows, while somebody watches, at most once in [`TELL_MS`].
    version: ArcRwSignal<u64>,
    timer: RefCell<Option<Timeout>>,
    this: Weak<Self>,
}

/// Records what is on the wire until it is dropped.
#[must_use = "dropping it ends the recording"]
pub(in crate::realtime) struct Watch(Rc<Recorder>);

impl Drop for Watch {
    fn drop(&mut self) {
        let left = self.0.watchers.get().saturating_sub(1);
        self.0.watchers.set(left);
        if left == 0 {
            self.0.recording.take();
            self.0.timer.take();
        }
    }
}

impl Recorder {
    pub(in crate::realtime) fn new() -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            history: RefCell::default(),
            unreadable: RefCell::new(Ring::new(MOST_UNREADABLE)),
            recording: RefCell::default(),
            watchers: Cell::new(0),
            round_trips: Cell::new(0),
            version: ArcRwSignal::new(0),
            timer: RefCell::default(),
            this: this.clone(),
        })
    }

    /// Begins to record, or goes on.
    pub(in crate::realtime) fn watch(self: &Rc<Self>) -> Watch {
        self.watchers.set(self.watchers.get().saturating_add(1));
        self.recording.borrow_mut().get_or_insert_with(|| WireRecording::new(clock::wall()));
        Watch(Rc::clone(self))
    }

    /// The link is about to be given an input.
    pub(in crate::realtime) fn before<A: Access>(&self, input: &Input<'_, A>, now: Moment) {
        if self.watchers.get() == 0 {
            return;
        }
        let mut recording = self.recording.borrow_mut();
        let Some(recording) = recording.as_mut() else { return };
        match input {
            Input::Message { text, .. } => recording.message(wall(now), text),
            Input::BinaryMessage { bytes, .. } => recording.binary_message(wall(now), bytes),
            _ => {}
        }
    }

    /// The link was given an input, and this came of it.
    pub(in crate::realtime) fn after<A: Access>(&self, outputs: &[Output<A>], link: &Link<A>, now: Moment) {
        self.history.borrow_mut().observe(outputs, link.status(), link.stats(), now);
        for output in outputs {
            if let Output::Undecodable { error, excerpt } = output {
                let unreadable =
                    Unreadable { at: wall(now), reason: error.to_string(), text: excerpt.clone() };
                self.unreadable.borrow_mut().push(unreadable);
            }
        }
        let measured = link.stats().round_trips;
        let is_new = self.round_trips.replace(measured) != measured;
        if self.watchers.get() == 0 {
            return;
        }
        if let Some(recording) = self.recording.borrow_mut().as_mut() {
            for output in outputs {
                if let Output::Send { text, .. } = output {
                    recording.sent(wall(now), text.as_ref());
                }
            }
            if let Some(round_trip_ms) = link.stats().round_trip_ms.filter(|_| is_new) {
                recording.round_trip(round_trip_ms);
            }
        }
        self.tell();
    }

    /// Something that who watches may want to know has changed.
    pub(in crate::realtime) fn tell(&self) {
        if self.watchers.get() == 0 || self.timer.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let ring = move || {
            let Some(recorder) = this.upgrade() else { return };
            recorder.timer.take();
            recorder.version.update(|version| *version = version.wrapping_add(1));
        };
        self.timer.replace(Some(Timeout::new(TELL_MS, ring)));
    }

    /// Grows, while somebody watches, a few times a second at most.
    pub(in crate::realtime) fn version(&self) -> ArcRwSignal<u64> {
        self.version.clone()
    }

    pub(in crate::realtime) fn with_history<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        read(&self.history.borrow())
    }

    pub(in crate::realtime) fn unreadable(&self) -> Vec<Unreadable> {
        self.unreadable.borrow().iter().cloned().collect()
    }

    /// Reads the recording; `None` while nobody watches.
    pub(in crate::realtime) fn with_recording<T>(&self, read: impl FnOnce(&WireRecording) -> T) -> Option<T> {
        self.recording.borrow().as_ref().map(read)
    }
}

fn wall(now: Moment) -> Timestamp {
    Timestamp::from_millis(now.wall_ms)
}
