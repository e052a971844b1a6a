use super::*;

const NOON: i64 = 1_774_958_400_000;

fn read(body: &str) -> Vec<(String, Report)> {
    try_read(body, &Scope::All).unwrap()
}

fn try_read(body: &str, scope: &Scope) -> Result<Vec<(String, Report)>, Failure> {
    let batches = validate(body.as_bytes(), scope, Timestamp::from_millis(NOON))?;
    let named = |(organization, reports): (OrganizationId, Vec<Report>)| {
        reports.into_iter().map(move |report| (organization.to_string(), report)).collect::<Vec<_>>()
    };
    Ok(batches.into_iter().flat_map(named).collect())
}

fn refused(body: &str) -> Failure {
    try_read(body, &Scope::All).unwrap_err()
}

#[test]
fn one_frame_an_array_and_lines_are_the_same() {
    let (a, b) = (r#"{"type":"heartbeat","agentId":"a"}"#, r#"{"type":"agent_started","agentId":"b"}"#);
    let bodies = |text: &str| read(text).into_iter().map(|(_, report)| report.body).collect::<Vec<_>>();
    assert_eq!(bodies(a).len(), 1);
    let array = bodies(&format!("[{a},{b}]"));
    assert_eq!(array.len(), 2);
    assert_eq!(array, bodies(&format!("{a}\n{b}\n")));
    assert_eq!(array, bodies(&format!("\u{feff}{a}\r\n\r\n{b}")));
    assert_eq!(array, bodies(&format!(" [\n{a},\n{b}\n]\n")));
}

#[test]
fn a_frame_written_over_several_lines_is_stored_on_one() {
    let stored =
        read("{\n  \"type\": \"heartbeat\",\n  \"agentId\": \"a\",\n \"extra\": {\n\"deep\": 1 }\n}");
    assert_eq!(stored.len(), 1);
    let body = &stored[0].1.body;
    assert!(!body.contains(['\n', '\r']));
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["extra"]["deep"], 1);
}

