//! What the log is told of runs of this store.

use switchboard_protocol::{ScrapePhase, ScrapedPage};

use super::{
    Subject,
    history::Random,
    material::{acme, read_all},
    scraping::{
        claim, claim_at, ending, finish, finished, follow, frames, frames_of, head, page, run, running,
        snapshot, start, stored_urls, take, tell, told, urls_of,
    },
};
use crate::{Finished, PlatformNews, RowQuery, Telling};

/// A frame has the numbers as they are stored, each page stands in one frame, and lists hear when the phase changes.
pub async fn each_page_is_told_once(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1", "https://b.test/1"])).await;
    let mut after = head(&store).await;
    let mut new = async || {
        let told = told(&store, after).await;
        after = head(&store).await;
        told
    };
    claim(&store, "c").await.unwrap();
    let mut failed = finished("https://a.test/1", &["{}", "{}"], &["https://a.test/2", "https://a.test/3"]);
    failed.page.status = Some(404);
    finish(&store, "r-1", vec![failed, finished("https://b.test/1", &[], &[])]).await;
    assert!(new().await.is_empty(), "nothing is told that nobody asked for");
    let read = snapshot(&store, "r-1").await;
    assert!(read.pages.is_empty() && read.page_count == 0, "a frame is to tell of them");
    let all = RowQuery { limit: 10, before: None };
    let stored = store.scrape_pages(acme(), "r-1".into(), all).await.unwrap().unwrap().items;
    assert_eq!(stored.len(), 2, "they are stored");

    tell(&store, "r-1", running(&["a.test"])).await;
    assert_eq!(new().await, ["r-1/a.test running 1/3 1", "r-1 running 2/4", "r-1 is running"]);
    let read = snapshot(&store, "r-1").await;
    assert_eq!(read.pages.iter().map(|page| &*page.url).collect::<Vec<_>>(), ["https://a.test/1"]);
    let platform = &read.summary.platforms[0];
    assert_eq!((platform.items, platform.bytes, platform.errors), (2, 100, 1));
    let summary = &read.summary;
    assert_eq!((summary.items, summary.bytes, summary.errors), (2, 200, 1));

    tell(&store, "r-1", running(&["b.test", "a.test"])).await;
    assert_eq!(new().await, ["r-1/b.test running 1/1 1", "r-1/a.test running 1/3", "r-1 running 2/4"]);
    tell(&store, "r-1", Telling::default()).await;
    assert_eq!(new().await, ["r-1 - 2/4"]);
    tell(&store, "r-1", running(&["c.test"])).await;
    assert_eq!(new().await, ["r-1/c.test running 0/0", "r-1 running 2/4"], "whatever a crawler names");
    tell(&store, "r-none", running(&["a.test"])).await;
    assert!(new().await.is_empty());
}

