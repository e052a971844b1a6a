//! `/agents`: who works, since when each was last heard, and what was said.

mod beats;
mod condition;
mod event_row;
mod events;
mod events_shown;
mod heartbeat;
mod row;
mod table;

use std::mem;

use leptos::{ev, prelude::*};
use switchboard_link::LinkState;
use switchboard_model::Outage;
use switchboard_protocol::Timestamp;

use self::{
    events::Events,
    table::{Foot, Table},
};
use crate::{
    components::{
        Command, CopyButton, Empty, Failure, Glyph, Icon, SkeletonRows, StaleNote, clock_text, focus_first,
        has_focus, is_focus_lost, use_ticker, use_title,
    },
    realtime::{DaemonSource, LoadPhase, UseDaemon, use_daemon},
};

/// A worker that every machine has, and that ends by itself.
const TRY_THIS: &str = "switchboard agent --id demo -- ping -c 60 127.0.0.1";

/// What a daemon would say.
const HEARTBEAT: &str =
    r#"{"type":"heartbeat","agentId":"demo","status":"running","currentTask":"reading mail"}"#;

/// The most agents that are shown before somebody asks for all: a daemon may name as many as it likes.
const SHOWN_AT_FIRST: usize = 200;

/// The log of events, as a selector.
const EVENTS: &str = ".agents [role=log]";

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Shared {
    hook: UseDaemon,
    /// The time up to which what is shown is known, by the hub's clock where there is a hub: it stands still while nothing comes.
    now: Signal<Timestamp>,
    /// When the page's own socket last could not be heard, by the same clock. Of a daemon `listening_since` says it.
    outage: Signal<Option<Outage>>,
}

/// The agents, and the latest events.
#[component]
pub fn AgentsPage() -> impl IntoView {
    use_title(|| "Agents".to_owned());
    let hook = use_daemon();
    let is_root = hook.source() == DaemonSource::Root;
    let shared = Shared { hook, now: use_known_time(hook, is_root), outage: use_outage(is_root) };
    let live = move || hook.is_connected.get().to_string();
    view! {
        <div class="page agents" data-live=live>
            <div class="page-head">
                <h1>"Agents"</h1>
                <Source hook />
                {is_root.then(|| view! { <StaleNote /> })}
            </div>
            {(!is_root).then(|| view! { <DaemonTrouble hook /> })}
            <Agents shared />
            <Events shared />
        </div>
    }
}

/// The time on the wall while something comes, and the time when it last did while nothing does.
fn use_known_time(hook: UseDaemon, is_root: bool) -> Signal<Timestamp> {
    let ticker = use_ticker();
    let known = Memo::new(move |before: Option<&Timestamp>| {
        if hook.is_connected.get() {
            return ticker.wall.get();
        }
        let known = hook.stale_since.get().or(before.copied());
        known.unwrap_or_else(|| ticker.wall.get_untracked())
    });
    Signal::derive(move || if is_root { ticker.by_server(known.get()) } else { known.get() })
}

fn use_outage(is_root: bool) -> Signal<Option<Outage>> {
    let ticker = use_ticker();
    Signal::derive(move || if is_root { ticker.outage_by_server() } else { None })
}

/// Where all this comes from, and whether it does.
#[component]
fn Source(hook: UseDaemon) -> impl IntoView {
    let (name, title) = match hook.source() {
        DaemonSource::Root => ("the page's socket".to_owned(), None),
        DaemonSource::Daemon(address) => (shortened(&address, 60), Some(shortened(&address, 2_000))),
    };
    let glyph = Signal::derive(move || if hook.is_connected.get() { Glyph::Live } else { Glyph::Cancelled });
    let text = move || {
        if hook.is_connected.get() { format!("Live over {name}") } else { format!("Not live: {name}") }
    };
    view! {
        <span class="transport agents-source" role="status" title=title data-live=move || hook.is_connected.get().to_string()>
            <Icon glyph />
            <span>{text}</span>
        </span>
    }
}

