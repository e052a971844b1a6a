//! What the writer remembers between transactions, so that an append rarely has to read.

use std::{collections::HashMap, mem};

use rusqlite::Connection;
use switchboard_protocol::{ExecutionId, OrganizationId, rest::ExecutionSummary};

use super::{changes::Written, position::Position};

/// How many executions a generation holds. At most twice as many are remembered, some hundred bytes each.
const GENERATION: usize = 4096;

/// What the writer remembers: committed state only. A transaction works on copies (`Changes`), which
/// come here once it is committed, so a failed one leaves nothing behind.
pub(super) struct Memory {
    /// Every organization that has a log.
    pub(super) organizations: HashMap<OrganizationId, Organization>,
    /// The executions that were reported to of late.
    pub(super) executions: Recent,
}

/// One organization's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Organization {
    /// The row.
    pub(super) id: i64,
    /// The newest sequence number of its log.
    pub(super) head: u64,
    /// The bytes of its entries, as retention counts them.
    pub(super) bytes: u64,
}

/// What names an execution: the organization's row, and the reporter's identifier.
pub(super) type ExecutionKey = (i64, ExecutionId);

/// One execution as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredExecution {
    /// The position of its first entry.
    pub(super) position: Position,
    /// What lists show of it.
    pub(super) summary: ExecutionSummary,
}

impl Memory {
    /// Reads every organization. Executions are read when they are reported to.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT name, id, head, bytes FROM organizations")?;
        let organizations = statement
            .query_map((), |row| {
                let organization = Organization {
                    id: row.get(1)?,
                    head: row.get::<_, i64>(2)?.cast_unsigned(),
                    bytes: row.get::<_, i64>(3)?.cast_unsigned(),
                };
                Ok((OrganizationId::from(row.get::<_, String>(0)?), organization))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { organizations, executions: Recent::default() })
    }

    /// Takes over what a transaction has written and committed.
    pub(super) fn adopt(&mut self, written: Written) {
        self.organizations.extend(written.organizations);
        for (key, execution) in written.executions {
            self.executions.put(key, execution);
        }
    }
}

/// A map that forgets what was not used for long.
///
/// It has two generations. What is put in or found goes to the young one; when that is full it becomes the
/// old one, and what the old one still held is forgotten. So what is used within one generation stays, at the
/// cost of two lookups and without a list to keep in order.
#[derive(Default)]
pub(super) struct Recent {
    young: HashMap<ExecutionKey, StoredExecution>,
    old: HashMap<ExecutionKey, StoredExecution>,
}

impl Recent {
    /// What is remembered of an execution.
    pub(super) fn get(&mut self, key: &ExecutionKey) -> Option<&StoredExecution> {
        if let Some(execution) = self.old.remove(key) {
            self.put(key.clone(), execution);
        }
        self.young.get(key)
    }

    /// Remembers an execution in place of what was known of it.
    pub(super) fn put(&mut self, key: ExecutionKey, execution: StoredExecution) {
        self.old.remove(&key);
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, execution);
    }

    /// Forgets an execution.
    pub(super) fn forget(&mut self, key: &ExecutionKey) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(number: u64) -> (ExecutionKey, StoredExecution) {
        let id = ExecutionId::from(format!("e-{number}"));
        let summary = switchboard_model::new_summary(&"acme".into(), &id);
        ((1, id), StoredExecution { position: Position::new(1, number).unwrap(), summary })
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::default();
        let (used, stored) = execution(0);
        recent.put(used.clone(), stored);
        let (unused, stored) = execution(1);
        recent.put(unused.clone(), stored);
        for number in 2..5 * GENERATION as u64 {
            let (key, stored) = execution(number);
            recent.put(key, stored);
            assert!(recent.get(&used).is_some(), "forgotten after {number}");
        }
        assert!(recent.get(&unused).is_none());
        assert!(recent.young.len() + recent.old.len() <= 2 * GENERATION);
        recent.forget(&used);
        assert!(recent.get(&used).is_none());
    }
}
