//! The button above a list that stands still while more comes.

use leptos::{ev, html, prelude::*};

use super::{Glyph, Icon, grouped, pass_focus};

/// Leads to what is new. It is there while there is something to say, and goes when it was pressed: the focus goes on to the list.
#[component]
pub fn NewerRows(
    /// What waits, as in `2 new lines`.
    #[prop(into)]
    text: Signal<Option<String>>,
    /// The list.
    list: NodeRef<html::Div>,
    /// Called when it is pressed.
    #[prop(into)]
    on_follow: Callback<()>,
) -> impl IntoView {
    let pressed = move |event: ev::MouseEvent| {
        pass_focus(&event, list.get_untracked().map(Into::into));
        on_follow.run(());
    };
    view! {
        <Show when=move || text.with(Option::is_some)>
            <button type="button" class="button is-small log-pending" on:click=pressed>
                <Icon glyph=Glyph::Down />
                {move || text.get()}
            </button>
        </Show>
    }
}

/// How many of something are new; `None` where nothing is.
pub fn newer_text(count: u64, one: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 new {one}")),
        count => Some(format!("{} new {one}s", grouped(count))),
    }
}
