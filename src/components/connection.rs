//! The connection in the header: one word, and the way out.

use leptos::prelude::*;
use switchboard_protocol::Timestamp;

use super::{Glyph, Icon, Shortcut, on_shortcut, use_ticker};
use crate::realtime::{ConnectionStatus, UseConnectionStatus, use_connection_status};

/// The connection status, with a button to reconnect while the socket is down.
#[component]
pub fn Connection() -> impl IntoView {
    let connection = use_connection_status();
    let ticker = use_ticker();
    on_shortcut(Shortcut::Reconnect, move || connection.reconnect());
    let starting = is_starting(connection);
    let tone = move || match connection.status.get() {
        ConnectionStatus::Connected => "connected",
        _ if starting.get() => "starting",
        ConnectionStatus::Partial => "partial",
        ConnectionStatus::Disconnected => "disconnected",
    };
    let glyph = Signal::derive(move || match connection.status.get() {
        ConnectionStatus::Connected => Glyph::Completed,
        ConnectionStatus::Partial => Glyph::HalfDot,
        ConnectionStatus::Disconnected => Glyph::Failed,
    });
    let schedule = Memo::new(move |_| {
        if connection.socket_up.get() || starting.get() {
            return None;
        }
        let wait = |at: Timestamp| match at.millis_since(ticker.wall.get()).div_ceil(1000) {
            0 => "retrying".to_owned(),
            seconds => format!("retry in {seconds} s"),
        };
        let attempt = Some(connection.attempt.get()).filter(|attempt| *attempt > 0);
        let parts =
            [connection.next_retry_at.get().map(wait), attempt.map(|attempt| format!("attempt {attempt}"))];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    });
    let explanation = move || match (connection.socket_up.get(), connection.api_up.get()) {
        (true, Some(false)) => "Live events arrive, but the HTTP interface does not answer".to_owned(),
        (true, _) => "Live events arrive".to_owned(),
        (false, _) => connection.last_error.get().unwrap_or_else(|| "Connecting".to_owned()),
    };
    view! {
        <div class="connection" data-tone=tone>
            <span class="connection-detail">{schedule}</span>
            <span class="connection-status" title=explanation>
                <Icon glyph=glyph />
                <span role="status" aria-label="Connection">
                    {move || connection.status.get().to_string()}
                </span>
            </span>
            <Show when=move || !connection.socket_up.get()>
                <button
                    type="button"
                    class="button is-small"
                    class:appears-late=starting
                    on:click=move |_| connection.reconnect()
                >
                    "Reconnect"
                </button>
            </Show>
        </div>
    }
}

/// Whether the page's first connection has neither come nor failed yet: then nothing is wrong, and what would
/// say so waits a moment.
pub(super) fn is_starting(connection: UseConnectionStatus) -> Memo<bool> {
    Memo::new(move |_| {
        !connection.socket_up.get()
            && connection.attempt.get() == 0
            && connection.last_error.with(Option::is_none)
    })
}
