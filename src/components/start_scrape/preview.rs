//! One page fetched now, and what would be taken out of it.

use leptos::prelude::*;
use switchboard_protocol::rest::{PreviewScrape, ScrapePreview};

use super::{
    draft::{Form, without_scheme},
    fields::TextField,
    problem::{Place, Problem, missing_in},
};
use crate::{
    api::use_queries,
    components::{ItemTable, ItemValues, grouped, size_text},
    realtime::use_websocket_context,
};

/// What a preview found, as it is shown.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    /// The page in a line: its status, its size, its links.
    facts: String,
    title: Option<String>,
    items: Vec<ItemValues>,
    /// How many items there are, or that there are none; nothing where nothing was to be taken out.
    count: Option<String>,
}

#[component]
pub(super) fn Preview(form: Form, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let found = RwSignal::new(None::<Found>);
    let is_under_way = RwSignal::new(false);
    let preview = use_preview(form, problem, found, is_under_way);
    view! {
        <fieldset class="form-group">
            <legend>"Preview"</legend>
            <div class="form-preview">
                <TextField
                    label="Page"
                    value=form.preview_url
                    placeholder="Empty: the first target"
                    problem
                    place=Place::Preview
                    code=true
                />
                <button
                    type="button"
                    class="button"
                    aria-disabled=move || is_under_way.get().to_string()
                    on:click=move |_| preview.run(())
                >
                    {move || if is_under_way.get() { "Fetching…" } else { "Preview" }}
                </button>
            </div>
            <div role="status" aria-label="Preview">
                {move || found.get().map(|found| view! { <Shown found /> })}
            </div>
        </fieldset>
    }
}

#[component]
fn Shown(found: Found) -> impl IntoView {
    let Found { facts, title, items, count } = found;
    let has_items = !items.is_empty();
    view! {
        <div class="preview-found">
            <p>
                <strong>{title.unwrap_or_else(|| "A page without a title".to_owned())}</strong>
            </p>
            <p class="muted">{facts}</p>
            {count.map(|count| view! { <p>{count}</p> })}
            {has_items.then(|| view! { <ItemTable label="Items of the preview" items=Signal::stored(items) /> })}
        </div>
    }
}

/// Asks the server for the page that the form names.
fn use_preview(
    form: Form,
    problem: RwSignal<Option<Problem>>,
    found: RwSignal<Option<Found>>,
    is_under_way: RwSignal<bool>,
) -> Callback<()> {
    let queries = use_queries();
    let organization = use_websocket_context().organization();
    Callback::new(move |()| {
        if is_under_way.get_untracked() {
            return;
        }
        let Some(api) = queries.api() else { return };
        let url = match read(form) {
            Ok(url) => url,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        let extract = form.read_extraction();
        if let Some(missing) = extract.as_ref().and_then(missing_in) {
            return problem.set(Some(missing));
        }
        problem.set(None);
        is_under_way.set(true);
        let extracts = extract.is_some();
        let body = PreviewScrape { url, organization_id: Some(organization.get_untracked()), extract };
        leptos::task::spawn_local(async move {
            let answer = api.preview_scrape(&body).await;
            if is_under_way.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(preview) => found.set(Some(shown(&preview, extracts))),
                Err(error) => {
                    found.set(None);
                    problem.set(Some(Problem::of(error, form, Place::Preview)));
                }
            }
        });
    })
}

/// The page to preview, or what is wrong with it.
fn read(form: Form) -> Result<String, Problem> {
    let named = form.preview_url.with_untracked(|url| url.trim().to_owned());
    let (place, url) = if named.is_empty() {
        (Place::Targets, form.read_targets().into_iter().next().unwrap_or_default())
    } else {
        (Place::Preview, named)
    };
    if url.is_empty() {
        let text = "Name an address to preview, such as https://example.org.".to_owned();
        return Err(Problem { place, text });
    }
    match without_scheme(std::slice::from_ref(&url)) {
        None => Ok(url),
        Some((target, proposed)) => {
            Err(Problem { place, text: format!("“{target}” has no scheme. Did you mean {proposed}?") })
        }
    }
}

fn shown(preview: &ScrapePreview, extracts: bool) -> Found {
    let page = &preview.page;
    let facts = [
        page.status.map(|status| format!("Status {status}")),
        page.content_type.clone(),
        page.bytes.map(size_text),
        page.text_length.map(|length| format!("{} characters of text", grouped(length))),
        page.links.map(|links| format!("{} links", grouped(links))),
        page.error.clone(),
        page.note.clone(),
    ];
    let count = match (preview.item_count, preview.items.len() as u64) {
        (0, _) => "Nothing on this page matches the selectors.".to_owned(),
        (1, _) => "One item.".to_owned(),
        (count, shown) if shown < count => format!("The first {shown} of {} items.", grouped(count)),
        (count, _) => format!("{count} items."),
    };
    Found {
        facts: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        title: page.title.clone(),
        items: preview.items.iter().map(|item| ItemValues::read(&item.fields)).collect(),
        count: extracts.then_some(count),
    }
}
