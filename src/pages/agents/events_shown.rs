//! The rows of the log, and which events they show.

use std::rc::Rc;

use switchboard_model::{Ring, VIEW_CAPACITY};

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::event_row::EventRow;
use crate::{
    components::{RecycledRows, Waiting},
    realtime::EventEntry,
};

/// The rows and what they show: those events that the filter lets through.
pub(super) struct Shown {
    list: HtmlElement,
    rows: RecycledRows<EventRow>,
    ring: Ring<Rc<EventEntry>>,
    /// Which ring it is: a new one for each filter, and where all begins anew.
    generation: u64,
    filter: String,
    /// The number of the latest event that was looked at.
    seen: Option<u64>,
    waiting: Waiting,
    /// The one event that Tab leads to. A thousand stops would keep whoever works by keyboard from all that follows the log.
    stop: Option<HtmlElement>,
}

impl Shown {
    pub(super) fn new(list: HtmlElement) -> Option<Self> {
        Some(Self {
            rows: RecycledRows::new(list.clone())?,
            list,
            ring: Ring::new(VIEW_CAPACITY),
            generation: 0,
            filter: String::new(),
            seen: None,
            waiting: Waiting::default(),
            stop: None,
        })
    }

    /// Brings the rows to what there is, or, where nobody `follows`, only counts what waits.
    pub(super) fn bring(&mut self, events: &Ring<Rc<EventEntry>>, filter: &str, follows: bool) -> u64 {
        let latest = events.last().map_or(0, |event| event.number);
        let seen = self.seen.filter(|seen| *seen <= latest && self.filter == filter);
        if let Some(seen) = seen.filter(|_| !follows) {
            if filter.is_empty() {
                // Also those that came and went again.
                return latest - seen;
            }
            let from = self.waiting.next();
            let new = events.iter().rev().take_while(|event| event.number >= from);
            return self.waiting.add(new.filter(|event| lets_through(filter, event)).count(), latest + 1);
        }
        if seen.is_none() {
            self.generation += 1;
            self.ring = Ring::new(VIEW_CAPACITY);
            filter.clone_into(&mut self.filter);
        }
        let from = seen.unwrap_or_default();
        let new = events.iter().rev().take_while(|event| event.number > from).collect::<Vec<_>>();
        let new = new.into_iter().rev().filter(|event| lets_through(filter, event));
        self.ring.extend(new.cloned());
        self.seen = Some(latest);
        self.waiting.begin(0, latest + 1);
        self.rows.update(&self.ring, self.generation, false);
        self.stop_at_newest();
        0
    }

    /// Has Tab lead to this event.
    pub(super) fn stop_at(&mut self, head: HtmlElement) {
        if let Some(before) = self.stop.take().filter(|before| *before != head) {
            before.set_tab_index(-1);
        }
        head.set_tab_index(0);
        self.stop = Some(head);
    }

    /// Has Tab lead to the newest event, unless somebody goes through them.
    fn stop_at_newest(&mut self) {
        let focused = document().active_element();
        if focused.is_some_and(|focused| self.list.contains(Some(&focused))) {
            return;
        }
        let row = self.list.last_element_child().and_then(|block| block.last_element_child());
        let head = row.and_then(|row| row.first_element_child()?.dyn_into().ok());
        if let Some(head) = head {
            self.stop_at(head);
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    /// The event of a row.
    pub(super) fn event(&self, number: u64) -> Option<Rc<EventEntry>> {
        self.ring.iter().rev().find(|event| event.number == number).cloned()
    }
}

/// Whether an event holds a text, which is in lower case.
fn lets_through(filter: &str, event: &EventEntry) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(filter);
    filter.is_empty() || holds(&event.kind) || event.agent.as_deref().is_some_and(holds) || holds(&event.text)
}
