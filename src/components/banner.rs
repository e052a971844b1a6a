//! Says that what is shown is not live, and since when.

use leptos::prelude::*;

use super::times::LocalClock;
use crate::realtime::use_connection_status;

/// A yellow banner while the socket is down.
#[component]
pub fn StaleBanner() -> impl IntoView {
    let connection = use_connection_status();
    let since = move || {
        let since = connection.stale_since.get();
        since.map(|at| format!("What you see is stale since {}.", LocalClock::at(at).seconds(at)))
    };
    view! {
        <Show when=move || !connection.socket_up.get()>
            <div class="banner banner-warn" role="alert">
                <strong>"WebSocket disconnected"</strong>
                <span>{since}</span>
                <button class="button" type="button" on:click=move |_| connection.reconnect()>
                    "Reconnect now"
                </button>
            </div>
        </Show>
    }
}
