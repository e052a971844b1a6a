//! What could not be read, and why.

use leptos::prelude::*;
use switchboard_model::VIEW_CAPACITY;
use switchboard_protocol::{ScrapePhase, ScrapedPage};

use super::Shared;
use crate::components::{Glyph, Icon, grouped, is_web_address};

/// How many failed pages are listed.
const LISTED: usize = 50;

/// A failed page: which of all snapshots' pages it is, its address, and why.
#[derive(Debug, Clone, PartialEq)]
struct Failed {
    key: (u64, u64),
    url: String,
    reason: String,
}

#[component]
pub(super) fn Errors(shared: Shared) -> impl IntoView {
    let failed = use_failed(shared);
    let count = Memo::new(move |_| shared.summary.with(|run| run.errors));
    let platforms = Memo::new(move |_| {
        shared.summary.with(|run| {
            let failed = run.platforms.iter().filter(|platform| platform.phase == ScrapePhase::Failed);
            let why = |platform: &switchboard_protocol::rest::PlatformProgress| {
                let reason = platform.message.clone().unwrap_or_else(|| "No reason was reported.".to_owned());
                (platform.platform.clone(), reason)
            };
            failed.map(why).collect::<Vec<_>>()
        })
    });
    let nothing =
        Memo::new(move |_| platforms.with(Vec::is_empty) && failed.with(Vec::is_empty) && count.get() == 0);
    let listed = move || {
        let (count, listed) = (count.get(), failed.with(Vec::len) as u64);
        let latest = grouped(VIEW_CAPACITY as u64);
        match (count, listed) {
            (count, listed) if count <= listed => None,
            (count, 0) => {
                Some(format!("{} in all, none of them among the latest {latest} pages", grouped(count)))
            }
            (count, listed) => Some(format!("the latest {listed} of {}", grouped(count))),
        }
    };
    let platform = |(name, reason): (String, String)| {
        view! {
            <li class="error-row">
                <Icon glyph=Glyph::Failed />
                <strong>{name}</strong>
                <span class="error-reason">{reason}</span>
            </li>
        }
    };
    view! {
        <section class="card" aria-label="Errors">
            <div class="card-head">
                <h2>"Errors"</h2>
                <span class="card-count">{listed}</span>
            </div>
            <Show
                when=move || !nothing.get()
                fallback=|| view! { <p class="section-note muted">"No errors"</p> }
            >
                <ul class="error-rows" tabindex="0" aria-label="Failed pages">
                    <For each=move || platforms.get() key=Clone::clone children=platform />
                    <For each=move || failed.get() key=|failed| failed.key let:failed>
                        <li class="error-row">
                            <Icon glyph=Glyph::Failed />
                            <PageLink url=failed.url />
                            <span class="error-reason">{failed.reason}</span>
                        </li>
                    </For>
                </ul>
            </Show>
        </section>
    }
}

/// A link to the page itself, where its address is one.
#[component]
fn PageLink(url: String) -> impl IntoView {
    let text = url.clone();
    if !is_web_address(&url) {
        return view! { <span class="truncate">{text}</span> }.into_any();
    }
    view! {
        <a class="truncate" href=url target="_blank" rel="noopener noreferrer">
            {text}
        </a>
    }
    .into_any()
}

/// The latest failed pages, the newest first. Each page is looked at once.
fn use_failed(shared: Shared) -> RwSignal<Vec<Failed>> {
    let failed = RwSignal::new(Vec::<Failed>::new());
    // Up to where pages were looked at, and of which snapshot.
    let seen = StoredValue::new((None::<u64>, 0_u64));
    Effect::new(move || {
        shared.hook.version.track();
        let generation = shared.hook.view.generation();
        let (before, from) = seen.get_value();
        let is_new = before != Some(generation);
        let found = shared.hook.view.with_untracked(|run| {
            let from = if is_new { 0 } else { from };
            seen.set_value((Some(generation), run.pages().total()));
            let failed = run.pages().since(from).filter(|(_, page)| page.is_failed());
            failed
                .map(|(number, page)| Failed {
                    key: (generation, number),
                    url: page.url.clone(),
                    reason: reason(page),
                })
                .collect::<Vec<_>>()
        });
        let found = found.unwrap_or_default();
        if !found.is_empty() || (is_new && !failed.with_untracked(Vec::is_empty)) {
            failed.update(|failed| {
                let before = if is_new { Vec::new() } else { std::mem::take(failed) };
                *failed = found.into_iter().rev().chain(before).take(LISTED).collect();
            });
        }
    });
    failed
}

/// Why a page could not be read.
fn reason(page: &ScrapedPage) -> String {
    match (page.status, &page.error) {
        (Some(status), Some(error)) => format!("{status}: {error}"),
        (Some(status), None) => format!("Status {status}"),
        (None, Some(error)) => error.clone(),
        (None, None) => String::new(),
    }
}
