//! Runs that other programs report.

use switchboard_protocol::{
    Envelope, Frame, ScrapePhase, ScrapeProgress, ScrapedItem, ScrapedPage, Timestamp,
};

use super::{
    Subject,
    history::Random,
    material::{acme, note},
    scraping::{
        address, claim, finish, finished, follow, frames_of, head, item, page, run, running, snapshot, start,
        stored_urls, take, tell, told,
    },
};
use crate::{CancelOutcome, Fold, Held, MOST_REPORTED_ROWS, Report, RowQuery, StartOutcome};

/// A frame as the hub hands it on: its body on one line.
fn report(progress: ScrapeProgress) -> Report {
    let progress = ScrapeProgress { timestamp: Some(Timestamp::from_millis(1_774_958_400_000)), ..progress };
    let frame = Frame::ScrapeProgress(progress.clone());
    let body = Envelope { seq: None, organization_id: Some(acme()), frame }.encode().unwrap();
    Report { id: None, body: body.replace('\n', " ").into(), fold: Some(Fold::Scrape(progress)) }
}

/// A frame of a platform.
fn of_platform(run: &str, platform: &str, current: u64, pages: &[&str], results: &[&str]) -> Report {
    report(ScrapeProgress {
        platform: Some(platform.to_owned()),
        current: Some(current),
        total: Some(10),
        pages: pages.iter().map(|url| ScrapedPage::of(*url)).collect(),
        results: results.iter().map(|fields| item(fields)).collect(),
        ..ScrapeProgress::of(run.into())
    })
}

/// A frame of the whole run.
fn whole(run: &str, phase: ScrapePhase) -> Report {
    report(ScrapeProgress { phase: Some(phase), ..ScrapeProgress::of(run.into()) })
}

/// A run comes to exist with its first frame, and what frames bring is kept.
pub async fn a_reported_run_is_the_fold_of_its_frames(subject: &dyn Subject) {
    let store = subject.open().await;
    let pages = ["https://a.test/1", "https://a.test/2"];
    let mut first = of_platform("r-1", "a.test", 2, &pages, &["{\"n\":\n1}"]);
    if let Some(Fold::Scrape(progress)) = &mut first.fold {
        progress.pages[1].platform = Some("elsewhere".to_owned());
        progress.results.push(ScrapedItem { url: Some(pages[1].to_owned()), ..item("{}") });
    }
    store.append(acme(), vec![first]).await.unwrap();
    assert_eq!(told(&store, 0).await, ["r-1/a.test - 2/10 1 2", "r-1 is running"]);
    drop(store);

    let store = subject.open().await;
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.summary.phase, read.summary.current), (ScrapePhase::Running, 2));
    assert_eq!((read.summary.own, read.limits, read.extract.clone()), (false, None, None));
    assert_eq!((read.page_count, read.seq), (2, Some(2)));
    let platforms: Vec<_> = read.pages.iter().map(|page| page.platform.as_deref().unwrap()).collect();
    assert_eq!(platforms, ["a.test", "elsewhere"], "a page's own, or the frame's");
    let rows = RowQuery { limit: 10, before: None };
    let items = store.scrape_items(acme(), "r-1".into(), rows).await.unwrap().unwrap().items;
    assert_eq!(items.iter().map(|item| item.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((items[0].url.as_deref(), items[0].platform.as_deref()), (Some(pages[1]), Some("a.test")));
    assert_eq!((items[1].url.as_deref(), items[1].fields.text()), (None, "{\"n\": 1}"), "on one line");
    assert_eq!(store.organizations().await.unwrap(), [acme()]);
    let found = crate::ScrapeQuery { text: Some("A.TEST".to_owned()), limit: 9, ..Default::default() };
    assert_eq!(store.scrape_runs(acme(), found).await.unwrap().items, [read.summary]);
}

/// Lists hear of a run once a batch, and only when it became known or its phase changed.
pub async fn reported_runs_are_announced_once_a_batch(subject: &dyn Subject) {
    let store = subject.open().await;
    let batch = vec![
        whole("r-1", ScrapePhase::Pending),
        of_platform("r-2", "a.test", 1, &[], &[]),
        note("between"),
        of_platform("r-1", "a.test", 1, &["https://a.test/1"], &[]),
        of_platform("r-2", "a.test", 2, &[], &[]),
    ];
    let appended = store.append(acme(), batch).await.unwrap();
    assert_eq!((appended.accepted, appended.seq), (5, 5));
    assert_eq!(told(&store, 5).await, ["r-1 is running", "r-2 is running"]);
    let batch =
        vec![of_platform("r-1", "a.test", 2, &["https://a.test/2"], &[]), whole("r-2", ScrapePhase::Running)];
    store.append(acme(), batch).await.unwrap();
    assert_eq!(head(&store).await, 9, "no phase changed");
    let batch = vec![whole("r-2", ScrapePhase::Failed), whole("r-1", ScrapePhase::Completed)];
    store.append(acme(), batch).await.unwrap();
    assert_eq!(told(&store, 11).await, ["r-2 is failed", "r-1 is completed"]);
    assert_eq!(snapshot(&store, "r-1").await.page_count, 2);
    assert_eq!(snapshot(&store, "r-2").await.summary.current, 2);
    let after = head(&store).await;
    store.append(acme(), vec![whole("r-3", ScrapePhase::Pending)]).await.unwrap();
    assert_eq!(told(&store, after).await, ["r-3 pending -/-", "r-3 is pending"], "it became known");
}

/// A frame that is sent again changes nothing.
pub async fn a_duplicate_changes_no_run(subject: &dyn Subject) {
    let store = subject.open().await;
    let named = || Report {
        id: Some("one".to_owned()),
        ..of_platform("r-1", "a.test", 1, &["https://a.test/1"], &["{}"])
    };
    let appended = store.append(acme(), vec![named(), named()]).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates), (1, 1));
    let before = snapshot(&store, "r-1").await;
    store.append(acme(), vec![named()]).await.unwrap();
    let elsewhere = Report { id: Some("one".to_owned()), ..whole("r-2", ScrapePhase::Running) };
    store.append(acme(), vec![elsewhere]).await.unwrap();
    assert_eq!(snapshot(&store, "r-1").await, before);
    assert_eq!(before.page_count, 1);
    assert_eq!(store.scrape_run(acme(), "r-2".into(), 9).await.unwrap(), None);
    assert_eq!(store.scrape_items_after(acme(), "r-1".into(), 0, 9).await.unwrap().len(), 1);
}

