//! What the run was told: targets, limits, selectors.

use leptos::prelude::*;
use switchboard_protocol::rest::{Extraction, ScrapeField, ScrapeLimits};

use super::Shared;
use crate::components::{grouped, is_web_address};

#[component]
pub(super) fn Settings(shared: Shared) -> impl IntoView {
    let targets = Memo::new(move |_| shared.summary.with(|run| run.targets.clone()));
    // Only a snapshot tells them.
    let told = Memo::new(move |_| {
        shared.generation.track();
        let told = shared.hook.view.with_untracked(|run| (run.limits(), run.extract().cloned()));
        told.unwrap_or_default()
    });
    let body = move || {
        let (limits, extract) = told.get();
        let Some(limits) = limits else {
            return view! {
                <p class="section-note muted">
                    "Another program reports this run. Its settings are not known here."
                </p>
            }
            .into_any();
        };
        let facts = targets
            .get()
            .into_iter()
            .map(|target| ("Target", target))
            .chain(limit_facts(limits))
            .chain(extract.map(extraction_facts).unwrap_or_default());
        view! { <dl class="facts is-wide">{facts.map(fact).collect_view()}</dl> }.into_any()
    };
    view! {
        <section class="card" aria-label="Settings">
            <div class="card-head">
                <h2>"Settings"</h2>
            </div>
            {body}
        </section>
    }
}

fn fact((name, value): (&'static str, String)) -> impl IntoView {
    let shown = if name == "Target" && is_web_address(&value) {
        let address = value.clone();
        view! {
            <a href=address target="_blank" rel="noopener noreferrer">
                {value}
            </a>
        }
        .into_any()
    } else {
        value.into_any()
    };
    view! {
        <dt>{name}</dt>
        <dd>{shown}</dd>
    }
}

fn limit_facts(limits: ScrapeLimits) -> [(&'static str, String); 4] {
    let text = |limit: Option<u32>, default: &str, unit: &str| match limit {
        Some(limit) => format!("{}{unit}", grouped(u64::from(limit))),
        None => format!("{default}{unit}, by default"),
    };
    [
        ("Max pages", text(limits.max_pages, "1,000", "")),
        ("Max depth", text(limits.max_depth, "16", "")),
        ("Delay", text(limits.delay_ms, "50", " ms")),
        ("Concurrency", text(limits.concurrency, "4", "")),
    ]
}

fn extraction_facts(extraction: Extraction) -> Vec<(&'static str, String)> {
    let item = extraction.item.unwrap_or_else(|| "the page".to_owned());
    let fields = extraction.fields.iter().map(|field| ("Field", field_text(field)));
    [("Item", item)].into_iter().chain(fields).collect()
}

/// A field in a line: `price: .price @data-value, all of them`.
fn field_text(field: &ScrapeField) -> String {
    let selector = if field.selector.is_empty() { "the item itself" } else { &field.selector };
    let attribute = field.attribute.as_ref().map(|name| format!(" @{name}")).unwrap_or_default();
    let many = if field.many { ", all of them" } else { "" };
    format!("{}: {selector}{attribute}{many}", field.name)
}
