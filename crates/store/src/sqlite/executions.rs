//! The fold of executions: each event goes into its execution's summary, in the transaction that stores it.

use std::collections::hash_map::Entry;

use rusqlite::{OptionalExtension, Transaction, params};
use switchboard_protocol::{
    AgentEvent, DashboardUpdate, ExecutionFrame, ExecutionId, ExecutionStatus, Frame, Json, OrganizationId,
    rest::{ExecutionChanged, ExecutionSummary},
};

use super::{
    changes::{Changes, Fate},
    failure::Failure,
    lists,
    memory::{ExecutionKey, Organization, StoredExecution},
    position::Position,
};
use crate::Report;

/// An execution that the transaction added events to.
pub(super) struct Changed {
    pub(super) execution: StoredExecution,
    /// Whether an event was added; not so where all were duplicates.
    grown: bool,
    /// Whether its worker gave a sign of life. That is no entry of it, but keeps it from being forgotten.
    beaten: bool,
    /// The batch that has announced the change already.
    announced_by: u64,
}

impl Changes<'_> {
    /// Stores an event that is new, and folds it. Where lists show a change that this batch has not announced yet, the
    /// execution joins `unannounced`.
    pub(super) fn execution_event(
        &mut self,
        name: &OrganizationId,
        organization: &mut Organization,
        report: &Report,
        frame: &ExecutionFrame,
        unannounced: &mut Vec<ExecutionKey>,
    ) -> Result<Fate, Failure> {
        let key = (organization.id, frame.execution_id.clone());
        let known = self.load(&key)?;
        let is_new = known.is_none();
        if !self.insert(organization, report.id.as_deref(), &report.body, |own| Some(known.unwrap_or(own)))? {
            return Ok(Fate::Known);
        }
        let own = Position::new(organization.id, organization.head)?;
        let changed = self.executions.entry(key.clone()).or_insert_with(|| Changed {
            execution: StoredExecution {
                position: own,
                summary: switchboard_model::new_summary(name, &frame.execution_id),
            },
            grown: true,
            beaten: false,
            announced_by: 0,
        });
        changed.grown = true;
        let shows =
            switchboard_model::apply_event(&mut changed.execution.summary, &frame.event, self.received_at);
        if (shows || is_new) && changed.announced_by != self.batches {
            changed.announced_by = self.batches;
            unannounced.push(key);
        }
        Ok(Fate::Stored)
    }

    /// Takes a heartbeat as a sign of life of the execution that it names, where that is known: it comes to exist with its
    /// first event and not with a beat. Nothing is announced, because everybody has the heartbeat itself.
    pub(super) fn sign_of_life(&mut self, key: &ExecutionKey, event: &AgentEvent) -> Result<(), Failure> {
        if self.load(key)?.is_none() {
            return Ok(());
        }
        let received_at = event.received_at.unwrap_or(self.received_at);
        if let Some(changed) = self.executions.get_mut(key) {
            changed.beaten |=
                switchboard_model::apply_heartbeat(&mut changed.execution.summary, event, received_at);
        }
        Ok(())
    }

    /// Makes sure that an execution which is known stands among the changes. Answers its position, and `None`
    /// where there is no such execution yet.
    fn load(&mut self, key: &ExecutionKey) -> Result<Option<Position>, Failure> {
        let slot = match self.executions.entry(key.clone()) {
            Entry::Occupied(changed) => return Ok(Some(changed.get().execution.position)),
            Entry::Vacant(slot) => slot,
        };
        let execution = match self.memory.executions.get(key) {
            Some(execution) => execution.clone(),
            None => match stored(self.transaction, key.0, &key.1)? {
                Some(execution) => execution,
                None => return Ok(None),
            },
        };
        let position = execution.position;
        slot.insert(Changed { execution, grown: false, beaten: false, announced_by: 0 });
        Ok(Some(position))
    }

    /// Appends the `dashboard:update` that shows an execution as the batch has left it.
    pub(super) fn announce_execution(
        &self,
        name: &OrganizationId,
        organization: &mut Organization,
        key: &ExecutionKey,
    ) -> Result<(), Failure> {
        let Some(changed) = self.executions.get(key) else { return Ok(()) };
        let payload = ExecutionChanged {
            organization_id: name.clone(),
            kind: ExecutionChanged::KIND.to_owned(),
            execution: changed.execution.summary.clone(),
        };
        let update = DashboardUpdate { organization_id: name.clone(), data: Json::write(&payload)? };
        self.derive(organization, Frame::DashboardUpdate(update)).map(drop)
    }

    /// Writes back the executions that have changed.
    pub(super) fn write_executions(&self) -> Result<(), Failure> {
        let mut upsert = self.transaction.prepare_cached(
            "INSERT INTO executions (position, execution_id, status, last_at, emptied, searchable, summary)
             VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)
             ON CONFLICT (position) DO UPDATE SET status = excluded.status, last_at = excluded.last_at, emptied = 0,
                 searchable = excluded.searchable, summary = excluded.summary",
        )?;
        let grown = self.executions.values().filter(|changed| changed.grown);
        for StoredExecution { position, summary } in grown.map(|changed| &changed.execution) {
            upsert.execute(params![
                position.key(),
                summary.execution_id.as_str(),
                summary.status.as_str(),
                self.received_at.as_millis(),
                searchable(summary),
                serde_json::to_string(summary)?,
            ])?;
        }
        // A worker may be quiet for longer than its entries are kept, and its execution must not be forgotten meanwhile.
        let mut update = self
            .transaction
            .prepare_cached("UPDATE executions SET summary = ?2, last_at = ?3 WHERE position = ?1")?;
        let beaten = self.executions.values().filter(|changed| changed.beaten && !changed.grown);
        for StoredExecution { position, summary } in beaten.map(|changed| &changed.execution) {
            let summary = serde_json::to_string(summary)?;
            update.execute(params![position.key(), summary, self.received_at.as_millis()])?;
        }
        Ok(())
    }
}

/// The execution as the database has it.
fn stored(
    transaction: &Transaction<'_>,
    organization: i64,
    execution: &ExecutionId,
) -> Result<Option<StoredExecution>, Failure> {
    let row: Option<(i64, String)> = transaction
        .prepare_cached(lists::SUMMARY)?
        .query_row(params![organization, execution.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((key, summary)) = row else { return Ok(None) };
    Ok(Some(StoredExecution { position: Position::from_key(key), summary: serde_json::from_str(&summary)? }))
}

/// What a list's text filter looks into: lower case, a line for each member.
fn searchable(summary: &ExecutionSummary) -> String {
    let entities = [&summary.agent, &summary.department].into_iter().flatten();
    let names = entities.flat_map(|entity| [entity.name.as_str(), entity.id.as_str()]);
    let words = summary.title.as_deref().into_iter().chain(names).chain([summary.execution_id.as_str()]);
    words.map(str::to_lowercase).collect::<Vec<_>>().join("\n")
}

/// The statuses of executions that have ended, as a list in SQL.
pub(super) fn ended_in_sql() -> String {
    let ended = ExecutionStatus::ALL.into_iter().filter(|status| status.is_final());
    ended.map(|status| format!("'{status}'")).collect::<Vec<_>>().join(", ")
}
