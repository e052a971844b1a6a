//! The theme: the system's, or the one that was chosen. `style/theme.js` applies the choice before the first
//! paint.

use leptos::prelude::*;

use super::browser::{recall, remember};

const KEY: &str = "switchboard-theme";

/// A choice of theme: value and name.
const THEMES: [(&str, &str); 3] = [("", "System"), ("light", "Light"), ("dark", "Dark")];

/// Chooses the theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(recall(KEY).unwrap_or_default());
    let choose = move |value: String| {
        remember(KEY, (!value.is_empty()).then_some(&value));
        apply(&value);
        chosen.set(value);
    };
    view! {
        <select
            class="field"
            aria-label="Theme"
            prop:value=move || chosen.get()
            on:change=move |event| choose(event_target_value(&event))
        >
            {THEMES
                .map(|(value, name)| {
                    view! {
                        <option value=value selected=move || chosen.get() == value>
                            {name}
                        </option>
                    }
                })}
        </select>
    }
}

fn apply(theme: &str) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    let Some(root) = root else { return };
    // Setting a plain attribute fails only for names that are none.
    let _ = if theme.is_empty() {
        root.remove_attribute("data-theme")
    } else {
        root.set_attribute("data-theme", theme)
    };
}
