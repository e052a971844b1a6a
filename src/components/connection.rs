//! The connection in the header: one word, the way out, and on demand what is behind the word.

use leptos::{html, prelude::*};
use switchboard_link::LinkState;
use switchboard_protocol::Timestamp;
use wasm_bindgen::JsCast;

use super::{Glyph, Icon, Shortcut, ago_text, clock_text, grouped, on_shortcut, use_ticker};
use crate::realtime::{
    ConnectionStatus, DaemonConnection, UseConnectionStatus, use_connection_status, use_daemon_connection,
};

/// The element that the button in the header opens.
const DETAILS: &str = "connection-details";

/// The connection status, with a button to reconnect while the socket is down.
#[component]
pub fn Connection() -> impl IntoView {
    let connection = use_connection_status();
    on_shortcut(Shortcut::Reconnect, move || connection.reconnect());
    let starting = is_starting(&connection);
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
    let schedule = schedule(&connection);
    let detail = move || if starting.get() { None } else { schedule.get() };
    view! {
        <div class="connection" data-tone=tone>
            <span class="connection-detail">{detail}</span>
            <span class="connection-status">
                <Icon glyph=glyph />
                <span role="status" aria-label="Connection">
                    {move || connection.status.get().to_string()}
                </span>
                // Its target is as large as the whole mark: style/shell.css.
                <button
                    type="button"
                    class="connection-open"
                    aria-label="Connection details"
                    title=move || missing(&connection)
                    popovertarget=DETAILS
                >
                    <Icon glyph=Glyph::Down />
                </button>
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
            <Details connection />
        </div>
    }
}

