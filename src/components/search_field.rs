//! The field that searches a list.

use std::time::Duration;

use leptos::{ev, html, leptos_dom::helpers::debounce, prelude::*};

use super::{Glyph, Icon, RowStep, Shortcut, focus_row, on_shortcut};

/// How long typing rests before something is searched for, in milliseconds.
const REST_MS: u64 = 160;

/// A search field, to which `/` leads. Enter leads on to what was found, and Escape clears it and then leaves it.
#[component]
pub fn SearchField(
    /// Its name.
    label: &'static str,
    /// What can be searched for.
    placeholder: &'static str,
    /// What is searched for.
    #[prop(into)]
    text: Signal<String>,
    /// Called with what to search for, without the space around it, once typing rests.
    #[prop(into)]
    on_search: Callback<String>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    on_shortcut(Shortcut::Search, move || {
        if let Some(field) = field.get_untracked() {
            // An element that is shown takes the focus.
            let _ = field.focus();
            field.select();
        }
    });
    let search = StoredValue::new_local(debounce(Duration::from_millis(REST_MS), move |typed: String| {
        let typed = typed.trim();
        if text.try_with_untracked(|text| text != typed) == Some(true) {
            on_search.run(typed.to_owned());
        }
    }));
    // What cleared or changed the search changes the field, but what is typed is not written over by what is still
    // searched for.
    Effect::new(move || {
        let text = text.get();
        if let Some(field) = field.get()
            && field.value().trim() != text
            && document().active_element().as_ref() != Some(field.as_ref())
        {
            field.set_value(&text);
        }
    });
    // What was searched for is found without the mouse, and the page's own keys are within reach again.
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" | "ArrowDown" if focus_row(RowStep::First) => event.prevent_default(),
        "Escape" => {
            if let Some(field) = field.get_untracked().filter(|field| field.value().is_empty()) {
                // An element that has the focus can let go of it.
                let _ = field.blur();
            }
        }
        _ => {}
    };
    view! {
        <div class="search">
            <Icon glyph=Glyph::Search />
            <input
                class="field"
                type="search"
                aria-label=label
                placeholder=placeholder
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                on:keydown=on_key
                on:input=move |event| {
                    let typed = event_target_value(&event);
                    search.update_value(|search| search(typed));
                }
            />
            <kbd aria-hidden="true">"/"</kbd>
        </div>
    }
}
