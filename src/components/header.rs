//! What stands above every page.

use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

use super::{Connection, OrganizationSwitcher, ThemeSwitch};

/// Navigation, organization, theme and connection.
#[component]
pub fn Header() -> impl IntoView {
    let path = use_location().pathname;
    // A page below another belongs to it: the detail of an execution marks "Executions".
    let below = move |root: &'static str| {
        path.with(|path| path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
    };
    view! {
        <header class="header">
            <A href="/" attr:class="brand" attr:aria-label="Switchboard">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <rect width="32" height="32" rx="7" fill="var(--accent-fill)" />
                    <path
                        d="M9 10v3.5a4 4 0 0 0 4 4h6a4 4 0 0 1 4 4V22"
                        fill="none"
                        stroke="#fff"
                        stroke-width="2.4"
                        stroke-linecap="round"
                    />
                    <circle cx="9" cy="9" r="2.6" fill="#fff" />
                    <circle cx="23" cy="23" r="2.6" fill="#fff" />
                    <circle cx="23" cy="9" r="2.4" fill="none" stroke="#fff" stroke-width="1.6" opacity=".6" />
                    <circle cx="9" cy="23" r="2.4" fill="none" stroke="#fff" stroke-width="1.6" opacity=".6" />
                </svg>
                <span>"Switchboard"</span>
            </A>
            <nav class="nav" aria-label="Pages">
                <a href="/" aria-current=move || path.with(|path| (path == "/").then_some("page"))>
                    "Overview"
                </a>
                <a href="/executions" aria-current=move || below("/executions").then_some("page")>
                    "Executions"
                </a>
            </nav>
            <div class="header-tools settings">
                <OrganizationSwitcher />
                <ThemeSwitch />
            </div>
            <div class="header-tools connection-tools">
                <Connection />
            </div>
        </header>
    }
}
