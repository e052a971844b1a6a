//! The page's one connection to a daemon: opened with the page, and shared by all who look.
//!
//! It is there from the beginning and not from the first look on: a daemon has no list to fetch, so that what was not heard is not
//! known. And the header can tell how it stands, whichever page is shown.

use std::rc::Rc;

use leptos::prelude::*;
use switchboard_link::{LinkState, LinkStats, LinkStatus};
use switchboard_protocol::{OrganizationId, Timestamp};

use super::{
    DaemonConnector, DaemonEvents, DaemonOptions, Observed, ObservedSignals, Unsubscribe, address,
    observed::hear_batch,
};

/// What the provider owns: found by its type.
#[derive(Clone, Copy)]
pub(in crate::realtime) struct SharedDaemon(Option<DaemonConnection>);

/// The page's connection to a daemon: a Copy handle, by which nothing can be sent.
#[derive(Clone, Copy)]
pub struct DaemonConnection {
    held: StoredValue<Held, LocalStorage>,
    address: StoredValue<String>,
    status: RwSignal<LinkStatus>,
    pub(in crate::realtime) events: DaemonEvents,
}

struct Held {
    connector: DaemonConnector,
    _events: Unsubscribe,
    _states: Unsubscribe,
}

impl SharedDaemon {
    /// Opens the connection to the daemon at `url`, if there is one, and provides it to the components below. It ends with the owner.
    pub(in crate::realtime) fn provide(url: Option<String>) {
        let connection = url.map(|url| DaemonConnection::open(&url, DaemonOptions::default()));
        provide_context(Self(connection));
    }

    /// The connection that the page has.
    pub(in crate::realtime) fn get() -> Option<DaemonConnection> {
        use_context::<Self>().and_then(|shared| shared.0)
    }
}

impl DaemonConnection {
    fn open(url: &str, options: DaemonOptions) -> Self {
        let connector = DaemonConnector::new(url, options);
        let signals = ObservedSignals::new();
        let observed = Observed::new(OrganizationId::default(), signals);
        let status = RwSignal::new(LinkStatus::default());
        let hearing = Rc::clone(&observed);
        let held = Held {
            _events: connector.on_batch(move |matched| hear_batch(&hearing, matched)),
            _states: connector.on_state_change(move |now| {
                let _ = status.try_set(now.clone());
            }),
            connector: connector.clone(),
        };
        connector.connect();
        Self {
            held: StoredValue::new_local(held),
            address: StoredValue::new(address::bare(url)),
            status,
            events: DaemonEvents { observed: StoredValue::new_local(Some(observed)), signals },
        }
    }

    /// Where the daemon is, without a query: that may hold a token.
    pub fn address(&self) -> String {
        self.address.try_get_value().unwrap_or_default()
    }

    /// How the connection stands.
    pub fn status(&self) -> Signal<LinkStatus> {
        self.status.into()
    }

    /// Since when it is up, or since when nothing came.
    pub fn since(&self) -> Signal<Option<Timestamp>> {
        let status = self.status;
        Memo::new(move |_| {
            let since = status.with(|status| match status.state {
                LinkState::Connected => Some(status.since),
                _ => status.stale_since,
            });
            since.map(Timestamp::from_millis)
        })
        .into()
    }

    /// What has been counted.
    pub fn stats(&self) -> LinkStats {
        self.held.try_with_value(|held| held.connector.stats()).unwrap_or_default()
    }

    /// How many messages were left out unread, because more came than the page could read.
    pub fn left_out(&self) -> u64 {
        self.held.try_with_value(|held| held.connector.left_out()).unwrap_or_default()
    }

    /// Connects now.
    pub fn reconnect(&self) {
        // Taken out before it is used: what it calls may use this handle again.
        if let Some(connector) = self.held.try_with_value(|held| held.connector.clone()) {
            connector.reconnect();
        }
    }
}

/// The page's connection to a daemon; `None` where none is configured, and agents are watched over the page's own socket.
pub fn use_daemon_connection() -> Option<DaemonConnection> {
    SharedDaemon::get()
}
