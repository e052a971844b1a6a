//! The dialog's plain fields: targets, limits, and a line of text.

use leptos::{html, prelude::*};

use super::{
    draft::{Form, LIMITS, without_scheme},
    problem::{Place, Problem, ProblemAt},
};

/// The addresses to begin with. One without a scheme is proposed with one.
#[component]
pub(super) fn Targets(form: Form, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let missing = Memo::new(move |_| {
        form.targets.track();
        without_scheme(&form.read_targets()).map(|(target, _)| target)
    });
    let complete = move |_| {
        let targets = form.read_targets();
        let whole = |target: &String| {
            without_scheme(std::slice::from_ref(target)).map_or_else(|| target.clone(), |(_, whole)| whole)
        };
        form.targets.set(targets.iter().map(whole).collect::<Vec<_>>().join("\n"));
        problem.set(None);
    };
    // The dialog was shown before there was anything in it to take the focus.
    let field = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            // An element that is shown takes the focus.
            let _ = field.focus();
        }
    });
    let rows = move || form.targets.with(|text| text.lines().count()).clamp(2, 6);
    view! {
        <div class="form-field">
            <label for="scrape-targets">"Targets"</label>
            <textarea
                id="scrape-targets"
                class="field is-area mono"
                placeholder="https://example.org/"
                rows=rows
                node_ref=field
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby="scrape-targets-hint"
                aria-invalid=move || is_at(problem, Place::Targets)
                prop:value=form.targets
                on:input=move |event| form.targets.set(event_target_value(&event))
            ></textarea>
            <p class="form-hint" id="scrape-targets-hint">
                "One address a line. Pages of the same host are followed from there."
            </p>
            <ProblemAt place=Place::Targets problem />
            <Show when=move || missing.with(Option::is_some)>
                <p class="form-proposal">
                    <span>{move || missing.get().map(|target| format!("“{target}” has no scheme."))}</span>
                    <button type="button" class="button is-small" on:click=complete>
                        "Use https://"
                    </button>
                </p>
            </Show>
        </div>
    }
}

/// How far and how fast it goes. What is left empty is the server's default, which the field shows.
#[component]
pub(super) fn Limits(form: Form, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let limit = move |(place, (label, _, default)): (usize, (&'static str, &'static str, &'static str))| {
        form.limits.get(place).map(|value| {
            view! {
                <TextField label value=*value placeholder=default problem place=Place::Limit(place) numeric=true />
            }
        })
    };
    view! {
        <fieldset class="form-limits">
            <legend class="visually-hidden">"Limits"</legend>
            {LIMITS.into_iter().enumerate().map(limit).collect_view()}
        </fieldset>
    }
}

/// A line of text with its name above it, and what is wrong with it below.
#[component]
pub(super) fn TextField(
    label: &'static str,
    #[prop(into)] value: RwSignal<String>,
    placeholder: &'static str,
    problem: RwSignal<Option<Problem>>,
    /// Where what is wrong with it is said; what belongs to no field is said elsewhere.
    place: Place,
    #[prop(optional)] numeric: bool,
    #[prop(optional)] code: bool,
) -> impl IntoView {
    view! {
        <div class="form-field">
            <label>
                <span>{label}</span>
                <input
                    class="field"
                    class:mono=code
                    inputmode=numeric.then_some("numeric")
                    placeholder=placeholder
                    autocomplete="off"
                    autocapitalize=code.then_some("none")
                    spellcheck="false"
                    aria-invalid=move || is_at(problem, place)
                    prop:value=value
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </label>
            {(place != Place::Form).then(|| view! { <ProblemAt place problem /> })}
        </div>
    }
}

/// Whether something is wrong there, as an attribute.
pub(super) fn is_at(problem: RwSignal<Option<Problem>>, place: Place) -> Option<&'static str> {
    let is_here = problem.with(|problem| problem.as_ref().is_some_and(|problem| problem.place == place));
    (is_here && place != Place::Form).then_some("true")
}
