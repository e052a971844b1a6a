//! `/wire`: the page's one socket, seen from inside.
//!
//! Opening the page begins the recording, leaving it ends it. What it shows is read again a few times a second at most, when something
//! has happened; while the socket is down nothing moves but the countdown to the next attempt.

mod charts;
mod doctor;
mod facts;
mod frame_row;
mod frames;
mod frames_shown;
mod holdings;
mod tasks;
mod timeline;
mod timeline_words;
mod unreadable;

use leptos::prelude::*;
use switchboard_link::LinkState;

use self::{
    charts::Charts, doctor::Doctor, facts::Facts, frames::Frames, holdings::Holdings, tasks::Tasks,
    timeline::Timeline, unreadable::UnreadableFrames,
};
use crate::{
    components::{DisconnectedBanner, Glyph, Icon, use_title},
    realtime::{UseWire, WireState, use_wire},
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Shared {
    wire: UseWire,
    state: Memo<WireState>,
}

/// Everything about the one socket.
#[component]
pub fn WirePage() -> impl IntoView {
    let wire = use_wire();
    let status = wire.context.status();
    let state = Memo::new(move |_| {
        wire.version.track();
        status.track();
        wire.state()
    });
    let shared = Shared { wire, state };
    use_title(move || format!("Wire · {}", state.with(|state| state.status.state.as_str())));
    view! {
        <DisconnectedBanner />
        <div class="page">
            <div class="page-head">
                <h1>"Wire"</h1>
                <State shared />
                <Actions shared />
            </div>
            <Facts shared />
            <Charts shared />
            <Doctor shared />
            <div class="wire-columns">
                <Timeline shared />
                <div class="wire-column">
                    <Holdings shared />
                    <Tasks shared />
                    <UnreadableFrames shared />
                </div>
            </div>
            <Frames shared />
        </div>
    }
}

/// The state as a word, a shape and a colour.
#[component]
fn State(shared: Shared) -> impl IntoView {
    let state = Memo::new(move |_| shared.state.with(|state| state.status.state));
    view! {
        <span class="wire-state" data-state=move || state.get().as_str()>
            <Icon glyph=Signal::derive(move || state_glyph(state.get())) />
            {move || state.get().as_str()}
        </span>
    }
}

/// A shape for each state.
fn state_glyph(state: LinkState) -> Glyph {
    match state {
        LinkState::Connected => Glyph::Completed,
        LinkState::Connecting => Glyph::Pending,
        LinkState::Disconnected => Glyph::Cancelled,
        LinkState::Error => Glyph::Failed,
    }
}

#[component]
fn Actions(shared: Shared) -> impl IntoView {
    let context = shared.wire.context;
    let state = Memo::new(move |_| shared.state.with(|state| state.status.state));
    let can_ping = move || state.get() == LinkState::Connected;
    let can_drop = move || matches!(state.get(), LinkState::Connected | LinkState::Connecting);
    // Not `disabled`: the focus would be lost with the connection.
    view! {
        <div class="page-tools">
            <button
                type="button"
                class="button"
                title="Send a ping now, and measure how long its answer takes"
                aria-disabled=move || (!can_ping()).to_string()
                on:click=move |_| {
                    if can_ping() {
                        context.probe();
                    }
                }
            >
                <Icon glyph=Glyph::Live />
                "Ping"
            </button>
            <button
                type="button"
                class="button"
                title="End the socket as a network that breaks would, and watch it recover"
                aria-disabled=move || (!can_drop()).to_string()
                on:click=move |_| {
                    if can_drop() {
                        context.drop_connection();
                    }
                }
            >
                <Icon glyph=Glyph::Close />
                "Drop the connection"
            </button>
        </div>
    }
}
