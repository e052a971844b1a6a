//! What time it is, on two clocks.

/// One point in time on the two clocks that a shell has.
///
/// Schedules follow the monotonic clock, which nobody can set. What people read follows the wall clock. The
/// two together tell of a sleep: most monotonic clocks stop while a machine sleeps, and the wall clock does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since any fixed point, never going back: `performance.now()`, or `Instant`.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z: `Date.now()`, or `SystemTime`.
    pub wall_ms: i64,
}

impl Moment {
    /// The moment `milliseconds` later on both clocks.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        Self {
            monotonic_ms: self.monotonic_ms.saturating_add(milliseconds),
            wall_ms: self.wall_ms.saturating_add_unsigned(milliseconds),
        }
    }
}
