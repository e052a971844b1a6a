//! What became of the connection, the newest first.

use leptos::prelude::*;
use switchboard_link::{Entry, Happening};
use switchboard_model::duration_text;
use switchboard_protocol::Timestamp;

use super::{Shared, state_glyph, timeline_words};
use crate::components::{Glyph, Icon, clock_text, full_text};

#[component]
pub(super) fn Timeline(shared: Shared) -> impl IntoView {
    let wire = shared.wire;
    let changed = Memo::new(move |_| {
        wire.version.track();
        wire.history_version()
    });
    let entries = Memo::new(move |_| {
        // Read, not just tracked: a memo that nobody reads never looks at its sources.
        changed.get();
        wire.history()
    });
    let count = Memo::new(move |_| entries.with(Vec::len));
    let rows = move || entries.get().into_iter().rev().map(|entry| view! { <Row entry /> }).collect_view();
    view! {
        <section class="card is-wire-timeline" aria-label="State timeline">
            <div class="card-head">
                <h2>"State timeline"</h2>
                <span class="card-count">"newest first"</span>
            </div>
            <Show when=move || count.get() == 0>
                <p class="section-note muted">"Nothing yet. Each attempt, connection and loss appears here with its reason."</p>
            </Show>
            <ol class="wire-timeline" aria-label="Transitions" tabindex="0">
                {rows}
            </ol>
        </section>
    }
}

#[component]
fn Row(entry: Entry) -> impl IntoView {
    let at = Timestamp::from_millis(entry.at);
    let (name, glyph, lasted) = match &entry.what {
        Happening::State { state, until, .. } => {
            let lasted = match until {
                Some(until) => duration_text(Timestamp::from_millis(*until).millis_since(at)),
                None => "now".to_owned(),
            };
            (state.as_str(), state_glyph(*state), lasted)
        }
        Happening::Resumed { .. } => ("resumed", Glyph::Follow, String::new()),
        Happening::Refetched(_) => ("refetched", Glyph::Retry, String::new()),
    };
    let words = timeline_words::of(&entry);
    view! {
        <li class="wire-entry" data-state=name>
            <time datetime=at.to_string() title=full_text(at)>
                {clock_text(at)}
            </time>
            <span class="wire-entry-name">
                <Icon glyph=glyph />
                {name}
            </span>
            <span class="wire-entry-words">{words}</span>
            <span class="wire-entry-time" title="How long it lasted">
                {lasted}
            </span>
        </li>
    }
}
