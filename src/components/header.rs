//! What stands above every page.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{Connection, OrganizationSwitcher, Shortcuts, ThemeSwitch};

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
            <a class="brand" href="/" aria-label="Switchboard, home">
                <Mark />
                <span class="brand-name">"Switchboard"</span>
            </a>
            <nav class="nav" aria-label="Pages">
                <ul>
                    <li>
                        <a href="/" aria-current=move || path.with(|path| (path == "/").then_some("page"))>
                            "Overview"
                        </a>
                    </li>
                    <li>
                        <a href="/executions" aria-current=move || below("/executions").then_some("page")>
                            "Executions"
                        </a>
                    </li>
                    <li>
                        <a href="/chat" aria-current=move || below("/chat").then_some("page")>
                            "Chat"
                        </a>
                    </li>
                    <li>
                        <a href="/scrape-runs" aria-current=move || below("/scrape-runs").then_some("page")>
                            "Scrape runs"
                        </a>
                    </li>
                    <li>
                        <a href="/agents" aria-current=move || below("/agents").then_some("page")>
                            "Agents"
                        </a>
                    </li>
                    <li>
                        <a href="/wire" aria-current=move || below("/wire").then_some("page")>
                            "Wire"
                        </a>
                    </li>
                </ul>
            </nav>
            <div class="header-end">
                <Connection />
                <OrganizationSwitcher />
                <ThemeSwitch />
                <Shortcuts />
            </div>
        </header>
    }
}

/// The product's mark: six jacks, and a cord between two of them. `style/favicon.svg` is the same.
#[component]
fn Mark() -> impl IntoView {
    let free = |(x, y): (&'static str, &'static str)| {
        view! { <circle class="brand-jack is-free" cx=x cy=y r="1.5" /> }
    };
    view! {
        <svg viewBox="0 0 20 20" aria-hidden="true">
            <rect class="brand-plate" width="20" height="20" rx="5" />
            {[("10", "5.5"), ("14.5", "5.5"), ("5.5", "14.5"), ("10", "14.5")].map(free)}
            <path class="brand-cord" d="M5.5 5.5c0 6 9 3 9 9" />
            <circle class="brand-jack" cx="5.5" cy="5.5" r="2" />
            <circle class="brand-jack" cx="14.5" cy="14.5" r="2" />
        </svg>
    }
}
