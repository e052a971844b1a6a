//! How far to trust what a page shows: a yellow line while the socket is down, a blue one while it is live.

use leptos::prelude::*;

use super::{Glyph, Icon, clock_text, connection::is_starting};
use crate::realtime::use_connection_status;

/// A yellow banner while the socket is down: since when what is shown is stale, and the way out.
#[component]
pub fn DisconnectedBanner() -> impl IntoView {
    let connection = use_connection_status();
    let stale = move || match connection.stale_since.get() {
        Some(since) => format!("What you see is as of {}.", clock_text(since)),
        None => "What you see may be out of date.".to_owned(),
    };
    let late = is_starting(&connection);
    view! {
        <Show when=move || !connection.socket_up.get()>
            <div class="banner" class:appears-late=late data-tone="warning" role="status">
                <Icon glyph=Glyph::Warning />
                <strong>"WebSocket disconnected"</strong>
                <span class="banner-detail">{stale}</span>
                <button type="button" class="button is-small" on:click=move |_| connection.reconnect()>
                    "Reconnect"
                </button>
            </div>
        </Show>
    }
}

/// A blue banner while `live`.
#[component]
pub fn LiveBanner(
    /// Whether what the page shows is connected, complete and running.
    #[prop(into)]
    live: Signal<bool>,
) -> impl IntoView {
    view! {
        <Show when=move || live.get()>
            <div class="banner" data-tone="live" role="status">
                <Icon glyph=Glyph::Live />
                <strong>"Live updates active"</strong>
            </div>
        </Show>
    }
}
