//! Markdown as elements of the page.
//!
//! What is shown was written by models, tools and people, so it is never handed to the browser as HTML: the events of
//! the parser become a tree of known elements ([`builder`]), and the tree becomes nodes ([`dom`]). Raw HTML stays text,
//! an image becomes a link, and a link leads only where [`link`] allows.
//!
//! An answer that grows keeps the elements that it has: [`blocks`] reads again only what may have changed, and
//! [`dom`] writes only what did.

mod blocks;
mod builder;
mod dom;
mod link;
mod tree;

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

pub use self::{
    blocks::plain_text,
    link::{Destination, destination},
};

use self::blocks::Blocks;
use super::copy::copy_text;

/// How long a code block's button says that it copied, in milliseconds.
const SAID_MS: u32 = 1600;

/// Shows a text as Markdown, and follows it as it changes.
#[component]
pub fn Markdown(
    /// The text.
    #[prop(into)]
    source: Signal<String>,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let blocks = StoredValue::new_local(None::<Blocks>);
    let render = move || {
        let Some(root) = root.get_untracked() else { return true };
        let render = |blocks: &mut Option<Blocks>| {
            let blocks = blocks.get_or_insert_with(|| Blocks::new(root.into()));
            source.try_with_untracked(|source| blocks.show(source)).unwrap_or(true)
        };
        blocks.try_update_value(render).unwrap_or(true)
    };
    Effect::new(move || {
        source.track();
        root.track();
        go_on(render);
    });
    view! { <div class="markdown" node_ref=root on:click=|event| copy_code(&event)></div> }
}

/// Renders a part of a long text, and each animation frame another, until it is whole: the page stays usable.
fn go_on(render: impl Fn() -> bool + 'static) {
    if !render() {
        request_animation_frame(move || go_on(render));
    }
}

/// Copies a code block, if its button was pressed. One listener serves all blocks, also those that come later.
fn copy_code(event: &leptos::ev::MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let button = target.and_then(|target| target.closest(".code-copy").ok().flatten());
    let Some(button) = button else { return };
    let block = button.closest("figure").ok().flatten();
    let code = block.and_then(|block| block.query_selector("code").ok().flatten());
    let Some(text) = code.and_then(|code| code.text_content()) else { return };
    leptos::task::spawn_local(async move {
        if copy_text(&text).await {
            say(&button, "Copied");
            TimeoutFuture::new(SAID_MS).await;
            say(&button, builder::COPY);
        }
    });
}

/// Changes a button's word, and no node.
fn say(button: &web_sys::Element, word: &str) {
    if let Some(text) = button.first_child() {
        text.set_node_value(Some(word));
    }
}
