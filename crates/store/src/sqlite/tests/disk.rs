//! What the file looks like: its size, and how it is searched.

use std::{fs, time::Duration};

use switchboard_protocol::Timestamp;

use super::{
    super::{
        agents, changes, chat::statements as chat, entries, folder, lists, prune,
        scrapes::statements as scrapes, search::statements as search,
    },
    note, output, temporary,
};
use crate::{Executions, Fold, Log, Report, Retention, Upkeep};

#[tokio::test]
async fn the_file_shrinks_after_retention() {
    let temporary = temporary();
    let store = temporary.store();
    let text = "x".repeat(10_000);
    for _ in 0..20 {
        store.append("acme".into(), vec![note(&text); 50]).await.unwrap();
    }
    let size = || fs::metadata(temporary.database()).unwrap().len();
    store.work(|connection, _| prune::checkpoint(connection)).await.unwrap();
    let full = size();
    assert!(full > 10_000_000, "{full} bytes");
    let keep = Retention { age_ms: None, bytes: Some(1_000_000) };
    let deleted = store.prune(keep, Timestamp::from_millis(0)).await.unwrap();
    assert!((900..=1000).contains(&deleted), "{deleted} were deleted");
    assert_eq!(store.stats().pruned, deleted);
    let shrunk = size();
    assert!(shrunk < 4_000_000, "{shrunk} bytes of {full} are left");
    let sound: String =
        temporary.intruder().query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// A page of large frames would be as large as the limit of rows allows.
#[tokio::test]
async fn a_page_of_large_frames_ends_early() {
    let temporary = temporary();
    let store = temporary.store();
    let large = note(&"x".repeat(1_000_000));
    store.append("acme".into(), vec![large; 12]).await.unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = store.read("acme".into(), after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        pages.push(page.len());
    }
    assert_eq!(pages, [5, 5, 2]);
}

#[tokio::test]
async fn bytes_are_counted_exactly_as_entries_come_and_go() {
    let temporary = temporary();
    let store = temporary.store();
    let mut batch = vec![note("grüße"), output("e-1", "one"), output("e-1", "one"), output("e-2", "two")];
    batch.extend((0..20).map(|number| output("e-1", &number.to_string())));
    store.append("acme".into(), batch).await.unwrap();
    let check = || {
        let counted: (i64, i64) = temporary
            .intruder()
            .query_row(
                "SELECT bytes, (SELECT sum(length(CAST(body AS BLOB)) + ifnull(length(report_id), 0) + 64) FROM entries)
                 FROM organizations",
                (),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(counted.0, counted.1);
        counted.0.cast_unsigned()
    };
    let all = check();
    let keep = Retention { age_ms: None, bytes: Some(all / 2) };
    assert!(store.prune(keep, Timestamp::from_millis(0)).await.unwrap() > 0);
    assert!(check() <= all / 2);
    store.append("acme".into(), vec![note("one more")]).await.unwrap();
    check();
}

/// Every statement that runs for each request or report finds its rows by an index, however many there are.
#[tokio::test]
async fn no_statement_reads_a_whole_log() {
    let temporary = temporary();
    temporary.store().close().await.unwrap();
    let connection = folder::reader(&temporary.database(), Duration::ZERO).unwrap();
    for (sql, index) in [
        (entries::ORGANIZATION, "sqlite_autoindex_organizations_1"),
        (entries::PAGE, "PRIMARY KEY"),
        (entries::FIRST, "PRIMARY KEY"),
        (changes::KNOWN, "entries_by_report"),
        (lists::LATEST, "entries_by_execution"),
        (lists::SUMMARY, "executions_by_id"),
        (lists::PAGE_OF_STATUS, "executions_by_status"),
        (lists::PAGE, "PRIMARY KEY"),
        (prune::OLDEST, "PRIMARY KEY"),
        (prune::EMPTIED, "entries_by_execution"),
        (entries::LATEST, "PRIMARY KEY"),
        (chat::KNOWN, "messages_by_id"),
        (chat::NEXT, "tasks_by_status"),
        (chat::HISTORY, "messages_by_conversation"),
        (chat::RENEW, "tasks_by_id"),
        (chat::KEEP, "tasks_by_id"),
        (chat::TASK, "tasks_by_id"),
        (chat::TASK_STATE, "tasks_by_id"),
        (chat::RUNNING, "tasks_by_status"),
        (chat::PAGE, "sqlite_autoindex_conversations_1"),
        (chat::SUMMARY, "conversations_by_id"),
        (chat::LATEST_MESSAGES, "messages_by_conversation"),
        (chat::OPEN_TASKS, "tasks_by_conversation"),
        (chat::COST, "answers_by_time"),
        (chat::IDLE, "conversations_idle"),
        (scrapes::RUN, "scrape_runs_by_id"),
        (scrapes::RUN_ID, "scrape_runs_by_id"),
        (scrapes::SNAPSHOT, "scrape_runs_by_id"),
        (scrapes::SUMMARY, "PRIMARY KEY"),
        (scrapes::WRITE, "PRIMARY KEY"),
        (scrapes::PAGE, "sqlite_autoindex_scrape_runs_1"),
        (scrapes::PAGE_OF_PHASE, "scrape_runs_by_phase"),
        (scrapes::CLAIMED, "PRIMARY KEY"),
        (scrapes::UNTAKE, "scrape_addresses_taken"),
        (scrapes::ROOTS, "scrape_addresses_roots"),
        (scrapes::PLATFORMS, "scrape_platforms_by_name"),
        (scrapes::RENEW, "PRIMARY KEY"),
        (scrapes::PLATFORM, "PRIMARY KEY"),
        (scrapes::PLATFORM_BY_NAME, "scrape_platforms_by_name"),
        (scrapes::KEEP_PLATFORM, "PRIMARY KEY"),
        (scrapes::KEEP_RUN, "PRIMARY KEY"),
        (scrapes::ADDRESS, "scrape_addresses_by_url"),
        (scrapes::DONE, "PRIMARY KEY"),
        (scrapes::NEXT, "scrape_addresses_waiting"),
        (scrapes::TAKE, "PRIMARY KEY"),
        (scrapes::UNTOLD, "scrape_pages_untold"),
        (scrapes::MARK, "scrape_pages_untold"),
        (scrapes::REMAINING, "scrape_platforms_by_name"),
        (scrapes::TOLD_PAGES, "PRIMARY KEY"),
        (scrapes::PAGES, "PRIMARY KEY"),
        (scrapes::PAGES_AFTER, "PRIMARY KEY"),
        (scrapes::ITEMS, "PRIMARY KEY"),
        (scrapes::ITEMS_AFTER, "PRIMARY KEY"),
        (scrapes::IDLE, "scrape_runs_idle"),
        (scrapes::SWEEP, "scrape_addresses_by_url"),
        (agents::AGENT, "agents_by_id"),
        (agents::LIST, "agents_by_id"),
        (agents::COUNT, "agents_"),
        (agents::EXCESS, "agents_heard"),
        (agents::IDLE, "agents_idle"),
        (search::REACH, "PRIMARY KEY"),
        (search::UNREAD, "PRIMARY KEY"),
        (search::LINE, "PRIMARY KEY"),
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nulls = vec![rusqlite::types::Null; plan.parameter_count()];
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(nulls), |row| row.get("detail"))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(steps.iter().any(|step| step.contains("SEARCH") && step.contains(index)), "{sql}: {steps:?}");
        let scanned = |table: &str| steps.iter().any(|step| step.starts_with(&format!("SCAN {table}")));
        let tables = ["entries", "executions", "conversations", "messages", "tasks", "scrape_", "agents"];
        for table in tables {
            assert!(!scanned(table), "{sql}: {steps:?}");
        }
        let sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorted || sql == prune::OLDEST, "{sql}: {steps:?}");
    }
}

/// Identifiers and texts are whatever a reporter sends.
#[tokio::test]
async fn any_text_is_stored_and_found_as_it_is() {
    let temporary = temporary();
    let store = temporary.store();
    let long = "n".repeat(5000);
    for name in ["", "a'b\"c", "nul\0inside", "🦀 ünï", "%_\\", long.as_str()] {
        let organization = switchboard_protocol::OrganizationId::from(name);
        let mut report: Report = output("template", "t");
        if let Some(Fold::Execution(frame)) = &mut report.fold {
            frame.execution_id = name.into();
        }
        report.id = Some(name.to_owned());
        let batch = vec![report.clone(), report];
        let appended = store.append(organization.clone(), batch).await.unwrap();
        assert_eq!((appended.accepted, appended.duplicates), (1, 1), "{name:?}");
        let found = store.execution(organization.clone(), name.into(), 10).await.unwrap().unwrap();
        assert_eq!(found.summary.execution_id.as_str(), name);
        assert_eq!(found.events.len(), 1);
        let entries = store.read(organization.clone(), 0, 10).await.unwrap();
        assert_eq!(entries[0].execution_id.as_ref().unwrap().as_str(), name);
        assert_eq!(*store.head(&organization).borrow(), 2);
    }
}
