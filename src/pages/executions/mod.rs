//! `/executions`: the list, with filter, search and order in the address.

mod address;
mod filters;

use leptos::prelude::*;

use self::{
    address::{Address, use_address},
    filters::Filters,
};
use crate::{
    api::ExecutionListQuery,
    components::{
        Command, Empty, ExecutionTable, Failure, Glyph, LoadMore, SkeletonRows, Sort, StaleNote, grouped,
        use_title,
    },
    realtime::{LoadPhase, UseExecutions, use_executions, use_websocket_context},
};

/// A command that every machine has, that writes a line a second, and that ends by itself.
const TRY_THIS: &str = "switchboard run -- ping -c 5 127.0.0.1";

/// The list of executions.
#[component]
pub fn ExecutionsPage() -> impl IntoView {
    let organization = use_websocket_context().organization();
    let address = use_address();
    use_title(move || match address.status.get() {
        Some(status) => format!("Executions, {status}"),
        None => "Executions".to_owned(),
    });
    let query = Memo::new(move |_| ExecutionListQuery {
        organization_id: organization.get(),
        status: address.status.get(),
        text: address.search.get(),
    });
    let executions = use_executions(query);
    let is_empty = Memo::new(move |_| executions.rows.with(Vec::is_empty));
    let is_filtered = Memo::new(move |_| address.status.get().is_some() || !address.search.get().is_empty());
    let body = move || match (executions.phase.get(), is_empty.get()) {
        (LoadPhase::Failed(error), _) => {
            view! { <Failure what="The list of executions" error on_retry=move |()| executions.retry() /> }
                .into_any()
        }
        (_, false) => view! { <List executions address /> }.into_any(),
        (LoadPhase::Loading, true) => {
            view! { <div class="panel"><SkeletonRows label="Loading executions" /></div> }.into_any()
        }
        (LoadPhase::Ready, true) if is_filtered.get() => {
            view! { <div class="panel"><NoMatch address /></div> }.into_any()
        }
        (LoadPhase::Ready, true) => view! { <div class="panel"><NoExecutions /></div> }.into_any(),
    };
    view! {
        <div class="page">
            <div class="page-head">
                <h1>"Executions"</h1>
                <StaleNote />
            </div>
            <Filters address />
            {body}
        </div>
    }
}

#[component]
fn List(executions: UseExecutions, address: Address) -> impl IntoView {
    let rows = Memo::new(move |_| {
        executions.version.track();
        let mut rows = executions.rows.get();
        address.sort.get().sort(&mut rows);
        rows
    });
    let count = Memo::new(move |_| executions.rows.with(Vec::len));
    // What is sorted is what is loaded, so that is what is said.
    let scope = move || {
        let noun = if count.get() == 1 { "execution" } else { "executions" };
        let number = grouped(count.get() as u64);
        match (executions.has_more.get(), address.sort.get() == Sort::default()) {
            (false, _) => format!("{number} {noun}"),
            (true, true) => format!("The latest {number} {noun}"),
            (true, false) => format!("Sorted among the latest {number} {noun}"),
        }
    };
    view! {
        <div class="panel">
            <ExecutionTable rows sort=(address.sort, Callback::new(move |sort| address.set_sort(sort))) />
            <div class="rows-foot">
                <span>{scope}</span>
                <Show when=move || executions.has_more.get()>
                    <LoadMore error=executions.more_error on_load=move |()| executions.load_more() />
                </Show>
            </div>
        </div>
    }
}

/// What would be listed here, and how to make it appear.
#[component]
pub fn NoExecutions() -> impl IntoView {
    view! {
        <Empty
            title="No executions yet"
            text="Every run of an agent or a command appears here the moment it starts, with its status, its output and how long it takes. Put this before any command to see one:"
        >
            <Command line=TRY_THIS />
        </Empty>
    }
}

#[component]
fn NoMatch(address: Address) -> impl IntoView {
    let text = move || {
        let status = address.status.get().map(|status| format!("has the status {status}"));
        let search = Some(address.search.get()).filter(|text| !text.is_empty());
        let search =
            search.map(|text| format!("holds “{text}” in its title, agent, department or identifier"));
        let parts: Vec<_> = status.into_iter().chain(search).collect();
        format!("Nothing in this organization {}.", parts.join(" and "))
    };
    move || {
        view! {
            <Empty title="No execution matches" text=text() glyph=Glyph::Search>
                <button type="button" class="button" on:click=move |_| address.clear()>
                    "Clear filters"
                </button>
            </Empty>
        }
    }
}
