//! What the run is, where it stands, and what can be done with it.

use leptos::prelude::*;

use super::{Crumb, Shared, cancel::CancelButton};
use crate::components::{
    CopyButton, Elapsed, Glyph, Icon, Phase, ScrapeDraft, TransportNote, When, run_times, scrape_title,
    use_progress_clock, use_start_scrape,
};

#[component]
pub(super) fn Head(shared: Shared) -> impl IntoView {
    let Shared { hook, summary, phase, .. } = shared;
    let title = Memo::new(move |_| summary.with(scrape_title));
    let started = Memo::new(move |_| summary.with(|run| run.started_at.or(run.created_at)));
    let times = Memo::new(move |_| summary.with(run_times));
    let now = use_progress_clock(hook.transport);
    let id = shared.id.with_value(ToString::to_string);
    view! {
        <div class="run-head">
            <Crumb />
            <div class="page-head">
                <h1 title=title>{title}</h1>
                <span role="status" aria-label="Scrape phase">
                    <Phase phase large=true />
                </span>
                <TransportNote transport=hook.transport />
                <div class="page-tools">
                    <CancelButton shared />
                    <RunAgain shared />
                </div>
            </div>
            <p class="run-facts muted">
                <span>"Started " <When at=started now /></span>
                <span>"Duration " <Elapsed times now /></span>
                <span class="run-id">
                    <span class="mono truncate">{id.clone()}</span>
                    <CopyButton text=move || id.clone() what="Copy the identifier" />
                </span>
            </p>
        </div>
    }
}

/// Opens the dialog, filled in with the run's own settings. What another program reports tells no targets, so that
/// nothing could be run again.
#[component]
fn RunAgain(shared: Shared) -> impl IntoView {
    let start = use_start_scrape();
    let has_targets = Memo::new(move |_| shared.summary.with(|run| !run.targets.is_empty()));
    let again = move |_| {
        let settings = shared.hook.view.with_untracked(|run| (run.limits(), run.extract().cloned()));
        let (limits, extract) = settings.unwrap_or_default();
        start.open(Some(shared.summary.with_untracked(|run| ScrapeDraft::of(run, limits, extract))));
    };
    view! {
        <Show when=move || has_targets.get()>
            <button type="button" class="button" on:click=again>
                <Icon glyph=Glyph::Retry />
                "Run again"
            </button>
        </Show>
    }
}
