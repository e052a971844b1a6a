//! The doctor: tests the way to the hub from this browser, and says what to change.

mod checkup;
mod look;

use leptos::prelude::*;
use switchboard_model::{Advice, Finding, Lines, Verdict};

use self::checkup::{Check, Checkup};
use super::Shared;
use crate::{
    api::use_queries,
    components::{CopyButton, Glyph, Icon},
};

#[component]
pub(super) fn Doctor(shared: Shared) -> impl IntoView {
    let checkup = Checkup::new(shared.wire.context, use_queries());
    let rows = move || Check::ALL.map(|check| view! { <Row check checkup /> }).collect_view();
    view! {
        <section class="card" aria-label="Doctor">
            <div class="card-head">
                <h2>"Doctor"</h2>
                <span class="card-count" role="status">
                    {move || checkup.summary()}
                </span>
                <div class="card-tools">
                    <button
                        type="button"
                        class="button is-small"
                        // Not `disabled`: the focus would be lost with each press.
                        aria-disabled=move || checkup.is_running.get().to_string()
                        on:click=move |_| checkup.run()
                    >
                        <Icon glyph=Glyph::Tool />
                        "Run checks"
                    </button>
                </div>
            </div>
            <Show
                when=move || checkup.has_run.get()
                fallback=|| {
                    view! {
                        <p class="section-note muted">
                            "Tests from this browser whether the hub answers, the socket works, event streams come through unbuffered, this page may use the hub, and the clocks agree; and says what to change."
                        </p>
                    }
                }
            >
                <ul class="wire-checks" aria-label="Checks">
                    {rows}
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Row(check: Check, checkup: Checkup) -> impl IntoView {
    let finding = checkup.finding(check);
    let verdict = Memo::new(move |_| finding.with(|finding| finding.as_ref().map(|finding| finding.verdict)));
    let glyph = Signal::derive(move || match verdict.get() {
        Some(Verdict::Well) => Glyph::Completed,
        Some(Verdict::Doubtful) => Glyph::Warning,
        Some(Verdict::Wrong) => Glyph::Failed,
        Some(Verdict::Unknown) => Glyph::Lost,
        None => Glyph::Pending,
    });
    let word = move || verdict.get().map_or("checking", Verdict::as_str);
    view! {
        <li class="wire-check" data-verdict=word>
            <span class="wire-check-verdict">
                <Icon glyph=glyph />
                {word}
            </span>
            <strong>{check.name()}</strong>
            {move || finding.get().map(|finding| view! { <Found finding /> })}
        </li>
    }
}

#[component]
fn Found(finding: Finding) -> impl IntoView {
    let advice = finding.advice.into_iter().map(|advice| view! { <Advised advice /> }).collect_view();
    view! {
        <div class="wire-check-body">
            <p>{finding.found}</p>
            {advice}
        </div>
    }
}

#[component]
fn Advised(advice: Advice) -> impl IntoView {
    let lines = advice.lines.into_iter().map(|lines| view! { <Written lines /> }).collect_view();
    view! {
        <p class="muted">{advice.text}</p>
        <div class="wire-lines">{lines}</div>
    }
}

/// Lines to copy, and whose they are.
#[component]
fn Written(lines: Lines) -> impl IntoView {
    let Lines { of, text } = lines;
    let copied = text.clone();
    let what = match of {
        "nginx" => "Copy the lines for nginx",
        "Caddy" => "Copy the lines for Caddy",
        "Traefik" => "Copy the lines for Traefik",
        _ => "Copy the command line",
    };
    view! {
        <figure>
            <figcaption>{of} <CopyButton text=move || copied.clone() what /></figcaption>
            <pre tabindex="0">
                <code>{text}</code>
            </pre>
        </figure>
    }
}
