//! A file of an earlier version goes on where it was.

use rusqlite::Connection;
use switchboard_protocol::{AgentEvent, AgentEventKind};

use super::{super::schema, note, output, temporary};
use crate::{
    Agents, Chat, Executions, Fold, Log, NewAddress, NewMessage, NewScrape, PostOutcome, Report, ScrapeQuery,
    Scrapes, Search, StartOutcome,
};

/// What a hub of schema 1 left behind: the log, the execution in it, and the words that nobody has indexed.
#[tokio::test]
async fn a_file_of_schema_1_is_migrated_and_keeps_all() {
    let temporary = temporary();
    let first = {
        // The entries are written by today's store, and moved to a file of that time.
        let source = super::temporary();
        let store = source.store();
        store.append("acme".into(), vec![output("e-1", "hello"), note("one")]).await.unwrap();
        drop(store);
        let mut connection = Connection::open(temporary.database()).unwrap();
        schema::migrate_to(&mut connection, 1);
        connection.execute("ATTACH ?1 AS source", [source.database().to_str().unwrap()]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO organizations SELECT * FROM source.organizations;
                 INSERT INTO entries (position, execution, received_at, report_id, body)
                     SELECT position, execution, received_at, report_id, body FROM source.entries;
                 INSERT INTO executions (position, execution_id, status, last_at, emptied, searchable, summary)
                     SELECT position, execution_id, status, last_at, emptied, searchable, summary
                     FROM source.executions;",
            )
            .unwrap();
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'tasks'", (), |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0, "this is schema 1");
        connection.query_row("SELECT epoch FROM meta", (), |row| row.get::<_, String>(0)).unwrap()
    };
    for _ in 0..2 {
        let store = temporary.store();
        let bounds = store.bounds("acme".into()).await.unwrap();
        assert_eq!((&*bounds.epoch, bounds.first), (&*first, 1), "the same log");
        assert_eq!(store.execution("acme".into(), "e-1".into(), 10).await.unwrap().unwrap().events.len(), 1);
        let found = store.search("acme".into(), "hel".to_owned(), 10).await.unwrap();
        assert_eq!((found.lines.len(), found.missing), (1, 0));
        let message = NewMessage {
            id: "m-1".into(),
            conversation: None,
            new_conversation: "c-1".into(),
            task: "t-1".into(),
            content: "Hello".to_owned(),
            lane: "local".to_owned(),
        };
        let posted = store.post_message("acme".into(), message).await.unwrap();
        assert!(!matches!(posted, PostOutcome::UnknownConversation));
        assert_eq!(store.bounds("acme".into()).await.unwrap().head, 5);
        let version: i32 =
            temporary.intruder().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 4);
    }
}

/// What a hub of schema 2 left behind: a log in which another program has told of a scrape run, which nobody kept then.
#[tokio::test]
async fn a_file_of_schema_2_is_migrated_and_takes_scrape_runs() {
    let temporary = temporary();
    {
        let source = super::temporary();
        let store = source.store();
        let told = r#"{"type":"scrape_progress","runId":"r-1","current":1}"#;
        store
            .append("acme".into(), vec![note("one"), Report { body: told.into(), ..note("") }])
            .await
            .unwrap();
        drop(store);
        let mut connection = Connection::open(temporary.database()).unwrap();
        schema::migrate_to(&mut connection, 2);
        connection.execute("ATTACH ?1 AS source", [source.database().to_str().unwrap()]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO organizations SELECT * FROM source.organizations;
                 INSERT INTO entries (position, execution, received_at, report_id, body)
                     SELECT position, execution, received_at, report_id, body FROM source.entries;",
            )
            .unwrap();
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'scrape%'";
        let tables: i64 = connection.query_row(tables, (), |row| row.get(0)).unwrap();
        assert_eq!(tables, 0, "this is schema 2");
    }
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let store = temporary.store();
        let target = NewAddress {
            url: "https://a.test/".to_owned(),
            platform: "a.test".to_owned(),
            depth: 0,
            hops: 0,
        };
        let new = NewScrape {
            run_id: "r-1".into(),
            title: None,
            targets: vec![target],
            limits: switchboard_protocol::rest::ScrapeLimits::default(),
            extract: None,
        };
        outcomes.push(store.start_scrape("acme".into(), new).await.unwrap());
        let query = ScrapeQuery { limit: 10, ..Default::default() };
        assert_eq!(store.scrape_runs("acme".into(), query).await.unwrap().items.len(), 1);
        let entries = store.read("acme".into(), 0, 10).await.unwrap();
        assert_eq!((entries.len(), &*entries[0].body), (5, &*note("one").body), "the log goes on");
    }
    assert_eq!(outcomes, [StartOutcome::Started, StartOutcome::Known]);
}

/// What a hub of schema 3 left behind: a log in which an agent has spoken, which nobody kept then, and an execution whose
/// summary knows of no heartbeat.
#[tokio::test]
async fn a_file_of_schema_3_is_migrated_and_hears_of_agents() {
    let temporary = temporary();
    let beat = r#"{"type":"heartbeat","agentId":"a-1","executionId":"e-1"}"#;
    {
        let source = super::temporary();
        let store = source.store();
        let early = Report { body: beat.into(), ..note("") };
        store.append("acme".into(), vec![output("e-1", "hello"), early]).await.unwrap();
        drop(store);
        let mut connection = Connection::open(temporary.database()).unwrap();
        schema::migrate_to(&mut connection, 3);
        connection.execute("ATTACH ?1 AS source", [source.database().to_str().unwrap()]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO organizations SELECT * FROM source.organizations;
                 INSERT INTO entries (position, execution, received_at, report_id, body)
                     SELECT position, execution, received_at, report_id, body FROM source.entries;
                 INSERT INTO executions (position, execution_id, status, last_at, emptied, searchable, summary)
                     SELECT position, execution_id, status, last_at, emptied, searchable, summary
                     FROM source.executions;",
            )
            .unwrap();
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'agents'";
        let tables: i64 = connection.query_row(tables, (), |row| row.get(0)).unwrap();
        assert_eq!(tables, 0, "this is schema 3");
    }
    let mut known = Vec::new();
    for _ in 0..2 {
        let store = temporary.store();
        known.push(store.agents("acme".into()).await.unwrap().items.len());
        let kind = AgentEventKind::Heartbeat { status: None, current_task: None, heartbeat_seconds: Some(7) };
        let event = AgentEvent { execution_id: Some("e-1".into()), ..AgentEvent::of("a-1".into(), kind) };
        let report = Report { body: beat.into(), fold: Some(Fold::Agent(event)), ..note("") };
        store.append("acme".into(), vec![report]).await.unwrap();
        let execution = store.execution("acme".into(), "e-1".into(), 10).await.unwrap().unwrap();
        assert_eq!((execution.events.len(), execution.summary.heartbeat_seconds), (1, Some(7)));
    }
    assert_eq!(known, [0, 1], "agents are heard of from now on");
}
