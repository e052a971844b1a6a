//! A command to copy.

use leptos::prelude::*;

/// How long the button says that it has copied, in milliseconds.
const SAID_MS: u64 = 1600;

/// A command with a button that copies it.
#[component]
pub fn CopyCommand(
    /// The command.
    #[prop(into)]
    command: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let text = StoredValue::new(command.clone());
    let copy = move |_| {
        let Some(window) = web_sys::window() else { return };
        let written = window.navigator().clipboard().write_text(&text.get_value());
        leptos::task::spawn_local(async move {
            // Without the permission nothing is copied and nothing is claimed; the text can still be selected.
            if wasm_bindgen_futures::JsFuture::from(written).await.is_ok() {
                let _ = copied.try_set(true);
                set_timeout(
                    move || {
                        let _ = copied.try_set(false);
                    },
                    std::time::Duration::from_millis(SAID_MS),
                );
            }
        });
    };
    view! {
        <div class="command">
            <code>{command}</code>
            <button class="button" type="button" on:click=copy>
                {move || if copied.get() { "Copied" } else { "Copy" }}
            </button>
        </div>
    }
}
