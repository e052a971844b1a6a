//! The messages of a conversation, from the earliest that was fetched to the latest.

use std::sync::Arc;

use leptos::prelude::*;

use super::{entry::Entry, scroll::Scroll};
use crate::{
    components::{LoadMore, NewerRows},
    realtime::{ChatEntry, UseConversation},
};

/// The list of messages. Its end stays in view while it is in view.
#[component]
pub(super) fn Messages(conversation: UseConversation, scroll: Scroll) -> impl IntoView {
    // Another conversation is shown from its end.
    scroll.follow();
    scroll.watch();
    let missed = count_missed(conversation, scroll);
    keep_place_of_older(conversation, scroll);
    let scrolled = move |_| {
        if scroll.scrolled() && conversation.has_older.get_untracked() {
            conversation.load_older();
        }
    };
    let newer = Signal::derive(move || {
        (!scroll.is_following.get()).then(|| match missed.get() {
            0 => "Jump to latest".to_owned(),
            missed => format!("Jump to latest · {missed} new"),
        })
    });
    view! {
        <div class="chat-frame">
            // Before the messages, above which it lies: going through them leads to their end anyway.
            <NewerRows text=newer list=scroll.frame on_follow=move |()| scroll.follow() />
            <div class="chat-scroll"
                class:is-following=scroll.is_following tabindex="0" aria-label="Conversation so far" role="region" node_ref=scroll.frame on:scroll=scrolled>
                <Show when=move || conversation.has_older.get()>
                    <div class="chat-older">
                        <LoadMore
                            label="Show earlier messages"
                            error=conversation.older_error
                            on_load=move |()| conversation.load_older()
                        />
                    </div>
                </Show>
                <ol class="chat-messages" role="list" aria-label="Messages" node_ref=scroll.list>
                    <For
                        each=move || {
                            let entries = conversation.entries.get();
                            scroll.keep_place();
                            entries
                        }
                        key=|entry| Arc::clone(&entry.key)
                        children=move |entry| view! { <Entry entry conversation /> }
                    />
                </ol>
            </div>
            <Announcer conversation />
        </div>
    }
}

/// How many entries have come since the end was left.
fn count_missed(conversation: UseConversation, scroll: Scroll) -> Memo<usize> {
    let last = Memo::new(move |before: Option<&Option<Arc<str>>>| {
        if scroll.is_following.get() {
            return None;
        }
        let left_at = before.cloned().flatten();
        left_at.or_else(|| conversation.entries.with_untracked(|entries| entries.last().map(key_of)))
    });
    Memo::new(move |_| {
        last.with(|last| {
            let last = last.as_ref()?;
            conversation.entries.with(|entries| {
                let place = entries.iter().position(|entry| entry.key == *last)?;
                Some(entries.len() - place - 1)
            })
        })
        .unwrap_or(0)
    })
}

/// Shows what was in view, when earlier messages have come above it.
fn keep_place_of_older(conversation: UseConversation, scroll: Scroll) {
    Effect::new(move |before: Option<Option<Arc<str>>>| {
        let first = conversation.entries.with(|entries| entries.first().map(key_of));
        let has_older = before.is_some_and(|before| before != first);
        // The list shows them after this turn, and the browser paints after that.
        request_animation_frame(
            move || if has_older { scroll.restore_place() } else { scroll.forget_place() },
        );
        first
    });
}

/// Tells those who listen that a reply has come. The reply itself they read when they want to.
#[component]
fn Announcer(conversation: UseConversation) -> impl IntoView {
    let said = Memo::new(move |before: Option<&(usize, &'static str)>| {
        let waiting = conversation.waiting.get();
        let was = before.map_or(waiting, |before| before.0);
        (waiting, if waiting < was { "A reply has come" } else { "" })
    });
    view! {
        <span class="visually-hidden" aria-live="polite">
            {move || said.get().1}
        </span>
    }
}

fn key_of(entry: &ChatEntry) -> Arc<str> {
    Arc::clone(&entry.key)
}
