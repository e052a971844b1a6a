//! `/chat` and `/chat/:conversationId`: the conversations, and one of them.
//!
//! Both addresses show one component, which stays when the first message of a new conversation gives it its address:
//! what is on its way, and the focus, stay too.

mod composer;
mod conversation;
mod conversations;
mod entry;
mod messages;
mod reply;
mod scroll;
mod start;
mod words;

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};
use switchboard_protocol::ConversationId;

use self::{conversation::Talk, conversations::Conversations};
use crate::{
    components::{DisconnectedBanner, use_title},
    realtime::{use_conversation, use_websocket_context},
};

/// Conversations on the left, one of them on the right.
#[component]
pub fn ChatPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        let written = params.with(|params| params.get("conversationId"));
        written.filter(|id| !id.is_empty()).map(ConversationId::from)
    });
    let navigate = use_navigate();
    let created = RwSignal::new(None::<ConversationId>);
    let conversation = use_conversation(id, move |new| {
        let _ = created.try_set(Some(new.clone()));
        // A message that was sent from a page which was left meanwhile leads nobody anywhere.
        if id.try_get_untracked() == Some(None) {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(&address(&new), options);
        }
    });
    let pending = use_websocket_context().pending_task_ids();
    use_title(move || {
        let chat = match pending.with(Vec::len) {
            0 => "Chat".to_owned(),
            waiting => format!("({waiting}) Chat"),
        };
        match conversation.summary.with(|summary| summary.as_ref().map(words::title_of)) {
            Some(title) => format!("{chat} · {title}"),
            None => chat,
        }
    });
    let shown = move || if id.with(Option::is_some) { "conversation" } else { "list" };
    view! {
        <div class="chat" data-shows=shown>
            <DisconnectedBanner />
            <div class="chat-body">
                <Conversations current=id />
                <Talk id created conversation />
            </div>
        </div>
    }
}

/// The address of a conversation's page.
fn address(id: &ConversationId) -> String {
    format!("/chat/{}", js_sys::encode_uri_component(id.as_str()))
}
