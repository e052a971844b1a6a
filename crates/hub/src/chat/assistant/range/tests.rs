use super::*;
use crate::chat::assistant::words::words;

/// A Saturday.
const NOW: &str = "2026-11-21T14:30:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The bounds that a text means, as text; and the words that are left.
fn read(text: &str) -> Option<(String, String, String)> {
    let mut words = words(text);
    let Span { begin, end } = take(&mut words)?.span(at(NOW));
    let bound =
        |at: Option<Timestamp>| at.map(|at| at.to_string().replace(":00.000Z", "")).unwrap_or_default();
    let rest: Vec<_> = words.iter().map(|word| word.name.as_str()).collect();
    Some((bound(begin), bound(end), rest.join(" ")))
}

#[test]
fn spans_have_the_bounds_that_their_words_mean() {
    let table = [
        ("today", "2026-11-21T00:00", ""),
        ("yesterday", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("the day before yesterday", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("3 days ago", "2026-11-18T00:00", "2026-11-19T00:00"),
        ("this morning", "2026-11-21T00:00", "2026-11-21T12:00"),
        ("last night", "2026-11-20T18:00", "2026-11-21T06:00"),
        ("this week", "2026-11-16T00:00", ""),
        ("last week", "2026-11-09T00:00", "2026-11-16T00:00"),
        ("past week", "2026-11-14T14:30", ""),
        ("this month", "2026-11-01T00:00", ""),
        ("last month", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("in march", "2026-03-01T00:00", "2026-04-01T00:00"),
        ("in December", "2025-12-01T00:00", "2026-01-01T00:00"),
        ("last year", "2025-01-01T00:00", "2026-01-01T00:00"),
        ("last hour", "2026-11-21T13:30", ""),
        ("in the last 7 days", "2026-11-14T14:30", ""),
        ("last 24h", "2026-11-20T14:30", ""),
        ("past 90 minutes", "2026-11-21T13:00", ""),
        ("last half hour", "2026-11-21T14:00", ""),
        ("the last couple of hours", "2026-11-21T12:30", ""),
        ("over the last two weeks", "2026-11-07T14:30", ""),
        ("since 14:00", "2026-11-21T14:00", ""),
        ("since 14:00 UTC", "2026-11-21T14:00", ""),
        ("since 15:00", "2026-11-20T15:00", ""),
        ("since 9", "2026-11-21T09:00", ""),
        ("since 2pm", "2026-11-21T14:00", ""),
        ("since 12 am", "2026-11-21T00:00", ""),
        ("since noon", "2026-11-21T12:00", ""),
        ("since midnight", "2026-11-21T00:00", ""),
        ("since yesterday", "2026-11-20T00:00", ""),
        ("since yesterday at 14:00", "2026-11-20T14:00", ""),
        ("since 14:00 yesterday", "2026-11-20T14:00", ""),
        ("since monday", "2026-11-16T00:00", ""),
        ("since Sat", "2026-11-21T00:00", ""),
        ("since 2 hours ago", "2026-11-21T12:30", ""),
        ("since two hours", "2026-11-21T12:30", ""),
        ("since the last hour", "2026-11-21T13:30", ""),
        ("2 hours ago", "2026-11-21T12:30", ""),
        ("since last week", "2026-11-09T00:00", ""),
        ("since 2026-11-20T08:00:00Z", "2026-11-20T08:00", ""),
        ("since 2026-11-01", "2026-11-01T00:00", ""),
        ("on Friday", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("on 2026-11-19", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("on Nov 19", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("19th of november", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("december 24", "2025-12-24T00:00", "2025-12-25T00:00"),
        ("29 february", "2024-02-29T00:00", "2024-03-01T00:00"),
        ("between 13:00 and 14:00", "2026-11-21T13:00", "2026-11-21T14:00"),
        ("between 13:00 and 14:00 yesterday", "2026-11-20T13:00", "2026-11-20T14:00"),
        ("yesterday between 13:00 and 14:00", "2026-11-20T13:00", "2026-11-20T14:00"),
        ("from 9 to 10", "2026-11-21T09:00", "2026-11-21T10:00"),
        ("from monday to wednesday", "2026-11-16T00:00", "2026-11-19T00:00"),
        ("from yesterday", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("before yesterday", "", "2026-11-20T00:00"),
        ("until yesterday", "", "2026-11-21T00:00"),
    ];
    let wrong: Vec<_> = table
        .iter()
        .map(|(text, begin, end)| {
            (text, read(text), Some(((*begin).to_owned(), (*end).to_owned(), String::new())))
        })
        .filter(|(_, read, expected)| read != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_no_time_stays() {
    for text in [
        "crawler-7",
        "top 5",
        "the last 5",
        "the last failure",
        "status of r-1",
        "it may sun",
        "since",
        "since e-1",
        "between us",
        "14:99",
        "feb 30",
        "2026-13-01",
        "what happened to e-1",
        "from crawler-7",
        "in production",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read("which runs failed since 14:00 in Ops?").unwrap().2, "which runs failed in Ops");
}

#[test]
fn a_span_is_told_with_its_bounds() {
    for (text, told) in [
        ("today", "today (since 00:00 UTC)"),
        ("yesterday", "yesterday (Nov 20, UTC)"),
        ("on friday", "on Friday (Nov 20, UTC)"),
        ("this week", "this week (since Monday, Nov 16, UTC)"),
        ("last week", "last week (Nov 9 to Nov 15, UTC)"),
        ("last hour", "in the last hour (since 13:30 UTC)"),
        ("last 7 days", "in the last 7 days (since Nov 14, 14:30 UTC)"),
        ("since 15:00", "since Nov 20, 15:00 UTC"),
        ("between 13:00 and 14:00", "between 13:00 and 14:00 UTC"),
        ("before yesterday", "before Nov 20, 00:00 UTC"),
    ] {
        assert_eq!(take(&mut words(text)).unwrap().describe(at(NOW)), told);
    }
}

#[test]
fn the_ends_of_time_are_no_panic() {
    for now in [i64::MIN, 0, i64::MAX] {
        let now = Timestamp::from_millis(now);
        for text in [
            "last year",
            "last month",
            "in may",
            "last 9999999 weeks",
            "29 feb",
            "9999999 days ago",
            "this year",
            "last week",
            "since 23:59",
            "yesterday",
            "from 9999-12-31 to 9999-12-31",
        ] {
            let range = take(&mut words(text)).unwrap();
            range.span(now);
            range.describe(now);
        }
    }
}
