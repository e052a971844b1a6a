//! `/executions/:id`: one execution, whole and live.

mod agent;
mod output;
mod timeline;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use switchboard_protocol::{ExecutionId, ExecutionStatus};

use crate::{
    components::{Failure, StaleBanner, StatusIcon, set_title},
    realtime::{ExecutionPhase, UseExecution, use_connection_status, use_execution},
};
use agent::Agent;
use output::Output;
use timeline::Timeline;

/// One execution.
#[component]
pub fn ExecutionPage() -> impl IntoView {
    let params = use_params_map();
    let id =
        Memo::new(move |_| ExecutionId::from(params.with(|params| params.get("id").unwrap_or_default())));
    let connection = use_connection_status();
    let hook = use_execution(id);
    let body = move || match hook.phase.get() {
        ExecutionPhase::Loading => view! {
            <div class="loading" role="status" aria-label="Loading execution">
                <span class="spinner"></span>
                "Loading execution"
            </div>
        }
        .into_any(),
        ExecutionPhase::Failed(error) => view! {
            <Failure what=format!("Execution {}", id.get_untracked()) error on_retry=move |()| hook.retry() />
        }
        .into_any(),
        ExecutionPhase::Ready => view! { <Body hook /> }.into_any(),
    };
    let title = Memo::new(move |_| {
        let title = hook.summary.with(|summary| summary.as_ref().and_then(|summary| summary.title.clone()));
        title.unwrap_or_else(|| id.get().to_string())
    });
    let status =
        Memo::new(move |_| hook.summary.with(|summary| summary.as_ref().map(|summary| summary.status)));
    Effect::new(move || match status.get() {
        Some(status) => set_title(&format!("{status} · {}", title.get())),
        None => set_title(&title.get()),
    });
    view! {
        <div class="page" class:live=move || connection.socket_up.get()>
            <div class="page-head">
                <a class="crumb" href="/executions">
                    "Executions"
                </a>
                <span class="crumb" aria-hidden="true">
                    "/"
                </span>
                <h1 class="execution-title">{title}</h1>
                {move || status.get().map(|_| view! { <Status status /> })}
            </div>
            <StaleBanner />
            {body}
        </div>
    }
}

#[component]
fn Status(#[prop(into)] status: Signal<Option<ExecutionStatus>>) -> impl IntoView {
    let status = Memo::new(move |_| status.get().unwrap_or_default());
    view! {
        <span class="status status-pill" data-status=move || status.get().as_str()>
            <StatusIcon status />
            <span role="status" aria-label="Execution status">
                {move || status.get().as_str()}
            </span>
        </span>
    }
}

#[component]
fn Body(hook: UseExecution) -> impl IntoView {
    let failure = Memo::new(move |_| {
        hook.summary.with(|summary| {
            let summary = summary.as_ref().filter(|summary| summary.status == ExecutionStatus::Failed)?;
            Some(summary.error.clone().unwrap_or_else(|| "No reason was reported.".into()))
        })
    });
    view! {
        <Show when=move || hook.is_live.get()>
            <div class="banner banner-live">
                <strong>"Live updates active"</strong>
            </div>
        </Show>
        {move || {
            failure
                .get()
                .map(|reason| {
                    view! {
                        <div class="banner banner-bad">
                            <strong>"Failed"</strong>
                            <pre>{reason}</pre>
                        </div>
                    }
                })
        }}
        <div class="execution-grid">
            <div class="execution-side">
                <Agent summary=hook.summary />
                <Timeline hook />
            </div>
            <Output hook />
        </div>
    }
}
