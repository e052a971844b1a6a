//! Spans of time as people say them: `today`, `last 7 days`, `since 14:00`. All in UTC.

mod calendar;
mod point;
mod read;
#[cfg(test)]
mod tests;

use switchboard_protocol::Timestamp;

use super::moment;

pub use point::{Clock, DayName, Period, Point};
pub use read::take;

/// A span of time as it was said. What it means depends on when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// `today`, `last week`, `on Monday`.
    Period(Period),
    /// `the last 7 days`, up to now.
    Last(u32, Unit),
    /// `since 14:00`.
    Since(Point),
    /// `before Monday`; with `until`, the day that is named belongs to it.
    Before(Point, Inclusive),
    /// `between 14:00 and 15:00`.
    Between(Point, Point),
}

/// Whether the day that ends a span belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inclusive {
    /// It does: `until Monday`.
    Yes,
    /// It does not: `before Monday`.
    No,
}

/// What lengths of time are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of 24 hours.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
}

impl Unit {
    fn millis(self) -> i64 {
        let seconds = match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 30 * 86_400,
        };
        seconds * 1000
    }

    fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// From when to when. A moment is inside from `begin` on, and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first moment inside; `None`, all that came before is inside too.
    pub begin: Option<Timestamp>,
    /// The first moment after it; `None`, it has not ended.
    pub end: Option<Timestamp>,
}

impl Span {
    /// Whether a moment is inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.begin.is_none_or(|begin| at >= begin) && self.end.is_none_or(|end| at < end)
    }
}

impl Range {
    /// What the words mean at `now`.
    pub fn span(self, now: Timestamp) -> Span {
        let span = |begin, end| Span { begin, end };
        match self {
            Self::Period(period) => {
                let (begin, end) = period.bounds(now);
                // What ends in the future goes up to now, and need not say so.
                span(Some(begin), Some(end).filter(|end| *end <= now))
            }
            Self::Last(amount, unit) => span(Some(ago(now, amount, unit)), None),
            Self::Since(point) => span(Some(point.begin(now)), None),
            Self::Before(point, Inclusive::No) => span(None, Some(point.begin(now))),
            Self::Before(point, Inclusive::Yes) => span(None, Some(point.end(now))),
            Self::Between(from, to) => {
                let (begin, end) = (from.begin(now), to.end(now));
                span(Some(begin), Some(end))
            }
        }
    }

    /// The range in words that begin in the middle of a sentence, with its bounds: `today (since 00:00 UTC)`.
    pub fn describe(self, now: Timestamp) -> String {
        let Span { begin, end } = self.span(now);
        let short = |at: Timestamp| moment::short(at, now);
        match self {
            Self::Period(period) => period.describe(now),
            Self::Last(amount, unit) => {
                let name = unit.name();
                let since = begin.map(short).unwrap_or_default();
                match amount {
                    1 => format!("in the last {name} (since {since} UTC)"),
                    _ => format!("in the last {amount} {name}s (since {since} UTC)"),
                }
            }
            Self::Since(_) => format!("since {} UTC", begin.map(short).unwrap_or_default()),
            Self::Before(..) => format!("before {} UTC", end.map(short).unwrap_or_default()),
            Self::Between(..) => format!(
                "between {} and {} UTC",
                begin.map(short).unwrap_or_default(),
                end.map(short).unwrap_or_default()
            ),
        }
    }
}

/// The moment so long before `now`.
fn ago(now: Timestamp, amount: u32, unit: Unit) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(unit.millis().saturating_mul(i64::from(amount))))
}