/// What comes late to a run that has ended changes nothing that lists show, and its pages are kept, as who
/// watches keeps them.
pub async fn late_frames_bring_their_pages_only(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![of_platform("r-1", "a.test", 1, &["https://a.test/1"], &[])]).await.unwrap();
    store.append(acme(), vec![whole("r-1", ScrapePhase::Completed)]).await.unwrap();
    let ended = snapshot(&store, "r-1").await.summary;
    let before = head(&store).await;
    let late = vec![
        of_platform("r-1", "a.test", 2, &["https://a.test/2"], &["{}"]),
        whole("r-1", ScrapePhase::Running),
    ];
    store.append(acme(), late).await.unwrap();
    assert_eq!(head(&store).await, before + 2, "nothing is announced");
    let read = snapshot(&store, "r-1").await;
    assert_eq!((read.summary, read.page_count), (ended, 2));
    assert_eq!(store.scrape_items_after(acme(), "r-1".into(), 0, 9).await.unwrap().len(), 1);
}

/// A run of this store is its crawler's: what others report of it is delivered, and changes nothing.
pub async fn nobody_reports_for_a_run_of_this_store(subject: &dyn Subject) {
    let store = subject.open().await;
    start(&store, run("r-1", &["https://a.test/1"])).await;
    claim(&store, "c").await.unwrap();
    let before = snapshot(&store, "r-1").await;
    let forged = vec![
        of_platform("r-1", "a.test", 9, &["https://a.test/9"], &["{}"]),
        whole("r-1", ScrapePhase::Completed),
    ];
    let appended = store.append(acme(), forged).await.unwrap();
    assert_eq!((appended.accepted, head(&store).await), (2, appended.seq));
    let after = snapshot(&store, "r-1").await;
    assert_eq!((after.summary, after.pages), (before.summary, before.pages));
    assert!(store.scrape_items_after(acme(), "r-1".into(), 0, 9).await.unwrap().is_empty());
    assert_eq!(take(&store, "r-1", "a.test", 9).await.len(), 1);
    finish(&store, "r-1", vec![finished("https://a.test/1", &[], &[])]).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    assert_eq!(snapshot(&store, "r-1").await.page_count, 1);
}

