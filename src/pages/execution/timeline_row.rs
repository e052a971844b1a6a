//! Something that happened as a row of the timeline.

use switchboard_model::TimelineItem;
use switchboard_protocol::ExecutionEventKind;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, HtmlProgressElement};

use super::{child, element};
use crate::components::{Glyph, Row, clock_text, full_text};

const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");

/// `<div class="timeline-item"><svg/><span class="timeline-title"/><time/><div class="timeline-detail"/><progress/></div>`
pub(super) struct TimelineRow {
    item: HtmlElement,
    shape: Element,
    title: HtmlElement,
    time: HtmlElement,
    detail: HtmlElement,
    progress: HtmlProgressElement,
}

impl Row<TimelineItem> for TimelineRow {
    fn create(document: &Document) -> Option<Self> {
        let item = element(document, "div", "timeline-item")?;
        // A block stands between the list and its items, which an `<ol>` would not allow.
        item.set_attribute("role", "listitem").ok()?;
        let icon = document.create_element_ns(SVG, "svg").ok()?;
        for (name, value) in [("class", "icon"), ("viewBox", "0 0 16 16"), ("aria-hidden", "true")] {
            icon.set_attribute(name, value).ok()?;
        }
        let shape = document.create_element_ns(SVG, "path").ok()?;
        icon.append_child(&shape).ok()?;
        item.append_child(&icon).ok()?;
        let title = child(document, &item, "span", "timeline-title")?;
        let time = child(document, &item, "time", "timeline-time")?;
        let detail = child(document, &item, "div", "timeline-detail")?;
        let progress = child(document, &item, "progress", "timeline-progress")?;
        progress.set_attribute("aria-label", "Progress").ok()?;
        Some(Self { item, shape, title, time, detail, progress: progress.dyn_into().ok()? })
    }

    fn element(&self) -> &HtmlElement {
        &self.item
    }

    fn write(&mut self, item: &TimelineItem) {
        // Setting a plain attribute fails only for names that are none.
        let _ = self.item.set_attribute("data-kind", item.kind.as_str());
        let _ = self.shape.set_attribute("d", glyph(&item.kind).path());
        self.title.set_text_content(Some(&item.title));
        self.time.set_text_content(Some(&clock_text(item.at)));
        self.time.set_title(&full_text(item.at));
        let detail = item.detail.as_deref().unwrap_or_default();
        self.detail.set_text_content(Some(detail));
        self.detail.set_title(detail);
        self.detail.set_hidden(detail.is_empty());
        self.progress.set_value(item.fraction.unwrap_or_default());
        self.progress.set_hidden(item.fraction.is_none());
    }
}

fn glyph(kind: &ExecutionEventKind) -> Glyph {
    match kind {
        ExecutionEventKind::AgentStart => Glyph::Flag,
        ExecutionEventKind::AgentComplete => Glyph::Completed,
        ExecutionEventKind::Error => Glyph::Failed,
        ExecutionEventKind::ToolCall => Glyph::Tool,
        ExecutionEventKind::Progress => Glyph::Running,
        ExecutionEventKind::Output | ExecutionEventKind::Log => Glyph::Terminal,
        ExecutionEventKind::Other(_) => Glyph::Dot,
    }
}
