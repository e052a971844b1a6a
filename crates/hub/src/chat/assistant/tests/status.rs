use super::*;

fn agents_and_scrapes() -> Vec<Report> {
    [
        r#"{"type":"agent_started","agentId":"crawler-7","timestamp":"2026-11-21T09:00:00Z"}"#,
        r#"{"type":"agent_error","agentId":"crawler-8","error":"out of *memory*\nat","timestamp":"2026-11-21T10:00:00Z"}"#,
        r#"{"type":"heartbeat","agentId":"crawler-7","status":"running","currentTask":"page 7","timestamp":"2026-11-21T14:26:53Z"}"#,
        r#"{"type":"scrape_progress","runId":"r-1","phase":"running","current":10,"total":1200,"timestamp":"2026-11-21T14:00:00Z"}"#,
        r#"{"type":"scrape_progress","runId":"r-1","platform":"shop","phase":"completed","current":8,"total":8,"timestamp":"2026-11-21T14:01:00Z"}"#,
        r#"{"type":"scrape_progress","runId":"r-1","current":40,"message":"reading <offers>","timestamp":"2026-11-21T14:29:00Z"}"#,
    ]
    .map(report)
    .into()
}

#[tokio::test]
async fn an_agent_is_as_its_newest_frame_says() {
    let room = Room::new();
    room.append("acme", agents_and_scrapes()).await;
    assert_eq!(
        room.ask("how is agent Crawler-7?").await,
        "Agent `crawler-7` is **stale**: it said that it is running, and is silent since 14:26 (3 m 07 s ago). It worked \
         on: page 7\n\n\
         Times are in UTC."
    );
    room.append(
        "acme",
        vec![report(
            r#"{"type":"heartbeat","agentId":"crawler-7","heartbeatSeconds":600,"status":"idle","timestamp":"2026-11-21T14:29:53Z"}"#,
        )],
    )
    .await;
    assert_eq!(
        room.ask("how is agent Crawler-7?").await,
        "Agent `crawler-7` is **idle**, said its latest heartbeat at 14:29 (7.0 s ago).\n\nTimes are in UTC."
    );
    assert_eq!(
        room.ask("/status crawler-8").await,
        "Agent `crawler-8` **failed** at 10:00 (4 h 30 m ago): out of \\*memory\\*\n\nTimes are in UTC."
    );
}

// An agent whose clock is a day behind was said to be silent since yesterday.
#[tokio::test]
async fn since_when_an_agent_is_silent_is_told_by_the_hubs_clock() {
    let room = Room::new();
    let beat =
        r#"{"type":"heartbeat","agentId":"a","heartbeatSeconds":5,"timestamp":"2026-11-20T14:20:00Z"}"#;
    let Frame::AgentEvent(event) = switchboard_protocol::decode(beat).unwrap().frame else { panic!() };
    let event = AgentEvent { received_at: Some(at("2026-11-21T14:20:00Z")), ..event };
    room.append("acme", vec![Report { fold: Some(Fold::Agent(event)), ..frame(beat) }]).await;
    let answer = room.ask("/status a").await;
    assert!(answer.contains("is silent since 14:20 (10 m 00 s ago)"), "{answer}");
}

#[tokio::test]
async fn a_scrape_run_is_told_with_its_platforms() {
    let room = Room::new();
    room.append("acme", agents_and_scrapes()).await;
    assert_eq!(
        room.ask("status of scrape r-1").await,
        "Scrape run `r-1` is **running**, 40 of 1,200 pages, reading \\<offers\\>. The latest report came at 14:29 \
         (1 m 00 s ago).\n\n\
         - shop: **completed**, 8 of 8 pages\n\n\
         Times are in UTC."
    );
}

#[tokio::test]
async fn an_execution_is_found_by_identifier_and_by_title() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("e-1", "Nightly import", "2026-11-20T10:00:00Z"),
            failure("e-1", "disk full\nat line 3", "2026-11-20T10:03:07Z"),
            start("e-2", "Nightly export", "2026-11-21T14:26:53Z"),
        ],
    )
    .await;
    let failed = "[Nightly import](/executions/e-1) **failed** at Nov 20, 10:03 after 3 m 07 s, exit code 3: disk full";
    assert_eq!(
        room.ask("why did e-1 fail?").await,
        format!("{failed}\n\nIt has agent Crawler, department Markets, 2 events.\n\nTimes are in UTC.")
    );
    assert_eq!(room.ask("status of nightly IMPORT").await, format!("{failed}\n\nTimes are in UTC."));
    assert_eq!(
        room.ask("/status nightly").await,
        format!(
            "**2 executions** have `nightly` in title, agent, department or identifier, the newest first:\n\n\
             - [Nightly export](/executions/e-2) is **running** since 14:26 (3 m 07 s so far).\n- {failed}\n\n\
             Times are in UTC."
        )
    );
}

