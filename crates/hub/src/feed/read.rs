//! Reading the log in portions of about equal bytes, though the store counts in entries.

use switchboard_store::Entry;

/// About how many bytes one read is to bring.
const READ_BYTES: usize = 256 * 1024;

/// The bounds of a read in entries. The first one is made before any size is known; the store ends a page of long
/// entries early.
const FEWEST: usize = 1;
const FIRST: usize = 256;
const MOST: usize = 4096;

/// How many entries to ask for next, from the sizes of those that came last.
#[derive(Debug, Clone, Copy)]
pub struct ReadSize(usize);

impl Default for ReadSize {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl ReadSize {
    /// How many entries to ask for.
    pub fn limit(self) -> usize {
        self.0
    }

    /// Learns from what came. Grows at most eightfold at a time, since the next frames may be larger.
    pub fn learn(&mut self, entries: &[Entry]) {
        let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
        if let Some(average) = bytes.checked_div(entries.len()) {
            let fitting = READ_BYTES / average.max(1);
            self.0 = fitting.min(self.0.saturating_mul(8)).clamp(FEWEST, MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_entries_are_read_by_the_thousand_and_large_ones_one_by_one() {
        let entries =
            |length: usize| vec![Entry { seq: 1, execution_id: None, body: "x".repeat(length).into() }; 32];
        let mut size = ReadSize::default();
        size.learn(&entries(200));
        assert_eq!(size.limit(), READ_BYTES / 200);
        size.learn(&entries(2));
        assert_eq!(size.limit(), MOST);
        size.learn(&entries(1024 * 1024));
        assert_eq!(size.limit(), FEWEST);
        size.learn(&[]);
        assert_eq!(size.limit(), FEWEST);
        size.learn(&entries(200));
        assert_eq!(size.limit(), 8 * FEWEST, "the next ones may be large again");
    }
}
