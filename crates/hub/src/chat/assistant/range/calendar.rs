//! The days, times of day and lengths of time in a question.

use time::{Date, Month, Time, Weekday};

use super::{Clock, DayName, Unit};
use crate::chat::assistant::words::{Cursor, number};

/// The most that is counted of a unit of time: more than any log is old.
const MOST_UNITS: u32 = 1_000_000;

/// `today`, `on Monday`, `Nov 20`. `with_word`: a word such as `on` came before, so that less is needed to
/// know one.
pub fn day(cursor: &mut Cursor<'_>, with_word: bool) -> Option<DayName> {
    if cursor.eat("today tonight") {
        return Some(DayName::DaysAgo(0));
    }
    if cursor.eat("yesterday") {
        return Some(DayName::DaysAgo(1));
    }
    let with_word = cursor.eat("last") || with_word;
    cursor.next(|word| weekday(word, with_word)).map(DayName::Weekday).or_else(|| cursor.read(date))
}

/// `7 days`, `24h`, `an hour`, `half an hour`, `a couple of days`.
pub fn amount(cursor: &mut Cursor<'_>) -> Option<(u32, Unit)> {
    if cursor.eat("half") {
        cursor.eat("a an");
        return cursor.eat("hour").then_some((30, Unit::Minute));
    }
    if let Some(found) = cursor.next(|word| {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, name) = word.split_at_checked(digits)?;
        Some((number(amount).filter(|_| digits > 0)?.min(MOST_UNITS), unit(name)?))
    }) {
        return Some(found);
    }
    let has_article = cursor.eat("a an");
    let amount = if cursor.eat("couple") {
        cursor.eat("of");
        2
    } else if cursor.eat("few") {
        3
    } else if has_article {
        1
    } else {
        cursor.next(number)?.min(MOST_UNITS)
    };
    cursor.next(unit).map(|unit| (amount, unit))
}

/// A unit of time, in any of its spellings.
pub fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "month" | "months" => Unit::Month,
        _ => return None,
    })
}

/// `14:00`, `2pm`, `2:30 pm`, `noon`; a bare `14` only where `bare` says that a time is expected.
pub fn clock(cursor: &mut Cursor<'_>, bare: bool) -> Option<Clock> {
    let time = if cursor.eat("noon midday") {
        Time::from_hms(12, 0, 0).ok()
    } else if cursor.eat("midnight") {
        Some(Time::MIDNIGHT)
    } else {
        cursor.read(|cursor| digits(cursor, bare))
    }?;
    cursor.eat("o'clock oclock");
    cursor.eat("utc gmt z");
    Some(Clock(time))
}

fn digits(cursor: &mut Cursor<'_>, bare: bool) -> Option<Time> {
    let word = cursor.next(|word| Some(word.to_owned()))?;
    let word = word.strip_suffix('z').or_else(|| word.strip_suffix("utc")).unwrap_or(&word);
    let (word, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(word), _) => (word, Some(0)),
        (_, Some(word)) => (word, Some(12)),
        _ if cursor.eat("am a.m") => (word, Some(0)),
        _ if cursor.eat("pm p.m") => (word, Some(12)),
        _ => (word, None),
    };
    let parts: Vec<u8> = word.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute, second) = match *parts.as_slice() {
        [hour] if half.is_some() || bare => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) => hour % 12 + half,
        None => hour,
    };
    Time::from_hms(hour, minute, second).ok()
}

fn weekday(word: &str, with_word: bool) -> Option<Weekday> {
    let short = word.strip_suffix("day").is_none();
    Some(match word {
        // `sun`, `sat` and others are also words.
        _ if short && !with_word => return None,
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" | "tues" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" | "thurs" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// A month, whole or in three letters.
pub fn month(word: &str) -> Option<Month> {
    const NAMES: [(&str, &str, Month); 12] = [
        ("jan", "january", Month::January),
        ("feb", "february", Month::February),
        ("mar", "march", Month::March),
        ("apr", "april", Month::April),
        ("may", "may", Month::May),
        ("jun", "june", Month::June),
        ("jul", "july", Month::July),
        ("aug", "august", Month::August),
        ("sep", "september", Month::September),
        ("oct", "october", Month::October),
        ("nov", "november", Month::November),
        ("dec", "december", Month::December),
    ];
    let found = NAMES
        .iter()
        .find(|(short, long, _)| word == *short || word == *long || word == "sept" && *short == "sep");
    found.map(|(_, _, month)| *month)
}

/// `2026-11-20`, `Nov 20`, `20th of November 2025`.
fn date(cursor: &mut Cursor<'_>) -> Option<DayName> {
    if let Some(date) = cursor.next(|word| {
        let parts: Vec<u16> = word.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let [year @ 1970..=9999, month, number] = *parts.as_slice() else { return None };
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        valid(Some(i32::from(year)), month, u8::try_from(number).ok()?)
    }) {
        return Some(date);
    }
    let (month, number) = if let Some(month) = cursor.next(month) {
        (month, cursor.next(day_number)?)
    } else {
        let number = cursor.next(day_number)?;
        cursor.eat("of");
        (cursor.next(month)?, number)
    };
    let year = cursor.next(number_of_year);
    valid(year, month, number)
}

fn day_number(word: &str) -> Option<u8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    digits.parse().ok().filter(|number| (1..=31).contains(number))
}

fn number_of_year(word: &str) -> Option<i32> {
    word.parse().ok().filter(|year| (1970..=9999).contains(year))
}

/// The date, where there is one: in its year or, without a year, in a leap year.
fn valid(year: Option<i32>, month: Month, number: u8) -> Option<DayName> {
    Date::from_calendar_date(year.unwrap_or(2024), month, number).ok()?;
    Some(DayName::Date(year, month, number))
}
