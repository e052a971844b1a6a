//! Agents: the fold of what they say, in the transaction that stores it; the list; and what is forgotten.

use std::collections::hash_map::Entry;

use futures::FutureExt;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use switchboard_model::MOST_AGENTS;
use switchboard_protocol::{
    AgentEvent, AgentId, OrganizationId,
    rest::{AgentList, AgentSummary},
};

use super::{
    SqliteStore,
    changes::{Changes, Fate},
    entries,
    failure::Failure,
    memory::Organization,
};
use crate::{Agents, Answer, Report};

/// How many agents go at once where an organization has too many, so that a flood of new names does not look for the
/// oldest with each of them.
const FORGOTTEN_AT_ONCE: usize = MOST_AGENTS / 10;

/// How many agents retention forgets in one transaction.
const CHUNK_AGENTS: i64 = 500;

/// The statements, for a test that looks at how SQLite runs them.
pub(super) const AGENT: &str = "SELECT summary FROM agents WHERE organization = ?1 AND agent_id = ?2";
pub(super) const LIST: &str = "SELECT summary FROM agents WHERE organization = ?1 ORDER BY agent_id";
pub(super) const COUNT: &str = "SELECT count(*) FROM agents WHERE organization = ?1";
pub(super) const EXCESS: &str = "DELETE FROM agents WHERE id IN (
    SELECT id FROM agents WHERE organization = ?1 ORDER BY heard_at, agent_id LIMIT ?2)";
pub(super) const IDLE: &str = "DELETE FROM agents WHERE id IN (
    SELECT id FROM agents WHERE heard_at < ?1 ORDER BY heard_at LIMIT ?2)";

/// What names an agent: the organization's row, and the reporter's identifier.
pub(super) type AgentKey = (i64, AgentId);

/// An agent that the transaction has to do with.
pub(super) struct HeardAgent {
    summary: AgentSummary,
    is_new: bool,
}

impl Agents for SqliteStore {
    fn agents(&self, organization: OrganizationId) -> Answer<'_, AgentList> {
        self.readers.read(move |transaction| list(transaction, &organization)).boxed()
    }
}

impl Changes<'_> {
    /// Stores a frame that is new, and folds it into its agent, and into the execution that a heartbeat names.
    pub(super) fn agent_event(
        &mut self,
        name: &OrganizationId,
        organization: &mut Organization,
        report: &Report,
        event: &AgentEvent,
    ) -> Result<Fate, Failure> {
        let fate = self.plain(organization, report)?;
        if !matches!(fate, Fate::Stored) {
            return Ok(fate);
        }
        // Who hands it on had it a moment before it is stored, and says so.
        let received_at = event.received_at.unwrap_or(self.received_at);
        let agent = match self.agents.entry((organization.id, event.agent_id.clone())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => {
                let known = stored(self.transaction, organization.id, &event.agent_id)?;
                let is_new = known.is_none();
                let unheard = || AgentSummary::of(name.clone(), event.agent_id.clone());
                slot.insert(HeardAgent { summary: known.unwrap_or_else(unheard), is_new })
            }
        };
        switchboard_model::apply_agent_event(&mut agent.summary, event, received_at);
        if let Some(execution) = &event.execution_id {
            self.sign_of_life(&(organization.id, execution.clone()), event)?;
        }
        Ok(fate)
    }

    /// Writes back the agents that were heard of, each once, and forgets those that an organization has too many.
    pub(super) fn write_agents(&self) -> Result<(), Failure> {
        let mut upsert = self.transaction.prepare_cached(
            "INSERT INTO agents (organization, agent_id, heard_at, summary) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (organization, agent_id)
                 DO UPDATE SET heard_at = excluded.heard_at, summary = excluded.summary",
        )?;
        let mut grown = Vec::new();
        for ((organization, agent), HeardAgent { summary, is_new }) in &self.agents {
            let summary = serde_json::to_string(summary)?;
            upsert.execute(params![organization, agent.as_str(), self.received_at.as_millis(), summary])?;
            if *is_new && !grown.contains(organization) {
                grown.push(*organization);
            }
        }
        for organization in grown {
            let count: i64 =
                self.transaction.prepare_cached(COUNT)?.query_row([organization], |row| row.get(0))?;
            let count = usize::try_from(count).unwrap_or(0);
            if count > MOST_AGENTS {
                let excess = i64::try_from(count - MOST_AGENTS + FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX);
                self.transaction.prepare_cached(EXCESS)?.execute(params![organization, excess])?;
            }
        }
        Ok(())
    }
}

/// Forgets some agents that were last heard of before the cutoff. Answers whether there may be more.
pub(super) fn forget(connection: &Connection, cutoff: i64) -> Result<bool, Failure> {
    let gone = connection.prepare_cached(IDLE)?.execute(params![cutoff, CHUNK_AGENTS])?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX) >= CHUNK_AGENTS)
}

fn list(transaction: &Transaction<'_>, name: &OrganizationId) -> Result<AgentList, Failure> {
    let Some((organization, head)) = entries::organization(transaction, name)? else {
        return Ok(AgentList { items: Vec::new(), seq: Some(0) });
    };
    let mut statement = transaction.prepare_cached(LIST)?;
    let mut rows = statement.query([organization])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(AgentList { items, seq: Some(head) })
}

/// The agent as the database has it.
fn stored(
    transaction: &Transaction<'_>,
    organization: i64,
    agent: &AgentId,
) -> Result<Option<AgentSummary>, Failure> {
    let summary: Option<String> = transaction
        .prepare_cached(AGENT)?
        .query_row(params![organization, agent.as_str()], |row| row.get(0))
        .optional()?;
    Ok(summary.map(|summary| serde_json::from_str(&summary)).transpose()?)
}
