//! A row of choices of which one holds.

use leptos::prelude::*;

/// Choices beside each other, each by its name.
#[component]
pub fn Chips(
    /// What is chosen, as in "Status".
    label: &'static str,
    /// The choices.
    names: Vec<&'static str>,
    /// The one that holds.
    #[prop(into)]
    chosen: Signal<&'static str>,
    /// Called with the one that is pressed.
    #[prop(into)]
    on_choose: Callback<&'static str>,
) -> impl IntoView {
    let chip = move |name: &'static str| {
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || (chosen.get() == name).to_string()
                on:click=move |_| on_choose.run(name)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="chips" role="group" aria-label=label>
            {names.into_iter().map(chip).collect_view()}
        </div>
    }
}
