//! A table of scrape runs: keyed rows, each of which changes only where its run did.

use leptos::prelude::*;
use switchboard_protocol::{ScrapePhase, rest::ScrapeRunSummary};

use super::{
    Command, Elapsed, Empty, Glyph, Phase, ProgressBar, When, grouped, progress_text, use_progress_clock,
    use_start_scrape,
};
use crate::realtime::{ScrapeRunRow, Transport};

/// The most targets that stand for a run without a title.
const TARGETS_IN_TITLE: usize = 2;

/// The table.
#[component]
pub fn ScrapeTable(
    /// The rows, in the order in which they are shown.
    #[prop(into)]
    rows: Signal<Vec<ScrapeRunRow>>,
    /// Which way their progress comes.
    transport: Signal<Transport>,
) -> impl IntoView {
    let heads = [
        ("Phase", "is-status"),
        ("Run", "is-title"),
        ("Pages", "is-progress"),
        ("Items", "is-items is-number"),
        ("Errors", "is-errors is-number"),
        ("Duration", "is-duration is-number"),
        ("Started", "is-started"),
    ];
    let head = |(name, class)| view! { <th role="columnheader" scope="col" class=class>{name}</th> };
    view! {
        <table class="rows scrape-rows" role="table">
            <thead role="rowgroup">
                <tr role="row">{heads.map(head)}</tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || rows.get() key=|row| row.id.clone() let:row>
                    <TableRow row transport />
                </For>
            </tbody>
        </table>
    }
}

#[component]
fn TableRow(row: ScrapeRunRow, transport: Signal<Transport>) -> impl IntoView {
    let summary: Signal<ScrapeRunSummary> = row.summary.into();
    let now = use_progress_clock(transport);
    // A cell of its own for each thing that can change: the others stay as they are.
    let phase = Memo::new(move |_| summary.with(|run| run.phase));
    let title = Memo::new(move |_| summary.with(scrape_title));
    let done = Memo::new(move |_| summary.with(|run| (run.current, run.total)));
    let items = Memo::new(move |_| summary.with(|run| grouped(run.items)));
    let errors = Memo::new(move |_| summary.with(|run| run.errors));
    let started = Memo::new(move |_| summary.with(|run| run.started_at.or(run.created_at)));
    let times = Memo::new(move |_| summary.with(run_times));
    // Beside the title: why it failed, else what it scrapes, unless that is the title already.
    let aside = Memo::new(move |_| {
        summary.with(|run| match (run.phase, &run.message) {
            (ScrapePhase::Failed, Some(message)) => ("row-error", message.clone()),
            _ => ("row-id", targets_text(&run.targets)),
        })
    });
    let aside = move || {
        let (class, text) = aside.get();
        (title.with(|title| *title != text)).then(|| view! { <span class=class>{text}</span> })
    };
    let live = Signal::derive(move || transport.get().is_live());
    let pages = move || {
        let (current, total) = done.get();
        progress_text(current, total)
    };
    let href = format!("/scrape-runs/{}", js_sys::encode_uri_component(row.id.as_str()));
    view! {
        <tr role="row">
            <td role="cell" class="is-status">
                <Phase phase />
            </td>
            <td role="cell" class="is-title">
                <a class="row-link" href=href title=title>
                    {title}
                </a>
                {aside}
            </td>
            <td role="cell" class="is-progress">
                <ProgressBar done phase live />
                <span class="truncate">{pages}</span>
            </td>
            <td role="cell" class="is-items is-number muted">
                {items}
            </td>
            <td
                role="cell"
                class="is-errors is-number muted"
                data-bad=move || (errors.get() > 0).to_string()
            >
                {move || grouped(errors.get())}
            </td>
            <td role="cell" class="is-duration is-number">
                <Elapsed times now />
            </td>
            <td role="cell" class="is-started muted">
                <When at=started now />
            </td>
        </tr>
    }
}

/// When a run began, when it ended, and whether it runs.
pub fn run_times(
    run: &ScrapeRunSummary,
) -> (Option<switchboard_protocol::Timestamp>, Option<switchboard_protocol::Timestamp>, bool) {
    (run.started_at, run.finished_at, run.phase == ScrapePhase::Running)
}

/// What a run is called: its title, else what it scrapes, else its identifier.
pub fn scrape_title(run: &ScrapeRunSummary) -> String {
    let title = run.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    if let Some(title) = title {
        return title.to_owned();
    }
    let known = if run.targets.is_empty() {
        let platforms: Vec<_> = run.platforms.iter().map(|platform| platform.platform.clone()).collect();
        targets_text(&platforms)
    } else {
        targets_text(&run.targets)
    };
    if known.is_empty() { run.run_id.to_string() } else { known }
}

/// The first targets, and how many more there are: `example.org, example.net/docs and 3 more`.
fn targets_text(targets: &[String]) -> String {
    let named: Vec<_> = targets.iter().take(TARGETS_IN_TITLE).map(|target| short_target(target)).collect();
    let text = named.join(", ");
    match targets.len().saturating_sub(TARGETS_IN_TITLE) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// An address without what all addresses have: the scheme, and the slash at the end.
pub fn short_target(target: &str) -> &str {
    let rest = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://")).unwrap_or(target);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// Whether a text is an address that a link may lead to: `http` or `https`, and so no script.
pub fn is_web_address(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// What would be listed here, and how to make it appear.
#[component]
pub fn NoScrapeRuns() -> impl IntoView {
    let start = use_start_scrape();
    let origin = window().location().origin().unwrap_or_default();
    let line = format!(
        "curl -X POST {origin}/api/scrape/runs -H 'Content-Type: application/json' -d '{{\"targets\":[\"https://example.org\"]}}'"
    );
    view! {
        <Empty
            title="No scrape runs yet"
            text="A run fetches the pages of the sites that you name, and appears here with its progress, its errors and what it takes out of the pages. Start one here, or from a terminal:"
            glyph=Glyph::Globe
        >
            <button type="button" class="button" on:click=move |_| start.open(None)>
                "Start the first scrape"
            </button>
            <Command line />
        </Empty>
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn a_run_is_called_by_what_is_known_of_it() {
        let mut run = ScrapeRunSummary::of("acme".into(), "r-1".into());
        assert_eq!(scrape_title(&run), "r-1");
        run.targets = ["https://a.test/", "http://b.test/x", "https://c.test"].map(str::to_owned).into();
        assert_eq!(scrape_title(&run), "a.test, b.test/x and 1 more");
        run.title = Some(" Docs ".to_owned());
        assert_eq!(scrape_title(&run), "Docs");
    }

    /// A report may say anything: an address of it that is a script must not become a link.
    #[wasm_bindgen_test]
    fn only_web_addresses_are_links() {
        assert!(is_web_address("https://a.test/") && is_web_address("HTTP://a.test"));
        assert!(
            ["javascript:alert(1)", "data:text/html,x", "//a.test", "http:", "ähttps://"]
                .iter()
                .all(|text| !is_web_address(text))
        );
    }
}
