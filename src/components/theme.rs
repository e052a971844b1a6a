//! The theme: the system's, or the one that was chosen. `style/theme.js` applies the choice before the first
//! paint.

use leptos::prelude::*;

use super::{Glyph, Icon, Store, recall, remember};

/// The name under which the choice is remembered, and under which `style/theme.js` looks for it.
const NAME: &str = "theme";

/// A choice of theme: value and name.
const THEMES: [(&str, &str); 3] = [("", "System"), ("light", "Light"), ("dark", "Dark")];

/// Chooses the theme.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(recall(Store::Local, NAME).unwrap_or_default());
    let choose = move |value: String| {
        remember(Store::Local, NAME, Some(value.as_str()).filter(|value| !value.is_empty()));
        apply(&value);
        chosen.set(value);
    };
    view! {
        <label class="select is-icon" title="Theme">
            <Icon glyph=Glyph::Theme />
            <select aria-label="Theme" on:change=move |event| choose(event_target_value(&event))>
                {THEMES
                    .map(|(value, name)| {
                        view! {
                            <option value=value prop:selected=move || chosen.get() == value>
                                {name}
                            </option>
                        }
                    })}
            </select>
        </label>
    }
}

fn apply(theme: &str) {
    let Some(root) = document().document_element() else { return };
    // Setting a plain attribute fails only for names that are none.
    let _ = if theme.is_empty() {
        root.remove_attribute("data-theme")
    } else {
        root.set_attribute("data-theme", theme)
    };
}
