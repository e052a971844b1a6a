//! One entry of a conversation: what a person said, or what came of it.

use leptos::prelude::*;
use switchboard_model::Shown;
use switchboard_protocol::{
    Timestamp,
    rest::{Message, Role},
};

use super::{
    reply::{Failed, Reply},
    words::moment_text,
};
use crate::{
    components::{Glyph, Icon, full_text, use_ticker},
    realtime::{ChatEntry, UseConversation},
};

/// What an entry looks like. It changes seldom; what it says may change with every frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Person,
    Sending,
    NotSent,
    System,
    Reply,
    Failed,
}

/// One entry. While it stays of one kind, its elements stay.
#[component]
pub(super) fn Entry(entry: ChatEntry, conversation: UseConversation) -> impl IntoView {
    let shown = RwSignal::from(entry.shown.clone());
    let look = Memo::new(move |_| shown.with(look_of));
    let body = move || {
        let entry = entry.clone();
        match look.get() {
            Look::Person | Look::Sending | Look::NotSent => {
                view! { <Said look shown entry conversation /> }.into_any()
            }
            Look::System => view! { <Instructions shown /> }.into_any(),
            Look::Reply => view! { <Reply shown entry conversation /> }.into_any(),
            Look::Failed => view! { <Failed shown entry conversation /> }.into_any(),
        }
    };
    let side = move || match look.get() {
        Look::Person | Look::Sending | Look::NotSent => "person",
        Look::System => "system",
        Look::Reply | Look::Failed => "assistant",
    };
    view! {
        <li class="chat-entry" data-role=side>
            {body}
        </li>
    }
}

/// What a person said, as they wrote it: what looks like Markdown in it may be none.
#[component]
fn Said(
    look: Memo<Look>,
    shown: RwSignal<Shown>,
    entry: ChatEntry,
    conversation: UseConversation,
) -> impl IntoView {
    let content = Memo::new(move |_| {
        shown.with(|shown| match shown {
            Shown::Message(message) => message.content.clone(),
            Shown::Sending { content } | Shown::NotSent { content, .. } => content.clone(),
            Shown::Waiting { .. } => String::new(),
        })
    });
    let at = Memo::new(move |_| shown.with(|shown| message_of(shown).and_then(|message| message.created_at)));
    let foot = move || match look.get() {
        Look::Sending => view! {
            <p class="chat-foot" role="status">
                "Sending…"
            </p>
        }
        .into_any(),
        Look::NotSent => view! { <NotSent shown entry=entry.clone() conversation /> }.into_any(),
        _ => view! {
            <p class="chat-foot">
                <Moment at />
            </p>
        }
        .into_any(),
    };
    view! {
        <span class="visually-hidden">"You said"</span>
        <p class="chat-said">{content}</p>
        {foot}
    }
}

/// A message that is still here only, and what to do with it.
#[component]
fn NotSent(shown: RwSignal<Shown>, entry: ChatEntry, conversation: UseConversation) -> impl IntoView {
    let error = Memo::new(move |_| {
        shown.with(|shown| match shown {
            Shown::NotSent { error, .. } => error.clone(),
            _ => String::new(),
        })
    });
    let again = entry.clone();
    view! {
        <div class="problem chat-not-sent" role="alert">
            <Icon glyph=Glyph::Warning />
            <div class="problem-body">
                <p class="problem-title">"Not sent"</p>
                <p class="problem-text">{error}</p>
            </div>
            <div class="problem-actions">
                <button type="button" class="button is-small" on:click=move |_| conversation.discard(&entry)>
                    "Discard"
                </button>
                <button type="button" class="button is-small" on:click=move |_| conversation.retry(&again)>
                    <Icon glyph=Glyph::Retry />
                    "Retry"
                </button>
            </div>
        </div>
    }
}

/// What the system was told, between the others.
#[component]
fn Instructions(shown: RwSignal<Shown>) -> impl IntoView {
    let content = Memo::new(move |_| {
        shown.with(|shown| message_of(shown).map(|message| message.content.clone()).unwrap_or_default())
    });
    view! {
        <p class="chat-system">
            <span class="faint">"System"</span>
            {content}
        </p>
    }
}

/// When something was written.
#[component]
pub(super) fn Moment(at: Memo<Option<Timestamp>>) -> impl IntoView {
    let ticker = use_ticker();
    let text = Memo::new(move |_| at.get().map(|at| moment_text(at, ticker.wall.get())));
    view! {
        <Show when=move || text.with(Option::is_some)>
            <time datetime=move || at.get().map(|at| at.to_string()) title=move || at.get().map(full_text)>
                {text}
            </time>
        </Show>
    }
}

/// The message of an entry that is one.
pub(super) fn message_of(shown: &Shown) -> Option<&Message> {
    match shown {
        Shown::Message(message) => Some(message),
        _ => None,
    }
}

fn look_of(shown: &Shown) -> Look {
    match shown {
        Shown::Sending { .. } => Look::Sending,
        Shown::NotSent { .. } => Look::NotSent,
        Shown::Waiting { .. } => Look::Reply,
        Shown::Message(message) => match message.role {
            _ if message.error.is_some() => Look::Failed,
            Role::User => Look::Person,
            Role::System => Look::System,
            Role::Assistant => Look::Reply,
        },
    }
}