/// A message stays until another one is told, and an empty one takes it back.
pub async fn messages_of_a_run_stay_until_they_are_taken_back(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    let say = async |platform: Option<&str>, whole: Option<&str>| {
        let news = PlatformNews {
            platform: "a.test".to_owned(),
            phase: ScrapePhase::Running,
            message: platform.map(str::to_owned),
        };
        let message = whole.map(str::to_owned);
        tell(&store, "r-1", Telling { platforms: vec![news], message, ..Telling::default() }).await;
        let summary = snapshot(&store, "r-1").await.summary;
        (summary.platforms[0].message.clone(), summary.message)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(say(Some("/1"), Some("Reading")).await, (some("/1"), some("Reading")));
    assert_eq!(say(None, None).await, (some("/1"), some("Reading")));
    assert_eq!(say(Some(""), Some("")).await, (None, None));
}

/// Many pages come in frames that a page can take: at most 200 of them, and about 256 KiB.
pub async fn many_pages_are_told_in_several_frames(subject: &dyn Subject) {
    let store = subject.open().await;
    let targets: Vec<_> = (0..450).map(|number| format!("https://a.test/{number}")).collect();
    start(&store, run("r-1", &targets.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let pages = targets.iter().map(|url| finished(url, &[], &[])).collect();
    finish(&store, "r-1", pages).await;
    let before = head(&store).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let told = frames(&store, before).await;
    assert_eq!(told.iter().map(|(_, frame)| frame.pages.len()).collect::<Vec<_>>(), [200, 200, 50, 0]);
    assert!(told.iter().all(|(_, frame)| frame.current == Some(450)));
    assert_eq!(urls_of(&told), targets);

    let large: Vec<_> = (0..10).map(|number| format!("https://b.test/{number}")).collect();
    start(&store, run("r-2", &large.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let large_page = |url: &String| ScrapedPage { note: Some("x".repeat(100_000)), ..page(url) };
    let pages =
        large.iter().map(|url| Finished { page: large_page(url), items: Vec::new(), found: Vec::new() });
    finish(&store, "r-2", pages.collect()).await;
    let before = head(&store).await;
    tell(&store, "r-2", running(&["b.test"])).await;
    let told = frames(&store, before).await;
    assert_eq!(told.iter().map(|(_, frame)| frame.pages.len()).collect::<Vec<_>>(), [3, 3, 3, 1, 0]);
    assert_eq!(urls_of(&told), large);
}

/// The end tells what nobody has told yet, of whichever platform, and drops what waits.
pub async fn the_end_tells_all_that_is_left(subject: &dyn Subject) {
    let store = subject.open().await;
    let targets = ["https://a.test/1", "https://b.test/1", "https://c.test/1", "https://c.test/2"];
    start(&store, run("r-1", &targets)).await;
    start(&store, run("r-2", &targets)).await;
    let pages = ["https://a.test/1", "https://b.test/1", "https://c.test/1"];
    finish(&store, "r-1", pages.map(|url| finished(url, &[], &[])).to_vec()).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let before = head(&store).await;
    let news = PlatformNews {
        platform: "b.test".to_owned(),
        phase: ScrapePhase::Completed,
        message: Some("1 page.".to_owned()),
    };
    let end = Telling { platforms: vec![news], ..ending(ScrapePhase::Failed, "Half of it is missing.") };
    tell(&store, "r-1", end).await;
    let expected = ["r-1/b.test completed 1/1 1", "r-1/c.test - 1/1 1", "r-1 failed 3/3", "r-1 is failed"];
    assert_eq!(told(&store, before).await, expected);
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.summary.phase, read.summary.total, read.page_count), (ScrapePhase::Failed, 3, 3));
    assert_eq!(read.summary.message.as_deref(), Some("Half of it is missing."));
    let phases: Vec<_> = read.summary.platforms.iter().map(|platform| platform.phase).collect();
    assert_eq!(phases, [ScrapePhase::Failed, ScrapePhase::Completed, ScrapePhase::Failed]);
    assert!(take(&store, "r-1", "c.test", 9).await.is_empty());
    assert_eq!(take(&store, "r-2", "c.test", 9).await.len(), 2, "another run goes on");
    // What is no end ends nothing.
    let before = head(&store).await;
    let odd = Telling { phase: Some(ScrapePhase::Completed), ..ending(ScrapePhase::Running, "") };
    tell(&store, "r-2", odd).await;
    assert_eq!(told(&store, before).await, ["r-2 - 0/4"]);
}

/// Who takes a snapshot at any moment of a run and then the frames after its `seq` has each told page exactly once, and
/// the same summary as who followed from the beginning: whatever two platforms and a crawler that gets lost do.
pub async fn a_snapshot_with_the_frames_after_it_is_the_run(subject: &dyn Subject) {
    let mut store = subject.open().await;
    for seed in 1..=4 {
        let mut random = Random(seed);
        let name = format!("r-{seed}");
        let name = name.as_str();
        start(&store, run(name, &["https://a.test/0", "https://b.test/0"])).await;
        let (mut snapshots, mut found, mut clock) = (vec![snapshot(&store, name).await], 0, 0);
        store.claim_scrape(claim_at("c", clock)).await.unwrap().unwrap();
        for _ in 0..80 {
            let platform = ["a.test", "b.test"][usize::try_from(random.below(2)).unwrap()];
            match random.below(10) {
                0 => {
                    drop(store);
                    store = subject.open().await;
                }
                1 => {
                    clock += 100;
                    assert!(store.claim_scrape(claim_at("c", clock)).await.unwrap().unwrap().resumed);
                }
                2..=6 => {
                    let limit = usize::try_from(random.below(3)).unwrap() + 1;
                    let mut pages = Vec::new();
                    for address in take(&store, name, platform, limit).await {
                        found += 2;
                        let links = [found, found + 1].map(|link| format!("https://{platform}/{link}"));
                        pages.push(finished(&address.url, &["{}"], &links.each_ref().map(String::as_str)));
                        // Some are lost on the way.
                        if random.below(8) == 0 {
                            pages.pop();
                        }
                    }
                    finish(&store, name, pages).await;
                }
                7 => tell(&store, name, running(&["a.test", "b.test"])).await,
                8 => tell(&store, name, running(&[platform])).await,
                _ => snapshots.push(snapshot(&store, name).await),
            }
        }
        tell(&store, name, ending(ScrapePhase::Completed, "")).await;
        let last = snapshot(&store, name).await;
        let stored = stored_urls(&store, name).await;
        assert!(stored.len() > 20, "{} pages", stored.len());
        snapshots.push(last.clone());
        for early in snapshots {
            follow(early, &frames_of(&store, name).await).assert_is(&last, &stored, &format!("seed {seed}"));
        }
        assert_eq!(read_all(&store, &acme(), 0).await.len() as u64, head(&store).await);
    }
}
