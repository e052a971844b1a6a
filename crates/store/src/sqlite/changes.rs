//! What one transaction changes, until it is committed.

use std::collections::HashMap;

use rusqlite::{Transaction, params};
use switchboard_protocol::{Envelope, Frame, OrganizationId, Timestamp};

use super::{
    agents::{AgentKey, HeardAgent},
    chat::Ended,
    executions::Changed,
    failure::Failure,
    memory::{ExecutionKey, Memory, Organization, StoredExecution},
    position::Position,
    scrapes::Reported,
};
use crate::{Appended, ENTRY_OVERHEAD_BYTES, Fold, Report};

/// Where a report with this id stands; a constant for a test that looks at how SQLite runs it.
pub(super) const KNOWN: &str = "SELECT position FROM entries WHERE organization = ?1 AND report_id = ?2";

/// What one transaction changes: copies of what the writer remembers. They are written back once per
/// transaction and not once per report, and dropped where the transaction fails.
pub(super) struct Changes<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) received_at: Timestamp,
    pub(super) memory: &'a mut Memory,
    /// The executions that this transaction has to do with.
    pub(super) executions: HashMap<ExecutionKey, Changed>,
    /// The agents that it heard of.
    pub(super) agents: HashMap<AgentKey, HeardAgent>,
    /// How many batches were added, which tells one batch's announcements from another's.
    pub(super) batches: u64,
    organizations: HashMap<OrganizationId, Organization>,
}

/// What became of a report.
pub(super) enum Fate {
    /// It stands in the log.
    Stored,
    /// The log knows its id.
    Known,
    /// It is a further end of a task that ended with the entry of this number.
    Late(u64),
}

/// What a batch has changed and the log has not been told yet.
#[derive(Default)]
struct Untold {
    executions: Vec<ExecutionKey>,
    tasks: Vec<Ended>,
    scrapes: Reported,
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
            received_at,
            memory,
            organizations: HashMap::new(),
            executions: HashMap::new(),
            agents: HashMap::new(),
            batches: 0,
        }
    }

    /// Adds a batch to its organization's log, folds its events into their executions, and appends what that
    /// changed.
    pub(super) fn append(&mut self, name: &OrganizationId, reports: &[Report]) -> Result<Appended, Failure> {
        self.batches += 1;
        if reports.is_empty() {
            let head = self.known_organization(name).map_or(0, |organization| organization.head);
            return Ok(Appended { accepted: 0, duplicates: 0, seq: head });
        }
        let mut organization = self.organization(name)?;
        let mut untold = Untold::default();
        let mut accepted = 0;
        let mut seq = organization.head;
        for (index, report) in (1..).zip(reports) {
            match self.report(name, &mut organization, report, &mut untold)? {
                Fate::Stored => {
                    accepted += 1;
                    seq = organization.head;
                }
                Fate::Late(ended) => seq = ended,
                // Only the last one's number is answered, so the others are not looked up.
                Fate::Known if index < reports.len() => {}
                Fate::Known => seq = self.seq_of(&organization, report)?,
            }
        }
        for key in untold.executions {
            self.announce_execution(name, &mut organization, &key)?;
        }
        self.announce_ended(name, &mut organization, &untold.tasks)?;
        self.write_reported(name, &mut organization, untold.scrapes)?;
        self.keep(name, organization);
        let duplicates = u64::try_from(reports.len()).unwrap_or(u64::MAX) - accepted;
        Ok(Appended { accepted, duplicates, seq })
    }

    /// Writes back what changed, once for each organization, execution and agent, and answers what the writer's memory
    /// is to hold once the transaction is committed.
    pub(super) fn write(self) -> Result<Written, Failure> {
        let mut update = self
            .transaction
            .prepare_cached("UPDATE organizations SET head = ?2, bytes = ?3 WHERE id = ?1")?;
        for Organization { id, head, bytes } in self.organizations.values() {
            update.execute(params![id, head.cast_signed(), bytes.cast_signed()])?;
        }
        self.write_executions()?;
        self.write_agents()?;
        let executions = self.executions.into_iter().map(|(key, changed)| (key, changed.execution)).collect();
        Ok(Written { organizations: self.organizations, executions })
    }

    /// The organization as this transaction has left it; `None` where it has no log.
    pub(super) fn known_organization(&self, name: &OrganizationId) -> Option<Organization> {
        self.organizations.get(name).or_else(|| self.memory.organizations.get(name)).copied()
    }

    /// The organization as this transaction has left it, made where it is new. What is appended to its log moves
    /// the copy that this answers; [`keep`](Self::keep) takes it back.
    pub(super) fn organization(&mut self, name: &OrganizationId) -> Result<Organization, Failure> {
        if let Some(organization) = self.known_organization(name) {
            return Ok(organization);
        }
        self.transaction
            .prepare_cached("INSERT INTO organizations (name, head, bytes) VALUES (?1, 0, 0)")?
            .execute([name.as_str()])?;
        let organization = Organization { id: self.transaction.last_insert_rowid(), head: 0, bytes: 0 };
        self.organizations.insert(name.clone(), organization);
        Ok(organization)
    }

    /// Takes over an organization whose log has grown.
    pub(super) fn keep(&mut self, name: &OrganizationId, organization: Organization) {
        self.organizations.insert(name.clone(), organization);
    }

    /// Stores a report that is new, and folds it.
    fn report(
        &mut self,
        name: &OrganizationId,
        organization: &mut Organization,
        report: &Report,
        untold: &mut Untold,
    ) -> Result<Fate, Failure> {
        match &report.fold {
            Some(Fold::Execution(frame)) => {
                self.execution_event(name, organization, report, frame, &mut untold.executions)
            }
            Some(Fold::Agent(event)) => self.agent_event(name, organization, report, event),
            Some(Fold::TaskResult(result)) => {
                self.task_result(organization, report, result, &mut untold.tasks)
            }
            Some(Fold::TaskDelta(task, delta)) => self.task_delta(organization, report, task, delta),
            Some(Fold::Scrape(progress)) => {
                self.scrape_progress(name, organization, report, progress, &mut untold.scrapes)
            }
            None => self.plain(organization, report),
        }
    }

    /// Stores a report that no projection folds over.
    pub(super) fn plain(&self, organization: &mut Organization, report: &Report) -> Result<Fate, Failure> {
        let stored = self.insert(organization, report.id.as_deref(), &report.body, |_| None)?;
        Ok(if stored { Fate::Stored } else { Fate::Known })
    }

    /// Appends an entry that the store itself makes. Answers where it stands.
    pub(super) fn derive(&self, organization: &mut Organization, frame: Frame) -> Result<Position, Failure> {
        self.insert(organization, None, &Envelope::unsequenced(frame).encode()?, |_| None)?;
        Position::new(organization.id, organization.head)
    }

    /// Appends an entry, and moves head and bytes. Answers `false`, and does nothing, where the log has the
    /// report's id. `execution` is told the entry's own position and answers that of its execution.
    pub(super) fn insert(
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
}
