//! Every way in which the way to the hub can fail, and what the doctor makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_model::{
    Answer, Fetched, Finding, PROXY_LINES, SocketSeen, StreamSeen, Surroundings, Verdict, judge_clock,
    judge_health, judge_origin, judge_socket, judge_stream, page_clock_ahead_ms,
};
use switchboard_protocol::Timestamp;

fn here() -> Surroundings {
    Surroundings {
        page: "https://board.example.org".into(),
        api: "https://board.example.org".into(),
        socket: "wss://board.example.org/api/ws".into(),
    }
}

fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    Answer {
        status,
        content_type: Some(content_type.into()),
        body: body.into(),
        date: None,
        sent_at: Timestamp::from_millis(1_000_000),
        took_ms: 12,
    }
}

fn json(status: u16, body: &str) -> Fetched {
    Fetched::Answered(answer(status, "application/json", body))
}

fn all_advice(finding: &Finding) -> String {
    let lines = finding.advice.iter().flat_map(|advice| {
        [advice.text.clone()].into_iter().chain(advice.lines.iter().map(|lines| lines.text.clone()))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn has_proxy_lines(finding: &Finding) -> bool {
    let advice = all_advice(finding);
    PROXY_LINES.iter().all(|(_, text)| advice.contains(text))
}

#[test]
fn a_healthy_hub_is_well_and_says_its_version() {
    let finding = judge_health(&json(200, r#"{"status":"ok","version":"0.1.0"}"#), &here());
    assert_eq!((finding.verdict, finding.advice.len()), (Verdict::Well, 0));
    assert_eq!(finding.found, "It answers “ok” after 12 ms. The hub's version is 0.1.0.");
    let slow = Fetched::Answered(Answer {
        took_ms: 4_000,
        ..answer(200, "application/json", r#"{"status":"ok","version":"1"}"#)
    });
    assert_eq!(judge_health(&slow, &here()).verdict, Verdict::Doubtful);
}

/// A static host that answers every unknown path with the dashboard answers 200 to a health check.
#[test]
fn a_page_in_the_place_of_an_answer_is_no_health() {
    for (kind, body) in
        [("text/html; charset=utf-8", "<!DOCTYPE html><html>"), ("text/plain", "<html><body>")]
    {
        let finding = judge_health(&Fetched::Answered(answer(200, kind, body)), &here());
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(finding.found.contains("HTML") && has_proxy_lines(&finding), "{finding:?}");
    }
    let other = judge_health(&json(200, r#"{"hello":1}"#), &here());
    assert!(other.verdict == Verdict::Wrong && all_advice(&other).contains("apiUrl"), "{other:?}");
}

#[test]
fn each_bad_answer_has_its_own_words() {
    for (status, found, advice) in [
        (401, "does not accept the dashboard's key", "--dashboard-token"),
        (403, "refuses this page", "--allow-origin https://board.example.org"),
        (404, "Nothing is at /api/health", "does not pass /api on"),
        (502, "nothing behind it does (502)", "Look whether the hub runs"),
        (504, "nothing behind it does (504)", "proxy_pass"),
        (500, "answers 500", "SWITCHBOARD_LOG=debug"),
    ] {
        let finding =
            judge_health(&json(status, r#"{"title":"T","detail":"its own words","status":1}"#), &here());
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(
            finding.found.contains(found) && finding.found.contains("its own words"),
            "{status}: {finding:?}"
        );
        assert!(all_advice(&finding).contains(advice), "{status}: {finding:?}");
    }
}

#[test]
fn no_answer_is_told_from_one_that_the_browser_hides() {
    let nothing = judge_health(&Fetched::Nothing { reason: "Failed to fetch".into() }, &here());
    assert!(
        nothing.found.contains("No answer from https://board.example.org: Failed to fetch."),
        "{nothing:?}"
    );
    assert!(all_advice(&nothing).contains("switchboard serve"));
    let late = judge_health(&Fetched::TimedOut { after_ms: 5_000 }, &here());
    assert!(late.found.contains("within 5000 ms"), "{late:?}");
    let elsewhere = Surroundings { api: "https://hub.example.org".into(), ..here() };
    let hidden = judge_health(&Fetched::Hidden, &elsewhere);
    assert!(hidden.found.contains("A server answers at https://hub.example.org"), "{hidden:?}");
    assert!(all_advice(&hidden).contains("switchboard serve --allow-origin https://board.example.org"));
}

#[test]
fn an_origin_is_let_in_refused_or_not_known() {
    let ok = json(200, r#"{"status":"ok","version":"1"}"#);
    assert_eq!(judge_origin(&ok, &here()).verdict, Verdict::Well);
    let elsewhere = Surroundings { api: "https://hub.example.org".into(), ..here() };
    assert!(judge_origin(&ok, &elsewhere).found.contains("may use the hub at https://hub.example.org"));
    let refused = json(403, r#"{"title":"Forbidden","detail":"Start it with --allow-origin.","status":403}"#);
    for refused in [Fetched::Hidden, refused] {
        let finding = judge_origin(&refused, &elsewhere);
        assert_eq!(finding.verdict, Verdict::Wrong);
        assert!(all_advice(&finding).contains("--allow-origin https://board.example.org"), "{finding:?}");
    }
    assert_eq!(judge_origin(&Fetched::TimedOut { after_ms: 1 }, &here()).verdict, Verdict::Unknown);
}

#[test]
fn clocks_are_compared_in_the_middle_of_the_request() {
    let at =
        |date, took_ms| Answer { date: Some(Timestamp::from_millis(date)), took_ms, ..answer(200, "", "") };
    assert_eq!(
        page_clock_ahead_ms(&at(1_000_000, 1_000)),
        Some(0),
        "half a second there, half a second of rounding"
    );
    let judged = |date, took_ms| judge_clock(&Fetched::Answered(at(date, took_ms)));
    assert_eq!(judged(998_500, 20).verdict, Verdict::Well);
    assert_eq!(judged(1_001_400, 20).verdict, Verdict::Well);
    let ahead = judged(990_000, 20);
    assert!(ahead.verdict == Verdict::Doubtful && ahead.found.contains("9.5 s ahead of"), "{ahead:?}");
    assert_eq!(
        judged(990_000, 20_000).verdict,
        Verdict::Doubtful,
        "a slow answer says less, but this is more"
    );
    assert_eq!(judged(998_000, 20_000).verdict, Verdict::Well, "a slow answer says less");
    let behind = judged(4_600_000, 20);
    assert!(behind.verdict == Verdict::Wrong && behind.found.contains("1 h 00 m behind"), "{behind:?}");
    assert!(all_advice(&behind).contains("NTP"));
    assert_eq!(judge_clock(&json(200, "{}")).verdict, Verdict::Unknown, "a Date that the page may not read");
    assert_eq!(judge_clock(&Fetched::Hidden).verdict, Verdict::Unknown);
}

#[test]
fn a_socket_is_judged_by_itself_and_by_what_else_answers() {
    let judged = |seen: SocketSeen, api, refused| judge_socket(&seen, api, refused, &here());
    let up = judged(SocketSeen::Answers { round_trip_ms: 3, was_down: false }, true, false);
    assert_eq!(
        (up.verdict, up.found.as_str()),
        (Verdict::Well, "It is up, and a ping came back after 3 ms.")
    );
    let again = judged(SocketSeen::Answers { round_trip_ms: 3, was_down: true }, true, false);
    assert!(again.found.contains("came back."), "{again:?}");

    let blocked = judged(SocketSeen::Failed, true, false);
    assert!(blocked.found.contains("does not pass WebSockets") && has_proxy_lines(&blocked), "{blocked:?}");
    let down = judged(SocketSeen::Failed, false, false);
    assert!(!has_proxy_lines(&down), "where nothing answers, no proxy is blamed: {down:?}");
    let foreign = judged(SocketSeen::Failed, false, true);
    assert!(all_advice(&foreign).contains("--allow-origin"), "{foreign:?}");

    assert!(has_proxy_lines(&judged(SocketSeen::TimedOut { after_ms: 10_000 }, true, false)));
    assert!(has_proxy_lines(&judged(SocketSeen::Silent { waited_ms: 6_000 }, true, false)));
    for (code, advice) in [
        (4401, "--dashboard-token"),
        (4403, "--allow-origin"),
        (4408, "holds messages towards the hub back"),
        (4429, "--max-connections"),
        (4400, "different versions"),
        (1001, "restarting"),
        (1006, "shortly after they open"),
    ] {
        let finding = judged(SocketSeen::Closed { code, reason: "why".into() }, true, false);
        assert!(finding.found.contains(&format!("(code {code}: why)")), "{finding:?}");
        assert!(all_advice(&finding).contains(advice), "{code}: {finding:?}");
    }
}

#[test]
fn a_stream_comes_at_once_late_or_not_at_all() {
    let began = |status, kind: &str, body: &str, first_ms| StreamSeen::Began {
        answer: answer(status, kind, body),
        first_ms,
        waited_ms: 4_000,
    };
    let judged = |seen: StreamSeen| judge_stream(&seen, true, &here());
    assert_eq!(judged(began(200, "text/event-stream", "retry: 2000\n\n", Some(14))).verdict, Verdict::Well);
    let late = judged(began(200, "text/event-stream", "retry: 2000\n\n", Some(3_000)));
    assert!(late.verdict == Verdict::Doubtful && has_proxy_lines(&late), "{late:?}");
    let buffered = [
        began(200, "text/event-stream; charset=utf-8", "", None),
        StreamSeen::Not(Fetched::TimedOut { after_ms: 4_000 }),
    ];
    for buffered in buffered {
        let finding = judged(buffered);
        assert!(finding.found.contains("buffered on the way") && has_proxy_lines(&finding), "{finding:?}");
    }
    let hub_is_down = judge_stream(&StreamSeen::Not(Fetched::TimedOut { after_ms: 9 }), false, &here());
    assert!(!hub_is_down.found.contains("buffered"), "{hub_is_down:?}");
    let plain = judged(began(404, "application/json", "{}", None));
    assert_eq!(plain.verdict, Verdict::Doubtful, "a server of part 1 has none: {plain:?}");
    assert!(judged(began(404, "text/html", "<html>", None)).found.contains("Nothing is at"));
    assert!(judged(began(200, "text/html", "<html>", Some(3))).found.contains("HTML"));
    let full = judged(began(503, "application/problem+json", r#"{"title":"Busy","status":503}"#, None));
    assert!(all_advice(&full).contains("--max-connections"), "{full:?}");
    assert!(judged(began(502, "text/html", "<html>", None)).found.contains("nothing behind it does"));
}

#[test]
fn the_lines_for_proxies_are_those_of_the_documentation() {
    let page = include_str!("../../../docs/operations.md");
    for (of, text) in PROXY_LINES {
        assert!(page.contains(text), "docs/operations.md has other lines for {of} than the doctor: {text}");
    }
}
