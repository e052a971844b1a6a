//! What one transaction changes, until it is committed.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{OptionalExtension, Transaction, params};
use switchboard_protocol::{
    DashboardUpdate, Envelope, ExecutionId, ExecutionStatus, Frame, Json, OrganizationId, Timestamp,
    rest::{ExecutionChanged, ExecutionSummary},
};

use super::{
    failure::Failure,
    lists,
    memory::{ExecutionKey, Memory, Organization, StoredExecution},
    position::Position,
};
use crate::{Appended, ENTRY_OVERHEAD_BYTES, Report};

/// Where a report with this id stands; a constant for a test that looks at how SQLite runs it.
pub(super) const KNOWN: &str = "SELECT position FROM entries WHERE organization = ?1 AND report_id = ?2";

/// What one transaction changes: copies of what the writer remembers. They are written back once per
/// transaction and not once per report, and dropped where the transaction fails.
pub(super) struct Changes<'a> {
    transaction: &'a Transaction<'a>,
    memory: &'a mut Memory,
    received_at: Timestamp,
    organizations: HashMap<OrganizationId, Organization>,
    executions: HashMap<ExecutionKey, Changed>,
    /// How many batches were added, which tells one batch's announcements from another's.
    batches: u64,
}

/// An execution that the transaction added events to.
struct Changed {
    execution: StoredExecution,
    /// Whether an event was added; not so where all were duplicates.
    grown: bool,
    /// The batch that has announced the change already.
    announced_by: u64,
}

/// What has been written and is to be remembered once it is committed.
pub(super) struct Written {
    /// The organizations that were reported to.
    pub(super) organizations: HashMap<OrganizationId, Organization>,
    /// The executions that were reported to.
    pub(super) executions: Vec<(ExecutionKey, StoredExecution)>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(
        transaction: &'a Transaction<'a>,
        memory: &'a mut Memory,
        received_at: Timestamp,
    ) -> Self {
        Self {
            transaction,
            memory,
            received_at,
            organizations: HashMap::new(),
            executions: HashMap::new(),
            batches: 0,
        }
    }

    /// Adds a batch to its organization's log, folds its events into their executions, and appends what that
    /// changed.
    pub(super) fn append(&mut self, name: &OrganizationId, reports: &[Report]) -> Result<Appended, Failure> {
        self.batches += 1;
        if reports.is_empty() {
            let known = self.organizations.get(name).or_else(|| self.memory.organizations.get(name));
            return Ok(Appended {
                accepted: 0,
                duplicates: 0,
                seq: known.map_or(0, |organization| organization.head),
            });
        }
        let mut organization = self.organization(name)?;
        let mut announced = Vec::new();
        let mut accepted = 0;
        let mut last = None;
        for report in reports {
            let stored = self.report(name, &mut organization, report, &mut announced)?;
            accepted += u64::from(stored);
            last = stored.then_some(organization.head);
        }
        let seq = match (last, reports.last()) {
            (None, Some(duplicate)) => self.seq_of(&organization, duplicate)?,
            (last, _) => last.unwrap_or(organization.head),
        };
        for key in announced {
            self.announce(name, &mut organization, &key)?;
        }
        self.organizations.insert(name.clone(), organization);
        let duplicates = u64::try_from(reports.len()).unwrap_or(u64::MAX) - accepted;
        Ok(Appended { accepted, duplicates, seq })
    }

    /// Writes back what changed, once for each organization and execution, and answers what the writer's memory
    /// is to hold once the transaction is committed.
    pub(super) fn write(self) -> Result<Written, Failure> {
        let mut update = self
            .transaction
            .prepare_cached("UPDATE organizations SET head = ?2, bytes = ?3 WHERE id = ?1")?;
        for Organization { id, head, bytes } in self.organizations.values() {
            update.execute(params![id, head.cast_signed(), bytes.cast_signed()])?;
        }
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
        let executions = self.executions.into_iter().map(|(key, changed)| (key, changed.execution)).collect();
        Ok(Written { organizations: self.organizations, executions })
    }

