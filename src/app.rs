//! The application: what every page has, and which page an address shows.

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    api::{ApiClient, Queries},
    components::{Header, Shortcuts, provide_ticker, remembered_organization},
    config::Config,
    pages::{ExecutionPage, ExecutionsPage, NotFoundPage, OverviewPage},
    realtime::WebSocketProvider,
};

/// The whole dashboard, under one WebSocket.
#[component]
pub fn App(
    /// What it is told when it starts.
    config: Config,
) -> impl IntoView {
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

#[component]
fn Shell() -> impl IntoView {
    provide_ticker();
    view! {
        <a class="skip button" href="#main">"Skip to the content"</a>
        <Header />
        <main id="main" tabindex="-1">
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=OverviewPage />
                <Route path=path!("/executions") view=ExecutionsPage />
                <Route path=path!("/executions/:id") view=ExecutionPage />
            </Routes>
        </main>
        <Shortcuts />
    }
}
