//! Whether the HTTP interface answers: the other half of the connection status.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use switchboard_link::LinkState;

use super::shell::Signals;
use crate::api::ApiClient;

/// How often to ask while nothing changes, in milliseconds: gentle on a server with many tabs, and soon enough
/// for a person who wonders.
const POLL_MS: u32 = 30_000;

/// How often to ask while the interface does not answer, in milliseconds.
const POLL_DOWN_MS: u32 = 5_000;

/// The outcome of the latest check.
#[derive(Clone, Copy)]
pub(super) struct Health(RwSignal<Option<bool>>);

impl Health {
    /// Checks now, after every change of the socket's state, and once in a while. Ends with its owner.
    pub(super) fn watch(api: ApiClient, signals: Signals) -> Self {
        let health = RwSignal::new(None);
        let state = Memo::new(move |_| signals.status.with(|status| status.state == LinkState::Connected));
        Effect::new(move || {
            // Read, not just tracked: a memo that nobody reads never looks at its sources.
            state.get();
            let api = api.clone();
            // Each change starts a watch of its own, and ends the one before.
            let current = StoredValue::new(());
            leptos::task::spawn_local(async move {
                loop {
                    let healthy = api.is_healthy().await;
                    if current.is_disposed() {
                        return;
                    }
                    if health.try_get_untracked().is_some_and(|before| before != Some(healthy)) {
                        let _ = health.try_set(Some(healthy));
                    }
                    TimeoutFuture::new(if healthy { POLL_MS } else { POLL_DOWN_MS }).await;
                    if current.is_disposed() {
                        return;
                    }
                }
            });
        });
        Self(health)
    }

    pub(super) fn signal(self) -> Signal<Option<bool>> {
        self.0.into()
    }
}
