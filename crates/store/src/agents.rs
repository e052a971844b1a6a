//! The agents that the log tells of.

use switchboard_protocol::{OrganizationId, rest::AgentList};

use crate::Answer;

/// The agents that the log tells of: those that were heard of, by frames that carry a
/// [`Fold::Agent`](crate::Fold::Agent).
///
/// What is known of one is folded by `switchboard_model::apply_agent_event`, in the transaction that stores the frame. A
/// heartbeat that names an execution which is known is a sign of life of that execution's worker too
/// (`switchboard_model::apply_heartbeat`), which lists and snapshots show from then on. Neither is announced: everybody
/// who may see the organization has the frame itself.
///
/// An organization has at most `switchboard_model::MOST_AGENTS` of them. Where there are more, those that were not heard of
/// for longest are forgotten, as by retention.
pub trait Agents: Send + Sync + 'static {
    /// All agents of an organization, by their names. `seq` is the head that the list is as of.
    fn agents(&self, organization: OrganizationId) -> Answer<'_, AgentList>;
}
