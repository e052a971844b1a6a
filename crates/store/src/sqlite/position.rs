//! Where an entry stands among all logs of the file, as one integer.

use super::failure::Failure;

/// The bits that a sequence number has: 17 million million entries, five years of 100,000 a second. It leaves 19
/// bits for organizations. `schema.rs` repeats the number in SQL.
const SEQ_BITS: u32 = 44;

/// The largest sequence number.
const MAX_SEQ: u64 = (1 << SEQ_BITS) - 1;

/// The largest row id of an organization.
const MAX_ORGANIZATION: i64 = (1 << (63 - SEQ_BITS)) - 1;

/// An organization and a sequence number of its log in one integer, ordered by organization and then by
/// sequence number.
///
/// It is the key of the table of entries, because SQLite clusters a table by an integer key only. A table
/// `WITHOUT ROWID` with the two as its key would be an index to SQLite, which it splits in the middle where a
/// table's end just grows, and whose rows leave the page from a quarter of a page on. Indexes refer to an entry
/// by this one integer too. An execution is known by the position of its first entry: that is unique, never used
/// again, and in the order in which executions came to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Position(i64);

impl Position {
    /// The place `seq` in the log of `organization`.
    ///
    /// # Errors
    /// [`Failure::Full`] where one of them has outgrown its bits.
    pub(super) fn new(organization: i64, seq: u64) -> Result<Self, Failure> {
        if !(0..=MAX_ORGANIZATION).contains(&organization) {
            return Err(Failure::Full("this database holds as many organizations as it can"));
        }
        if seq > MAX_SEQ {
            return Err(Failure::Full("this organization's log holds as many entries as it can"));
        }
        Ok(Self(organization << SEQ_BITS | seq.cast_signed()))
    }

    /// The place `seq` in the log of `organization`, or the log's last where `seq` is beyond it: the bound of a
    /// range, where no such place has to exist.
    pub(super) fn bound(organization: i64, seq: u64) -> Self {
        Self(organization << SEQ_BITS | seq.min(MAX_SEQ).cast_signed())
    }

    /// The last place that the log of `organization` can have.
    pub(super) fn last(organization: i64) -> Self {
        Self::bound(organization, MAX_SEQ)
    }

    /// The position that a row was read with.
    pub(super) fn from_key(key: i64) -> Self {
        Self(key)
    }

    /// The integer that stands in the table.
    pub(super) fn key(self) -> i64 {
        self.0
    }

    /// The sequence number.
    pub(super) fn seq(self) -> u64 {
        self.0.cast_unsigned() & MAX_SEQ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_ordered_by_organization_and_then_by_seq() {
        let positions = [(1, 0), (1, 1), (1, MAX_SEQ), (2, 0), (2, 7), (MAX_ORGANIZATION, MAX_SEQ)]
            .map(|(organization, seq)| Position::new(organization, seq).unwrap());
        assert!(positions.is_sorted());
        assert_eq!(positions[4].seq(), 7);
        assert_eq!(positions[5].seq(), MAX_SEQ);
        assert_eq!(positions[2], Position::last(1));
        assert!(positions[5].key() > 0, "a key is never negative");
    }

    #[test]
    fn what_has_no_place_is_refused_and_never_wraps_into_another_log() {
        assert!(Position::new(1, MAX_SEQ + 1).is_err());
        assert!(Position::new(MAX_ORGANIZATION + 1, 1).is_err());
        assert_eq!(Position::bound(1, u64::MAX), Position::last(1));
    }
}
