//! Keyboard shortcuts, and the dialog that lists them.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::{Glyph, Icon, RowStep, focus_row};

/// What a key can ask of the page that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// `/`: to the search field.
    Search,
    /// `f`: follow the output, or pause.
    Follow,
    /// `r`: reconnect.
    Reconnect,
}

const LIST: &[(&[&str], &str)] = &[
    (&["?"], "Show this list"),
    (&["g", "o"], "Go to the overview"),
    (&["g", "e"], "Go to the executions"),
    (&["g", "c"], "Go to the chat"),
    (&["g", "s"], "Go to the scrape runs"),
    (&["g", "a"], "Go to the agents"),
    (&["g", "w"], "Go to the wire"),
    (&["j"], "To the next row"),
    (&["k"], "To the row before"),
    (&["Enter"], "Open the row; in a search, go to the first"),
    (&["/"], "Search"),
    (&["f"], "Follow the output, or pause"),
    (&["r"], "Reconnect"),
    (&["Esc"], "Close a dialog, clear or leave a search"),
];

/// Calls `act` when the key of `shortcut` is pressed outside of fields, until the calling component goes.
pub fn on_shortcut(shortcut: Shortcut, act: impl Fn() + 'static) {
    let key = match shortcut {
        Shortcut::Search => "/",
        Shortcut::Follow => "f",
        Shortcut::Reconnect => "r",
    };
    on_key(move |event, _| {
        if event.key() == key {
            event.prevent_default();
            act();
        }
    });
}

/// Listens for `?`, for the keys that lead to pages, and for those that go through rows.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let navigate = use_navigate();
    let open = move || {
        if let Some(dialog) = dialog.get_untracked().filter(|dialog| !dialog.open()) {
            // Refused only where the dialog is shown already.
            let _ = dialog.show_modal();
        }
    };
    on_key(move |event, before| {
        let step = match event.key().as_str() {
            "j" => Some(RowStep::Next),
            "k" => Some(RowStep::Previous),
            _ => None,
        };
        if let Some(step) = step {
            focus_row(step);
            return;
        }
        let to = match (before, event.key().as_str()) {
            (Some('g'), "o") => "/",
            (Some('g'), "e") => "/executions",
            (Some('g'), "c") => "/chat",
            (Some('g'), "s") => "/scrape-runs",
            (Some('g'), "a") => "/agents",
            (Some('g'), "w") => "/wire",
            (_, "?") => return open(),
            _ => return,
        };
        navigate(to, NavigateOptions::default());
    });
    let keys =
        |keys: &'static [&'static str]| keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
    view! {
        <button
            type="button"
            class="button is-plain is-square is-for-keyboards"
            aria-label="Shortcuts"
            title="Keyboard shortcuts (?)"
            on:click=move |_| open()
        >
            <kbd aria-hidden="true">"?"</kbd>
        </button>
        <dialog class="dialog" node_ref=dialog aria-labelledby="shortcuts-title">
            <div class="dialog-head">
                <h2 id="shortcuts-title">"Keyboard shortcuts"</h2>
                <form method="dialog">
                    <button class="button is-plain is-square" aria-label="Close">
                        <Icon glyph=Glyph::Close />
                    </button>
                </form>
            </div>
            <dl class="dialog-body shortcuts">
                {LIST
                    .iter()
                    .copied()
                    .map(|(shortcut, what)| {
                        view! {
                            <div>
                                <dt>{what}</dt>
                                <dd>{keys(shortcut)}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </dialog>
    }
}

/// Calls `act` with each key pressed outside of fields and dialogs, and the key before it, if that was just now.
fn on_key(act: impl Fn(&ev::KeyboardEvent, Option<char>) + 'static) {
    /// How long the first key of two is remembered, in milliseconds.
    const MEMORY_MS: f64 = 1200.0;

    let last = StoredValue::new(None::<(char, f64)>);
    let listener = window_event_listener(ev::keydown, move |event| {
        if has_modifier(&event) || is_typing(&event) {
            return;
        }
        let now = event.time_stamp();
        let before =
            last.try_get_value().flatten().filter(|(_, at)| now - at < MEMORY_MS).map(|(key, _)| key);
        let mut characters = event.key().chars().collect::<Vec<_>>();
        let single = characters.pop().filter(|_| characters.is_empty());
        let _ = last.try_set_value(single.map(|key| (key, now)));
        act(&event, before);
    });
    on_cleanup(move || listener.remove());
}

/// Whether a key is pressed together with one that makes it the browser's, or the system's.
pub fn has_modifier(event: &ev::KeyboardEvent) -> bool {
    event.ctrl_key() || event.meta_key() || event.alt_key()
}

fn is_typing(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| element.closest("input, textarea, select, dialog").ok().flatten().is_some())
}
