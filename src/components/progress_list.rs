//! The progress of a scrape run: the whole, and each of its platforms.

use leptos::prelude::*;
use switchboard_protocol::{ScrapePhase, rest::PlatformProgress};

use super::{Phase, ProgressBar, grouped, size_text};
use crate::realtime::OVERALL;

/// How many platforms the list shows without scrolling: style/progress.css says how high it is.
const FITTING: usize = 5;

/// A bar for the whole run, and one for each platform, with the numbers beside them.
#[component]
pub fn ProgressList(
    /// The whole run's progress.
    #[prop(into)]
    overall: Signal<PlatformProgress>,
    /// Each platform's. Their order never changes; new ones come at the end.
    #[prop(into)]
    platforms: Signal<Vec<PlatformProgress>>,
    /// Whether progress comes.
    #[prop(into)]
    live: Signal<bool>,
) -> impl IntoView {
    let names = Memo::new(move |_| {
        platforms.with(|platforms| {
            platforms.iter().map(|platform| platform.platform.clone()).enumerate().collect::<Vec<_>>()
        })
    });
    let row = move |(place, name): (usize, String)| {
        let progress =
            Memo::new(move |_| platforms.with(|platforms| platforms.get(place).cloned()).unwrap_or_default());
        view! { <ProgressRow name progress live /> }
    };
    // Longer than its frame, it can be scrolled by the keyboard.
    let is_long = move || names.with(|names| names.len() > FITTING).then_some("0");
    view! {
        <ul class="progress-list" tabindex=is_long>
            <ProgressRow name=OVERALL progress=overall live />
            <For each=move || names.get() key=Clone::clone children=row />
        </ul>
    }
}

#[component]
fn ProgressRow(
    #[prop(into)] name: String,
    #[prop(into)] progress: Signal<PlatformProgress>,
    live: Signal<bool>,
) -> impl IntoView {
    // A part of its own for each thing that can change: the others stay as they are.
    let done = Memo::new(move |_| progress.with(|progress| (progress.current, progress.total)));
    let phase = Memo::new(move |_| progress.with(|progress| progress.phase));
    let message = Memo::new(move |_| progress.with(|progress| progress.message.clone()));
    let errors = Memo::new(move |_| progress.with(|progress| progress.errors));
    let items = Memo::new(move |_| progress.with(|progress| progress.items));
    let bytes = Memo::new(move |_| progress.with(|progress| size_text(progress.bytes)));
    let pages = move || match done.get() {
        (current, 0) => grouped(current),
        (current, total) => format!("{} / {}", grouped(current), grouped(total)),
    };
    view! {
        <li class="progress-row">
            <span class="progress-name truncate" title=name.clone()>
                {name.clone()}
            </span>
            <Phase phase />
            <ProgressBar name done phase live />
            <span class="progress-number">{pages} " pages"</span>
            <span class="progress-number">{move || counted(items.get(), "item", "items")}</span>
            <span class="progress-number" data-bad=move || (errors.get() > 0).to_string()>
                {move || counted(errors.get(), "error", "errors")}
            </span>
            <span class="progress-number">{bytes}</span>
            <span
                class="progress-message truncate"
                data-bad=move || (phase.get() == ScrapePhase::Failed).to_string()
                title=message
            >
                {message}
            </span>
        </li>
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}
