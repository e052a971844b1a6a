use super::*;

#[tokio::test]
async fn lines_are_found_newest_first_with_a_link() {
    let room = Room::new();
    room.append(
        "acme",
        vec![
            start("e-1", "Import", "2026-11-20T10:00:00Z"),
            output("e-1", "dial tcp: connection refused `x`", "2026-11-20T10:00:01Z"),
            output("e-1", "all fine", "2026-11-20T10:00:02Z"),
            start("e-2", "Report", "2026-11-21T10:00:00Z"),
            output("e-2", "Connection was refused", "2026-11-21T10:00:01Z"),
        ],
    )
    .await;
    assert_eq!(
        room.ask("where does it say \"connection refused\"?").await,
        "**2 lines** have the words `connection refused`, times in UTC:\n\n\
         - 10:00 [`Connection was refused`](/executions/e-2)\n\
         - Nov 20, 10:00 [`` dial tcp: connection refused `x` ``](/executions/e-1)"
    );
    assert_eq!(
        room.ask("find \"connection refused\" today").await,
        "**One line** has the words `connection refused` today (since 00:00 UTC):\n\n\
         - 10:00 [`Connection was refused`](/executions/e-2)"
    );
    let none = room.ask("/find broken pipe").await;
    assert!(none.starts_with("No line of output, log or error has the words `broken pipe`."), "{none}");
}

#[tokio::test]
async fn more_lines_than_are_shown_are_counted() {
    let room = Room::new();
    let line = |number: u32| output("e-1", &format!("timeout {number}"), "2026-11-21T10:00:00Z");
    room.append("acme", (0..33).map(line).collect()).await;
    let answer = room.ask("/find timeout").await;
    assert_eq!(answer.matches("\n- ").count(), 10);
    assert!(answer.starts_with("The latest lines with the word `timeout`, times in UTC:"), "{answer}");
    assert!(answer.contains("`timeout 32`") && answer.ends_with("and 23 more"), "{answer}");
}

#[tokio::test]
async fn a_search_without_a_word_asks_for_one() {
    let room = Room::new();
    for question in ["/find", "/find ???", "find"] {
        assert_eq!(room.ask(question).await, "Say what to find, for example `/find connection refused`.");
    }
}

#[tokio::test]
async fn of_lines_that_were_not_held_against_the_range_no_number_is_told() {
    let room = Room::new();
    let line = |number: u32, time| output("e-1", &format!("timeout {number}"), time);
    room.append("acme", (0..50).map(|number| line(number, "2026-11-20T10:00:00Z")).collect()).await;
    room.append("acme", (0..12).map(|number| line(number, "2026-11-21T10:00:00Z")).collect()).await;
    let today = room.ask("find \"timeout\" today").await;
    assert!(today.ends_with("and 2 more"), "all of today's were seen: {today}");
    room.append("acme", (0..500).map(|number| line(number, "2026-11-21T11:00:00Z")).collect()).await;
    let today = room.ask("find \"timeout\" today").await;
    assert!(today.ends_with("\n\nand more"), "{today}");
}
