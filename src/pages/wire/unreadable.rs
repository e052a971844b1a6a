//! The last frames that could not be read: why, and what they were.

use leptos::prelude::*;

use super::Shared;
use crate::{
    components::{CopyButton, clock_text, grouped},
    realtime::Unreadable,
};

#[component]
pub(super) fn UnreadableFrames(shared: Shared) -> impl IntoView {
    let wire = shared.wire;
    let total = Memo::new(move |_| shared.state.with(|state| state.stats.undecodable));
    let frames = Memo::new(move |_| {
        total.get();
        wire.unreadable()
    });
    let shown = move || {
        let (total, kept) = (total.get(), frames.with(Vec::len) as u64);
        if kept < total { format!("the latest {kept} of {}", grouped(total)) } else { grouped(total) }
    };
    let rows = move || frames.get().into_iter().rev().map(row).collect_view();
    view! {
        <section class="card" aria-label="Undecodable frames">
            <div class="card-head">
                <h2>"Undecodable frames"</h2>
                <span class="card-count">{shown}</span>
            </div>
            <Show
                when=move || frames.with(|frames| !frames.is_empty())
                fallback=|| view! { <p class="section-note muted">"None. Each would cost only itself, and appear here with its text and the reason."</p> }
            >
                <ul class="wire-unreadable" aria-label="Undecodable frames" tabindex="0">
                    {rows}
                </ul>
            </Show>
        </section>
    }
}

fn row(frame: Unreadable) -> impl IntoView {
    let text = frame.text.clone();
    view! {
        <li>
            <time>{clock_text(frame.at)}</time>
            <span class="wire-reason">{frame.reason}</span>
            <code class="wire-text">{frame.text}</code>
            <CopyButton text=move || text.clone() what="Copy the frame's text" />
        </li>
    }
}
