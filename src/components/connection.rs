//! The connection in the header: one word, and the way out.

use leptos::prelude::*;

use super::{Shortcut, on_shortcut, times::LocalClock};
use crate::realtime::{ConnectionStatus, use_connection_status};

/// The connection status, with a button to reconnect while the socket is down.
#[component]
pub fn Connection() -> impl IntoView {
    let connection = use_connection_status();
    on_shortcut(Shortcut::Reconnect, move || connection.reconnect());
    let detail = move || {
        if connection.socket_up.get() {
            return match connection.api_up.get() {
                Some(false) => "Live events arrive, but the HTTP interface does not answer".to_owned(),
                _ => "Live events arrive".to_owned(),
            };
        }
        let retry = connection
            .next_retry_at
            .get()
            .map(|at| format!("next attempt at {}", LocalClock::at(at).seconds(at)));
        let attempt = Some(connection.attempt.get()).filter(|attempt| *attempt > 0);
        let attempt = attempt.map(|attempt| format!("{attempt} failed in a row"));
        let parts = [connection.last_error.get(), attempt, retry];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "Connecting".to_owned() } else { parts.join("; ") }
    };
    let shape = move || match connection.status.get() {
        ConnectionStatus::Connected => {
            view! { <circle cx="5" cy="5" r="4" fill="currentColor" stroke="none" /> }.into_any()
        }
        ConnectionStatus::Partial => view! {
            <circle cx="5" cy="5" r="3.6" />
            <path d="M5 1.4a3.6 3.6 0 0 1 0 7.2z" fill="currentColor" stroke="none" />
        }
        .into_any(),
        ConnectionStatus::Disconnected => view! { <path d="M1.8 1.8l6.4 6.4M8.2 1.8 1.8 8.2" /> }.into_any(),
    };
    view! {
        <Show when=move || !connection.socket_up.get()>
            <button class="button" type="button" on:click=move |_| connection.reconnect()>
                "Reconnect"
            </button>
        </Show>
        <span class="connection" data-status=move || connection.status.get().to_string() title=detail>
            <svg
                width="10"
                height="10"
                viewBox="0 0 10 10"
                fill="none"
                stroke="currentColor"
                stroke-width="1.7"
                stroke-linecap="round"
                aria-hidden="true"
            >
                {shape}
            </svg>
            <span role="status" aria-label="Connection">
                {move || connection.status.get().to_string()}
            </span>
        </span>
    }
}
