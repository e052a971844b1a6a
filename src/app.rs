//! The application: what every page has, and which page an address shows.

use leptos::{html, prelude::*};
use leptos_router::{
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    api::{ApiClient, Queries},
    components::{Header, StartScrape, StartScrapeDialog, Ticker, remembered_organization},
    config::Config,
    pages::{
        AgentsPage, ChatPage, ExecutionPage, ExecutionsPage, NotFoundPage, OverviewPage, ScrapeRunPage,
        ScrapeRunsPage, WirePage,
    },
    realtime::{WebSocketProvider, use_connection_status},
};

/// The whole dashboard, under one WebSocket.
#[component]
pub fn App(
    /// What it is told when it starts.
    config: Config,
) -> impl IntoView {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    Queries::provide(ApiClient::new(&config));
    let organization_id = remembered_organization().unwrap_or_else(|| config.organization_id.clone());
    let config = Config { organization_id, ..config };
    view! {
        <WebSocketProvider config=config>
            <Router>
                <Shell />
            </Router>
        </WebSocketProvider>
    }
}

/// The frame around every page.
#[component]
fn Shell() -> impl IntoView {
    Ticker::provide();
    StartScrape::provide();
    let connection = use_connection_status();
    let main = NodeRef::<html::Main>::new();
    focus_new_pages(main);
    // What moves to say "at work" stands still while the socket is down: style/status.css looks here.
    let socket = move || if connection.socket_up.get() { "up" } else { "down" };
    view! {
        <div class="shell" data-socket=socket>
            <a class="skip-link" href="#main" rel="external">
                "Skip to content"
            </a>
            <Header />
            <main id="main" class="main" tabindex="-1" node_ref=main>
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=OverviewPage />
                    <Route path=path!("/executions") view=ExecutionsPage />
                    <Route path=path!("/executions/:id") view=ExecutionPage />
                    // One route: the page stays when its conversation comes to exist.
                    <Route path=path!("/chat/:conversationId?") view=ChatPage />
                    <Route path=path!("/scrape-runs") view=ScrapeRunsPage />
                    <Route path=path!("/scrape-runs/:runId") view=ScrapeRunPage />
                    <Route path=path!("/agents") view=AgentsPage />
                    <Route path=path!("/wire") view=WirePage />
                </Routes>
            </main>
            <StartScrapeDialog />
        </div>
    }
}

/// Moves the focus to each page that a link leads to, as a browser does with a new document: else keyboard and
/// screen reader would stay where the link was. Who writes goes on writing: a page may change its own address, for
/// instance when a first message begins a conversation.
fn focus_new_pages(main: NodeRef<html::Main>) {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if let Some(before) = before.filter(|before| *before != now)
            && let Some(main) = main.get_untracked()
            && !(section(&before) == section(&now) && is_writing(&main))
        {
            // An element that is shown takes the focus.
            let _ = main.focus();
        }
        now
    });
}

/// The first part of a path, which the pages of one kind share.
fn section(path: &str) -> Option<&str> {
    path.split('/').nth(1)
}

/// Whether the focus is in a text field of the page.
fn is_writing(main: &web_sys::HtmlElement) -> bool {
    let focused = document().active_element();
    focused
        .is_some_and(|focused| focused.matches("textarea").unwrap_or(false) && main.contains(Some(&focused)))
}
