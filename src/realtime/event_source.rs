//! The only file that constructs an `EventSource`.

use std::rc::Weak;

use switchboard_link::StreamInput;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use super::scrape_streams::ScrapeStreams;

/// The events that carry progress: named by the contract, and unnamed ones of other servers.
const EVENTS: [&str; 2] = ["scrape_progress", "message"];

/// One event stream, of one generation. Dropping it closes it, and nothing of it is heard any more.
pub(super) struct Source {
    raw: EventSource,
    on_open: Closure<dyn Fn(Event)>,
    on_event: Closure<dyn Fn(MessageEvent)>,
    on_error: Closure<dyn Fn(Event)>,
}

impl Source {
    /// Begins to connect. Everything that follows reaches `streams` as inputs of this generation.
    ///
    /// # Errors
    /// What the browser says of an address that it can't use.
    pub(super) fn open(url: &str, generation: u32, streams: Weak<ScrapeStreams>) -> Result<Self, JsValue> {
        let raw = EventSource::new(url)?;
        let (opened, heard, failed) = (streams.clone(), streams.clone(), streams);
        let tell = |streams: &Weak<ScrapeStreams>, input: StreamInput<'_>| {
            if let Some(streams) = streams.upgrade() {
                streams.tell(input);
            }
        };
        let source = Self {
            raw,
            on_open: Closure::new(move |_| tell(&opened, StreamInput::Opened { generation })),
            on_event: Closure::new(move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                tell(&heard, StreamInput::Event { generation, id: &event.last_event_id(), text: &text });
            }),
            // The browser would try again by itself, at an even pace and without end. Here the machine decides.
            on_error: Closure::new(move |_| tell(&failed, StreamInput::Failed { generation })),
        };
        source.raw.set_onopen(Some(source.on_open.as_ref().unchecked_ref()));
        source.raw.set_onerror(Some(source.on_error.as_ref().unchecked_ref()));
        for name in EVENTS {
            source.raw.add_event_listener_with_callback(name, source.on_event.as_ref().unchecked_ref())?;
        }
        Ok(source)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.raw.close();
        self.raw.set_onopen(None);
        self.raw.set_onerror(None);
        for name in EVENTS {
            let listener = self.on_event.as_ref().unchecked_ref();
            let _ = self.raw.remove_event_listener_with_callback(name, listener);
        }
    }
}
