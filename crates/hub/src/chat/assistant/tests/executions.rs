use super::*;

#[tokio::test]
async fn failures_belong_to_the_day_on_which_they_failed() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("late", "Began yesterday", "2026-11-20T23:50:00Z"),
            start("early", "Failed yesterday", "2026-11-20T23:00:00Z"),
            failure("early", "disk full", "2026-11-20T23:59:59.999Z"),
            failure("late", "time | out\nstack", "2026-11-21T00:00:00Z"),
            start("fine", "Fine", "2026-11-21T01:00:00Z"),
            completion("fine", "2026-11-21T01:00:05Z"),
        ],
    )
    .await;
    assert_eq!(
        room.ask("What failed today?").await,
        "**1 execution failed** today (since 00:00 UTC):\n\n\
         - [Began yesterday](/executions/late) at 00:00, exit code 3: time &#124; out"
    );
    assert_eq!(
        room.ask("/failed yesterday").await,
        "**1 execution failed** yesterday (Nov 20, UTC):\n\n\
         - [Failed yesterday](/executions/early) at Nov 20, 23:59, exit code 3: disk full"
    );
    let all = room.ask("/failed").await;
    assert!(all.starts_with("**2 executions failed**. Times are in UTC."), "{all}");
    assert!(all.find("late").unwrap() < all.find("early").unwrap(), "the latest failure comes first: {all}");
}

/// "exit code 3: exited with code 3" once stood where the reason belongs.
#[tokio::test]
async fn an_exit_code_alone_is_no_reason_where_the_command_said_why() {
    let room = Room::new();
    let written = |id: &str, stream: &str, text: &str| {
        let data = format!(r#"{{"stream":"{stream}","text":"{text}"}}"#);
        event(id, "output", "2026-11-21T10:00:01Z", &data)
    };
    room.append(
        "acme",
        vec![
            start("loud", "Nightly backup", "2026-11-21T10:00:00Z"),
            written("loud", "stderr", "first"),
            written("loud", "stderr", "no space left on `device`"),
            written("loud", "stderr", " "),
            written("loud", "stdout", "done"),
            failure("loud", "exited with code 3", "2026-11-21T10:00:02Z"),
            start("mute", "Nightly report", "2026-11-21T09:00:00Z"),
            failure("mute", "exited with code 3", "2026-11-21T09:00:02Z"),
        ],
    )
    .await;
    assert_eq!(
        room.ask("What failed today?").await,
        "**2 executions failed** today (since 00:00 UTC):\n\n\
         - [Nightly backup](/executions/loud) at 10:00, exit code 3: last on standard error `` no space left on `device` ``\n\
         - [Nightly report](/executions/mute) at 09:00, exit code 3: no reason was reported"
    );
}

#[tokio::test]
async fn none_is_said_with_the_range_that_was_looked_at() {
    let room = Room::new();
    for (question, answer) in [
        ("what failed today?", "No execution failed today (since 00:00 UTC)."),
        ("/failed", "No execution failed."),
        ("what is running?", "No execution is running now."),
        ("/slow this week", "No execution was at work this week (since Monday, Nov 16, UTC)."),
        ("/count yesterday", "No execution started yesterday (Nov 20, UTC)."),
        ("/count", "There is no execution yet."),
    ] {
        assert_eq!(room.ask(question).await, answer, "{question}");
    }
}

#[tokio::test]
async fn a_list_has_ten_rows_and_says_how_many_more_there_are() {
    let room = Room::new();
    let failed = |number: u32| {
        let (id, time) = (format!("e-{number:02}"), format!("2026-11-21T10:{number:02}:00Z"));
        [start(&id, &format!("Run {number:02}"), &time), failure(&id, "no", &time)]
    };
    room.append("acme", (0..33).flat_map(failed).collect()).await;
    let answer = room.ask("what failed today?").await;
    assert_eq!(answer.matches("\n- [").count(), 10);
    assert!(answer.starts_with("**33 executions failed** today"), "{answer}");
    assert!(
        answer.contains("- [Run 32](/executions/e-32) at 10:32") && !answer.contains("Run 22"),
        "{answer}"
    );
    assert!(
        answer.ends_with("and 23 more; see [all failed executions](/executions?status=failed)."),
        "{answer}"
    );
    let few = room.ask("the last 2 failures").await;
    assert_eq!(few.matches("\n- [").count(), 2);
    assert!(few.contains("and 31 more"), "{few}");
}

#[tokio::test]
async fn a_question_about_some_executions_is_answered_about_them() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("e-1", "Nightly import", "2026-11-21T10:00:00Z"),
            failure("e-1", "disk full", "2026-11-21T10:01:00Z"),
            start("e-2", "Weekly report", "2026-11-21T10:00:00Z"),
            failure("e-2", "no paper", "2026-11-21T10:01:00Z"),
        ],
    )
    .await;
    let answer = room.ask("which \"nightly IMPORT\" runs failed today?").await;
    assert!(
        answer.contains("with `nightly IMPORT` in title, agent, department, identifier or error"),
        "{answer}"
    );
    assert!(answer.contains("e-1") && !answer.contains("e-2"), "{answer}");
    let why = room.ask("which executions failed because of no paper?").await;
    assert!(why.contains("e-2") && !why.contains("e-1"), "{why}");
    let none = room.ask("/failed hourly today").await;
    assert!(none.starts_with("No execution failed today (since 00:00 UTC), with `hourly`"), "{none}");
}

