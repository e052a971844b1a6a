//! `/executions/:id`: one execution, whole and live.

mod agent;
mod ansi;
mod line_row;
mod output;
mod timeline;
mod timeline_row;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use switchboard_model::new_summary;
use switchboard_protocol::{ExecutionId, ExecutionStatus, OrganizationId, rest::ExecutionSummary};
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement};

use self::{agent::Agent, output::Output, timeline::Timeline};
use crate::{
    api::ApiError,
    components::{
        CopyButton, DisconnectedBanner, Failure, Glyph, Icon, LiveBanner, Loading, WorkerStatus, ago_text,
        clock_text, title_of, use_ticker, use_title, use_worker_silence,
    },
    realtime::{LoadPhase, UseExecution, use_execution, use_websocket_context},
};

/// How far from its end, in CSS pixels, a list still counts as being at its end: less than two rows.
const AT_END_PX: i32 = 32;

/// One execution.
#[component]
pub fn ExecutionPage() -> impl IntoView {
    let params = use_params_map();
    let organization = use_websocket_context().organization();
    let id =
        Memo::new(move |_| ExecutionId::from(params.with(|params| params.get("id").unwrap_or_default())));
    // Another execution is another page: nothing of the one before may be left in it.
    move || {
        organization.track();
        view! { <Watched id=id.get() /> }
    }
}

#[component]
fn Watched(id: ExecutionId) -> impl IntoView {
    let hook = use_execution(Signal::stored(id.clone()));
    let name = id.to_string();
    let ticker = use_ticker();
    use_title(move || {
        hook.summary.with(|summary| match summary {
            Some(summary) if ticker.worker_silence(summary).is_some() => {
                format!("silent · {}", title_of(summary))
            }
            Some(summary) => format!("{} · {}", summary.status, title_of(summary)),
            None => name.clone(),
        })
    });
    let body = move || match hook.phase.get() {
        LoadPhase::Loading => view! { <Loading label="Loading execution" /> }.into_any(),
        LoadPhase::Failed(error) => view! { <NotLoaded id=id.clone() error hook /> }.into_any(),
        LoadPhase::Ready => view! { <Loaded id=id.clone() hook /> }.into_any(),
    };
    view! {
        <div class="execution">
            <DisconnectedBanner />
            {body}
        </div>
    }
}

#[component]
fn NotLoaded(id: ExecutionId, error: ApiError, hook: UseExecution) -> impl IntoView {
    view! {
        <div class="page">
            <Back />
            <h1 class="visually-hidden">{format!("Execution {id}")}</h1>
            <Failure what=format!("Execution {id}") error on_retry=move |()| hook.retry() />
        </div>
    }
}

#[component]
fn Loaded(id: ExecutionId, hook: UseExecution) -> impl IntoView {
    // This is shown only once there is a summary; what stands in for it is never seen.
    let summary = {
        let id = id.clone();
        Memo::new(move |_| hook.summary.get().unwrap_or_else(|| new_summary(&OrganizationId::default(), &id)))
    };
    let title = Memo::new(move |_| summary.with(title_of));
    let silence = use_worker_silence(summary.into());
    // Connected and running; a worker that nobody hears does not run for all that anybody knows.
    let live = Signal::derive(move || hook.is_live.get() && silence.get().is_none());
    let id = id.to_string();
    view! {
        <LiveBanner live />
        <SilentBanner summary />
        <div class="execution-head">
            <Back />
            <h1 title=title>{title}</h1>
            <span role="status" aria-label="Execution status">
                <WorkerStatus summary large=true />
            </span>
            <div class="execution-id">
                <span class="mono truncate">{id.clone()}</span>
                <CopyButton text=move || id.clone() what="Copy the identifier" />
            </div>
        </div>
        <Reason summary />
        <div class="execution-body">
            <Agent summary />
            <Timeline hook />
            <Output hook />
        </div>
    }
}

/// A yellow banner while the worker is silent: since when, and what that may mean.
#[component]
fn SilentBanner(#[prop(into)] summary: Signal<ExecutionSummary>) -> impl IntoView {
    let (ticker, silence) = (use_ticker(), use_worker_silence(summary));
    let detail = Memo::new(move |_| {
        let every = summary.with(|summary| summary.heartbeat_seconds);
        let promised =
            every.map(|every| format!(" It said that it beats every {every} s.")).unwrap_or_default();
        format!("{promised} It may have been killed or cut off. If it comes back, this page goes on.")
    });
    // The words stay the same while time goes on, so that nothing is announced again and again.
    move || {
        silence.get().map(|since| {
            let ago = move || ago_text(since, ticker.live.get());
            view! {
                <div class="banner" data-tone="warning" role="status">
                    <Icon glyph=Glyph::Warning />
                    <strong>{format!("Worker silent since {}", clock_text(since))}</strong>
                    <span class="banner-detail">
                        "Its last sign of life came "<span aria-live="off">{ago}</span>"."{detail}
                    </span>
                </div>
            }
        })
    }
}

#[component]
fn Back() -> impl IntoView {
    view! {
        <a class="back" href="/executions">
            <Icon glyph=Glyph::Back />
            "All executions"
        </a>
    }
}

/// Why it failed, before anything else.
#[component]
fn Reason(#[prop(into)] summary: Signal<ExecutionSummary>) -> impl IntoView {
    let reason = Memo::new(move |_| {
        summary.with(|summary| {
            (summary.status == ExecutionStatus::Failed).then(|| {
                let title = match summary.exit_code {
                    Some(code) => format!("Failed with exit code {code}"),
                    None => "Failed".to_owned(),
                };
                (title, summary.error.clone().unwrap_or_else(|| "No reason was reported.".into()))
            })
        })
    });
    move || {
        reason.get().map(|(title, text)| {
            view! {
                <div class="execution-failure">
                    <div class="problem">
                        <Icon glyph=Glyph::Failed />
                        <div class="problem-body">
                            <p class="problem-title">{title}</p>
                            <p class="problem-text mono">{text}</p>
                        </div>
                    </div>
                </div>
            }
        })
    }
}

/// A new element with a class.
fn element(document: &Document, name: &str, class: &str) -> Option<HtmlElement> {
    let element: HtmlElement = document.create_element(name).ok()?.dyn_into().ok()?;
    element.set_class_name(class);
    Some(element)
}

/// A new element with a class, as the last child of `parent`.
fn child(document: &Document, parent: &HtmlElement, name: &str, class: &str) -> Option<HtmlElement> {
    let element = element(document, name, class)?;
    parent.append_child(&element).ok()?;
    Some(element)
}
