//! The agents of an organization: where a snapshot and frames meet.

use std::{collections::BTreeMap, mem};

use switchboard_protocol::{
    AgentEvent, AgentId, OrganizationId, Timestamp,
    rest::{AgentList, AgentSummary},
};

use crate::{agent_id::kept, apply_agent_event};

/// How many agents are kept. Those that were not heard of for longest go first.
pub const MOST_AGENTS: usize = 1_000;

/// How many go at once where there are too many, so that a flood of new names does not look for the oldest each time.
const FORGOTTEN_AT_ONCE: usize = MOST_AGENTS / 10;

/// How many events wait for a snapshot. Beyond it they are let go, and the snapshot must be fetched once more.
const WAITING_CAPACITY: usize = 5_000;

/// All agents that were heard of, by their names. A name of more than 256 bytes is kept shortened, and found by either.
#[derive(Debug, Clone, Default)]
pub struct Agents {
    organization: OrganizationId,
    known: BTreeMap<AgentId, AgentSummary>,
    /// The place in the log that the last snapshot was as of.
    snapshot_seq: Option<u64>,
    in_flight: bool,
    /// What came while a snapshot was on its way.
    waiting: Vec<(Option<u64>, AgentEvent, Timestamp)>,
    overflowed: bool,
}

impl Agents {
    /// No agent yet.
    pub fn new(organization: OrganizationId) -> Self {
        Self { organization, ..Self::default() }
    }

    /// A snapshot is asked for. What comes from now on is folded into it.
    pub fn asked(&mut self) {
        self.in_flight = true;
        self.overflowed = false;
    }

    /// No snapshot came; what is known stays.
    pub fn failed(&mut self) {
        self.in_flight = false;
        self.waiting.clear();
    }

    /// A snapshot came. Answers `false` where it must be fetched again, because too much came meanwhile.
    #[must_use]
    pub fn answered(&mut self, list: AgentList) -> bool {
        self.in_flight = false;
        let waiting = mem::take(&mut self.waiting);
        if self.overflowed {
            return false;
        }
        self.snapshot_seq = list.seq;
        self.known = list.items.into_iter().map(named).collect();
        self.forget_excess();
        for (seq, event, received_at) in waiting {
            self.fold(seq, &event, received_at);
        }
        true
    }

    /// What is known belongs to a log that is not followed any more. It stays shown until the next snapshot.
    pub fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// An event came. Answers whether anything that is shown changed.
    pub fn event(&mut self, seq: Option<u64>, event: &AgentEvent, received_at: Timestamp) -> bool {
        if self.in_flight {
            if self.waiting.len() >= WAITING_CAPACITY {
                self.waiting.clear();
                self.overflowed = true;
            }
            self.waiting.push((seq, event.clone(), received_at));
        }
        self.fold(seq, event, received_at)
    }

    /// The agents, by their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AgentSummary> {
        self.known.values()
    }

    /// One agent.
    pub fn get(&self, id: &AgentId) -> Option<&AgentSummary> {
        self.known.get(&*kept(id))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn fold(&mut self, seq: Option<u64>, event: &AgentEvent, received_at: Timestamp) -> bool {
        if seq.zip(self.snapshot_seq).is_some_and(|(seq, snapshot)| seq <= snapshot) {
            return false;
        }
        let organization = &self.organization;
        let id = kept(&event.agent_id).into_owned();
        let agent =
            self.known.entry(id).or_insert_with_key(|id| AgentSummary::of(organization.clone(), id.clone()));
        apply_agent_event(agent, event, received_at);
        self.forget_excess();
        true
    }

    fn forget_excess(&mut self) {
        if self.known.len() <= MOST_AGENTS {
            return;
        }
        let mut heard: Vec<(Option<Timestamp>, AgentId)> =
            self.known.values().map(|agent| (agent.heard_at, agent.agent_id.clone())).collect();
        heard.sort_unstable();
        let excess = self.known.len() - MOST_AGENTS + FORGOTTEN_AT_ONCE;
        for (_, id) in heard.into_iter().take(excess) {
            self.known.remove(&id);
        }
    }
}

/// An agent of a snapshot, by its name as it is kept.
fn named(mut agent: AgentSummary) -> (AgentId, AgentSummary) {
    agent.agent_id = kept(&agent.agent_id).into_owned();
    (agent.agent_id.clone(), agent)
}

#[cfg(test)]
mod tests {
    use switchboard_protocol::{AgentEventKind, AgentStatus};

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    fn started(id: &str) -> AgentEvent {
        AgentEvent::of(id.into(), AgentEventKind::Started)
    }

    fn stopped(id: &str) -> AgentEvent {
        AgentEvent::of(id.into(), AgentEventKind::Stopped)
    }

    #[test]
    fn a_snapshot_and_the_frames_after_it_are_what_frames_alone_would_be() {
        let mut live = Agents::new("acme".into());
        live.event(Some(1), &started("a"), at(1));
        let snapshot = AgentList { items: live.iter().cloned().collect(), seq: Some(1) };
        live.event(Some(2), &stopped("a"), at(2));
        live.event(Some(3), &started("b"), at(3));

        let mut watched = Agents::new("acme".into());
        watched.asked();
        for (seq, event) in [(1, started("a")), (2, stopped("a"))] {
            watched.event(Some(seq), &event, at(seq.cast_signed()));
        }
        assert!(watched.answered(snapshot));
        watched.event(Some(3), &started("b"), at(3));
        assert_eq!(watched.iter().collect::<Vec<_>>(), live.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_snapshot_that_is_overtaken_by_too_much_is_fetched_again() {
        let mut agents = Agents::new("acme".into());
        agents.asked();
        for seq in 1..=6_000 {
            agents.event(Some(seq), &started("a"), at(1));
        }
        assert!(!agents.answered(AgentList::default()));
        assert_eq!(agents.len(), 1, "what is known stays meanwhile");
    }

    // Names were bounded in number and not in size, so that a thousand of 200 kB filled a page's memory.
    #[test]
    fn a_long_name_is_kept_shortened_and_two_that_begin_alike_are_two_agents() {
        let mut agents = Agents::new("acme".into());
        let (one, other) = ("n".repeat(10_000), "n".repeat(10_001));
        for id in [&one, &other, &one] {
            agents.event(None, &started(id), at(1));
        }
        agents.event(None, &stopped(&other), at(2));
        assert_eq!(agents.len(), 2);
        assert!(agents.iter().all(|agent| agent.agent_id.as_str().len() <= 256));
        let status = |id: &str| agents.get(&id.into()).map(|agent| agent.status);
        assert_eq!(status(&one), Some(AgentStatus::Running));
        assert_eq!(status(&other), Some(AgentStatus::Stopped));

        let mut listed = Agents::new("acme".into());
        let list = AgentList { items: vec![AgentSummary::of("acme".into(), one.as_str().into())], seq: None };
        listed.asked();
        assert!(listed.answered(list));
        listed.event(None, &started(&one), at(3));
        assert_eq!(listed.len(), 1, "a list and a frame name the same agent");
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_the_latest_stay() {
        let mut agents = Agents::new("acme".into());
        for number in 0..5_000 {
            agents.event(None, &started(&format!("a-{number}")), at(number));
        }
        assert!(agents.len() <= MOST_AGENTS);
        assert_eq!(agents.get(&"a-4999".into()).map(|agent| agent.status), Some(AgentStatus::Running));
        assert!(agents.get(&"a-0".into()).is_none());
    }
}