#[tokio::test]
async fn an_agent_is_told_with_its_latest_executions() {
    let room = Room::new();
    room.append(
        "acme",
        vec![report(r#"{"type":"agent_stopped","agentId":"Crawler","timestamp":"2026-11-21T14:00:00Z"}"#)],
    )
    .await;
    let run = |number: u32| start(&format!("e-{number}"), "Import", "2026-11-21T14:26:53Z");
    room.append("acme", (0..5).map(run).collect()).await;
    let answer = room.ask("/status crawler").await;
    assert!(answer.starts_with("Agent `Crawler` **stopped** at 14:00 (30 m 00 s ago)."), "{answer}");
    assert!(
        answer.contains("Executions that name `crawler`, the newest first:\n\n- [Import](/executions/e-4)"),
        "{answer}"
    );
    assert_eq!(answer.matches("\n- ").count(), 3);
    assert!(answer.contains("and 2 more"), "{answer}");
}

#[tokio::test]
async fn a_name_that_nothing_has_is_answered_with_where_it_was_looked_for() {
    let room = Room::new();
    room.append("acme", agents_and_scrapes()).await;
    assert_eq!(
        room.ask("/status crawler-9").await,
        "Nothing is known by the name `crawler-9`. No agent is named so. No scrape run has it \
         as its name or title. No execution has it in title, agent, department or identifier.\n\n\
         Known are: agent `crawler-7`, agent `crawler-8`, scrape run `r-1`."
    );
    let scrape = room.ask("status of scrape r-2").await;
    assert!(scrape.starts_with("No scrape run is known by the name `r-2`."), "{scrape}");
    assert!(scrape.contains("Known are: scrape run `r-1`.") && !scrape.contains("execution"), "{scrape}");
}

#[tokio::test]
async fn without_a_name_it_tells_which_there_are() {
    let room = Room::new();
    let empty = room.ask("/status").await;
    assert!(empty.contains("There is no agent and no scrape run."), "{empty}");
    room.append("acme", agents_and_scrapes()).await;
    let answer = room.ask("/status").await;
    assert!(
        answer.contains("\n- agent `crawler-7` is **stale**") && answer.contains("\n- scrape run `r-1` is"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_execution_whose_worker_is_silent_says_so() {
    let room = Room::new();
    let beat = r#"{"type":"heartbeat","agentId":"a","executionId":"e-1","heartbeatSeconds":5,"timestamp":"2026-11-21T14:20:00Z"}"#;
    room.append("acme", vec![start("e-1", "Nightly import", "2026-11-21T14:00:00Z"), report(beat)]).await;
    for question in ["/status e-1", "/running"] {
        let answer = room.ask(question).await;
        assert!(answer.contains(", but its worker is silent since 14:20"), "{answer}");
    }
}

// Executions whose workers had fallen silent were counted as running, though nobody knew whether they ran.
#[tokio::test]
async fn an_execution_whose_worker_is_silent_is_not_counted_as_running() {
    let room = Room::new();
    let beat = |execution: &str| {
        report(&format!(
            r#"{{"type":"heartbeat","agentId":"a","executionId":"{execution}","heartbeatSeconds":5,"timestamp":"2026-11-21T14:20:00Z"}}"#
        ))
    };
    room.append("acme", vec![start("silent", "Silent", "2026-11-21T14:10:00Z"), beat("silent")]).await;
    let answer = room.ask("/running").await;
    assert!(answer.starts_with("**No execution is running** now, and 1 has a silent worker."), "{answer}");
    room.append("acme", vec![start("runs", "Runs", "2026-11-21T14:00:00Z")]).await;
    let answer = room.ask("/running").await;
    assert!(answer.starts_with("**1 execution is running** now, and 1 has a silent worker."), "{answer}");
    assert!(answer.find("[Runs]") < answer.find("[Silent]"), "what is known to run comes first: {answer}");
    let answer = room.ask("/count").await;
    assert!(answer.contains("| [running](/executions?status=running) | 1 |"), "{answer}");
    assert!(answer.contains("| [running](/executions?status=running), worker silent | 1 |"), "{answer}");
    room.append("acme", vec![start("too", "Too", "2026-11-21T14:11:00Z"), beat("too")]).await;
    let answer = room.ask("/running").await;
    assert!(answer.starts_with("**1 execution is running** now, and 2 have silent workers."), "{answer}");
}
