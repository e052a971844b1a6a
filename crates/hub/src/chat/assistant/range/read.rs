//! Finding the range in a question.

use switchboard_protocol::Timestamp;

use super::{
    DayName, Inclusive, Period, Point, Range, Unit,
    calendar::{amount, clock, day, month, unit},
};
use crate::chat::assistant::words::{Cursor, Word};

/// Takes the range out of the words, wherever it stands; `None` where there is none.
pub fn take(words: &mut Vec<Word>) -> Option<Range> {
    let first = take_one(words)?;
    // `yesterday between 14:00 and 15:00`: the one is the day, the other the time.
    let Some(second) = take_one(words) else { return Some(first) };
    Some(match (first, second) {
        (Range::Period(Period::Day(day)), other) | (other, Range::Period(Period::Day(day))) => on(other, day),
        (first, _) => first,
    })
}

fn on(range: Range, day: DayName) -> Range {
    let day = Some(day);
    match range {
        Range::Since(point) => Range::Since(point.on(day)),
        Range::Before(point, inclusive) => Range::Before(point.on(day), inclusive),
        Range::Between(from, to) => Range::Between(from.on(day), to.on(day)),
        other => other,
    }
}

fn take_one(words: &mut Vec<Word>) -> Option<Range> {
    for begin in 0..words.len() {
        let mut cursor = Cursor::new(words.get(begin..).unwrap_or_default());
        if let Some(range) = cursor.read(range) {
            let end = begin + cursor.passed;
            words.drain(begin..end.min(words.len()));
            return Some(range);
        }
    }
    None
}

fn range(cursor: &mut Cursor<'_>) -> Option<Range> {
    if cursor.eat("since after") {
        let from = point(cursor, true)?;
        return Some(match cursor.read(|cursor| up_to(cursor)) {
            Some(to) => between(from, to),
            None => Range::Since(from),
        });
    }
    if cursor.eat("between") {
        let from = point(cursor, true)?;
        return cursor.eat("and to").then(|| point(cursor, true)).flatten().map(|to| between(from, to));
    }
    if cursor.eat("before") {
        return point(cursor, true).map(|to| Range::Before(to, Inclusive::No));
    }
    if let Some(range) = cursor.read(|cursor| {
        cursor.eat("from").then_some(())?;
        let from = point(cursor, true)?;
        match cursor.read(|cursor| up_to(cursor)) {
            Some(to) => Some(between(from, to)),
            // `errors from yesterday` are yesterday's; `from 14:00` is since then.
            None => (!matches!(from, Point::Period(_))).then_some(Range::Since(from)),
        }
    }) {
        return Some(range);
    }
    if matches!(cursor.peek(), "until" | "till" | "to" | "up")
        && let Some(to) = cursor.read(|cursor| up_to(cursor))
    {
        return Some(Range::Before(to, Inclusive::Yes));
    }
    let with_word = cursor.eat("in on during over within for of from at");
    cursor.eat("the");
    cursor.read(last).or_else(|| cursor.read(|cursor| period(cursor, with_word)).map(Range::Period)).or_else(
        || {
            // `2 hours ago` alone asks for what has been since; `3 days ago` for that day.
            match cursor.read(ago)? {
                Point::Ago(days, Unit::Day) => Some(Range::Period(Period::Day(DayName::DaysAgo(days)))),
                other => Some(Range::Since(other)),
            }
        },
    )
}

/// `between 14:00 and 15:00 yesterday` names the day once, for both.
fn between(from: Point, to: Point) -> Range {
    Range::Between(from.on(to.day()), to.on(from.day()))
}

fn up_to(cursor: &mut Cursor<'_>) -> Option<Point> {
    if !cursor.eat("until till to through") && !cursor.eat_all("up to") {
        return None;
    }
    point(cursor, true)
}

/// `last hour`, `past 7 days`, `last 24h`, `last half hour`.
fn last(cursor: &mut Cursor<'_>) -> Option<Range> {
    let past = matches!(cursor.peek(), "past");
    if !cursor.eat("last past previous latest") {
        return None;
    }
    if let Some((amount, unit)) = cursor.read(amount) {
        return Some(Range::Last(amount, unit));
    }
    // `last week` is the one before this; `the past week` is seven days.
    match cursor.peek() {
        "week" | "month" if !past => None,
        _ => cursor.next(unit).map(|unit| Range::Last(1, unit)),
    }
}

fn period(cursor: &mut Cursor<'_>, with_word: bool) -> Option<Period> {
    const NAMED: [(&str, Period); 12] = [
        ("this morning", Period::Morning),
        ("last night", Period::LastNight),
        ("overnight", Period::LastNight),
        ("this week", Period::ThisWeek),
        ("last week", Period::LastWeek),
        ("previous week", Period::LastWeek),
        ("this month", Period::ThisMonth),
        ("last month", Period::LastMonth),
        ("previous month", Period::LastMonth),
        ("this year", Period::ThisYear),
        ("last year", Period::LastYear),
        ("day before yesterday", Period::Day(DayName::DaysAgo(2))),
    ];
    if let Some((_, period)) = NAMED.iter().find(|(words, _)| cursor.eat_all(words)) {
        return Some(*period);
    }
    if let Some(day) = cursor.read(|cursor| day(cursor, with_word)) {
        return Some(Period::Day(day));
    }
    // `march` and `may` are months only where a word before them says so.
    if with_word { cursor.next(month).map(Period::Month) } else { None }
}

/// A point in time. `with_word`: a word such as `since` came before, so that less is needed to know one.
fn point(cursor: &mut Cursor<'_>, with_word: bool) -> Option<Point> {
    cursor.eat("at");
    cursor.eat("the");
    if cursor.eat("now") {
        return Some(Point::Now);
    }
    if let Some(point) = cursor.read(ago) {
        return Some(point);
    }
    // `since 2 hours` and `since the last hour` say the same.
    let length = |cursor: &mut Cursor<'_>| match cursor.read(last) {
        Some(Range::Last(amount, unit)) => Some((amount, unit)),
        _ => cursor.read(amount),
    };
    if let Some((amount, unit)) = cursor.read(length) {
        return Some(Point::Ago(amount, unit));
    }
    if let Some(at) = cursor.next(|word| {
        let is_written_out = word.contains('t') && word.contains(':');
        is_written_out.then(|| Timestamp::parse(&word.to_uppercase())).flatten()
    }) {
        return Some(Point::At(at));
    }
    if let Some(clock) = cursor.read(|cursor| clock(cursor, false)) {
        return Some(Point::Clock(cursor.read(|cursor| day(cursor, false)), clock));
    }
    if let Some(named) = cursor.read(|cursor| day(cursor, with_word)) {
        cursor.read(|cursor| cursor.eat("at").then_some(()).filter(|()| is_clock(cursor)));
        return Some(match cursor.read(|cursor| clock(cursor, false)) {
            Some(clock) => Point::Clock(Some(named), clock),
            None => Point::Period(Period::Day(named)),
        });
    }
    cursor
        .read(|cursor| period(cursor, with_word))
        .map(Point::Period)
        .or_else(|| cursor.read(|cursor| clock(cursor, with_word)).map(|clock| Point::Clock(None, clock)))
}

fn is_clock(cursor: &Cursor<'_>) -> bool {
    clock(&mut cursor.clone(), false).is_some()
}

/// `2 hours ago`.
fn ago(cursor: &mut Cursor<'_>) -> Option<Point> {
    let (amount, unit) = amount(cursor)?;
    cursor.eat("ago").then_some(Point::Ago(amount, unit))
}
