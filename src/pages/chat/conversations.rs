//! The list of conversations.

use std::time::Duration;

use leptos::{html, leptos_dom::helpers::debounce, prelude::*};
use switchboard_protocol::{ConversationId, rest::ConversationSummary};

use super::{address, words::title_of};
use crate::{
    api::ConversationListQuery,
    components::{Failure, Glyph, Icon, Shortcut, StaleNote, When, on_shortcut, plain_text},
    realtime::{ConversationRow, ExecutionPhase, UseConversations, use_conversations, use_websocket_context},
};

/// How long typing rests before the server is asked, in milliseconds.
const REST_MS: u64 = 160;

/// All conversations of the organization, with search.
#[component]
pub(super) fn Conversations(current: Memo<Option<ConversationId>>) -> impl IntoView {
    let organization = use_websocket_context().organization();
    let search = RwSignal::new(String::new());
    let query =
        Memo::new(move |_| ConversationListQuery { organization_id: organization.get(), text: search.get() });
    let conversations = use_conversations(query);
    let is_empty = Memo::new(move |_| conversations.rows.with(Vec::is_empty));
    let body = move || match (conversations.phase.get(), is_empty.get()) {
        (ExecutionPhase::Failed(error), _) => view! {
            <div class="chat-list-note">
                <Failure
                    what="The list of conversations"
                    error
                    on_retry=move |()| conversations.retry()
                />
            </div>
        }
        .into_any(),
        (_, false) => view! { <Rows conversations current /> }.into_any(),
        (ExecutionPhase::Loading, true) => view! {
            <p class="chat-list-note muted" role="status">
                "Loading conversations…"
            </p>
        }
        .into_any(),
        (ExecutionPhase::Ready, true) => view! { <Nothing search /> }.into_any(),
    };
    view! {
        <aside class="chat-list" aria-label="Conversations">
            <div class="chat-list-head">
                <h1>"Chat"</h1>
                <StaleNote />
                <a class="button is-small" href="/chat" on:click=move |_| focus_message()>
                    <Icon glyph=Glyph::Plus />
                    "New chat"
                </a>
            </div>
            <div class="chat-list-search" role="search">
                <Search search />
            </div>
            {body}
        </aside>
    }
}

#[component]
fn Rows(conversations: UseConversations, current: Memo<Option<ConversationId>>) -> impl IntoView {
    view! {
        <ul class="chat-rows">
            <For
                each=move || conversations.rows.get()
                key=|row| row.id.to_string()
                children=move |row| view! { <Row row current /> }
            />
            <Show when=move || conversations.has_more.get()>
                <li class="chat-rows-more">
                    <button type="button" class="button is-small" on:click=move |_| conversations.load_more()>
                        "Load more"
                    </button>
                </li>
            </Show>
        </ul>
    }
}

#[component]
fn Row(row: ConversationRow, current: Memo<Option<ConversationId>>) -> impl IntoView {
    let summary = RwSignal::from(row.summary);
    let part = move |part: fn(&ConversationSummary) -> String| {
        Memo::new(move |_| summary.try_with(part).unwrap_or_default())
    };
    let title = part(title_of);
    let preview = part(|summary| summary.preview.as_deref().map(plain_text).unwrap_or_default());
    let updated = Memo::new(move |_| summary.with(|summary| summary.updated_at.or(summary.created_at)));
    let pending = Memo::new(move |_| summary.with(|summary| summary.pending));
    let href = address(&row.id);
    let id = row.id;
    let is_current = Memo::new(move |_| current.with(|current| current.as_ref() == Some(&id)));
    view! {
        <li>
            <a class="chat-row" href=href aria-current=move || is_current.get().then_some("page")>
                <span class="chat-row-title truncate">{title}</span>
                <span class="chat-row-when">
                    <When at=updated />
                </span>
                <span class="chat-row-preview truncate">{preview}</span>
                <Show when=move || { pending.get() > 0 }>
                    <span class="chat-row-waiting">
                        <Icon glyph=Glyph::Pending />
                        "waiting"
                    </span>
                </Show>
            </a>
        </li>
    }
}

#[component]
fn Search(search: RwSignal<String>) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    on_shortcut(Shortcut::Search, move || {
        if let Some(field) = field.get_untracked() {
            // An element that is shown takes the focus.
            let _ = field.focus();
            field.select();
        }
    });
    let set = StoredValue::new_local(debounce(Duration::from_millis(REST_MS), move |text: String| {
        let text = text.trim().to_owned();
        if search.try_with_untracked(|search| *search != text) == Some(true) {
            search.set(text);
        }
    }));
    // What cleared the search clears the field.
    Effect::new(move || {
        if search.with(String::is_empty)
            && let Some(field) = field.get()
            && document().active_element().as_ref() != Some(field.as_ref())
        {
            field.set_value("");
        }
    });
    view! {
        <div class="search">
            <Icon glyph=Glyph::Search />
            <input
                class="field"
                type="search"
                aria-label="Search conversations"
                placeholder="Search"
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                on:input=move |event| {
                    let text = event_target_value(&event);
                    set.update_value(|set| set(text));
                }
            />
            <kbd aria-hidden="true">"/"</kbd>
        </div>
    }
}

/// Why the list is empty.
#[component]
fn Nothing(search: RwSignal<String>) -> impl IntoView {
    move || {
        let text = search.get();
        if text.is_empty() {
            return view! {
                <p class="chat-list-note muted">
                    "No conversations yet. The first message begins one, and it is listed here."
                </p>
            }
            .into_any();
        }
        view! {
            <div class="chat-list-note muted">
                <p>{format!("No conversation holds “{text}”.")}</p>
                <button type="button" class="button is-small" on:click=move |_| search.set(String::new())>
                    "Clear search"
                </button>
            </div>
        }
        .into_any()
    }
}

/// Puts the cursor where the new conversation's first message is written, also where `/chat` is shown already and the
/// link leads nowhere.
fn focus_message() {
    request_animation_frame(super::composer::focus);
}
