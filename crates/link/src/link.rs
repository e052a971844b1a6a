//! The state machine.

use switchboard_protocol::ExecutionId;

use crate::{Input, LinkOptions, LinkStats, LinkStatus, Moment, Output};

/// One connection to one hub, kept up.
#[derive(Debug)]
pub struct Link {
    #[expect(dead_code, reason = "read as soon as the machine stands")]
    options: LinkOptions,
    status: LinkStatus,
    stats: LinkStats,
    subscriptions: std::collections::BTreeMap<ExecutionId, usize>,
}

impl Link {
    /// A link that waits for [`Input::Connect`].
    pub fn new(options: LinkOptions) -> Self {
        Self {
            options,
            status: LinkStatus::default(),
            stats: LinkStats::default(),
            subscriptions: std::collections::BTreeMap::new(),
        }
    }

    /// Takes what happened, and appends to `out` what to do about it, in order. `random` is uniform between 0
    /// and 1. `out` is not cleared: the caller drains it, and reuses it.
    pub fn handle(&mut self, input: Input<'_>, now: Moment, random: f64, out: &mut Vec<Output>) {
        let _ = (input, now, random, out);
    }

    /// The monotonic time, in milliseconds, at which [`Input::Timer`] must be given; `None` while nothing is due.
    pub fn deadline(&self) -> Option<u64> {
        None
    }

    /// How the connection stands.
    pub fn status(&self) -> &LinkStatus {
        &self.status
    }

    /// What has been counted.
    pub fn stats(&self) -> &LinkStats {
        &self.stats
    }

    /// The subscriptions, and how many parties hold each.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&ExecutionId, usize)> {
        self.subscriptions.iter().map(|(execution, references)| (execution, *references))
    }
}
