//! `use_dashboard_updates`.

use leptos::prelude::*;
use switchboard_protocol::{DashboardUpdate, Frame, OrganizationId};

use super::subscribe_while_mounted;
use crate::realtime::{fanout::Topic, use_websocket_context};

/// What [`use_dashboard_updates`] gives back.
#[derive(Clone, Copy)]
pub struct UseDashboardUpdates {
    /// Whether the connection is up: whether updates would arrive.
    pub is_connected: Signal<bool>,
}

/// Calls `on_update` for each `dashboard:update` of one organization, in order, exactly once, until the
/// component goes. The updates of a batch come right after each other, at most once per animation frame.
///
/// ```ignore
/// let UseDashboardUpdates { is_connected } = use_dashboard_updates(organization, move |update| {
///     changes.update(|count| *count += 1);
/// });
/// ```
///
/// # Panics
/// Where no `WebSocketProvider` stands above.
pub fn use_dashboard_updates(
    organization_id: impl Into<Signal<OrganizationId>>,
    on_update: impl Fn(&DashboardUpdate) + 'static,
) -> UseDashboardUpdates {
    let context = use_websocket_context();
    let on_update = StoredValue::new_local(std::rc::Rc::new(on_update));
    subscribe_while_mounted(organization_id.into(), move |organization| {
        let on_update = on_update.try_get_value()?;
        context.subscribe(
            Topic::Updates(organization.clone()),
            "use_dashboard_updates",
            move |matched| {
                for envelope in matched.iter() {
                    if let Frame::DashboardUpdate(update) = &envelope.frame {
                        on_update(update);
                    }
                }
            },
            None,
        )
    });
    UseDashboardUpdates { is_connected: context.is_connected() }
}
