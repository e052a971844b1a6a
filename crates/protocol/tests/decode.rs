//! Every frame of the wire contract, in both outer shapes, and what bad ones cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use switchboard_protocol::{
    AgentEventKind, AgentStatus, ClientFrame, Control, DecodeError, ExecutionEventKind, Frame,
    MAX_FRAME_BYTES, Resume, ResyncReason, ScrapePhase, TaskOutcome, Timestamp, decode, decode_bytes,
    decode_message,
    rest::{ExecutionList, ExecutionSnapshot},
};

fn frame(text: &str) -> Frame {
    decode(text).unwrap_or_else(|error| panic!("{text}: {error}")).frame
}

#[test]
fn the_frames_that_existing_servers_send() {
    assert!(
        matches!(frame(r#"{"type":"connection_ack"}"#), Frame::Control(Control::ConnectionAck(ack)) if ack.epoch.is_none())
    );
    assert!(
        matches!(frame(r#"{"type":"pong"}"#), Frame::Control(Control::Pong(pong)) if pong.delivered.is_none())
    );

    let Frame::DashboardUpdate(update) =
        frame(r#"{"event":"dashboard:update","data":{"organizationId":"acme","x":[1]}}"#)
    else {
        panic!()
    };
    assert_eq!(update.organization_id.as_str(), "acme");
    assert_eq!(update.data.text(), r#"{"organizationId":"acme","x":[1]}"#, "the payload is kept verbatim");

    let Frame::JobEvent(job) = frame(
        r#"{"event":"job:event","data":{"organizationId":"acme","jobId":"j-1","type":"progress","timestamp":"2026-01-31T12:00:00Z","data":{"n":1}}}"#,
    ) else {
        panic!()
    };
    assert_eq!((job.job_id.as_str(), job.kind.as_str()), ("j-1", "progress"));
    assert_eq!(job.timestamp, Timestamp::parse("2026-01-31T12:00:00Z"));

    let Frame::TaskResult(done) = frame(
        r#"{"event":"update","data":{"type":"task.completed","task_id":"t-1","result":{"content":"hi","cost_usd":0.12}}}"#,
    ) else {
        panic!()
    };
    assert!(
        matches!(done.outcome, TaskOutcome::Completed { result: Some(result) } if result.text().contains("0.12"))
    );

    let Frame::ExecutionEvent(event) = frame(
        r#"{"type":"event","executionId":"e-1","event":{"id":"ev-1","type":"agent-start","timestamp":"2026-01-31T12:00:00Z","data":{}}}"#,
    ) else {
        panic!()
    };
    assert_eq!((event.execution_id.as_str(), event.event.kind), ("e-1", ExecutionEventKind::AgentStart));

    let Frame::ScrapeProgress(scrape) = frame(
        r#"{"type":"scrape_progress","runId":"r-1","phase":"running","platform":null,"current":12,"total":40.0,"message":"m"}"#,
    ) else {
        panic!()
    };
    assert_eq!((scrape.phase, scrape.platform, scrape.total), (Some(ScrapePhase::Running), None, Some(40)));

    let Frame::AgentEvent(beat) =
        frame(r#"{"type":"heartbeat","agentId":"a-1","status":"idle","currentTask":"t"}"#)
    else {
        panic!()
    };
    assert!(matches!(beat.kind, AgentEventKind::Heartbeat { status: Some(AgentStatus::Idle), .. }));
    for kind in ["agent_started", "agent_stopped", "agent_error"] {
        assert_eq!(frame(&format!(r#"{{"type":"{kind}","agentId":"a-1"}}"#)).kind(), kind);
    }
}

#[test]
fn a_failed_task_has_its_text_in_three_places_or_none() {
    let error = |data: &str| match frame(&format!(
        r#"{{"event":"update","data":{{"type":"task.failed","task_id":"t"{data}}}}}"#
    )) {
        Frame::TaskResult(task) => match task.outcome {
            TaskOutcome::Failed { error, .. } => error,
            TaskOutcome::Completed { .. } => panic!(),
        },
        _ => panic!(),
    };
    assert_eq!(error(r#","error":"no luck""#).as_deref(), Some("no luck"));
    assert_eq!(error(r#","result":{"content":"no money"}"#).as_deref(), Some("no money"));
    assert_eq!(error(""), None);
}

#[test]
fn what_part_two_adds() {
    let envelope = decode(
        r#"{"seq":7,"organizationId":"acme","type":"event","executionId":"e","event":{"type":"output"}}"#,
    )
    .unwrap();
    assert_eq!((envelope.seq, envelope.organization().unwrap().as_str()), (Some(7), "acme"));
    // The head in an acknowledgement is no place in the log.
    let ack =
        decode(r#"{"type":"connection_ack","connectionId":"c","epoch":"x","seq":9,"heartbeatSeconds":20}"#)
            .unwrap();
    assert_eq!(ack.seq, None);
    assert!(matches!(ack.frame, Frame::Control(Control::ConnectionAck(ack)) if ack.seq == Some(9)));
    assert!(
        matches!(frame(r#"{"type":"resync","reason":"too-old"}"#), Frame::Control(Control::Resync(resync)) if resync.reason == ResyncReason::TooOld)
    );
    assert!(matches!(frame(r#"{"type":"resumed","from":1,"to":0}"#), Frame::Control(Control::Resumed(_))));
    assert!(matches!(
        frame(r#"{"type":"subscribed","executionId":"e","seq":3}"#),
        Frame::Control(Control::Subscribed(_))
    ));
}

#[test]
fn unknown_frames_are_kept_whole_and_are_no_error() {
    let Frame::Unknown(unknown) = frame(r#"{"type":"firmware","executionId":5,"x":{"y":[]}}"#) else {
        panic!()
    };
    assert_eq!(&*unknown.kind, "firmware");
    assert_eq!(unknown.raw.text(), r#"{"type":"firmware","executionId":5,"x":{"y":[]}}"#);
    assert_eq!(
        frame(r#"{"event":"update","data":{"type":"task.paused","task_id":"t"}}"#).kind(),
        "update/task.paused"
    );
}

#[test]
fn a_bad_frame_says_what_is_wrong_with_it() {
    let cases = [
        (r#"{"type":"event","event":{"type":"output"}}"#, "the `event` frame has no `executionId`; add it"),
        (
            r#"{"type":"event","executionId":5,"event":{"type":"output"}}"#,
            "`executionId` of the `event` frame must be a string",
        ),
        (
            r#"{"type":"event","executionId":"e","event":"x"}"#,
            "`event` of the `event` frame must be an object",
        ),
        (r#"{"type":"event","executionId":"e","event":{}}"#, "the `event` frame has no `event.type`; add it"),
        (
            r#"{"event":"dashboard:update","data":{}}"#,
            "the `dashboard:update` frame has no `data.organizationId`; add it",
        ),
        (
            r#"{"event":"job:event","data":{"type":"queued"}}"#,
            "the `job:event` frame has no `data.jobId`; add it",
        ),
        (
            r#"{"seq":1}"#,
            "the frame has neither a `type` nor an `event` that is a string, so its kind is unknown",
        ),
        ("[1]", "the frame is not a JSON object"),
        ("\"x\"", "the frame is not a JSON object"),
    ];
    for (text, message) in cases {
        assert_eq!(decode(text).unwrap_err().to_string(), message, "{text}");
    }
    assert!(matches!(decode("{\"type\":"), Err(DecodeError::NotJson { .. })));
    assert!(matches!(decode(r#"{"type":"pong"} x"#), Err(DecodeError::NotJson { .. })));
    assert!(matches!(decode_bytes(b"{\"type\":\"\xff\"}"), Err(DecodeError::NotUtf8 { valid_up_to: 9 })));
    assert!(matches!(decode(&" ".repeat(MAX_FRAME_BYTES + 1)), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn in_a_batch_a_bad_frame_costs_exactly_itself() {
    let text =
        "{\"type\":\"pong\"}\n{\"type\":\n\n{\"type\":\"connection_ack\"}\r\nnonsense\n{\"type\":\"pong\"}\n";
    let kinds: Vec<_> =
        decode_message(text).map(|frame| frame.map(|frame| frame.frame.kind().to_owned()).ok()).collect();
    let expected = [Some("pong"), None, Some("connection_ack"), None, Some("pong")];
    assert_eq!(kinds, expected.map(|kind| kind.map(str::to_owned)));
}

#[test]
fn one_frame_written_over_several_lines_is_one_frame() {
    let text =
        "{\n  \"type\": \"event\",\n  \"executionId\": \"e\",\n  \"event\": {\"type\": \"output\"}\n}\n";
    let frames: Vec<_> = decode_message(text).collect();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].as_ref().unwrap().frame.kind(), "event");
}

/// A page must not die of a frame that was made to kill it: nesting costs a loop, not the stack.
#[test]
fn deep_nesting_is_read_or_refused_and_never_overflows() {
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let text = format!(r#"{{"type":"event","executionId":"e","event":{{"type":"x","data":{deep}}}}}"#);
    let Frame::ExecutionEvent(event) = frame(&text) else { panic!() };
    let data = event.event.data.unwrap();
    assert_eq!(data.text().len(), deep.len());
    assert!(data.read::<serde_json::Value>().is_err());
    assert!(data.object().is_none());
    let unclosed = format!(r#"{{"type":{}"#, "{\"a\":".repeat(100_000));
    assert!(decode(&unclosed).is_err());
}

#[test]
fn times_that_cannot_be_read_cost_no_frame() {
    for time in ["\"…\"", "\"yesterday\"", "true", "{}", "null"] {
        let text = format!(r#"{{"type":"agent_started","agentId":"a","timestamp":{time}}}"#);
        assert!(matches!(frame(&text), Frame::AgentEvent(agent) if agent.timestamp.is_none()));
    }
    let text = r#"{"type":"agent_started","agentId":"a","timestamp":1774958400}"#;
    assert!(
        matches!(frame(text), Frame::AgentEvent(agent) if agent.timestamp == Timestamp::parse("2026-03-31T12:00:00Z"))
    );
}

#[test]
fn what_clients_say() {
    let ClientFrame::Handshake(shake) = ClientFrame::decode(
        r#"{"token":"stream","organizationId":"acme","resume":{"epoch":"x","seq":123},"subscribe":["e-1"],"batch":true,"new":1}"#,
    ).unwrap() else { panic!() };
    assert_eq!(shake.resume, Some(Resume { epoch: "x".into(), seq: 123 }));
    assert!(shake.batch && !shake.binary);
    assert!(!format!("{shake:?}").contains("stream"), "a token stays out of logs");
    assert_eq!(ClientFrame::decode(r#"{"type":"ping"}"#).unwrap(), ClientFrame::Ping);
    assert_eq!(
        ClientFrame::decode(r#"{"type":"subscribe","executionId":"e"}"#).unwrap(),
        ClientFrame::Subscribe("e".into())
    );
    assert_eq!(ClientFrame::decode(r#"{"type":"dance"}"#).unwrap(), ClientFrame::Unknown("dance".into()));
    for bad in [
        r#"{"token":5}"#,
        r#"{"token":"s","resume":{"seq":1}}"#,
        r#"{"token":"s","subscribe":"e"}"#,
        r#"{"type":"subscribe"}"#,
        "{}",
        "x",
    ] {
        assert!(ClientFrame::decode(bad).is_err(), "{bad}");
    }
}

#[test]
fn bodies_of_servers_that_know_only_part_one() {
    let list: ExecutionList = serde_json::from_str(
        r#"{"items":[{"id":"row-9","executionId":"e-1","status":"queued","agent":"Crawler","startedAt":1774958400},{"id":"e-2"}]}"#,
    ).unwrap();
    assert_eq!(list.items[0].execution_id.as_str(), "e-1");
    assert_eq!(list.items[0].agent.as_ref().unwrap().name, "Crawler");
    assert_eq!((list.items[1].execution_id.as_str(), list.seq), ("e-2", None));

    let snapshot: ExecutionSnapshot = serde_json::from_str(
        r#"{"id":"e-1","executionId":"e-1","organizationId":"acme","status":"running","agent":{"id":"a","name":"A"},"department":null,
            "startedAt":"…","finishedAt":null,"events":[{"id":"1","type":"output","data":{"text":"x"}}]}"#,
    ).unwrap();
    assert_eq!((snapshot.events.len(), snapshot.seq), (1, None));
    let again: ExecutionSnapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
    assert_eq!(again, snapshot);
    assert!(serde_json::from_str::<ExecutionSnapshot>(r#"{"status":"running"}"#).is_err());
}

#[test]
fn a_page_that_cannot_be_read_costs_itself() {
    let frame = r#"{"type":"scrape_progress","runId":"r-1","items":3,"pages":[{"url":"https://a.test/","status":200},{"status":200},7],"results":[{"fields":{"name":"Lamp"}},{"fields":"no object"}]}"#;
    let Frame::ScrapeProgress(progress) = decode(frame).unwrap().frame else { panic!("another frame") };
    assert_eq!(progress.items, Some(3));
    assert_eq!(progress.pages.len(), 1);
    assert_eq!((progress.pages[0].url.as_str(), progress.pages[0].status), ("https://a.test/", Some(200)));
    assert_eq!(progress.results.len(), 1);
}

#[test]
fn lists_of_scrape_runs_are_read_in_the_shapes_that_servers_write() {
    use switchboard_protocol::{
        ScrapePhase,
        rest::{ScrapeRunList, ScrapeRunSnapshot},
    };

    let run = r#"{"id":"r-1","status":"running","platforms":[{"name":"a.test","current":1,"total":2}],"startedAt":"2026-01-31T12:00:00Z"}"#;
    for text in
        [format!("[{run}]"), format!(r#"{{"runs":[{run}]}}"#), format!(r#"{{"items":[{run},7],"seq":4}}"#)]
    {
        let list: ScrapeRunList = serde_json::from_str(&text).unwrap();
        let [run] = &list.items[..] else { panic!("{text}") };
        assert_eq!((run.run_id.as_str(), run.phase), ("r-1", ScrapePhase::Running));
        assert_eq!((run.platforms[0].platform.as_str(), run.platforms[0].total), ("a.test", 2));
    }
    let snapshot: ScrapeRunSnapshot = serde_json::from_str(run).unwrap();
    assert!(snapshot.pages.is_empty());
    let written = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<ScrapeRunSnapshot>(&written).unwrap(), snapshot);
}
