//! A bounded list that keeps the latest items and counts them all.

use std::collections::VecDeque;

/// The latest items, at most a fixed number of them. Items are numbered from 0 in the order in which they
/// came, so that a reader that remembers a number can ask for what is new since.
#[derive(Debug, Clone, PartialEq)]
pub struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
    total: u64,
}

impl<T> Ring<T> {
    /// An empty ring that holds `capacity` items, at least one.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity: capacity.max(1), total: 0 }
    }

    /// Adds an item; the oldest goes where there is no room.
    pub fn push(&mut self, item: T) {
        if self.items.len() == self.capacity {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.total += 1;
    }

    /// Adds each of `items`.
    pub fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| self.push(item));
    }

    /// How many items were ever pushed: the number of the next one.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of the oldest item that is kept; equal to [`total`](Self::total) where none is.
    pub fn first_index(&self) -> u64 {
        self.total - self.items.len() as u64
    }

    /// How many items are kept.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many items are kept at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The kept items, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.items.iter()
    }

    /// The kept items from number `index` on, oldest first, with their numbers.
    pub fn since(&self, index: u64) -> impl Iterator<Item = (u64, &T)> {
        let first = self.first_index();
        let skip = usize::try_from(index.saturating_sub(first)).unwrap_or(usize::MAX);
        (first..).zip(&self.items).skip(skip)
    }

    /// The newest item.
    pub fn last(&self) -> Option<&T> {
        self.items.back()
    }

    /// The newest item, to change.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.items.back_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_latest_and_counts_all() {
        let mut ring = Ring::new(3);
        for item in 0..10 {
            ring.push(item);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [7, 8, 9]);
        assert_eq!((ring.total(), ring.first_index(), ring.len()), (10, 7, 3));
        assert_eq!(ring.since(8).collect::<Vec<_>>(), [(8, &8), (9, &9)]);
        assert_eq!(ring.since(0).count(), 3);
        assert_eq!(ring.since(u64::MAX).count(), 0);
    }
}
