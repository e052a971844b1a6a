//! What the store has done since it was opened.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Appended;

/// What a [`SqliteStore`](super::SqliteStore) has done since it was opened, and what waits. The hub's metrics
/// are made of it, and tests tell by it that commits are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteStats {
    /// Transactions that stored batches.
    pub commits: u64,
    /// Batches that were stored.
    pub batches: u64,
    /// Reports that were new.
    pub accepted: u64,
    /// Reports that the log knew.
    pub duplicates: u64,
    /// Entries that retention has deleted.
    pub pruned: u64,
    /// Batches that wait for their commit.
    pub waiting_batches: usize,
    /// The bytes of their bodies.
    pub waiting_bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) batches: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) pruned: AtomicU64,
}

impl Counters {
    /// Counts one commit and the batches in it.
    pub(super) fn committed(&self, appended: &[Appended]) {
        let sum = |count: fn(&Appended) -> u64| appended.iter().map(count).sum();
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.batches.fetch_add(sum(|_| 1), Ordering::Relaxed);
        self.accepted.fetch_add(sum(|appended| appended.accepted), Ordering::Relaxed);
        self.duplicates.fetch_add(sum(|appended| appended.duplicates), Ordering::Relaxed);
    }
}
