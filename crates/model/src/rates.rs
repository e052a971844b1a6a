//! How fast something goes: counts by the second, over the last minute.

use switchboard_protocol::Timestamp;

/// How many seconds are kept: what fits a small chart.
pub const RATE_SECONDS: usize = 60;

/// The same as a difference of seconds.
const SPAN: i64 = 60;

/// What was counted second by second over the last [`RATE_SECONDS`].
///
/// A ring indexed by the second, so that adding costs nothing and a silence needs no filling: a place that belongs to
/// another second than the one that is asked for holds nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates<C = Counted> {
    buckets: Vec<Bucket<C>>,
    newest: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Bucket<C> {
    second: i64,
    count: C,
}

/// What can be counted by the second.
pub trait Tally: Copy + Default {
    /// Both together.
    #[must_use]
    fn plus(self, more: Self) -> Self;
}

/// What is counted of a scrape run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Pages.
    pub pages: u64,
    /// Items.
    pub items: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Tally for Counted {
    fn plus(self, more: Self) -> Self {
        Self {
            pages: self.pages.saturating_add(more.pages),
            items: self.items.saturating_add(more.items),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }
}

impl<C: Tally> Default for Rates<C> {
    fn default() -> Self {
        Self { buckets: vec![Bucket::default(); RATE_SECONDS], newest: None }
    }
}

impl<C: Tally> Rates<C> {
    /// Counts something that happened at a moment. What is older than the last minute is let go.
    pub fn add(&mut self, at: Timestamp, counted: C) {
        let second = at.as_millis().div_euclid(1000);
        let newest = self.newest.map_or(second, |newest| newest.max(second));
        self.newest = Some(newest);
        if newest.saturating_sub(second) >= SPAN {
            return;
        }
        let Some(bucket) = self.buckets.get_mut(place(second)) else { return };
        if bucket.second != second {
            *bucket = Bucket { second, count: C::default() };
        }
        bucket.count = bucket.count.plus(counted);
    }

    /// The last minute second by second, oldest first, ending with the second of `until`.
    pub fn series(&self, until: Timestamp) -> impl Iterator<Item = C> {
        let last = until.as_millis().div_euclid(1000);
        let first = last.saturating_sub(SPAN - 1);
        (first..=last).map(|second| {
            let bucket = self.buckets.get(place(second)).filter(|bucket| bucket.second == second);
            bucket.map(|bucket| bucket.count).unwrap_or_default()
        })
    }

    /// When something was last counted, to the second.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest.map(|second| Timestamp::from_millis(second.saturating_mul(1000)))
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SPAN)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(rates: &Rates, until: i64) -> Vec<u64> {
        rates.series(Timestamp::from_millis(until * 1000)).map(|counted| counted.pages).collect()
    }

    #[test]
    fn a_minute_is_kept_second_by_second() {
        let mut rates = Rates::default();
        let one = Counted { pages: 1, ..Counted::default() };
        for second in 100..250 {
            rates.add(Timestamp::from_millis(second * 1000 + 400), one);
            rates.add(Timestamp::from_millis(second * 1000 + 900), one);
        }
        assert_eq!(pages(&rates, 249), vec![2; RATE_SECONDS]);
        let later = pages(&rates, 279);
        assert_eq!(&later[..30], &[2; 30], "what was");
        assert_eq!(&later[30..], &[0; 30], "a silence is nothing");
        assert!(pages(&rates, 400).iter().all(|pages| *pages == 0));
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs_or_let_go() {
        let mut rates = Rates::default();
        let one = Counted { pages: 1, ..Counted::default() };
        rates.add(Timestamp::from_millis(100_000), one);
        rates.add(Timestamp::from_millis(95_000), one);
        rates.add(Timestamp::from_millis(1_000), one);
        let series = pages(&rates, 100);
        assert_eq!(series.iter().sum::<u64>(), 2);
        assert_eq!(series[RATE_SECONDS - 6], 1);
    }
}
