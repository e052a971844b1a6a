//! The list of conversations.

use leptos::prelude::*;
use switchboard_protocol::{ConversationId, rest::ConversationSummary};

use super::{address, words::title_of};
use crate::{
    api::ConversationListQuery,
    components::{Failure, Glyph, Icon, LoadMore, SearchField, StaleNote, When, plain_text},
    realtime::{ConversationRow, LoadPhase, UseConversations, use_conversations, use_websocket_context},
};

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
        (LoadPhase::Failed(error), _) => view! {
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
        (LoadPhase::Loading, true) => view! {
            <p class="chat-list-note muted" role="status">
                "Loading conversations…"
            </p>
        }
        .into_any(),
        (LoadPhase::Ready, true) => view! { <Nothing search /> }.into_any(),
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
                <SearchField
                    label="Search conversations"
                    placeholder="Search"
                    text=search
                    on_search=move |text| search.set(text)
                />
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
                    <LoadMore error=conversations.more_error on_load=move |()| conversations.load_more() />
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