/// What is wrong with the daemon's connection, since when, and the way out.
#[component]
fn DaemonTrouble(hook: UseDaemon) -> impl IntoView {
    let is_down = Memo::new(move |_| {
        matches!(hook.state.get(), LinkState::Disconnected | LinkState::Error)
            || hook.error.with(Option::is_some)
    });
    // The same words through all attempts: what changes is read out again, and an attempt is no news.
    let title = move || match hook.state.get() {
        LinkState::Error => "The daemon cannot be watched",
        LinkState::Disconnected | LinkState::Connecting | LinkState::Connected => "Daemon disconnected",
    };
    let title = Memo::new(move |_| title());
    // The button goes with the trouble. Who pressed it goes on at what comes then.
    let had_focus = StoredValue::new(false);
    let pressed = move |event: ev::MouseEvent| {
        had_focus.set_value(has_focus(&event));
        hook.reconnect();
    };
    Effect::new(move || {
        if !is_down.get() && had_focus.try_update_value(mem::take) == Some(true) && is_focus_lost() {
            focus_first(EVENTS);
        }
    });
    let since = move || match hook.stale_since.get() {
        Some(since) if hook.total.get() > 0 => format!("What you see is as of {}. ", clock_text(since)),
        _ => String::new(),
    };
    view! {
        // There from the beginning: only what changes inside of it is read out.
        <div class="agents-trouble" role="status">
            <Show when=move || is_down.get()>
                <div class="problem is-warning">
                    <Icon glyph=Glyph::Warning />
                    <div class="problem-body">
                        <p class="problem-title">{title}</p>
                        <p class="problem-text">
                            {since}{move || hook.error.get().map(|error| sentence(&error))}
                        </p>
                    </div>
                    <button type="button" class="button" on:click=pressed>
                        <Icon glyph=Glyph::Retry />
                        "Reconnect to the daemon"
                    </button>
                </div>
            </Show>
        </div>
    }
}

#[component]
fn Agents(shared: Shared) -> impl IntoView {
    let hook = shared.hook;
    let all = RwSignal::new(false);
    let is_empty = Memo::new(move |_| hook.agents.with(Vec::is_empty));
    let has_list = Memo::new(move |_| hook.phase.with(|phase| *phase == LoadPhase::Ready));
    // That the list is missing is said also where frames have told of some agents: they are not all there are.
    let failure = move || match hook.phase.get() {
        LoadPhase::Failed(error) => {
            Some(view! { <Failure what="The list of agents" error on_retry=move |()| hook.retry() /> })
        }
        LoadPhase::Loading | LoadPhase::Ready => None,
    };
    let below = move || match (is_empty.get(), has_list.get()) {
        (false, _) => view! { <Foot shared all has_list /> }.into_any(),
        (true, _) if hook.is_loading.get() => view! { <SkeletonRows label="Loading agents" /> }.into_any(),
        (true, true) => view! { <NoAgents hook /> }.into_any(),
        (true, false) => ().into_any(),
    };
    // The table is there from the beginning, also while it has no rows.
    view! {
        <div class="panel">
            <Table shared all />
            {below}
            {failure}
        </div>
    }
}

/// What would be listed here, and how to make it appear.
#[component]
fn NoAgents(hook: UseDaemon) -> impl IntoView {
    if let DaemonSource::Daemon(_) = hook.source() {
        return view! {
            <Empty
                title="No agents yet"
                text="Agents appear here as the daemon speaks of them. Have it send this, for example, and one is there:"
            >
                <div class="command is-frame">
                    <code tabindex="0">{HEARTBEAT}</code>
                    <CopyButton text=|| HEARTBEAT.to_owned() />
                </div>
            </Empty>
        }
        .into_any();
    }
    let origin = window().location().origin().unwrap_or_default();
    let curl =
        format!("curl -X POST {origin}/api/events -H 'content-type: application/json' -d '{HEARTBEAT}'");
    view! {
        <Empty
            title="No agents yet"
            text="Every long-lived worker that reports heartbeats appears here with its status, its task and when it was last heard. Keep one running, or send a heartbeat yourself:"
        >
            <Command line=TRY_THIS />
            <Command line=curl />
        </Empty>
    }
    .into_any()
}

/// What an agent says, as much of it as a cell needs.
fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An error as a sentence.
fn sentence(error: &str) -> String {
    let mut characters = error.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if error.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
