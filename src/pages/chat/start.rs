//! What stands where nothing was said yet.

use leptos::prelude::*;

use crate::components::{Command, Glyph, Icon};

/// Questions that the hub's own assistant answers from what it has stored.
const EXAMPLES: [&str; 4] =
    ["What failed today?", "What is running now?", "What took longest this week?", "/help"];

/// How a model is connected: any server that speaks the common chat completions interface.
const CONNECT: &str =
    "SWITCHBOARD_MODEL_URL=http://127.0.0.1:11434/v1 SWITCHBOARD_MODEL=llama3.2 switchboard serve";

/// What would appear here, and how to make it appear.
#[component]
pub(super) fn Start(
    /// What the composer holds: an example goes there, and is sent when somebody sends it.
    draft: RwSignal<String>,
) -> impl IntoView {
    let fill = move |example: &str| {
        draft.set(example.to_owned());
        super::composer::focus();
    };
    view! {
        <div class="chat-start">
            <Icon glyph=Glyph::Chat />
            <p class="empty-title">"Ask what is going on"</p>
            <p class="empty-text">
                "Replies appear here as they are written. Switchboard answers from what the hub has stored: what failed, what runs, what took long, where a line of output stands."
            </p>
            <div class="empty-action" role="group" aria-label="Example questions">
                {EXAMPLES
                    .map(|example| {
                        view! {
                            <button type="button" class="button" on:click=move |_| fill(example)>
                                {example}
                            </button>
                        }
                    })}
            </div>
            <div class="chat-connect">
                <p class="muted">"To talk with a language model instead, start the hub with its address:"</p>
                <Command line=CONNECT />
            </div>
        </div>
    }
}
