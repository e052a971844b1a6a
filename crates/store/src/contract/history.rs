//! Long random histories, compared with a model that is as plain as can be.

use std::{collections::HashSet, sync::Arc};

use switchboard_protocol::{
    ExecutionId, OrganizationId, Timestamp,
    rest::{ExecutionChanged, ExecutionSummary},
};

use super::{
    Subject,
    material::{announced, event, moment_between, note, now, output, read_all, start},
};
use crate::{Entry, ExecutionQuery, Fold, Report, Retention, Store};

/// Appends with new and known ids, to new and known executions of two organizations, retention by age and by bytes,
/// and reopening, in any order: after each step the store says what the model says.
pub async fn random_histories_match_a_plain_model(subject: &dyn Subject) {
    let mut store = subject.open().await;
    for seed in 1..=6 {
        let mut random = Random(seed);
        let names = ["one", "two"].map(|name| OrganizationId::from(format!("{name}-{seed}")));
        let mut logs = names.map(Plain::new);
        let mut marks: Vec<Timestamp> = Vec::new();
        for step in 0..60 {
            let context = format!("seed {seed}, step {step}");
            match random.below(20) {
                0 | 1 => {
                    drop(store);
                    store = subject.open().await;
                }
                2 | 3 => marks.push(moment_between().await),
                4 if !marks.is_empty() => {
                    // Everything that was stored before a mark is too old.
                    let mark = usize::try_from(random.below(marks.len() as u64)).unwrap();
                    let at = now();
                    let age_ms = Some(at.millis_since(marks[mark]));
                    store.prune(Retention { age_ms, bytes: None }, at).await.expect(&context);
                    for log in &mut logs {
                        log.prune_before(mark + 1);
                    }
                }
                5 => {
                    store.prune(Retention { age_ms: None, bytes: Some(0) }, now()).await.expect(&context);
                    for log in &mut logs {
                        log.prune_all();
                    }
                }
                _ => {
                    let log = &mut logs[usize::try_from(random.below(2)).unwrap()];
                    let batch: Vec<_> = (0..=random.below(6)).map(|_| random.report()).collect();
                    let appended = store.append(log.name.clone(), batch.clone()).await.expect(&context);
                    let expected = log.append(&batch, marks.len());
                    assert_eq!((appended.accepted, appended.duplicates, appended.seq), expected, "{context}");
                }
            }
            for log in &logs {
                log.assert_same(&store, &context).await;
            }
        }
    }
}

/// One organization's log, kept in vectors and searched from end to end.
struct Plain {
    name: OrganizationId,
    head: u64,
    entries: Vec<PlainEntry>,
    /// In the order in which they came to exist.
    executions: Vec<PlainExecution>,
}

struct PlainEntry {
    entry: Entry,
    report_id: Option<String>,
    /// How many marks there were before it.
    era: usize,
}

struct PlainExecution {
    summary: ExecutionSummary,
    /// How many marks there were before its last event.
    era: usize,
}

impl Plain {
    fn new(name: OrganizationId) -> Self {
        Self { name, head: 0, entries: Vec::new(), executions: Vec::new() }
    }

