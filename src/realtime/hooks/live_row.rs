//! One row of a live list.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use leptos::prelude::*;

use super::live_list::{Listed, RowOf};

/// One row. Its identity never changes; what it shows does, alone and in place.
#[derive(Debug)]
pub struct LiveRow<Id, T: 'static> {
    /// What it is about.
    pub id: Id,
    /// What it shows.
    pub summary: ArcRwSignal<T>,
    /// The frame that it shows, so that an earlier one that comes late is left out.
    seq: Arc<AtomicU64>,
}

impl<Id: Clone, T> Clone for LiveRow<Id, T> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), summary: self.summary.clone(), seq: Arc::clone(&self.seq) }
    }
}

impl<Id, T> PartialEq for LiveRow<Id, T> {
    /// The same row, whatever it shows: lists are compared by which rows they have, in which order.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.seq, &other.seq)
    }
}

impl<Id, T> LiveRow<Id, T> {
    /// The frame that it shows; 0 where that has no number.
    pub(super) fn seq(&self) -> u64 {
        self.seq.load(Relaxed)
    }

    /// It shows this frame from now on.
    pub(super) fn set_seq(&self, seq: Option<u64>) {
        self.seq.store(seq.unwrap_or_default(), Relaxed);
    }
}

/// A row that did not stand in the list before.
pub(super) fn new_row<L: Listed>(item: L::Item, seq: Option<u64>) -> RowOf<L> {
    LiveRow {
        id: L::id(&item),
        summary: ArcRwSignal::new(item),
        seq: Arc::new(AtomicU64::new(seq.unwrap_or_default())),
    }
}

/// The row of an item that was fetched: the one that stood in the list, with what is new, or a new one.
pub(super) fn merged_row<L: Listed>(before: &[RowOf<L>], item: &L::Item, seq: Option<u64>) -> RowOf<L> {
    let id = L::id(item);
    let Some(row) = before.iter().find(|row| row.id == id) else {
        return new_row::<L>(item.clone(), seq);
    };
    // A row may have heard of something newer than the list.
    if seq.is_none_or(|seq| seq >= row.seq()) {
        row.set_seq(seq);
        if row.summary.try_with_untracked(|current| current != item) == Some(true) {
            let _ = row.summary.try_set(item.clone());
        }
    }
    row.clone()
}