#[tokio::test]
async fn what_runs_is_told_with_its_time_so_far() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("old", "Import", "2026-11-20T12:25:00Z"),
            start("new", "Report", "2026-11-21T14:26:53Z"),
            start("done", "Done", "2026-11-21T14:00:00Z"),
            completion("done", "2026-11-21T14:10:00Z"),
        ],
    )
    .await;
    assert_eq!(
        room.ask("What's running?").await,
        "**2 executions are running** now. Times are in UTC.\n\n\
         - [Report](/executions/new) since 14:26 (3 m 07 s), agent Crawler\n\
         - [Import](/executions/old) since Nov 20, 12:25 (1 d 02 h), agent Crawler"
    );
    assert_eq!(
        room.ask("what is running today?").await,
        room.ask("/running").await,
        "also what began yesterday"
    );
    let since = room.ask("what is running since 14:00?").await;
    assert!(since.starts_with("**1 execution is running** now that started since 14:00 UTC."), "{since}");
}

#[tokio::test]
async fn the_slowest_come_first_and_those_that_run_are_marked() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("short", "Short", "2026-11-21T10:00:00Z"),
            completion("short", "2026-11-21T10:00:04.250Z"),
            start("runs", "Runs", "2026-11-20T14:30:00Z"),
            start("failed", "Failed", "2026-11-21T10:00:00Z"),
            failure("failed", "no", "2026-11-21T10:03:07Z"),
            start("before", "Before", "2026-11-19T10:00:00Z"),
            completion("before", "2026-11-20T23:59:59Z"),
        ],
    )
    .await;
    assert_eq!(
        room.ask("slowest executions today").await,
        "**The slowest 3** of 3 executions at work today (since 00:00 UTC).\n\n\
         | execution | took | started | status |\n|---|---|---|---|\n\
         | [Runs](/executions/runs) | 1 d 00 h so far | Nov 20, 14:30 | running |\n\
         | [Failed](/executions/failed) | 3 m 07 s | 10:00 | failed |\n\
         | [Short](/executions/short) | 4.2 s | 10:00 | completed |"
    );
    let top = room.ask("/slow top 1").await;
    assert!(top.contains("[Before]") && !top.contains("[Runs]"), "{top}");
}

#[tokio::test]
async fn a_count_is_by_status() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("a", "A", "2026-11-20T23:59:59.999Z"),
            start("b", "B", "2026-11-21T00:00:00Z"),
            completion("b", "2026-11-21T00:01:00Z"),
            start("c", "C", "2026-11-21T01:00:00Z"),
            completion("c", "2026-11-21T01:01:00Z"),
            start("d", "D", "2026-11-21T02:00:00Z"),
            event("d", "error", "2026-11-21T02:01:00Z", r#"{"reason":"cancelled"}"#),
        ],
    )
    .await;
    assert_eq!(
        room.ask("How many executions ran today?").await,
        "**3 executions** started today (since 00:00 UTC), by status now:\n\n\
         | status | executions |\n|---|---:|\n\
         | [completed](/executions?status=completed) | 2 |\n\
         | [cancelled](/executions?status=cancelled) | 1 |\n\n\
         The executions themselves: [all, the newest first](/executions)."
    );
    let all = room.ask("/count").await;
    assert!(all.starts_with("**4 executions**, by status now:"), "{all}");
}

#[tokio::test]
async fn other_organizations_never_appear() {
    let room = Room::new();
    room.append(
        "beta",
        vec![
            start("e-1", "Secret run", "2026-11-21T10:00:00Z"),
            output("e-1", "secret line", "2026-11-21T10:00:30Z"),
            failure("e-1", "secret reason", "2026-11-21T10:01:00Z"),
            start("e-2", "Secret too", "2026-11-21T10:00:00Z"),
            frame(r#"{"type":"heartbeat","agentId":"secret-agent","timestamp":"2026-11-21T10:00:00Z"}"#),
            report(r#"{"type":"scrape_progress","runId":"secret-run","phase":"running"}"#),
        ],
    )
    .await;
    for question in [
        "/failed",
        "/slow",
        "/running",
        "/count",
        "/status e-1",
        "/status",
        "/status agent secret",
        "/status Secret run",
        "/status other",
        "/find line",
    ] {
        let answer = room.ask(question).await;
        let told = answer.replace("`secret`", "").replace("`Secret run`", "").to_lowercase();
        assert!(!told.contains("secret") && !told.contains("/executions/"), "{question}: {answer}");
    }
    assert!(room.ask_as("beta", "/failed").await.contains("secret reason"));
}

#[tokio::test]
async fn stored_text_does_not_become_markdown() {
    let room = Room::new();
    let nasty = "](https://x.example) ![x](y) <img src=x> `a` | # b";
    room.append(
        "acme",
        vec![
            start("e 1/|)", nasty, "2026-11-21T10:00:00Z"),
            output("e 1/|)", &format!("line {nasty}"), "2026-11-21T10:00:30Z"),
            failure("e 1/|)", nasty, "2026-11-21T10:01:00Z"),
            start("e 2", nasty, "2026-11-21T10:00:00Z"),
        ],
    )
    .await;
    // `ask` looks at each answer.
    for question in
        ["/failed", "/slow", "/running", "/status e 2", "/status e 1/|)", "/status <img", "/find line"]
    {
        let answer = room.ask(question).await;
        assert!(answer.contains("/executions/e%20"), "{question}: {answer}");
    }
    for question in
        ["/failed ![x](y)", "/![x](y)", "/status ![x](y)", "/find ![x](y) <b>", "what about <img src=x>?"]
    {
        room.ask(question).await;
    }
}
