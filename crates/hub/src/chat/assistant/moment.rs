//! Days and times of day in UTC: the arithmetic behind time ranges, and times as answers write them.

use switchboard_protocol::Timestamp;
use time::{Date, Duration, Month, OffsetDateTime, Time, Weekday};

/// The day of a moment.
pub fn day_of(at: Timestamp) -> Date {
    date_time(at).date()
}

/// When a day begins. Outside the years that can be written, it is the first or last moment of them.
pub fn start_of(day: Date) -> Timestamp {
    at_time(day, Time::MIDNIGHT)
}

/// A time on a day.
pub fn at_time(day: Date, time: Time) -> Timestamp {
    Timestamp::from_millis(day.with_time(time).assume_utc().unix_timestamp().saturating_mul(1000))
}

/// So many days before a day.
pub fn days_before(day: Date, days: i64) -> Date {
    day.checked_sub(Duration::days(days)).unwrap_or(Date::MIN)
}

/// The day after a day.
pub fn day_after(day: Date) -> Date {
    day.next_day().unwrap_or(Date::MAX)
}

/// The latest such day of the week that is not after `today`.
pub fn latest_weekday(today: Date, weekday: Weekday) -> Date {
    let (now, then) = (today.weekday().number_days_from_monday(), weekday.number_days_from_monday());
    days_before(today, i64::from((7 + now - then) % 7))
}

/// The first day of a month; of a month that has not begun this year, last year's.
pub fn latest_month(today: Date, month: Month) -> Date {
    let year = if u8::from(month) > u8::from(today.month()) { today.year() - 1 } else { today.year() };
    first_of(year, month)
}

/// The first day of a month.
pub fn first_of(year: i32, month: Month) -> Date {
    Date::from_calendar_date(year, month, 1).unwrap_or(Date::MIN)
}

/// The first day of the month after the one that `first` begins.
pub fn next_month(first: Date) -> Date {
    let month = first.month().next();
    first_of(if month == Month::January { first.year() + 1 } else { first.year() }, month)
}

/// A time as a reader at `now` needs it: `14:05` for today, `Nov 20, 14:05` for this year, and with the
/// year for others.
pub fn short(at: Timestamp, now: Timestamp) -> String {
    let moment = date_time(at);
    let clock = clock(moment.time());
    if moment.date() == day_of(now) { clock } else { format!("{}, {clock}", day(moment.date(), now)) }
}

/// A day: `Nov 20`, and with the year where that is not this one.
pub fn day(day: Date, now: Timestamp) -> String {
    let month = day.month().to_string();
    let month = month.get(..3).unwrap_or(&month);
    if day.year() == day_of(now).year() {
        format!("{month} {}", day.day())
    } else {
        format!("{month} {}, {}", day.day(), day.year())
    }
}

fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn date_time(at: Timestamp) -> OffsetDateTime {
    // A timestamp lies in the years that the type knows.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.as_millis()) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_says_its_day_only_where_that_is_not_today() {
        let at = |text| Timestamp::parse(text).unwrap();
        let now = at("2026-11-21T00:00:00Z");
        for (text, written) in [
            ("2026-11-21T14:05:59Z", "14:05"),
            ("2026-11-20T23:59:59.999Z", "Nov 20, 23:59"),
            ("2025-01-02T03:04:05Z", "Jan 2, 2025, 03:04"),
        ] {
            assert_eq!(short(at(text), now), written);
        }
    }

    #[test]
    fn the_ends_of_time_can_be_written() {
        for millis in [i64::MIN, i64::MAX] {
            let at = Timestamp::from_millis(millis);
            assert!(!short(at, Timestamp::from_millis(0)).is_empty());
            assert!(start_of(days_before(day_of(at), 7)) <= at);
            day_after(day_of(at));
        }
    }
}
