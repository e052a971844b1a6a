//! What stands at an address that leads nowhere.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::{Empty, Glyph, use_title};

/// Says that there is no such page, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let path = use_location().pathname;
    use_title(|| "Page not found".to_owned());
    view! {
        <div class="page">
            <h1 class="visually-hidden">"Page not found"</h1>
            {move || {
                view! {
                    <Empty
                        title="There is no page at this address"
                        text=format!("Nothing was found at {}. The link may be old, or mistyped.", path.get())
                        glyph=Glyph::Lost
                    >
                        <a class="button is-primary" href="/">
                            "Go to the overview"
                        </a>
                        <a class="button" href="/executions">
                            "See all executions"
                        </a>
                    </Empty>
                }
            }}
        </div>
    }
}
