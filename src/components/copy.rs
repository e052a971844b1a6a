//! Copying to the clipboard.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{Glyph, Icon};

/// How long a button says that it copied, in milliseconds.
const SAID_MS: u32 = 1600;

/// A button that copies a text, and says so.
#[component]
pub fn CopyButton(
    /// Answers what to copy, when the button is pressed.
    text: impl Fn() -> String + 'static,
    /// What the button does, where `Copy` alone doesn't say it.
    #[prop(optional)]
    what: Option<&'static str>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let timer = StoredValue::new_local(None::<Timeout>);
    let copy = move |_| {
        let text = text();
        leptos::task::spawn_local(async move {
            if !copy_text(&text).await {
                return;
            }
            let _ = copied.try_set(true);
            let end = Timeout::new(SAID_MS, move || {
                let _ = copied.try_set(false);
            });
            let _ = timer.try_set_value(Some(end));
        });
    };
    view! {
        <button type="button" class="button is-plain is-small" title=what aria-label=what on:click=copy>
            <Icon glyph=Signal::derive(move || if copied.get() { Glyph::Check } else { Glyph::Copy }) />
            "Copy"
            <span class="visually-hidden" role="status">
                {move || if copied.get() { "Copied" } else { "" }}
            </span>
        </button>
    }
}

/// A command line with a button to copy it.
#[component]
pub fn Command(
    /// The command.
    #[prop(into)]
    line: String,
) -> impl IntoView {
    view! {
        <div class="command">
            <code tabindex="0">{line.clone()}</code>
            <CopyButton text=move || line.clone() />
        </div>
    }
}

/// Copies `text`; answers whether that worked.
pub async fn copy_text(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    // The clipboard exists only in secure contexts, so not on a plain HTTP page of another machine.
    let navigator = window.navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if clipboard.is_ok_and(|clipboard| !clipboard.is_undefined())
        && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
    {
        return true;
    }
    copy_by_selection(text).unwrap_or(false)
}

/// The way before there was a clipboard: a field that nobody sees, selected and copied.
fn copy_by_selection(text: &str) -> Option<bool> {
    let document = web_sys::window()?.document()?.dyn_into::<web_sys::HtmlDocument>().ok()?;
    let field = document.create_element("textarea").ok()?.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    field.set_class_name("visually-hidden");
    field.set_value(text);
    let body = document.body()?;
    body.append_child(&field).ok()?;
    field.select();
    let copied = document.exec_command("copy").ok();
    field.remove();
    copied
}
