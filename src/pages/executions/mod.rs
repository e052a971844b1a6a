//! `/executions`: the list, with filter, search and order in the address.

mod address;
mod filters;

use leptos::prelude::*;

use crate::{
    api::ExecutionListQuery,
    components::{CopyCommand, ExecutionTable, Failure, StaleBanner, set_title},
    realtime::{ExecutionPhase, use_connection_status, use_executions, use_websocket_context},
};
use address::use_address;
use filters::Filters;

/// A command that every machine has, that writes a line a second, and that ends by itself.
const TRY_THIS: &str = "switchboard run -- ping -c 20 127.0.0.1";

/// The list of executions.
#[component]
pub fn ExecutionsPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let connection = use_connection_status();
    let address = use_address();
    set_title("Executions");
    let query = Memo::new(move |_| ExecutionListQuery {
        organization_id: organization.get(),
        status: address.status.get(),
        text: address.search.get(),
    });
    let executions = use_executions(query);
    let rows = Memo::new(move |_| {
        executions.version.track();
        let mut rows = executions.rows.get();
        address.sort.get().sort(&mut rows);
        rows
    });
    let is_empty = Memo::new(move |_| executions.rows.with(Vec::is_empty));
    let is_filtered = Memo::new(move |_| address.status.get().is_some() || !address.search.get().is_empty());
    let list = move || {
        if is_empty.get() {
            return match is_filtered.get() {
                true => view! { <NoMatch on_clear=move |()| address.clear() /> }.into_any(),
                false => view! { <NoExecutions /> }.into_any(),
            };
        }
        view! {
            <div class="card">
                <ExecutionTable rows sort=(address.sort, Callback::new(move |sort| address.set_sort(sort))) />
                <Show when=move || executions.has_more.get()>
                    <div class="more">
                        <button class="button" type="button" on:click=move |_| executions.load_more()>
                            "Load more"
                        </button>
                    </div>
                </Show>
            </div>
        }
        .into_any()
    };
    let body = move || match executions.phase.get() {
        ExecutionPhase::Loading if is_empty.get() => view! {
            <div class="loading" role="status" aria-label="Loading executions">
                <span class="spinner"></span>
                "Loading executions"
            </div>
        }
        .into_any(),
        ExecutionPhase::Failed(error) => {
            view! { <Failure what="The list of executions" error on_retry=move |()| executions.retry() /> }
                .into_any()
        }
        ExecutionPhase::Loading | ExecutionPhase::Ready => list.into_any(),
    };
    view! {
        <div class="page" class:live=move || connection.socket_up.get()>
            <div class="page-head">
                <h1>"Executions"</h1>
                <span class="spacer"></span>
                <Filters address />
            </div>
            <StaleBanner />
            {body}
        </div>
    }
}

/// What would be listed here, and how to make it appear.
#[component]
pub fn NoExecutions() -> impl IntoView {
    view! {
        <div class="notice">
            <h2>"No executions yet"</h2>
            <p>
                "Every run of an agent or a command appears here the moment it starts, with its status, its output and how long it takes. Put "
                <code>"switchboard run --"</code> " before any command to see one:"
            </p>
            <CopyCommand command=TRY_THIS />
        </div>
    }
}

#[component]
fn NoMatch(#[prop(into)] on_clear: Callback<()>) -> impl IntoView {
    view! {
        <div class="notice">
            <h2>"No execution matches"</h2>
            <p>"Nothing has this status and holds this text in its title, agent, department or identifier."</p>
            <button class="button" type="button" on:click=move |_| on_clear.run(())>
                "Show all executions"
            </button>
        </div>
    }
}
