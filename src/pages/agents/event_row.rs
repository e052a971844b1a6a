//! An event as a row of the log, written over as rows are recycled. Its JSON is written when somebody opens it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, Text};

use super::shortened;
use crate::{
    components::{Row, grouped, indented, write_exact_clock},
    realtime::EventEntry,
};

/// How much of an event's JSON its closed row shows: more than fits.
const PREVIEW: usize = 400;

/// `<div class="event-row"><button class="event-head" data-row tabindex="-1" aria-expanded="false">…</button><pre hidden/></div>`
pub(super) struct EventRow {
    row: HtmlElement,
    head: HtmlElement,
    json: HtmlElement,
    number: Text,
    time: Text,
    kind: Text,
    agent: Text,
    preview: Text,
    written: String,
}

impl Row<Rc<EventEntry>> for EventRow {
    fn create(document: &Document) -> Option<Self> {
        let element = |name: &str, class: &str| {
            let element: HtmlElement = document.create_element(name).ok()?.dyn_into().ok()?;
            element.set_class_name(class);
            Some(element)
        };
        let (row, head) = (element("div", "event-row")?, element("button", "event-head")?);
        let json = element("pre", "event-json")?;
        head.set_attribute("type", "button").ok()?;
        head.set_attribute("data-row", "").ok()?;
        // Tab leads to one event of the log only (events_shown.rs).
        head.set_tab_index(-1);
        json.set_tab_index(0);
        let place = |class: &str| {
            let parent = element("span", class)?;
            let text = document.create_text_node("");
            parent.append_child(&text).ok()?;
            head.append_child(&parent).ok()?;
            Some(text)
        };
        let (number, time, kind) = (place("event-number")?, place("event-time")?, place("event-kind")?);
        let (agent, preview) = (place("event-agent")?, place("event-text")?);
        row.append_child(&head).ok()?;
        row.append_child(&json).ok()?;
        let mut row = Self { row, head, json, number, time, kind, agent, preview, written: String::new() };
        row.close();
        Some(row)
    }

    fn element(&self) -> &HtmlElement {
        &self.row
    }

    fn write(&mut self, event: &Rc<EventEntry>) {
        self.close();
        self.number.set_data(&grouped(event.number));
        write_exact_clock(&mut self.written, event.at);
        self.time.set_data(&self.written);
        self.kind.set_data(&shortened(&event.kind, 80));
        self.agent.set_data(&event.agent.as_deref().map(|agent| shortened(agent, 80)).unwrap_or_default());
        self.preview.set_data(&shortened(&event.text, PREVIEW));
        // Setting a plain attribute fails only for names that are none.
        let _ = self.row.set_attribute("data-kind", tone(&event.kind));
        let _ = self.row.set_attribute("data-number", &event.number.to_string());
    }
}

impl EventRow {
    fn close(&mut self) {
        let _ = self.head.set_attribute("aria-expanded", "false");
        if !self.json.hidden() {
            self.json.set_hidden(true);
            self.json.set_text_content(None);
        }
    }
}

/// The head that `target` is, or is in.
pub(super) fn head_at(target: &Element) -> Option<HtmlElement> {
    target.closest(".event-head").ok()??.dyn_into().ok()
}

/// The number of the event whose head `target` is, or is in.
pub(super) fn number_at(target: &Element) -> Option<(Element, u64)> {
    let row = head_at(target)?.parent_element()?;
    let number = row.get_attribute("data-number")?.parse().ok()?;
    Some((row, number))
}

/// Opens or closes a row; answers whether it is open now.
pub(super) fn toggle(row: &Element, event: &EventEntry) -> Option<bool> {
    let head = row.query_selector(".event-head").ok()??;
    let json: HtmlElement = row.query_selector(".event-json").ok()??.dyn_into().ok()?;
    let opens = json.hidden();
    let _ = head.set_attribute("aria-expanded", &opens.to_string());
    json.set_hidden(!opens);
    let text = opens.then(|| {
        let cut = event
            .cut_from
            .map(|length| format!("\n\n… cut here: the event was {} bytes long.", grouped(length as u64)));
        indented(&event.text) + &cut.unwrap_or_default()
    });
    json.set_text_content(text.as_deref());
    Some(opens)
}

/// The colour of a kind, beside its word.
fn tone(kind: &str) -> &'static str {
    match kind {
        "heartbeat" => "heartbeat",
        "agent_started" => "started",
        "agent_stopped" => "stopped",
        "agent_error" => "error",
        _ => "other",
    }
}
