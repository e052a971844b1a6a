//! The tasks whose results are awaited.

use leptos::prelude::*;
use switchboard_model::PendingTask;

use super::Shared;
use crate::components::clock_text;

#[component]
pub(super) fn Tasks(shared: Shared) -> impl IntoView {
    let wire = shared.wire;
    let tasks = Memo::new(move |_| {
        wire.version.track();
        wire.pending_tasks()
    });
    let is_up = wire.context.is_connected();
    let how = move || if is_up.get() { "awaited over the socket" } else { "asked for over HTTP" };
    let rows = move || tasks.get().into_iter().map(|task| row(&task)).collect_view();
    view! {
        <section class="card" aria-label="Pending tasks">
            <div class="card-head">
                <h2>"Pending tasks"</h2>
                <span class="card-count">{move || tasks.with(Vec::len)}</span>
            </div>
            <Show
                when=move || tasks.with(|tasks| !tasks.is_empty())
                fallback=|| view! { <p class="section-note muted">"None. A message in the chat whose reply is awaited appears here."</p> }
            >
                <p class="section-note muted">{how}</p>
                <ul class="wire-tasks" aria-label="Pending tasks">
                    {rows}
                </ul>
            </Show>
        </section>
    }
}

fn row(task: &PendingTask) -> impl IntoView + use<> {
    let since = task.since.map(|since| format!("since {}", clock_text(since)));
    let link = task.conversation_id.as_ref().map(|conversation| {
        let href = format!("/chat/{}", js_sys::encode_uri_component(conversation.as_str()));
        view! { <a href=href>"conversation"</a> }
    });
    view! {
        <li>
            <code>{task.task_id.to_string()}</code>
            <span class="muted">{since}</span>
            {link}
        </li>
    }
}
