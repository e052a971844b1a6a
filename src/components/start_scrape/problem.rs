//! What is wrong with what was written, and at which field to say it.

use leptos::prelude::*;
use switchboard_protocol::rest::Extraction;

use super::draft::{Form, LIMITS};
use crate::{
    api::ApiError,
    components::{Glyph, Icon},
};

/// Where something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the targets.
    Targets,
    /// In one of the limits.
    Limit(usize),
    /// In the item selector.
    Item,
    /// In one of the rows of selectors, by its key.
    Field(u32),
    /// In the address of the page to preview, or in what it answers.
    Preview,
    /// In none of the fields.
    Form,
}

/// What is wrong, in words, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub place: Place,
    pub text: String,
}

impl Problem {
    /// A refusal in the server's own words, at the field that they name; otherwise at `otherwise`.
    pub fn of(error: ApiError, form: Form, otherwise: Place) -> Self {
        match error {
            ApiError::Refused { status: 400..500, detail } => {
                let place = named_in(&detail, form).unwrap_or(otherwise);
                Self { place, text: detail }
            }
            other => Self { place: otherwise, text: other.to_string() },
        }
    }
}

/// The field that the server's words name, if they name one.
fn named_in(detail: &str, form: Form) -> Option<Place> {
    if let Some(place) = LIMITS.iter().position(|(_, name, ..)| detail.contains(name)) {
        return Some(Place::Limit(place));
    }
    let is_named = |text: &str| !text.is_empty() && is_quoted(detail, text);
    let row = form.fields.with_untracked(|rows| {
        let row = rows.iter().find(|row| {
            row.name.with_untracked(|name| is_named(name.trim()))
                || row.selector.with_untracked(|selector| is_named(selector.trim()))
        });
        row.map(|row| row.key)
    });
    if let Some(key) = row {
        return Some(Place::Field(key));
    }
    if form.item.with_untracked(|item| is_named(item.trim())) || detail.contains("item selector") {
        return Some(Place::Item);
    }
    if form.read_targets().iter().any(|target| detail.contains(target.as_str())) || detail.contains("target")
    {
        return Some(Place::Targets);
    }
    // What is wrong with the fields as such stands at the first of them.
    let first = form.fields.with_untracked(|rows| rows.first().map(|row| row.key));
    first.filter(|_| detail.contains("selector") || detail.contains("field")).map(Place::Field)
}

/// Whether a text stands in quotation marks in a sentence.
fn is_quoted(sentence: &str, text: &str) -> bool {
    [('“', '”'), ('"', '"'), ('`', '`'), ('\'', '\'')]
        .iter()
        .any(|(open, close)| sentence.contains(&format!("{open}{text}{close}")))
}

/// Says what is wrong, where it is `place` that is wrong.
#[component]
pub(super) fn ProblemAt(
    /// Where this stands.
    place: Place,
    /// What is wrong.
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    move || {
        let text = problem.with(|problem| {
            problem.as_ref().filter(|problem| problem.place == place).map(|problem| problem.text.clone())
        })?;
        Some(view! {
            <p class="form-problem" role="alert">
                <Icon glyph=Glyph::Warning />
                <span>{text}</span>
            </p>
        })
    }
}

/// What is missing in an extraction before it is worth asking the server.
pub(super) fn missing_in(extraction: &Extraction) -> Option<Problem> {
    extraction.fields.is_empty().then(|| Problem {
        place: Place::Item,
        text: "An item needs fields. Add a field, with a name and a selector.".to_owned(),
    })
}