    /// Answers how many are new, how many known, and the number of the last.
    fn append(&mut self, batch: &[Report], era: usize) -> (u64, u64, u64) {
        let (mut accepted, mut seq) = (0, 0);
        let mut changed: Vec<ExecutionId> = Vec::new();
        for report in batch {
            let known = self.entries.iter().find(|known| report.id.is_some() && known.report_id == report.id);
            if let Some(known) = known {
                seq = known.entry.seq;
                continue;
            }
            accepted += 1;
            let frame = match &report.fold {
                Some(Fold::Execution(frame)) => Some(frame),
                _ => None,
            };
            let execution_id = frame.map(|frame| frame.execution_id.clone());
            seq = self.push(execution_id, &report.body, report.id.clone(), era);
            let Some(frame) = frame else { continue };
            let index =
                self.executions.iter().position(|known| known.summary.execution_id == frame.execution_id);
            let index = index.unwrap_or_else(|| {
                let summary = switchboard_model::new_summary(&self.name, &frame.execution_id);
                self.executions.push(PlainExecution { summary, era });
                self.executions.len() - 1
            });
            let execution = &mut self.executions[index];
            execution.era = era;
            let is_new = execution.summary.event_count == 0;
            let shows = switchboard_model::apply_event(&mut execution.summary, &frame.event, now());
            if (shows || is_new) && !changed.contains(&frame.execution_id) {
                changed.push(frame.execution_id.clone());
            }
        }
        for id in changed {
            let execution = self.executions.iter().find(|known| known.summary.execution_id == id).unwrap();
            let changed = ExecutionChanged {
                organization_id: self.name.clone(),
                kind: ExecutionChanged::KIND.to_owned(),
                execution: execution.summary.clone(),
            };
            let data = serde_json::to_string(&changed).unwrap();
            self.push(None, &format!(r#"{{"event":"dashboard:update","data":{data}}}"#), None, era);
        }
        (accepted, batch.len() as u64 - accepted, seq)
    }

    fn push(
        &mut self,
        execution_id: Option<ExecutionId>,
        body: &str,
        report_id: Option<String>,
        era: usize,
    ) -> u64 {
        self.head += 1;
        let entry = Entry { seq: self.head, execution_id, body: body.into() };
        self.entries.push(PlainEntry { entry, report_id, era });
        self.head
    }

    fn prune_before(&mut self, era: usize) {
        self.entries.retain(|entry| entry.era >= era);
        let live = self.live();
        self.executions.retain(|known| known.era >= era || live.contains(&known.summary.execution_id));
    }

    fn prune_all(&mut self) {
        self.entries.clear();
        self.executions.retain(|known| !known.summary.status.is_final());
    }

    /// The executions that have events.
    fn live(&self) -> HashSet<ExecutionId> {
        self.entries.iter().filter_map(|entry| entry.entry.execution_id.clone()).collect()
    }

    async fn assert_same(&self, store: &Arc<dyn Store>, context: &str) {
        let bounds = store.bounds(self.name.clone()).await.unwrap();
        let first = self.entries.first().map_or(self.head + 1, |entry| entry.entry.seq);
        assert_eq!((bounds.first, bounds.head), (first, self.head), "{context}");
        assert_eq!(*store.head(&self.name).borrow(), self.head, "{context}");

        let entries = read_all(store, &self.name, 0).await;
        let expected: Vec<_> = self.entries.iter().map(|entry| entry.entry.clone()).collect();
        assert_eq!(entries, expected, "{context}");
        assert!(entries.iter().all(|entry| entry.execution_id.is_none() || announced(entry).is_none()));

        let query = ExecutionQuery { limit: 200, ..Default::default() };
        let list = store.executions(self.name.clone(), query).await.unwrap();
        let newest_first: Vec<_> = self.executions.iter().rev().map(|known| known.summary.clone()).collect();
        assert_eq!(list.items, newest_first, "{context}");

        for PlainExecution { summary, .. } in &self.executions {
            let id = &summary.execution_id;
            let snapshot = store.execution(self.name.clone(), id.clone(), 5).await.unwrap().expect(context);
            assert_eq!(snapshot.summary, *summary, "{context}");
            let own = expected.iter().filter(|entry| entry.execution_id.as_ref() == Some(id));
            let own: Vec<_> = own.map(|entry| Some(entry.seq)).collect();
            let latest = &own[own.len().saturating_sub(5)..];
            assert_eq!(
                snapshot.events.iter().map(|event| event.seq).collect::<Vec<_>>(),
                latest,
                "{context}"
            );
            assert_eq!(snapshot.seq, Some(self.head));
        }
    }
}

/// Numbers that look random and are the same in every run: `SplitMix64`, by Steele, Lea and Flood (2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn report(&mut self) -> Report {
        let execution = format!("e-{}", self.below(4));
        let number = u32::try_from(self.below(1000)).unwrap();
        let report = match self.below(10) {
            0..3 => note(&number.to_string()),
            3..7 => output(&execution, number),
            7 => start(&execution, &format!("title {number}")),
            8 => event(&execution, number, "agent-complete", None),
            _ => event(&execution, number, "error", Some(r#"{"message":"it broke"}"#)),
        };
        let id = match self.below(3) {
            0 => None,
            // From so few that many are known.
            _ => Some(format!("r-{}", self.below(60))),
        };
        Report { id, ..report }
    }
}
