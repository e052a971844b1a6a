//! The dialog "Start new scrape". One stands in the page; whoever wants it opens it.

mod draft;
mod fields;
mod preview;
mod problem;
mod selectors;

use js_sys::{Function, Reflect};
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use switchboard_protocol::{RunId, rest::StartScrape as Body};
use wasm_bindgen::{JsCast, JsValue};

pub use self::draft::ScrapeDraft;
use self::{
    draft::{Form, without_scheme},
    fields::{Limits, Targets, TextField},
    preview::Preview,
    problem::{Place, Problem, ProblemAt, missing_in},
    selectors::Selectors,
};
use super::{Glyph, Icon};
use crate::{api::use_queries, realtime::use_websocket_context};

/// Opens the dialog.
#[derive(Clone, Copy)]
pub struct StartScrape {
    dialog: NodeRef<html::Dialog>,
    form: Form,
    /// The run that this opening of the dialog starts, however often it is asked to; `None` while it is closed.
    opening: RwSignal<Option<RunId>>,
}

impl StartScrape {
    /// Makes the dialog's state, and provides it to the components below.
    pub fn provide() {
        provide_context(Self { dialog: NodeRef::new(), form: Form::new(), opening: RwSignal::new(None) });
    }

    /// Opens the dialog: with what was written before, or filled in with another run's settings.
    pub fn open(self, draft: Option<ScrapeDraft>) {
        let Some(dialog) = self.dialog.get_untracked().filter(|dialog| !dialog.open()) else { return };
        if let Some(draft) = draft {
            self.form.fill(draft);
        }
        self.opening.set(Some(new_run_id()));
        // Refused only where the dialog is shown already.
        let _ = dialog.show_modal();
    }
}

/// The dialog of the page.
///
/// # Panics
/// Where no component above called [`StartScrape::provide`].
pub fn use_start_scrape() -> StartScrape {
    expect_context()
}

/// The button "Start new scrape".
#[component]
pub fn StartScrapeButton() -> impl IntoView {
    let start = use_start_scrape();
    view! {
        <button type="button" class="button is-primary" on:click=move |_| start.open(None)>
            <Icon glyph=Glyph::Plus />
            "Start new scrape"
        </button>
    }
}

/// The dialog. The browser keeps the focus inside, closes it by Escape, and gives the focus back.
#[component]
pub fn StartScrapeDialog() -> impl IntoView {
    let start = use_start_scrape();
    // The browser tells a little later that it closed. It may be open again by then.
    let closed = move |_| {
        if start.dialog.get_untracked().is_some_and(|dialog| !dialog.open()) {
            start.opening.set(None);
        }
    };
    view! {
        <dialog
            class="dialog scrape-dialog"
            aria-labelledby="start-scrape-title"
            node_ref=start.dialog
            on:close=closed
        >
            // Nothing of it is there to be found while it is closed.
            {move || start.opening.get().map(|run_id| view! { <Contents start run_id /> })}
        </dialog>
    }
}

#[component]
fn Contents(start: StartScrape, run_id: RunId) -> impl IntoView {
    let form = start.form;
    let problem = RwSignal::new(None::<Problem>);
    let (submit, is_starting) = use_submit(start, run_id, problem);
    let close = move |_| close(start.dialog);
    view! {
        <form
            novalidate=true
            on:submit=move |event| {
                event.prevent_default();
                submit.run(());
            }
        >
            <div class="dialog-head">
                <h2 id="start-scrape-title">"Start new scrape"</h2>
                <button type="button" class="button is-plain is-square" aria-label="Close" on:click=close>
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
            <div class="dialog-body">
                <Targets form problem />
                <TextField label="Title" value=form.title placeholder="Optional" problem place=Place::Form />
                <Limits form problem />
                <Selectors form problem />
                <Preview form problem />
            </div>
            <div class="scrape-dialog-foot">
                <ProblemAt place=Place::Form problem />
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=close>
                        "Close"
                    </button>
                    <button type="submit" class="button is-primary" aria-disabled=move || is_starting.get().to_string()>
                        {move || if is_starting.get() { "Starting…" } else { "Start" }}
                    </button>
                </div>
            </div>
        </form>
    }
}

/// Starts the run, once: a second click while the first is under way does nothing, and one after an answer that was
/// lost asks for the same run.
fn use_submit(
    start: StartScrape,
    run_id: RunId,
    problem: RwSignal<Option<Problem>>,
) -> (Callback<()>, RwSignal<bool>) {
    let queries = use_queries();
    let organization = use_websocket_context().organization();
    let navigate = StoredValue::new_local(use_navigate());
    let is_starting = RwSignal::new(false);
    let submit = move |()| {
        if is_starting.get_untracked() {
            return;
        }
        let Some(api) = queries.api() else { return };
        let mut body = match read(start.form) {
            Ok(body) => body,
            Err(wrong) => return problem.set(Some(wrong)),
        };
        body.organization_id = Some(organization.get_untracked());
        body.run_id = Some(run_id.clone());
        problem.set(None);
        is_starting.set(true);
        leptos::task::spawn_local(async move {
            let answer = api.start_scrape(&body).await;
            // Who closed the dialog meanwhile is not led away from where they are.
            if is_starting.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(started) => {
                    close(start.dialog);
                    let id = js_sys::encode_uri_component(started.run_id.as_str());
                    let _ = navigate.try_with_value(|navigate| {
                        navigate(&format!("/scrape-runs/{id}"), NavigateOptions::default());
                    });
                }
                Err(error) => problem.set(Some(Problem::of(error, start.form, Place::Form))),
            }
        });
    };
    (Callback::new(submit), is_starting)
}

/// What was written, or what is wrong with it.
fn read(form: Form) -> Result<Body, Problem> {
    let targets = form.read_targets();
    let wrong = |text: String| Problem { place: Place::Targets, text };
    if targets.is_empty() {
        return Err(wrong(
            "Name at least one address to begin with, such as https://example.org.".to_owned(),
        ));
    }
    if let Some((target, proposed)) = without_scheme(&targets) {
        return Err(wrong(format!("“{target}” has no scheme. Did you mean {proposed}?")));
    }
    let extract = form.read_extraction();
    if let Some(missing) = extract.as_ref().and_then(missing_in) {
        return Err(missing);
    }
    let title = form.title.with_untracked(|title| title.trim().to_owned());
    Ok(Body {
        targets,
        title: Some(title).filter(|title| !title.is_empty()),
        limits: form.read_limits()?,
        extract,
        ..Body::default()
    })
}

fn close(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
}

/// A name that no other run has: 128 random bits. The browser's own `crypto.randomUUID` exists in secure contexts only, so
/// not on a plain HTTP page of another machine.
fn new_run_id() -> RunId {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
    let uuid = get(&window(), "crypto").and_then(|crypto| {
        let make = get(&crypto, "randomUUID")?.dyn_into::<Function>().ok()?;
        make.call0(&crypto).ok()?.as_string()
    });
    RunId::from(uuid.unwrap_or_else(|| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "32 bits, not below zero"
        )]
        let bits = || (js_sys::Math::random() * 4_294_967_296.0) as u32;
        format!("{:08x}{:08x}{:08x}{:08x}", bits(), bits(), bits(), bits())
    }))
}