#[test]
fn the_hub_adds_what_is_missing_and_keeps_what_it_does_not_know() {
    let stored = read(
        r#"{"type":"event","executionId":"e","seq":99,"id":"r-1","x":1.50,"event":{"type":"odd","y":[ ]}}"#,
    );
    let (organization, report) = &stored[0];
    assert_eq!(organization, "default");
    assert_eq!(report.id.as_deref(), Some("r-1"));
    let frame: serde_json::Value = serde_json::from_str(&report.body).unwrap();
    assert!(frame.get("seq").is_none() && frame.get("id").is_none());
    assert_eq!(frame["organizationId"], "default");
    assert_eq!(frame["event"]["timestamp"], "2026-03-31T12:00:00.000Z");
    assert!(
        report.body.contains(r#""x":1.50"#) && report.body.contains(r#""y":[ ]"#),
        "verbatim: {}",
        report.body
    );
    let Some(switchboard_store::Fold::Execution(typed)) = &report.fold else { panic!("{report:?}") };
    assert_eq!(typed.event.id.as_ref().unwrap().as_str(), frame["event"]["id"].as_str().unwrap());
    assert_eq!(typed.event.timestamp, Some(Timestamp::from_millis(NOON)));
    assert_eq!(typed.event.kind.as_str(), "odd");
}

#[test]
fn the_organization_goes_where_the_frames_shape_has_it() {
    let stored = read(concat!(
        r#"{"event":"job:event","data":{"jobId":"j","type":"progress"}}"#,
        r#"{"event":"update","data":{"type":"task.failed","task_id":"t"},"organizationId":"acme"}"#,
        r#"{"type":"scrape_progress","runId":"r","organizationId":"acme"}"#,
    ));
    let frames: Vec<serde_json::Value> =
        stored.iter().map(|(_, report)| serde_json::from_str(&report.body).unwrap()).collect();
    assert_eq!(stored[0].0, "default");
    assert_eq!(frames[0]["data"]["organizationId"], "default");
    assert_eq!(frames[0]["data"]["timestamp"], "2026-03-31T12:00:00.000Z");
    assert_eq!(stored[1].0, "acme");
    assert_eq!(frames[1]["data"]["organizationId"], "acme");
    assert_eq!(frames[2]["organizationId"], "acme");
}

#[test]
fn an_event_with_an_id_is_idempotent_without_asking_for_it() {
    let id = |body: &str| read(body).remove(0).1.id;
    assert_eq!(
        id(r#"{"type":"event","executionId":"e","event":{"id":"7","type":"log"}}"#).as_deref(),
        Some("e/7")
    );
    assert_eq!(
        id(r#"{"type":"event","executionId":"e","id":"own","event":{"id":"7","type":"log"}}"#).as_deref(),
        Some("own")
    );
    assert_eq!(id(r#"{"type":"event","executionId":"e","event":{"type":"log"}}"#), None);
    assert_eq!(id(r#"{"type":"heartbeat","agentId":"a","id":12}"#).as_deref(), Some("12"));
}

#[test]
fn other_spellings_of_a_time_become_rfc_3339_in_utc() {
    let stamped = |time: &str| {
        let body = format!(r#"{{"type":"heartbeat","agentId":"a","timestamp":{time}}}"#);
        let frame: serde_json::Value = serde_json::from_str(&read(&body)[0].1.body).unwrap();
        frame["timestamp"].as_str().unwrap().to_owned()
    };
    assert_eq!(stamped("1774958400"), "2026-03-31T12:00:00.000Z");
    assert_eq!(stamped("\"2026-03-31T14:00:00+02:00\""), "2026-03-31T12:00:00.000Z");
    assert_eq!(
        stamped("\"2026-03-31T12:00:00.123456Z\""),
        "2026-03-31T12:00:00.123456Z",
        "as precise as it came"
    );
    assert_eq!(stamped("null"), "2026-03-31T12:00:00.000Z");
}

#[test]
fn a_bad_item_refuses_the_batch_and_says_which_and_why() {
    let good = r#"{"type":"heartbeat","agentId":"a"}"#;
    for (bad, reason) in [
        (r#"{"type":"heartbeat"}"#, "agentId"),
        (r#"{"type":"event","executionId":"e"}"#, "event"),
        (r#"{"type":"event","executionId":"e","event":{}}"#, "event.type"),
        (r#"{"type":"event","executionId":" ","event":{"type":"log"}}"#, "executionId"),
        (r#"{"type":"event","executionId":"e","event":{"type":"log","id":5}}"#, "event.id"),
        (
            r#"{"type":"event","executionId":"e","event":{"type":"log","timestamp":"soon"}}"#,
            "event.timestamp",
        ),
        (r#"{"type":"heartbeat","agentId":"a","timestamp":true}"#, "timestamp"),
        (r#"{"type":"heartbeat","agentId":"a","organizationId":5}"#, "organizationId"),
        (r#"{"type":"heartbeat","agentId":"a","id":{}}"#, "`id`"),
        (
            r#"{"event":"job:event","data":{"jobId":"j","type":"x","organizationId":"a"},"organizationId":"b"}"#,
            "two",
        ),
        (r#"{"type":"connection_ack"}"#, "heartbeat, agent_started"),
        (r#"{"type":"pong"}"#, "cannot be reported"),
        (r#"{"type":"invented"}"#, "`invented`"),
        (r#"{"hello":"world"}"#, "kind"),
        ("7", "object"),
    ] {
        for body in [format!("[{good},{bad},{good}]"), format!("{good}\n{bad}\n{good}")] {
            let failure = refused(&body);
            assert_eq!(failure.status(), StatusCode::BAD_REQUEST, "{bad}");
            assert_eq!(failure.index(), Some(1), "{bad}");
            assert!(failure.detail().contains(reason), "{bad}: {}", failure.detail());
        }
    }
    assert_eq!(refused(&format!("{good}\n{{\"type\":")).index(), Some(1));
    for body in ["", "  \n", "[]", "[1,", "\u{feff}"] {
        assert_eq!(refused(body).status(), StatusCode::BAD_REQUEST, "{body:?}");
    }
}

#[test]
fn an_agents_frame_says_when_the_hub_had_it_and_is_folded() {
    let stored = read(
        r#"{"type":"heartbeat","agentId":"a","receivedAt":"2099-01-01T00:00:00Z","timestamp":"2020-01-01T00:00:00Z",
            "executionId":"e-1","heartbeatSeconds":20,"x":1.50}"#,
    );
    let report = &stored[0].1;
    let frame: serde_json::Value = serde_json::from_str(&report.body).unwrap();
    assert_eq!(frame["receivedAt"], "2026-03-31T12:00:00.000Z", "whatever its reporter says");
    assert_eq!(frame["timestamp"], "2020-01-01T00:00:00Z", "its own clock is its own");
    assert!(report.body.contains(r#""x":1.50"#), "what the hub does not know stays: {}", report.body);
    let Some(switchboard_store::Fold::Agent(event)) = &report.fold else { panic!("{report:?}") };
    assert_eq!(event.received_at, Some(Timestamp::from_millis(NOON)));
    assert_eq!(event.execution_id, Some("e-1".into()));
    let decoded = switchboard_protocol::decode(&report.body).unwrap().frame;
    assert_eq!(decoded, switchboard_protocol::Frame::AgentEvent(event.clone()), "pages fold the same");
}

#[test]
fn an_agents_frame_that_nobody_could_use_is_refused_in_words() {
    let long = "n".repeat(10_000);
    for (members, words) in [
        (format!(r#""agentId":"{long}""#), "`agentId` must have 1 to 256 bytes"),
        (r#""agentId":"a","heartbeatSeconds":0"#.to_owned(), "`heartbeatSeconds` must be a whole number"),
        (r#""agentId":"a","heartbeatSeconds":3601"#.to_owned(), "from 1 to 3600"),
        (r#""agentId":"a","heartbeatSeconds":1.5"#.to_owned(), "`heartbeatSeconds` must be a whole number"),
        (r#""agentId":"a","heartbeatSeconds":"20""#.to_owned(), "`heartbeatSeconds` must be a whole number"),
        (format!(r#""agentId":"a","executionId":"{long}""#), "`executionId` must have 1 to 256 bytes"),
        (r#""agentId":"a","executionId":7"#.to_owned(), "`executionId` must be a string"),
    ] {
        let failure = refused(&format!(r#"{{"type":"heartbeat",{members}}}"#));
        assert_eq!((failure.status().as_u16(), failure.index()), (400, Some(0)));
        assert!(failure.detail().contains(words), "{}", failure.detail());
    }
    read(r#"{"type":"heartbeat","agentId":"a","heartbeatSeconds":null,"executionId":null}"#);
}

#[test]
fn a_key_reports_to_its_organizations_only() {
    let scope = Scope::Only(vec!["acme".into(), "beta".into()]);
    let frame = |organization: &str| {
        format!(r#"{{"type":"heartbeat","agentId":"a","organizationId":"{organization}"}}"#)
    };
    let stored =
        try_read(&format!("[{},{},{}]", frame("acme"), frame("beta"), frame("acme")), &scope).unwrap();
    let organizations: Vec<_> = stored.iter().map(|(organization, _)| organization.as_str()).collect();
    assert_eq!(organizations, ["acme", "acme", "beta"]);
    let failure = try_read(&format!("[{},{}]", frame("acme"), frame("other")), &scope).unwrap_err();
    assert_eq!((failure.status(), failure.index()), (StatusCode::FORBIDDEN, Some(1)));
}

#[test]
fn what_is_too_long_is_refused_with_the_limit() {
    let long = format!(r#"{{"type":"heartbeat","agentId":"a","x":"{}"}}"#, "x".repeat(LONGEST_FRAME));
    let failure = refused(&format!("{{\"type\":\"heartbeat\",\"agentId\":\"a\"}}\n{long}"));
    assert_eq!((failure.status(), failure.index()), (StatusCode::PAYLOAD_TOO_LARGE, Some(1)));
    assert!(failure.detail().contains("1048576"));
    let many = format!("[{}]", vec!["1"; MOST_FRAMES + 1].join(","));
    assert_eq!(refused(&many).status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused(&many[1..].replace([',', ']'], "\n")).status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_with_the_place() {
    let failure = validate(b"{\"type\":\"\xff\"}", &Scope::All, Timestamp::from_millis(0)).unwrap_err();
    assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
    assert!(failure.detail().contains("first 9 bytes"), "{}", failure.detail());
}

#[test]
fn a_scrapers_frame_is_folded_with_its_pages_and_results() {
    let stored = read(
        "{\"type\":\"scrape\\u005fprogress\",\"runId\":\"r\",\"platform\":\"a.test\",\"pages\":[{\"url\":\"https://a.test/\",\"x\":1}],\
         \"results\":[{\"fields\":{\"a\":1}}]}",
    );
    let report = &stored[0].1;
    let Some(switchboard_store::Fold::Scrape(progress)) = &report.fold else { panic!("{report:?}") };
    assert_eq!((progress.pages.len(), progress.results.len()), (1, 1));
    assert_eq!(progress.timestamp, Some(Timestamp::from_millis(NOON)), "the time of receipt");
    assert!(report.body.contains("\"scrape_progress\""), "event streams look for it: {}", report.body);
    assert!(report.body.contains("\"x\":1"), "what the hub does not know stays: {}", report.body);
}

/// The decoder leaves out what it cannot read, so a scraper would never learn that its rows are not kept.
#[test]
fn rows_of_a_scrape_that_would_be_left_out_are_refused_with_their_place() {
    let refused = |members: &str| {
        let failure = refused(&format!(r#"{{"type":"scrape_progress","runId":"r",{members}}}"#));
        assert_eq!((failure.status().as_u16(), failure.index()), (400, Some(0)));
        failure.detail().to_owned()
    };
    for (members, words) in [
        (r#""pages":[{"url":"https://a.test/"},{"status":200}]"#, "`pages[1]` needs `url`"),
        (r#""pages":["https://a.test/"]"#, "`pages[0]` must be an object"),
        (r#""pages":{}"#, "`pages` must be a list"),
        (r#""results":[{"fields":{}},{"fields":[]}]"#, "`results[1]` needs `fields`"),
        (r#""results":[{}]"#, "`results[0]` needs `fields`"),
    ] {
        let detail = refused(members);
        assert!(detail.contains(words), "{detail}");
    }
    let pages = vec![r#"{"url":"u"}"#; 1_001].join(",");
    assert!(refused(&format!(r#""pages":[{pages}]"#)).contains("1001 entries; one frame may have 1000"));
    let pages = vec![r#"{"url":"u"}"#; 1_000].join(",");
    read(&format!(r#"{{"type":"scrape_progress","runId":"r","pages":[{pages}],"results":null}}"#));
}
