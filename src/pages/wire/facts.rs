//! The connection in numbers and names.

use leptos::prelude::*;
use switchboard_link::{LinkState, LinkStats, LinkStatus};
use switchboard_protocol::Timestamp;

use super::Shared;
use crate::{
    components::{clock_text, grouped, size_text, use_ticker},
    realtime::WireState,
};

/// What stands where nothing is known.
const NONE: &str = "–";

#[component]
pub(super) fn Facts(shared: Shared) -> impl IntoView {
    let status = move |read: fn(&LinkStatus) -> Option<String>| {
        Memo::new(move |_| shared.state.with(|state| read(&state.status)).unwrap_or_else(|| NONE.to_owned()))
    };
    let count = move |read: fn(&LinkStats) -> u64| {
        Memo::new(move |_| shared.state.with(|state| grouped(read(&state.stats))))
    };
    let transport = Memo::new(move |_| shared.state.with(transport));
    let address = shared.wire.context.address();
    view! {
        <div class="wire-facts">
            <section class="card" aria-label="Connection">
                <dl class="facts">
                    <Fact name="Transport" value=transport />
                    <Fact name="Address" value=Signal::stored(address) />
                    <Fact name="Since" value=status(since) />
                    <Fact name="Failed in a row" value=status(|status| Some(status.attempt.to_string())) />
                    <NextAttempt shared />
                    <Fact name="Last error" value=status(|status| status.last_error.as_ref().map(ToString::to_string)) />
                    <Fact name="Connection id" value=status(|status| status.connection_id.clone()) />
                </dl>
            </section>
            <section class="card" aria-label="Log">
                <dl class="facts">
                    <Fact name="Epoch" value=status(|status| status.epoch.clone()) />
                    <Fact name="Seq" value=status(|status| status.cursor.map(grouped)) />
                    <Fact name="Whole since" value=status(|status| status.live_from.map(|seq| format!("seq {}", grouped(seq)))) />
                    <Fact name="Gaps" value=count(|stats| stats.gaps) />
                    <Fact name="Duplicates" value=count(|stats| stats.duplicates) />
                    <Fact name="Resumes" value=count(|stats| stats.resumed) />
                    <Fact name="Resyncs" value=count(|stats| stats.resyncs) />
                </dl>
            </section>
            <section class="card" aria-label="Counts">
                <dl class="facts">
                    <Fact name="Connections" value=count(|stats| stats.connections) />
                    <Fact name="Failures" value=count(|stats| stats.failures) />
                    <Fact name="Messages" value=Memo::new(move |_| shared.state.with(|state| messages(&state.stats))) />
                    <Fact name="Frames" value=count(|stats| stats.frames) />
                    <Fact name="Unknown frames" value=count(|stats| stats.unknown) />
                    <Fact name="Undecodable" value=count(|stats| stats.undecodable) />
                    <Fact name="Pings, pongs" value=Memo::new(move |_| shared.state.with(|state| pings(&state.stats))) />
                </dl>
            </section>
        </div>
    }
}

#[component]
fn Fact(name: &'static str, #[prop(into)] value: Signal<String>) -> impl IntoView {
    view! {
        <dt>{name}</dt>
        <dd>{value}</dd>
    }
}

/// When the next attempt is due: the one thing that counts while the socket is down.
#[component]
fn NextAttempt(shared: Shared) -> impl IntoView {
    let ticker = use_ticker();
    let due = Memo::new(move |_| shared.state.with(|state| state.status.next_retry_at.map(|at| at.wall_ms)));
    let state = Memo::new(move |_| shared.state.with(|state| state.status.state));
    let text = Memo::new(move |_| match (due.get(), state.get()) {
        (Some(due), _) => match Timestamp::from_millis(due).millis_since(ticker.wall.get()).div_ceil(1000) {
            0 => "now".to_owned(),
            seconds => format!("in {seconds} s"),
        },
        (None, LinkState::Connecting) => "under way".to_owned(),
        (None, LinkState::Error) => "none until you reconnect".to_owned(),
        (None, LinkState::Connected | LinkState::Disconnected) => NONE.to_owned(),
    });
    view! { <Fact name="Next attempt" value=text /> }
}

/// Which ways events come.
fn transport(state: &WireState) -> String {
    let socket = if state.status.state == LinkState::Connected { "WebSocket" } else { "none" };
    match state.streams {
        0 => socket.to_owned(),
        1 => format!("{socket}, 1 SSE stream"),
        streams => format!("{socket}, {streams} SSE streams"),
    }
}

fn since(status: &LinkStatus) -> Option<String> {
    (status.since > 0)
        .then(|| format!("{} {}", status.state.as_str(), clock_text(Timestamp::from_millis(status.since))))
}

fn messages(stats: &LinkStats) -> String {
    format!("{} ({})", grouped(stats.messages), size_text(stats.bytes))
}

fn pings(stats: &LinkStats) -> String {
    format!("{}, {}", grouped(stats.pings), grouped(stats.pongs))
}
