//! One conversation: its head, its messages, and where the next one is written.

use leptos::prelude::*;
use switchboard_protocol::ConversationId;

use super::{
    composer::Composer,
    messages::Messages,
    scroll::Scroll,
    start::Start,
    words::{cost_text, title_of},
};
use crate::{
    api::ApiError,
    components::{Failure, Glyph, Icon, Loading},
    realtime::{LoadPhase, UseConversation},
};

/// What stands between the head and the text field.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Messages,
    Failed(ApiError),
    Loading,
    Start,
}

/// A conversation, or the place where a new one begins.
#[component]
pub(super) fn Talk(
    /// Which one the address names.
    id: Memo<Option<ConversationId>>,
    /// The one that this page has begun.
    created: RwSignal<Option<ConversationId>>,
    conversation: UseConversation,
) -> impl IntoView {
    let draft = RwSignal::new(String::new());
    let scroll = Scroll::new();
    let is_new = Memo::new(move |_| id.with(Option::is_none));
    let part =
        Memo::new(move |_| match (conversation.phase.get(), conversation.entries.with(Vec::is_empty)) {
            (_, false) => Part::Messages,
            (LoadPhase::Failed(error), true) => Part::Failed(error),
            (LoadPhase::Loading, true) => Part::Loading,
            (LoadPhase::Ready, true) => Part::Start,
        });
    let body = move || match part.get() {
        Part::Messages => view! { <Messages conversation scroll /> }.into_any(),
        Part::Failed(error) => view! {
            <div class="chat-problem">
                <Failure what="This conversation" error on_retry=move |()| conversation.reload() />
            </div>
        }
        .into_any(),
        Part::Loading => view! { <Loading label="Loading conversation" /> }.into_any(),
        Part::Start => view! { <Start draft /> }.into_any(),
    };
    view! {
        <section class="chat-talk" aria-label="Conversation">
            <Show when=move || !is_new.get()>
                <Head conversation />
            </Show>
            {body}
            <Composer id created draft on_send=move |text| {
                scroll.follow();
                conversation.send(text);
            } />
        </section>
    }
}

#[component]
fn Head(conversation: UseConversation) -> impl IntoView {
    let title = Memo::new(move |_| {
        conversation.summary.with(|summary| summary.as_ref().map_or_else(|| "Conversation".into(), title_of))
    });
    let cost = Memo::new(move |_| {
        let cost = conversation.summary.with(|summary| summary.as_ref().and_then(|summary| summary.cost_usd));
        cost.and_then(cost_text)
    });
    view! {
        <div class="chat-head">
            <a class="back" href="/chat">
                <Icon glyph=Glyph::Back />
                "All chats"
            </a>
            <h2 class="truncate" title=title>
                {title}
            </h2>
            {move || {
                let title = "What its answers have cost together";
                cost.get().map(|cost| view! { <span class="faint" title=title>{cost}</span> })
            }}
        </div>
    }
}
