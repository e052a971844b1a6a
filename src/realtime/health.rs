//! Whether the HTTP interface answers: the other half of the connection status.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use switchboard_link::LinkState;
use switchboard_protocol::Timestamp;

use super::{clock::wall, shell::Signals};
use crate::api::ApiClient;

/// How often to ask while nothing changes, in milliseconds: gentle on a server with many tabs, and soon enough
/// for a person who wonders.
const POLL_MS: u32 = 30_000;

/// How often to ask while the interface does not answer, in milliseconds.
const POLL_DOWN_MS: u32 = 5_000;

/// What the checks have shown.
#[derive(Clone, Copy)]
pub(super) struct Health {
    /// The outcome of the latest check; `None` until the first answer.
    up: RwSignal<Option<bool>>,
    /// Since when the outcome is what it is.
    since: RwSignal<Option<Timestamp>>,
    /// Asks for a check.
    asked: Trigger,
}

impl Health {
    /// Checks now, after every change of the socket's state, and once in a while. Ends with its owner.
    pub(super) fn watch(api: ApiClient, signals: Signals) -> Self {
        let health = Self { up: RwSignal::new(None), since: RwSignal::new(None), asked: Trigger::new() };
        let state = Memo::new(move |_| signals.status.with(|status| status.state == LinkState::Connected));
        Effect::new(move || {
            // Read, not just tracked: a memo that nobody reads never looks at its sources.
            state.get();
            health.asked.track();
            let api = api.clone();
            // Each change starts a watch of its own, and ends the one before.
            let current = StoredValue::new(());
            leptos::task::spawn_local(async move {
                loop {
                    let healthy = api.is_healthy().await;
                    if current.is_disposed() {
                        return;
                    }
                    health.note(healthy);
                    TimeoutFuture::new(if healthy { POLL_MS } else { POLL_DOWN_MS }).await;
                    if current.is_disposed() {
                        return;
                    }
                }
            });
        });
        health
    }

    /// Whether the interface answers; `None` until the first answer.
    pub(super) fn signal(self) -> Signal<Option<bool>> {
        self.up.into()
    }

    /// Since when it answers, or doesn't.
    pub(super) fn since(self) -> Signal<Option<Timestamp>> {
        self.since.into()
    }

    /// Checks now.
    pub(super) fn check(self) {
        self.asked.notify();
    }

    /// Changes what is known only where it differs: since when it is so does not move with each check.
    fn note(self, healthy: bool) {
        if self.up.try_get_untracked().is_some_and(|before| before != Some(healthy)) {
            let _ = self.since.try_set(Some(wall()));
            let _ = self.up.try_set(Some(healthy));
        }
    }
}