/// What is behind the word. The browser opens it, closes it by Escape and by a click elsewhere, and gives the focus
/// back.
#[component]
fn Details(connection: UseConnectionStatus) -> impl IntoView {
    let daemon = use_daemon_connection();
    let daemon_is_down = move || {
        daemon.is_some_and(|daemon| daemon.status().with(|status| status.state != LinkState::Connected))
    };
    let popover = NodeRef::<html::Div>::new();
    let is_open = RwSignal::new(false);
    let toggled = move |_| {
        let is_shown = popover.get_untracked().is_some_and(|it| it.matches(":popover-open").unwrap_or(false));
        is_open.set(is_shown);
    };
    view! {
        <div
            id=DETAILS
            class="connection-details"
            popover="auto"
            role="dialog"
            aria-labelledby="connection-details-title"
            node_ref=popover
            on:toggle=toggled
        >
            // Nothing ticks, and nothing is there to be found, while it is closed.
            <Show when=move || is_open.get()>
                <h2 id="connection-details-title">"Connection"</h2>
                <p class="muted">
                    {move || missing(&connection)} {move || daemon_is_down().then_some(" The daemon is missing: its agents are what was last known.")}
                </p>
                <LiveEvents connection />
                <HttpInterface connection />
                {daemon.map(|daemon| view! { <Daemon daemon /> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| close(popover)>
                        "Close"
                    </button>
                    <button
                        type="button"
                        class="button"
                        class:is-primary=move || !connection.socket_up.get()
                        on:click=move |_| connection.reconnect()
                    >
                        <Icon glyph=Glyph::Retry />
                        "Reconnect"
                    </button>
                </div>
            </Show>
        </div>
    }
}

#[component]
fn LiveEvents(connection: UseConnectionStatus) -> impl IntoView {
    let ticker = use_ticker();
    let state = move || match connection.socket.get() {
        LinkState::Connected => "Connected",
        LinkState::Connecting => "Connecting",
        LinkState::Disconnected if connection.next_retry_at.get().is_some() => "Disconnected, retrying",
        LinkState::Disconnected => "Disconnected",
        LinkState::Error => "Stopped until you reconnect",
    };
    let next = move || Some(wait_text(connection.next_retry_at.get()?, ticker.wall.get()));
    let failed = move || attempts_text(connection.attempt.get());
    let round_trip = move || {
        ticker.wall.track();
        let is_up = connection.socket_up.get();
        connection.round_trip_ms().filter(|_| is_up).map(|time| match time {
            0 => "less than 1 ms".to_owned(),
            time => format!("{time} ms"),
        })
    };
    let up = Signal::derive(move || Some(connection.socket_up.get()));
    view! {
        <Half name="Live events (WebSocket)" up state since=connection.socket_since>
            <Fact name="Failed" value=Signal::derive(failed) />
            <Fact name="Next attempt" value=Signal::derive(next) />
            <Fact name="Round trip" value=Signal::derive(round_trip) />
            <Fact name="Last error" value=connection.last_error />
        </Half>
    }
}

#[component]
fn HttpInterface(connection: UseConnectionStatus) -> impl IntoView {
    let state = move || match connection.api_up.get() {
        Some(true) => "Answers",
        Some(false) => "Does not answer",
        None => "Not asked yet",
    };
    let advice = Signal::derive(move || {
        let is_down = connection.api_up.get() == Some(false);
        is_down.then(|| "every few seconds".to_owned())
    });
    view! {
        <Half name="HTTP interface" up=connection.api_up state since=connection.api_since>
            <Fact name="Next check" value=advice />
        </Half>
    }
}

/// The connection to a daemon, where there is one: it has no part in the word of the header.
#[component]
fn Daemon(daemon: DaemonConnection) -> impl IntoView {
    let ticker = use_ticker();
    let status = daemon.status();
    let state = move || {
        status.with(|status| match status.state {
            LinkState::Connected => "Connected, read-only",
            LinkState::Connecting => "Connecting",
            LinkState::Disconnected if status.next_retry_at.is_some() => "Disconnected, retrying",
            LinkState::Disconnected => "Disconnected",
            LinkState::Error => "Stopped",
        })
    };
    let up = Signal::derive(move || Some(status.with(|status| status.state == LinkState::Connected)));
    let failed = move || status.with(|status| attempts_text(status.attempt));
    let next = move || {
        let at = status.with(|status| status.next_retry_at)?;
        Some(wait_text(Timestamp::from_millis(at.wall_ms), ticker.wall.get()))
    };
    let error = move || {
        status.with(|status| {
            let error = status.last_error.as_ref().filter(|_| status.state != LinkState::Connected);
            error.map(ToString::to_string)
        })
    };
    let unreadable = move || {
        ticker.wall.track();
        Some(daemon.stats().undecodable).filter(|count| *count > 0).map(grouped)
    };
    view! {
        <Half name="Daemon (WebSocket, read-only)" up state since=daemon.since()>
            <Fact name="Address" value=Signal::stored(Some(daemon.address())) />
            <Fact name="Failed" value=Signal::derive(failed) />
            <Fact name="Next attempt" value=Signal::derive(next) />
            <Fact name="Last error" value=Signal::derive(error) />
            <Fact name="Unreadable" value=Signal::derive(unreadable) />
            <Show when=move || up.get() == Some(false)>
                <dd class="connection-action">
                    <button type="button" class="button is-small" on:click=move |_| daemon.reconnect()>
                        "Reconnect to the daemon"
                    </button>
                </dd>
            </Show>
        </Half>
    }
}

fn attempts_text(attempts: u32) -> Option<String> {
    match attempts {
        0 => None,
        1 => Some("1 attempt".to_owned()),
        attempts => Some(format!("{attempts} attempts in a row")),
    }
}

/// How long until something, in words.
fn wait_text(at: Timestamp, now: Timestamp) -> String {
    match at.millis_since(now).div_ceil(1000) {
        0 => "now".to_owned(),
        seconds => format!("in {seconds} s"),
    }
}

/// One of the halves: whether it is up, in colour, shape and word, and since when.
#[component]
fn Half(
    name: &'static str,
    /// `None` where nobody knows yet.
    #[prop(into)]
    up: Signal<Option<bool>>,
    state: impl Fn() -> &'static str + Send + Sync + 'static,
    since: Signal<Option<Timestamp>>,
    children: Children,
) -> impl IntoView {
    let ticker = use_ticker();
    let tone = move || match up.get() {
        Some(true) => "up",
        Some(false) => "down",
        None => "unknown",
    };
    let glyph = Signal::derive(move || match up.get() {
        Some(true) => Glyph::Completed,
        Some(false) => Glyph::Failed,
        None => Glyph::Pending,
    });
    let since = Signal::derive(move || {
        since.get().map(|since| format!("{} ({})", clock_text(since), ago_text(since, ticker.wall.get())))
    });
    view! {
        <section class="connection-half" aria-label=name data-tone=tone>
            <h3>{name}</h3>
            <p class="connection-state">
                <Icon glyph=glyph />
                {state}
            </p>
            <dl>
                <Fact name="Since" value=since />
                {children()}
            </dl>
        </section>
    }
}

/// A name and a value; nothing while there is no value.
#[component]
fn Fact(name: &'static str, #[prop(into)] value: Signal<Option<String>>) -> impl IntoView {
    let is_known = Memo::new(move |_| value.with(Option::is_some));
    view! {
        <Show when=move || is_known.get()>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </Show>
    }
}

/// Whether the page's first connection has neither come nor failed yet: then nothing is wrong, and what would
/// say so waits a moment.
pub(super) fn is_starting(connection: &UseConnectionStatus) -> Memo<bool> {
    let connection = *connection;
    Memo::new(move |_| {
        !connection.socket_up.get()
            && connection.attempt.get() == 0
            && connection.last_error.with(Option::is_none)
    })
}

/// What is missing, in a sentence.
fn missing(connection: &UseConnectionStatus) -> &'static str {
    match (connection.socket_up.get(), connection.api_up.get()) {
        (true, Some(true) | None) => "Both halves are up. What you see is live.",
        (true, Some(false)) => {
            "The HTTP interface is missing. Live events arrive, but lists cannot be fetched and nothing can be sent."
        }
        (false, Some(true)) => {
            "Live events are missing. Pages can be fetched, but they do not follow what happens."
        }
        (false, Some(false)) => "Both halves are missing. What you see is what was last known.",
        (false, None) => "Connecting.",
    }
}

/// When the next attempt is due and how many failed, while the socket is down.
fn schedule(connection: &UseConnectionStatus) -> Memo<Option<String>> {
    let (connection, ticker) = (*connection, use_ticker());
    Memo::new(move |_| {
        if connection.socket_up.get() {
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
    })
}

fn close(popover: NodeRef<html::Div>) {
    if let Some(popover) = popover.get_untracked() {
        // Refused only where it is closed already.
        let _ = popover.unchecked_ref::<web_sys::HtmlElement>().hide_popover();
    }
}
