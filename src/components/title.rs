//! The document's title.

use leptos::prelude::*;

/// Keeps the document's title at `title`, followed by the product's name, while the calling component is there.
pub fn use_title(title: impl Fn() -> String + 'static) {
    Effect::new(move || {
        let title = title();
        document().set_title(&format!("{title} · Switchboard"));
    });
}