    /// The organization as this transaction has left it, made where it is new.
    fn organization(&mut self, name: &OrganizationId) -> Result<Organization, Failure> {
        if let Some(organization) =
            self.organizations.get(name).or_else(|| self.memory.organizations.get(name))
        {
            return Ok(*organization);
        }
        self.transaction
            .prepare_cached("INSERT INTO organizations (name, head, bytes) VALUES (?1, 0, 0)")?
            .execute([name.as_str()])?;
        let organization = Organization { id: self.transaction.last_insert_rowid(), head: 0, bytes: 0 };
        self.organizations.insert(name.clone(), organization);
        Ok(organization)
    }

    /// Stores a report that is new, and folds its event. Answers whether it was new.
    fn report(
        &mut self,
        name: &OrganizationId,
        organization: &mut Organization,
        report: &Report,
        announced: &mut Vec<ExecutionKey>,
    ) -> Result<bool, Failure> {
        let Some(frame) = &report.execution else {
            return self.insert(organization, report.id.as_deref(), &report.body, |_| None);
        };
        let key = (organization.id, frame.execution_id.clone());
        let known = self.load(&key)?;
        let is_new = known.is_none();
        if !self.insert(organization, report.id.as_deref(), &report.body, |own| Some(known.unwrap_or(own)))? {
            return Ok(false);
        }
        let own = Position::new(organization.id, organization.head)?;
        let changed = self.executions.entry(key.clone()).or_insert_with(|| Changed {
            execution: StoredExecution {
                position: own,
                summary: switchboard_model::new_summary(name, &frame.execution_id),
            },
            grown: true,
            announced_by: 0,
        });
        changed.grown = true;
        let shows =
            switchboard_model::apply_event(&mut changed.execution.summary, &frame.event, self.received_at);
        if (shows || is_new) && changed.announced_by != self.batches {
            changed.announced_by = self.batches;
            announced.push(key);
        }
        Ok(true)
    }

    /// Appends an entry, and moves head and bytes. Answers `false`, and does nothing, where the log has the
    /// report's id. `execution` is told the entry's own position and answers that of its execution.
    fn insert(
        &self,
        organization: &mut Organization,
        report_id: Option<&str>,
        body: &str,
        execution: impl FnOnce(Position) -> Option<Position>,
    ) -> Result<bool, Failure> {
        let seq = organization.head + 1;
        let position = Position::new(organization.id, seq)?;
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT INTO entries (position, execution, received_at, report_id, body)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (organization, report_id) WHERE report_id IS NOT NULL DO NOTHING",
            )?
            .execute(params![
                position.key(),
                execution(position).map(Position::key),
                self.received_at.as_millis(),
                report_id,
                body,
            ])?;
        if inserted == 0 {
            return Ok(false);
        }
        organization.head = seq;
        let bytes = body.len() + report_id.map_or(0, str::len);
        organization.bytes += u64::try_from(bytes).unwrap_or(u64::MAX) + ENTRY_OVERHEAD_BYTES;
        Ok(true)
    }

    /// The sequence number that a report which the log knows has there.
    fn seq_of(&self, organization: &Organization, duplicate: &Report) -> Result<u64, Failure> {
        let key = self
            .transaction
            .prepare_cached(KNOWN)?
            .query_row(params![organization.id, duplicate.id], |row| row.get(0))?;
        Ok(Position::from_key(key).seq())
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
        slot.insert(Changed { execution, grown: false, announced_by: 0 });
        Ok(Some(position))
    }

    /// Appends the `dashboard:update` that shows an execution as the batch has left it.
    fn announce(
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
        let body = Envelope::unsequenced(Frame::DashboardUpdate(update)).encode()?;
        self.insert(organization, None, &body, |_| None)?;
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
