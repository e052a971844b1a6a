//! Agents, as the store knows them.

use switchboard_model::{duration_text, silent_since};
use switchboard_protocol::{AgentStatus, Timestamp, rest::AgentSummary};
use switchboard_store::StoreError;

use super::super::Asked;
use crate::chat::assistant::markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, escape, first_line};

/// An agent, and what is known of it.
pub struct Agent(AgentSummary);

/// All agents, the one that was heard of last first.
pub async fn all(asked: &Asked<'_>) -> Result<Vec<Agent>, StoreError> {
    let mut agents = asked.store.agents(asked.organization.clone()).await?.items;
    agents.sort_by_key(|agent| std::cmp::Reverse(agent.heard_at));
    Ok(agents.into_iter().map(Agent).collect())
}

impl Agent {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.agent_id.as_str()
    }

    /// How it is, in a sentence.
    pub fn describe(&self, asked: &Asked<'_>) -> String {
        format!("Agent {}", self.row_without_kind(asked))
    }

    /// How it is, in a row of a list.
    pub fn row(&self, asked: &Asked<'_>) -> String {
        format!("agent {}", self.row_without_kind(asked))
    }

    fn row_without_kind(&self, asked: &Asked<'_>) -> String {
        let Self(agent) = self;
        let name = code(agent.agent_id.as_str(), TITLE_CHARACTERS);
        let when = |at: Timestamp| {
            let ago = duration_text(asked.now.millis_since(at));
            format!("{} ({ago} ago)", asked.short(at))
        };
        let at = |at: Option<Timestamp>| at.map(|at| format!(" at {}", when(at))).unwrap_or_default();
        let task = |verb: &str| {
            let task = agent.current_task.as_deref().map(first_line).filter(|task| !task.is_empty());
            task.map(|task| format!(" It {verb} on: {}", escape(task, LINE_CHARACTERS))).unwrap_or_default()
        };
        // By the hub's clock, which also decides that it is silent: the agent's own may be wrong.
        if let Some(since) = silent_since(agent, asked.now) {
            return format!(
                "{name} is **stale**: it said that it is {}, and is silent since {}.{}",
                agent.status,
                when(since),
                task("worked")
            );
        }
        match agent.status {
            AgentStatus::Running | AgentStatus::Idle => match agent.last_heartbeat {
                Some(beat) => {
                    format!(
                        "{name} is **{}**, said its latest heartbeat at {}.{}",
                        agent.status,
                        when(beat),
                        task("works")
                    )
                }
                None => format!(
                    "{name} **started**{}; no heartbeat of it came since.",
                    at(agent.started_at.or(agent.heard_at))
                ),
            },
            AgentStatus::Stopped => format!("{name} **stopped**{}.", at(agent.status_since)),
            AgentStatus::Error => {
                let error = agent.error.as_deref().map(first_line).filter(|error| !error.is_empty());
                let error = error.map_or_else(
                    || "no reason was reported".to_owned(),
                    |error| escape(error, LINE_CHARACTERS),
                );
                format!("{name} **failed**{}: {error}", at(agent.status_since))
            }
        }
    }
}
