//! Where a message is written.

use leptos::{ev, html, prelude::*};
use switchboard_protocol::ConversationId;
use wasm_bindgen::JsCast;

use super::words::bytes_text;
use crate::{
    components::{Glyph, Icon, Store, recall, remember},
    realtime::use_websocket_context,
};

/// How long a message may be, in bytes of UTF-8: the hub accepts no more.
const MAX_BYTES: usize = 102_400;

/// From which size on the limit is told, in bytes.
const TELL_BYTES: usize = MAX_BYTES / 10 * 9;

/// The text field's element.
const FIELD: &str = "chat-message";

/// The text field and its button. What is written survives a reload, for each conversation by itself.
#[component]
pub(super) fn Composer(
    id: Memo<Option<ConversationId>>,
    created: RwSignal<Option<ConversationId>>,
    draft: RwSignal<String>,
    on_send: impl Fn(String) + Clone + 'static,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    keep_draft(id, created, draft);
    keep_height(field, draft);
    let is_blank = Memo::new(move |_| draft.with(|draft| draft.trim().is_empty()));
    let size = Memo::new(move |_| draft.with(|draft| message_of(draft).len()));
    let is_too_long = Memo::new(move |_| size.get() > MAX_BYTES);
    let send = move || {
        if is_blank.get_untracked() || is_too_long.get_untracked() {
            return;
        }
        let message = draft.with_untracked(|draft| message_of(draft).to_owned());
        draft.set(String::new());
        on_send(message);
        focus();
    };
    let on_key = {
        let send = send.clone();
        move |event: ev::KeyboardEvent| {
            if event.key() == "Enter" && !event.shift_key() && !is_composing(&event) {
                event.prevent_default();
                send();
            }
        }
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        send();
    };
    let limit = move || match size.get() {
        0..TELL_BYTES => None,
        size if size <= MAX_BYTES => Some(bytes_text(size, MAX_BYTES)),
        size => Some(format!(
            "Too long to send: {}. Shorten it, or send it in parts.",
            bytes_text(size, MAX_BYTES)
        )),
    };
    view! {
        <form class="composer" on:submit=on_submit>
            <div class="composer-field" class:is-bad=is_too_long>
                <textarea
                    id=FIELD
                    aria-label="Message"
                    aria-describedby="chat-message-hint"
                    aria-invalid=move || is_too_long.get().then_some("true")
                    placeholder="Ask what is going on, or /help"
                    rows="1"
                    node_ref=field
                    prop:value=draft
                    on:input=move |event| draft.set(event_target_value(&event))
                    on:keydown=on_key
                ></textarea>
                <button
                    type="submit"
                    class="button is-primary"
                    title="Send (Enter)"
                    disabled=move || is_blank.get() || is_too_long.get()
                >
                    <Icon glyph=Glyph::Send />
                    "Send"
                </button>
            </div>
            <p class="composer-hint" id="chat-message-hint">
                <span class="composer-limit" role="status">
                    {limit}
                </span>
                <span class="composer-keys">
                    <kbd>"Enter"</kbd>
                    " sends, "
                    <kbd>"Shift"</kbd>
                    " "
                    <kbd>"Enter"</kbd>
                    " begins a new line"
                </span>
            </p>
        </form>
    }
}

/// Puts the cursor into the text field, at its end.
pub(super) fn focus() {
    let field = document().get_element_by_id(FIELD);
    if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) {
        // An element that is shown takes the focus, and a text field has a place for the cursor.
        let _ = field.focus();
        let end = field.text_length();
        let _ = field.set_selection_range(end, end);
    }
}

/// What is sent of a draft: its indentation belongs to it, empty lines around it don't.
fn message_of(draft: &str) -> &str {
    draft.trim_end().trim_start_matches(['\n', '\r'])
}

/// Whether the key belongs to the input of a character, as in Japanese: there Enter chooses one.
fn is_composing(event: &ev::KeyboardEvent) -> bool {
    /// What browsers that end the composition before they tell of its last key say of that key.
    const IN_PROCESS: u32 = 229;

    event.is_composing() || event.key_code() == IN_PROCESS
}

/// Remembers what is written, and recalls it where the address leads to another conversation.
fn keep_draft(
    id: Memo<Option<ConversationId>>,
    created: RwSignal<Option<ConversationId>>,
    draft: RwSignal<String>,
) {
    let organization = use_websocket_context().organization();
    let name = Memo::new(move |_| {
        let id = id.with(|id| id.as_ref().map_or_else(|| "new".to_owned(), ToString::to_string));
        organization.with(|organization| format!("draft.{organization}.{id}"))
    });
    Effect::new(move |before: Option<(String, bool)>| {
        let (name, is_new) = (name.get(), id.with_untracked(Option::is_none));
        let is_begun_here =
            !is_new && id.with_untracked(|id| created.with_untracked(|created| created == id));
        match before {
            Some((before, _)) if before == name => {}
            // The conversation that is written in has got its name: what was written since belongs to it.
            Some((before, true)) if is_begun_here => {
                remember(Store::Session, &before, None);
                draft.with_untracked(|draft| keep(&name, draft));
                created.set(None);
            }
            _ => draft.set(recall(Store::Session, &name).unwrap_or_default()),
        }
        (name, is_new)
    });
    Effect::new(move |before: Option<String>| {
        let name = name.get();
        draft.with(|draft| {
            // The draft of the one before is written when it changes, not under the name of the next.
            if before.is_none_or(|before| before == name) {
                keep(&name, draft);
            }
        });
        name
    });
}

fn keep(name: &str, draft: &str) {
    remember(Store::Session, name, Some(draft).filter(|draft| !draft.is_empty()));
}

/// Makes the field as high as its text, up to the limit that its style sets.
fn keep_height(field: NodeRef<html::Textarea>, draft: RwSignal<String>) {
    Effect::new(move || {
        draft.track();
        let Some(field) = field.get() else { return };
        let field: &web_sys::HtmlElement = &field;
        // A custom property takes any value. The field is asked for its height while it has none of its own.
        let _ = field.style().set_property("height", "auto");
        let _ = field.style().set_property("height", &format!("{}px", field.scroll_height()));
    });
}
