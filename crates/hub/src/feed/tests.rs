use std::time::Duration;

use switchboard_protocol::Timestamp;
use switchboard_store::{Report, Retention, SqliteOptions, SqliteStore, Upkeep};

use super::*;

/// Bounds a failure only.
const PATIENCE: Duration = Duration::from_mins(1);

struct Room {
    _folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    feeds: Feeds,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
        let feeds = Feeds::new(Arc::clone(&store) as Arc<dyn Store>);
        Self { _folder: folder, store, feeds }
    }

    async fn append(&self, organization: &str, count: usize, length: usize) -> u64 {
        let body: Box<str> = format!("{{\"x\":\"{}\"}}", "x".repeat(length)).into();
        let reports = (0..count).map(|_| Report { id: None, body: body.clone(), fold: None }).collect();
        let store: &dyn Store = &*self.store;
        store.append(organization.into(), reports).await.unwrap().seq
    }
}

/// Reads with one reader up to `seq`, from the feed or from the log, and answers every seq.
async fn read_to(reader: &mut Reader, seq: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    let interest = Interest::new();
    let reading = async {
        while reader.cursor() < seq {
            let segments = match reader.next() {
                Next::Segments(segments) => segments,
                Next::Nothing => {
                    reader.changed().await;
                    continue;
                }
                Next::Behind => match reader.catch_up().await.unwrap() {
                    (CaughtUp::Segments(segments), size) => {
                        reader.learn(size);
                        segments
                    }
                    (CaughtUp::Overrun, _) => panic!("nothing was deleted"),
                },
            };
            for segment in segments {
                let mut position = 0;
                while let Some((next, seq, _)) = segment.next_for(position, reader.cursor(), &interest) {
                    seen.push(seq);
                    position = next;
                }
                reader.advance(segment.last());
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    seen
}

#[tokio::test]
async fn what_is_stored_after_joining_arrives_and_what_was_before_is_there_for_old_cursors() {
    let room = Room::new();
    room.append("acme", 5, 10).await;
    let (feed, bounds) = room.feeds.join(&"acme".into()).await.unwrap();
    let (mut live, mut replay) = (feed.reader(bounds.head), feed.reader(2));
    room.append("beta", 3, 10).await;
    let head = room.append("acme", 2, 10).await;
    assert_eq!(read_to(&mut live, head).await, [6, 7]);
    assert_eq!(read_to(&mut replay, head).await, [3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn who_is_behind_the_memory_reads_the_log_and_then_goes_on_live() {
    let room = Room::new();
    let (feed, bounds) = room.feeds.join(&"acme".into()).await.unwrap();
    let (mut slow, mut live) = (feed.reader(bounds.head), feed.reader(bounds.head));
    let mut head = 0;
    for _ in 0..6 {
        head = room.append("acme", 100, 10_000).await;
        read_to(&mut live, head).await;
    }
    assert!(matches!(slow.next(), Next::Behind));
    assert_eq!(read_to(&mut slow, head).await, (1..=head).collect::<Vec<_>>());
    let newest = room.append("acme", 1, 10).await;
    assert_eq!(read_to(&mut slow, newest).await, [newest]);
}

#[tokio::test]
async fn a_new_feed_has_the_recent_past_in_memory() {
    let room = Room::new();
    let head = room.append("acme", 3000, 10).await;
    let (feed, _) = room.feeds.join(&"acme".into()).await.unwrap();
    let mut recent = feed.reader(head - WARM_ENTRIES);
    tokio::time::timeout(PATIENCE, async {
        while !matches!(recent.next(), Next::Segments(_)) {
            recent.changed().await;
        }
    })
    .await
    .unwrap();
    assert!(matches!(feed.reader(head - WARM_ENTRIES - 1).next(), Next::Behind));
}

#[tokio::test]
async fn a_feed_without_connections_goes_away() {
    let room = Room::new();
    let (feed, bounds) = room.feeds.join(&"acme".into()).await.unwrap();
    let (same, _) = room.feeds.join(&"acme".into()).await.unwrap();
    assert!(Arc::ptr_eq(&feed, &same), "an organization has one");
    let reader = feed.reader(bounds.head);
    drop((feed, same));
    assert_eq!(room.feeds.open_count(), 1);
    let watched = room.store.clone();
    drop(reader);
    // The task that follows the log may hold it for the length of one read.
    tokio::time::timeout(PATIENCE, async {
        while room.feeds.open_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    drop(watched);
}

#[tokio::test]
async fn what_retention_deletes_before_a_reader_sees_it_is_never_skipped_silently() {
    let room = Room::new();
    let (feed, bounds) = room.feeds.join(&"acme".into()).await.unwrap();
    let (slow, mut live) = (feed.reader(bounds.head), feed.reader(bounds.head));
    for _ in 0..6 {
        let head = room.append("acme", 100, 10_000).await;
        read_to(&mut live, head).await;
    }
    let everything = Retention { age_ms: Some(0), bytes: None };
    room.store.prune(everything, Timestamp::from_millis(i64::MAX)).await.unwrap();
    assert!(matches!(slow.next(), Next::Behind));
    assert!(matches!(slow.catch_up().await.unwrap().0, CaughtUp::Overrun));
}