/// A run that somebody else reports is not this store's to start, claim, fill, tell of or cancel.
pub async fn a_reported_run_is_its_reporters(subject: &dyn Subject) {
    let store = subject.open().await;
    store.append(acme(), vec![of_platform("r-1", "a.test", 1, &["https://a.test/1"], &[])]).await.unwrap();
    let before = snapshot(&store, "r-1").await;
    let outcome = store.start_scrape(acme(), run("r-1", &["https://a.test/2"])).await.unwrap();
    assert_eq!(outcome, StartOutcome::Known);
    assert_eq!(claim(&store, "c").await, None);
    let outcome = store.cancel_scrape(acme(), "r-1".into(), "Cancelled.".to_owned()).await.unwrap();
    assert_eq!(outcome, CancelOutcome::NotOurs);
    let found = vec![address("https://a.test/3", 1)];
    assert_eq!(store.add_addresses(acme(), "r-1".into(), found).await.unwrap(), 0);
    finish(&store, "r-1", vec![finished("https://a.test/3", &[], &[])]).await;
    tell(&store, "r-1", running(&["a.test"])).await;
    let lease = Timestamp::from_millis(0);
    let held = store.renew_scrape(acme(), "r-1".into(), "c".to_owned(), lease).await.unwrap();
    assert_eq!(held, Held::Lost);
    assert_eq!(snapshot(&store, "r-1").await, before);
}

/// Who takes a snapshot at any moment of reported runs and then the frames after its `seq` has each page exactly once,
/// and the same summary as who followed from the beginning: whatever order two runs are reported in, and late frames
/// included.
pub async fn a_reported_snapshot_with_the_frames_after_it_is_the_run(subject: &dyn Subject) {
    let mut store = subject.open().await;
    for seed in 1..=4 {
        let mut random = Random(seed);
        let names = [format!("r-{seed}"), format!("s-{seed}")];
        let (mut snapshots, mut number) = (Vec::new(), 0);
        for _ in 0..60 {
            let mut batch = Vec::new();
            for _ in 0..=random.below(3) {
                let name = names[usize::try_from(random.below(2)).unwrap()].as_str();
                let platform = ["a.test", "b.test"][usize::try_from(random.below(2)).unwrap()];
                number += 1;
                let url = format!("https://{platform}/{number}");
                batch.push(match random.below(12) {
                    0 => whole(name, ScrapePhase::Completed),
                    1 => whole(name, ScrapePhase::Pending),
                    2 => note("between"),
                    3 => of_platform(name, platform, number, &[], &["{}"]),
                    _ => of_platform(name, platform, number, &[&url], &[]),
                });
            }
            store.append(acme(), batch).await.unwrap();
            if random.below(10) == 0 {
                drop(store);
                store = subject.open().await;
            }
            for name in &names {
                snapshots.extend(store.scrape_run(acme(), name.as_str().into(), 1000).await.unwrap());
            }
        }
        for name in &names {
            let last = snapshot(&store, name).await;
            let (stored, frames) = (stored_urls(&store, name).await, frames_of(&store, name).await);
            assert!(stored.len() > 20, "{} pages", stored.len());
            for early in snapshots.iter().filter(|early| early.summary.run_id.as_str() == name) {
                follow(early.clone(), &frames).assert_is(&last, &stored, &format!("seed {seed}, {name}"));
            }
        }
    }
}

/// A reporter that never ends fills no disk with pages and items: beyond the bound its frames are delivered only.
pub async fn a_reported_run_is_bounded(subject: &dyn Subject) {
    let store = subject.open().await;
    let pages: Vec<_> = (0..1000).map(|number| page(&format!("https://a.test/{number}"))).collect();
    let results = vec![item("{}"); 1000];
    let progress = ScrapeProgress { pages, results, ..ScrapeProgress::of("r-1".into()) };
    // The bodies do not matter here, and are left small.
    let full = Report { fold: Some(Fold::Scrape(progress)), ..note("many") };
    for _ in 0..MOST_REPORTED_ROWS / 10_000 {
        store.append(acme(), vec![full.clone(); 10]).await.unwrap();
    }
    let before = head(&store).await;
    store.append(acme(), vec![full]).await.unwrap();
    assert_eq!(head(&store).await, before + 1);
    assert_eq!(snapshot(&store, "r-1").await.page_count, MOST_REPORTED_ROWS);
    let after = MOST_REPORTED_ROWS - 3;
    let pages = store.scrape_pages_after(acme(), "r-1".into(), after, 10).await.unwrap();
    let items = store.scrape_items_after(acme(), "r-1".into(), after, 10).await.unwrap();
    assert_eq!((pages.len(), items.len()), (3, 3));
}
