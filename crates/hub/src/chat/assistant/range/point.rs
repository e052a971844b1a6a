//! Named days, periods and points in time.

use switchboard_protocol::Timestamp;
use time::{Date, Month, Time, Weekday};

use super::{Unit, ago};
use crate::chat::assistant::moment::{
    at_time, day, day_after, day_of, days_before, first_of, latest_month, latest_weekday, next_month,
    start_of,
};

/// A time of day, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub Time);

/// A day as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayName {
    /// So many days ago: 0 is today.
    DaysAgo(u32),
    /// The latest one of that name, today included.
    Weekday(Weekday),
    /// A date; without a year it is the latest such day that is not in the future.
    Date(Option<i32>, Month, u8),
}

impl DayName {
    fn date(self, now: Timestamp) -> Date {
        let today = day_of(now);
        match self {
            Self::DaysAgo(days) => days_before(today, i64::from(days)),
            Self::Weekday(weekday) => latest_weekday(today, weekday),
            Self::Date(Some(year), month, number) => {
                // The reader of words lets only days pass that the year has.
                Date::from_calendar_date(year, month, number).unwrap_or(today)
            }
            Self::Date(None, month, number) => (0..8)
                .filter_map(|back| Date::from_calendar_date(today.year() - back, month, number).ok())
                .find(|date| *date <= today)
                .unwrap_or(today),
        }
    }
}

/// A span that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day(DayName),
    /// Today until noon.
    Morning,
    /// Yesterday 18:00 to today 06:00.
    LastNight,
    /// Since Monday.
    ThisWeek,
    /// The Monday to Sunday before.
    LastWeek,
    /// Since the first of the month.
    ThisMonth,
    /// The month before.
    LastMonth,
    /// The latest month of that name.
    Month(Month),
    /// Since the first of January.
    ThisYear,
    /// The year before.
    LastYear,
}

impl Period {
    /// Its first moment, and the first one after it.
    pub fn bounds(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let today = day_of(now);
        let days = |from: Date, to: Date| (start_of(from), start_of(to));
        let hour = |hour| Time::from_hms(hour, 0, 0).unwrap_or(Time::MIDNIGHT);
        let monday = latest_weekday(today, Weekday::Monday);
        let this_month = first_of(today.year(), today.month());
        match self {
            Self::Day(name) => {
                let date = name.date(now);
                days(date, day_after(date))
            }
            Self::Morning => (start_of(today), at_time(today, hour(12))),
            Self::LastNight => (at_time(days_before(today, 1), hour(18)), at_time(today, hour(6))),
            Self::ThisWeek => days(monday, days_before(monday, -7)),
            Self::LastWeek => days(days_before(monday, 7), monday),
            Self::ThisMonth => days(this_month, next_month(this_month)),
            Self::LastMonth => {
                let first = days_before(this_month, 1);
                days(first_of(first.year(), first.month()), this_month)
            }
            Self::Month(month) => {
                let first = latest_month(today, month);
                days(first, next_month(first))
            }
            Self::ThisYear => {
                days(first_of(today.year(), Month::January), first_of(today.year() + 1, Month::January))
            }
            Self::LastYear => {
                days(first_of(today.year() - 1, Month::January), first_of(today.year(), Month::January))
            }
        }
    }

    /// In words, with its bounds.
    pub fn describe(self, now: Timestamp) -> String {
        let begin = self.bounds(now).0;
        let first = day(day_of(begin), now);
        let last = day(days_before(day_of(self.bounds(now).1), 1), now);
        match self {
            Self::Day(DayName::DaysAgo(0)) => "today (since 00:00 UTC)".to_owned(),
            Self::Day(DayName::DaysAgo(1)) => format!("yesterday ({first}, UTC)"),
            Self::Day(DayName::Weekday(weekday)) => format!("on {weekday} ({first}, UTC)"),
            Self::Day(_) => format!("on {first} (UTC)"),
            Self::Morning => "this morning (00:00 to 12:00 UTC)".to_owned(),
            Self::LastNight => format!("last night ({first}, 18:00, to 06:00 UTC)"),
            Self::ThisWeek => format!("this week (since Monday, {first}, UTC)"),
            Self::LastWeek => format!("last week ({first} to {last}, UTC)"),
            Self::ThisMonth => format!("this month (since {first}, UTC)"),
            Self::LastMonth => format!("last month ({first} to {last}, UTC)"),
            Self::Month(month) => format!("in {month} ({first} to {last}, UTC)"),
            Self::ThisYear => format!("this year (since {first}, UTC)"),
            Self::LastYear => format!("last year ({first} to {last}, UTC)"),
        }
    }
}

/// Where a span begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Now.
    Now,
    /// So long ago.
    Ago(u32, Unit),
    /// A time of a day; without a day it is the latest time that clocks showed this.
    Clock(Option<DayName>, Clock),
    /// A named span, which has a begin and an end.
    Period(Period),
    /// A moment that was written out.
    At(Timestamp),
}

impl Point {
    /// The moment, or the first one of the span.
    pub fn begin(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::Ago(amount, unit) => ago(now, amount, unit),
            Self::Clock(Some(name), Clock(time)) => at_time(name.date(now), time),
            Self::Clock(None, Clock(time)) => {
                let today = at_time(day_of(now), time);
                if today <= now { today } else { at_time(days_before(day_of(now), 1), time) }
            }
            Self::Period(period) => period.bounds(now).0,
            Self::At(at) => at,
        }
    }

    /// The moment, or the first one after the span.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Period(period) => period.bounds(now).1,
            other => other.begin(now),
        }
    }

    /// The day that it names.
    pub fn day(self) -> Option<DayName> {
        match self {
            Self::Clock(day, _) => day,
            _ => None,
        }
    }

    /// The same time of that day, where none is named.
    #[must_use]
    pub fn on(self, day: Option<DayName>) -> Self {
        match self {
            Self::Clock(None, clock) => Self::Clock(day, clock),
            other => other,
        }
    }
}
