//! `use_job_events`.

use leptos::prelude::*;
use switchboard_protocol::{Frame, JobEvent, JobId, OrganizationId};

use super::subscribe_while_mounted;
use crate::realtime::{fanout::Topic, use_websocket_context};

/// Which job events to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JobFilter {
    /// Those of every job of an organization.
    Organization(OrganizationId),
    /// Those of one job.
    Run(JobId),
}

/// What [`use_job_events`] gives back.
#[derive(Clone, Copy)]
pub struct UseJobEvents {
    /// Whether the connection is up: whether events would arrive.
    pub is_connected: Signal<bool>,
}

/// Calls `on_event` for each `job:event` that the filter lets through, in order, exactly once, until the
/// component goes.
///
/// # Panics
/// Where no `WebSocketProvider` stands above.
pub fn use_job_events(
    filter: impl Into<Signal<JobFilter>>,
    on_event: impl Fn(&JobEvent) + 'static,
) -> UseJobEvents {
    let context = use_websocket_context();
    let on_event = StoredValue::new_local(std::rc::Rc::new(on_event));
    subscribe_while_mounted(filter.into(), move |filter| {
        let on_event = on_event.try_get_value()?;
        let topic = match filter {
            JobFilter::Organization(organization) => Topic::JobsOf(organization.clone()),
            JobFilter::Run(job) => Topic::Job(job.clone()),
        };
        context.subscribe(
            topic,
            "use_job_events",
            move |matched| {
                for envelope in matched.iter() {
                    if let Frame::JobEvent(job) = &envelope.frame {
                        on_event(job);
                    }
                }
            },
            None,
        )
    });
    UseJobEvents { is_connected: context.is_connected() }
}
