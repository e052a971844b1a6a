use super::*;
use crate::chat::assistant::reading::MOST_EXECUTIONS;

/// More failures than an answer looks at, and before them one that still runs.
async fn many() -> Room {
    let room = Room::new();
    room.append("acme", vec![start("first", "First", "2026-11-01T00:00:00Z")]).await;
    for batch in 0..=MOST_EXECUTIONS / 500 {
        let failed = |number: usize| {
            let id = format!("e-{batch}-{number}");
            let time = format!("2026-11-{:02}T10:00:00Z", 2 + batch);
            [start(&id, "Run", &time), failure(&id, "no", &time)]
        };
        room.append("acme", (0..500).flat_map(failed).collect()).await;
    }
    room
}

#[tokio::test]
async fn an_answer_that_did_not_look_at_all_says_so() {
    let room = many().await;
    let failed = room.ask("/failed").await;
    assert!(failed.starts_with("**2,000 executions failed**"), "{failed}");
    let bound = "Looked at the latest 2,000 failed executions, back to Nov 3, 10:00 UTC; there are more.";
    assert!(failed.ends_with(bound), "{failed}");
    let none = room.ask("what failed today?").await;
    assert_eq!(none, format!("No execution failed today (since 00:00 UTC).\n\n{bound}"));
    let count = room.ask("/count").await;
    assert!(count.contains("Looked at the latest 2,000 executions,"), "{count}");
}

#[tokio::test]
async fn what_runs_for_longest_is_found_before_the_bound() {
    let room = many().await;
    let slow = room.ask("/slow top 1").await;
    assert!(slow.contains("| [First](/executions/first) | 20 d 14 h so far |"), "{slow}");
    assert!(slow.contains("Looked at the latest 2,000 executions, and at those that are running"), "{slow}");
    let running = room.ask("/running").await;
    assert!(running.contains("[First]") && !running.contains("Looked at"), "{running}");
}

#[tokio::test]
async fn a_count_of_today_need_not_look_at_all() {
    let room = many().await;
    room.append("acme", vec![start("now", "Now", "2026-11-21T14:00:00Z")]).await;
    let count = room.ask("/count today").await;
    assert!(count.starts_with("**1 execution** started today"), "{count}");
    assert!(!count.contains("Looked at"), "{count}");
}
