//! What stands at an address that leads nowhere.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::set_title;

/// Says that there is no such page, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let path = use_location().pathname;
    set_title("Page not found");
    view! {
        <div class="page">
            <div class="page-head">
                <h1>"Page not found"</h1>
            </div>
            <div class="notice">
                <h2>"There is no page at this address"</h2>
                <p>
                    <code>{move || path.get()}</code>
                    " leads nowhere. The overview shows what there is."
                </p>
                <a class="button" href="/">
                    "To the overview"
                </a>
            </div>
        </div>
    }
}
