//! A reply: awaited, growing, whole, or failed.

use leptos::prelude::*;
use switchboard_model::Shown;
use switchboard_protocol::rest::ChatFile;

use super::{
    entry::{Moment, message_of},
    words::cost_text,
};
use crate::{
    components::{CopyButton, Destination, Glyph, Icon, Markdown, destination, size_text},
    realtime::{ChatEntry, UseConversation, use_connection_status},
};

/// What answers. The text stays the same element from its first word to its last, and after.
#[component]
pub(super) fn Reply(
    shown: RwSignal<Shown>,
    entry: ChatEntry,
    conversation: UseConversation,
) -> impl IntoView {
    let content = Memo::new(move |_| {
        shown.with(|shown| match shown {
            Shown::Message(message) => message.content.clone(),
            Shown::Waiting { partial, .. } => partial.clone(),
            _ => String::new(),
        })
    });
    let is_empty = Memo::new(move |_| content.with(String::is_empty));
    let is_awaited = Memo::new(move |_| shown.with(|shown| matches!(shown, Shown::Waiting { .. })));
    let rest = move || {
        if is_awaited.get() {
            view! { <Waiting shown entry=entry.clone() conversation /> }.into_any()
        } else {
            view! { <Whole shown content /> }.into_any()
        }
    };
    view! {
        <span class="visually-hidden">"Reply"</span>
        <Show when=move || !is_empty.get()>
            <Markdown source=content />
        </Show>
        {rest}
    }
}

/// That a reply is awaited, and how.
#[component]
fn Waiting(shown: RwSignal<Shown>, entry: ChatEntry, conversation: UseConversation) -> impl IntoView {
    let connection = use_connection_status();
    let words = Memo::new(move |_| {
        let (is_running, attempt) = shown.with(|shown| match shown {
            Shown::Waiting { running, attempt, partial, .. } => (*running || !partial.is_empty(), *attempt),
            _ => (false, 0),
        });
        let doing = match (is_running, attempt) {
            (false, _) => "Waiting for a reply".to_owned(),
            (true, 0 | 1) => "Writing a reply".to_owned(),
            (true, attempt) => format!("Writing a reply, attempt {attempt}"),
        };
        // Nothing looks live that is not.
        if connection.socket_up.get() { doing } else { "Not live: asking every few seconds".to_owned() }
    });
    let is_stopping = RwSignal::new(false);
    let stop = move |_| {
        is_stopping.set(true);
        conversation.cancel(&entry);
    };
    view! {
        <div class="chat-waiting">
            <span class="chat-typing" role="status" aria-label="Waiting for a reply">
                <span class="chat-dots" aria-hidden="true">
                    <span></span>
                    <span></span>
                    <span></span>
                </span>
                {words}
            </span>
            <button type="button" class="button is-plain is-small" disabled=is_stopping on:click=stop>
                <Icon glyph=Glyph::Stop />
                {move || if is_stopping.get() { "Stopping" } else { "Stop" }}
            </button>
        </div>
    }
}

/// What belongs to a reply that is here: files, who answered, for how much, when.
#[component]
fn Whole(shown: RwSignal<Shown>, content: Memo<String>) -> impl IntoView {
    let files = Memo::new(move |_| {
        shown.with(|shown| message_of(shown).map(|message| message.files.clone()).unwrap_or_default())
    });
    let part = move |part: fn(&switchboard_protocol::rest::Message) -> Option<String>| {
        Memo::new(move |_| shown.with(|shown| message_of(shown).and_then(part)))
    };
    let (lane, model) = (part(|message| message.lane.clone()), part(|message| message.model.clone()));
    let note = part(|message| message.note.clone());
    let cost = part(|message| message.cost_usd.and_then(cost_text));
    let exact_cost = part(|message| message.cost_usd.map(|cost| format!("{cost} US dollars")));
    let at = Memo::new(move |_| shown.with(|shown| message_of(shown).and_then(|message| message.created_at)));
    view! {
        <Show when=move || files.with(|files| !files.is_empty())>
            <ul class="chat-files" aria-label="Files">
                {move || files.get().into_iter().map(|file| view! { <File file /> }).collect_view()}
            </ul>
        </Show>
        {move || note.get().map(|note| view! { <p class="chat-note">{note}</p> })}
        <div class="chat-foot">
            {move || lane.get().map(|lane| view! { <span class="chat-lane" title="Which lane answered">{lane}</span> })}
            {move || model.get().map(|model| view! { <span title="Which model answered">{model}</span> })}
            {move || cost.get().map(|cost| view! { <span title=exact_cost>{cost}</span> })}
            <Moment at />
            <CopyButton text=move || content.get_untracked() what="Copy the reply" />
        </div>
    }
}

#[component]
fn File(file: ChatFile) -> impl IntoView {
    let size = file.size.map(size_text);
    let name = view! {
        <Icon glyph=Glyph::File />
        <span class="truncate">{file.name}</span>
        {size.map(|size| view! { <span class="faint">{size}</span> })}
    };
    let body = match file.url.as_deref().and_then(destination) {
        Some(Destination::Page(path)) => view! { <a href=path>{name}</a> }.into_any(),
        Some(Destination::Elsewhere(address)) => view! {
            <a href=address.clone() title=address target="_blank" rel="noopener noreferrer">
                {name}
            </a>
        }
        .into_any(),
        None => view! { <span>{name}</span> }.into_any(),
    };
    view! { <li class="chat-file">{body}</li> }
}

/// A reply that did not come: why, and how to ask again.
#[component]
pub(super) fn Failed(
    shown: RwSignal<Shown>,
    entry: ChatEntry,
    conversation: UseConversation,
) -> impl IntoView {
    let error = Memo::new(move |_| {
        shown.with(|shown| message_of(shown).and_then(|message| message.error.clone()).unwrap_or_default())
    });
    let content = Memo::new(move |_| {
        shown.with(|shown| message_of(shown).map(|message| message.content.clone()).unwrap_or_default())
    });
    let is_empty = Memo::new(move |_| content.with(String::is_empty));
    let at = Memo::new(move |_| shown.with(|shown| message_of(shown).and_then(|message| message.created_at)));
    view! {
        <Show when=move || !is_empty.get()>
            <Markdown source=content />
        </Show>
        <div class="problem" role="alert">
            <Icon glyph=Glyph::Failed />
            <div class="problem-body">
                <p class="problem-title">"No reply"</p>
                <p class="problem-text">{error}</p>
            </div>
            <button type="button" class="button is-small" on:click=move |_| conversation.retry(&entry)>
                <Icon glyph=Glyph::Retry />
                "Retry"
            </button>
        </div>
        <div class="chat-foot">
            <Moment at />
        </div>
    }
}
