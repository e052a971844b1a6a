//! Which way progress comes, in words, and up to when it is known.

use leptos::prelude::*;
use switchboard_protocol::Timestamp;

use super::{Glyph, Icon, use_ticker};
use crate::realtime::Transport;

/// Which way the progress of scrape runs comes: the words of the contract, with a shape and a colour.
#[component]
pub fn TransportNote(
    /// Which way.
    #[prop(into)]
    transport: Signal<Transport>,
) -> impl IntoView {
    let glyph =
        Signal::derive(move || if transport.get().is_live() { Glyph::Live } else { Glyph::Cancelled });
    view! {
        <span class="transport" role="status" data-live=move || transport.get().is_live().to_string()>
            <Icon glyph />
            <span>{move || transport.get().to_string()}</span>
        </span>
    }
}

/// The time up to which progress is known, once a second: it goes on while progress comes, whichever way, and stands
/// still while none does.
pub fn use_progress_clock(transport: Signal<Transport>) -> Signal<Timestamp> {
    let ticker = use_ticker();
    let known = Memo::new(move |before: Option<&(Transport, Timestamp)>| match (transport.get(), before) {
        (Transport::Sse, _) => (Transport::Sse, ticker.wall.get()),
        // The event stream went after the socket: what it told last is younger than the socket's last word.
        (Transport::None, Some((Transport::Sse, at))) => (Transport::Sse, *at),
        (Transport::WebSocket | Transport::None, _) => (Transport::WebSocket, ticker.live.get()),
    });
    Signal::derive(move || known.get().1)
}
