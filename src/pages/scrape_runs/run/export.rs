//! The run's items and pages as files.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::Shared;
use crate::{
    api::{ScrapeExport, use_queries},
    components::{Glyph, Icon},
};

/// The element that the button opens.
const MENU: &str = "scrape-export";

/// What can be exported, and what it is called.
const EXPORTS: [(ScrapeExport, &str); 4] = [
    (ScrapeExport::ItemsAsJsonLines, "Items, JSON Lines"),
    (ScrapeExport::ItemsAsCsv, "Items, CSV"),
    (ScrapeExport::PagesAsJsonLines, "Pages, JSON Lines"),
    (ScrapeExport::PagesAsCsv, "Pages, CSV"),
];

/// The menu "Export".
#[component]
pub(super) fn Export(shared: Shared) -> impl IntoView {
    let queries = use_queries();
    let menu = NodeRef::<html::Div>::new();
    let is_under_way = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let export = move |export: ScrapeExport| {
        if let Some(menu) = menu.get_untracked() {
            // Refused only where it is closed already.
            let _ = menu.unchecked_ref::<web_sys::HtmlElement>().hide_popover();
        }
        if is_under_way.get_untracked() {
            return;
        }
        let Some(api) = queries.api() else { return };
        let (organization, id) = (shared.organization.get_value(), shared.id.get_value());
        problem.set(None);
        is_under_way.set(true);
        leptos::task::spawn_local(async move {
            let answer = api.export_scrape(&organization, &id, export).await;
            let _ = is_under_way.try_set(false);
            match answer {
                Ok(blob) => {
                    let _ = save(&blob, &file_name(id.as_str(), export));
                }
                Err(error) => {
                    let _ = problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    let entry = move |(what, name): (ScrapeExport, &'static str)| {
        view! {
            <button type="button" class="button is-plain" on:click=move |_| export(what)>
                {name}
            </button>
        }
    };
    view! {
        <span class="export-problem" role="status">
            {problem}
        </span>
        <button type="button" class="button is-small export-open" popovertarget=MENU>
            <Icon glyph=Glyph::Export />
            {move || if is_under_way.get() { "Exporting…" } else { "Export" }}
        </button>
        <div id=MENU class="menu" popover="auto" role="group" aria-label="Export" node_ref=menu>
            {EXPORTS.map(entry)}
        </div>
    }
}

/// Gives the browser a file to save; `None` where it takes none.
fn save(blob: &web_sys::Blob, name: &str) -> Option<()> {
    let address = web_sys::Url::create_object_url_with_blob(blob).ok()?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // The browser holds the file already: the click reads the address at once.
    web_sys::Url::revoke_object_url(&address).ok()
}

/// A name that every file system takes: `scrape-r-1-items.csv`.
fn file_name(run: &str, export: ScrapeExport) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let run: String =
        run.chars().take(64).map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let (what, format) = export.parameters();
    format!("scrape-{run}-{what}.{format}")
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn files_have_names_that_lead_nowhere_else() {
        assert_eq!(file_name("r-1", ScrapeExport::ItemsAsCsv), "scrape-r-1-items.csv");
        assert_eq!(file_name("../a b", ScrapeExport::PagesAsJsonLines), "scrape----a-b-pages.jsonl");
    }
}
