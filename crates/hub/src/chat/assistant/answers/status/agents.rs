//! Agents that a daemon watches.

use switchboard_model::duration_text;
use switchboard_protocol::{AgentEvent, AgentEventKind};

use super::super::Asked;
use crate::chat::assistant::markdown::{LINE_CHARACTERS, TITLE_CHARACTERS, code, escape, first_line};

/// The most agents that are told apart. A log may name a new one with each entry.
const MOST_AGENTS: usize = 1_000;

/// An agent, and what was heard of it last.
pub struct Agent {
    /// Its name.
    pub name: String,
    latest: AgentEvent,
}

/// Adds what an event tells, going from the newest to the oldest: an agent is as its newest event says.
pub fn add(agents: &mut Vec<Agent>, event: AgentEvent) {
    let name = event.agent_id.as_str();
    if agents.len() < MOST_AGENTS && agents.iter().all(|agent| agent.name != name) {
        agents.push(Agent { name: name.to_owned(), latest: event });
    }
}

impl Agent {
    /// How it is, in a sentence.
    pub fn describe(&self, asked: &Asked<'_>) -> String {
        format!("Agent {}", self.row_without_kind(asked))
    }

    /// How it is, in a row of a list.
    pub fn row(&self, asked: &Asked<'_>) -> String {
        format!("agent {}", self.row_without_kind(asked))
    }

    fn row_without_kind(&self, asked: &Asked<'_>) -> String {
        let name = code(&self.name, TITLE_CHARACTERS);
        let when = self.latest.timestamp.map(|at| {
            let ago = duration_text(asked.now.millis_since(at));
            format!(" at {} ({ago} ago)", asked.short(at))
        });
        let when = when.unwrap_or_default();
        match &self.latest.kind {
            AgentEventKind::Heartbeat { status, current_task, .. } => {
                let task = current_task.as_deref().map(first_line).filter(|task| !task.is_empty());
                let task = task
                    .map(|task| format!(" It works on: {}", escape(task, LINE_CHARACTERS)))
                    .unwrap_or_default();
                match status {
                    Some(status) => format!("{name} is **{status}**, said its latest heartbeat{when}.{task}"),
                    None => format!("{name} sent its latest heartbeat{when}, without a status.{task}"),
                }
            }
            AgentEventKind::Started => format!("{name} **started**{when}; nothing was heard of it since."),
            AgentEventKind::Stopped => format!("{name} **stopped**{when}."),
            AgentEventKind::Error { error } => {
                let error = error.as_deref().map(first_line).filter(|error| !error.is_empty());
                let error = error.map_or_else(
                    || "no reason was reported".to_owned(),
                    |error| escape(error, LINE_CHARACTERS),
                );
                format!("{name} **failed**{when}: {error}")
            }
        }
    }
}
