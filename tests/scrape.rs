//! Progress of scrape runs over both transports, in a real browser against a scripted server: who uses the hooks can't tell
//! which of the two feeds them.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::{cell::Cell, collections::BTreeSet, rc::Rc};

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use support::*;
use switchboard_dashboard::{
    api::ScrapeRunListQuery,
    realtime::{
        LoadPhase, Transport, UseScrapeProgress, UseScrapeRuns, use_scrape_progress, use_scrape_runs,
    },
};
use switchboard_protocol::ScrapePhase;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

/// A frame of a run's one platform that brings one page.
fn page(run: &str, number: usize) -> String {
    format!(
        r#"{{"type":"scrape_progress","runId":"{run}","platform":"a.test","phase":"running","current":{number},"total":50,"pages":[{{"url":"https://a.test/{number}"}}]}}"#
    )
}

/// A frame of the whole run.
fn whole(run: &str, phase: &str, current: usize) -> String {
    format!(
        r#"{{"type":"scrape_progress","runId":"{run}","phase":"{phase}","current":{current},"total":50}}"#
    )
}

/// A component that shows a run, and what it told its user.
#[derive(Clone)]
struct Watched {
    hook: SendWrapper<Rc<Cell<Option<UseScrapeProgress>>>>,
    ends: Notes<ScrapePhase>,
}

impl Watched {
    fn mount(stage: &mut Stage, run: &'static str) -> Self {
        let watched = Self { hook: SendWrapper::new(Rc::default()), ends: Notes::new() };
        let (hook, ends) = (watched.hook.clone(), watched.ends.clone());
        stage.mount(move || {
            let on_complete = move |run: &switchboard_protocol::rest::ScrapeRunSummary| ends.add(run.phase);
            hook.set(Some(use_scrape_progress(Signal::stored(run.into()), on_complete)));
        });
        watched
    }

    fn hook(&self) -> UseScrapeProgress {
        self.hook.get().unwrap()
    }

    fn transport(&self) -> Transport {
        self.hook().transport.get_untracked()
    }

    fn pages(&self) -> Vec<String> {
        let urls =
            |run: &switchboard_model::ScrapeRun| run.pages().iter().map(|page| page.url.clone()).collect();
        self.hook().view.with_untracked(urls).unwrap_or_default()
    }

    async fn until_pages(&self, count: usize) {
        until(&format!("{count} pages are shown"), || self.pages().len() == count).await;
    }

    async fn until_live(&self, transport: Transport) {
        until(&format!("it is {transport}"), || self.transport() == transport).await;
    }
}

fn each_once(pages: &[String], count: usize) {
    let once: BTreeSet<_> = pages.iter().collect();
    assert_eq!((pages.len(), once.len()), (count, count), "{pages:?}");
}

fn snapshots_of(run: &str) -> usize {
    let path = format!("/api/scrape/runs/{run}?");
    requests().lines().filter(|request| request.starts_with(&path)).count()
}

#[wasm_bindgen_test]
async fn progress_over_the_socket_needs_no_stream() {
    let mut stage = Stage::new();
    publish(&whole("r-1", "running", 0));
    let watched = Watched::mount(&mut stage, "r-1");
    until_connected().await;
    publish(&format!("{}\n{}", page("r-1", 1), page("r-1", 2)));
    watched.until_pages(2).await;
    assert_eq!(watched.transport(), Transport::WebSocket);
    let platforms = watched.hook().platforms.get_untracked();
    assert_eq!((platforms[0].platform.as_str(), platforms[0].current, platforms[0].total), ("a.test", 2, 50));
    assert_eq!(watched.hook().overall.get_untracked().unwrap().current, 2);
    let before = snapshots_of("r-1");
    publish(&whole("r-1", "completed", 2));
    until("the end is told", || watched.ends.len() == 1).await;
    until("the run is fetched once more", || snapshots_of("r-1") == before + 1).await;
    publish(&whole("r-1", "completed", 2));
    settle().await;
    assert_eq!(watched.ends.all(), [ScrapePhase::Completed], "the end was told again");
    assert_eq!(snapshots_of("r-1"), before + 1, "invalidated once");
    assert_eq!(stream_urls(), "", "a stream was opened beside a socket that works");
}

#[wasm_bindgen_test]
async fn after_three_failures_a_stream_takes_over_and_gives_way_when_the_socket_is_back() {
    let mut stage = Stage::new();
    publish(&format!("{}\n{}", whole("r-1", "running", 0), page("r-1", 1)));
    let watched = Watched::mount(&mut stage, "r-1");
    until_connected().await;
    publish(&page("r-1", 2));
    watched.until_pages(2).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1012, "");
    watched.until_live(Transport::Sse).await;
    assert!(constructed() >= 4, "one that worked, and three that failed: {}", constructed());
    assert_eq!(
        stream_urls(),
        "/api/scrape/runs/r-1/progress?organizationId=acme&lastEventId=3",
        "it begins where the socket stopped"
    );
    assert!(watched.hook().is_connected.get_untracked());
    publish(&page("r-1", 3));
    watched.until_pages(3).await;
    script(r#"{"mode":"hub"}"#);
    watched.until_live(Transport::WebSocket).await;
    until("the stream is closed", || streams_open() == 0).await;
    publish(&page("r-1", 4));
    watched.until_pages(4).await;
    each_once(&watched.pages(), 4);
    assert_eq!(stream_urls().lines().count(), 1);
}

#[wasm_bindgen_test]
async fn a_page_that_never_had_a_socket_lives_on_its_stream() {
    let mut stage = Stage::new();
    script(r#"{"mode":"refuse"}"#);
    publish(&format!("{}\n{}", whole("r-1", "running", 0), page("r-1", 1)));
    let watched = Watched::mount(&mut stage, "r-1");
    watched.until_live(Transport::Sse).await;
    assert!(stream_urls().ends_with("lastEventId=2"), "after the snapshot: {}", stream_urls());
    publish(&page("r-1", 2));
    watched.until_pages(2).await;
    publish(&whole("r-1", "failed", 2));
    until("the end is told", || watched.ends.len() == 1).await;
    until("the stream of a run that is over is closed", || streams_open() == 0).await;
    assert_eq!(watched.transport(), Transport::Sse, "what is shown was confirmed on it");
    // The socket comes back, and replays the end.
    script(r#"{"mode":"hub"}"#);
    watched.until_live(Transport::WebSocket).await;
    settle().await;
    assert_eq!(watched.ends.all(), [ScrapePhase::Failed]);
    each_once(&watched.pages(), 2);
}

#[wasm_bindgen_test]
async fn a_stream_that_breaks_goes_on_where_it_was() {
    let mut stage = Stage::new();
    script(r#"{"mode":"refuse"}"#);
    publish(&whole("r-1", "running", 0));
    let watched = Watched::mount(&mut stage, "r-1");
    watched.until_live(Transport::Sse).await;
    publish(&page("r-1", 1));
    watched.until_pages(1).await;
    script(r#"{"sse":"refuse"}"#);
    drop_streams();
    watched.until_live(Transport::None).await;
    publish(&page("r-1", 2));
    script(r#"{"sse":"open"}"#);
    watched.until_live(Transport::Sse).await;
    watched.until_pages(2).await;
    assert!(stream_urls().lines().last().unwrap().ends_with("lastEventId=2"), "{}", stream_urls());
    each_once(&watched.pages(), 2);
}

#[wasm_bindgen_test]
async fn who_leaves_takes_the_stream_along_and_who_wants_none_gets_none() {
    let mut stage = Stage::new();
    script(r#"{"mode":"refuse"}"#);
    let show = RwSignal::new(false);
    stage.mount(move || {
        view! {
            <Show when=move || show.get()>
                {move || {
                    use_scrape_runs(Signal::stored(ScrapeRunListQuery {
                        organization_id: "acme".into(),
                        ..Default::default()
                    }));
                }}
            </Show>
        }
    });
    until("the socket has failed often enough", || constructed() > 5).await;
    assert_eq!(stream_urls(), "", "nobody wants progress");
    show.set(true);
    until("a stream is open", || streams_open() == 1).await;
    assert!(stream_urls().starts_with("/api/scrape/stream?organizationId=acme"));
    show.set(false);
    until("it is closed", || streams_open() == 0).await;
    show.set(true);
    until("a stream is open again", || streams_open() == 1).await;
    stage.unmount();
    until("it went with the page", || streams_open() == 0).await;
}

#[wasm_bindgen_test]
async fn a_list_moves_with_progress_and_finds_new_runs_over_either() {
    let mut stage = Stage::new();
    publish(&whole("r-1", "running", 1));
    let list: SendWrapper<Rc<Cell<Option<UseScrapeRuns>>>> = SendWrapper::new(Rc::default());
    let held = list.clone();
    stage.mount(move || {
        let query = ScrapeRunListQuery { organization_id: "acme".into(), ..Default::default() };
        held.set(Some(use_scrape_runs(Signal::stored(query))));
    });
    let hook = || list.get().unwrap();
    let shown = || -> Vec<(String, u64)> {
        let rows = hook().rows.get_untracked();
        rows.iter().map(|row| (row.id.to_string(), row.summary.get_untracked().current)).collect()
    };
    let is = |expected: &[(&str, u64)]| {
        let shown = shown();
        shown.len() == expected.len()
            && shown.iter().zip(expected).all(|(row, expected)| (row.0.as_str(), row.1) == *expected)
    };
    until_connected().await;
    until("the list is there", || hook().phase.get_untracked() == LoadPhase::Ready).await;
    publish(&whole("r-1", "running", 2));
    until("the row moves", || is(&[("r-1", 2)])).await;
    publish(&whole("r-2", "running", 0));
    until("a new run is found", || is(&[("r-2", 0), ("r-1", 2)])).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1012, "");
    until("a stream stands in", || hook().transport.get_untracked() == Transport::Sse).await;
    publish(&whole("r-1", "running", 3));
    until("the row moves", || is(&[("r-2", 0), ("r-1", 3)])).await;
    publish(&whole("r-3", "running", 0));
    until("a new run is found", || is(&[("r-3", 0), ("r-2", 0), ("r-1", 3)])).await;
}

// A server of part 1 numbers nothing: each switch means to fetch, and nothing is counted twice.
#[wasm_bindgen_test]
async fn a_server_without_numbers_is_followed_over_both() {
    let mut stage = Stage::new();
    script(r#"{"mode":"part1"}"#);
    publish(&whole("r-1", "running", 0));
    let watched = Watched::mount(&mut stage, "r-1");
    until_connected().await;
    publish(&page("r-1", 1));
    watched.until_pages(1).await;
    script(r#"{"mode":"refuse"}"#);
    drop_connections(1012, "");
    watched.until_live(Transport::Sse).await;
    script(r#"{"mode":"part1"}"#);
    watched.until_live(Transport::WebSocket).await;
    publish(&page("r-1", 2));
    watched.until_pages(2).await;
    publish(&whole("r-1", "completed", 2));
    until("the end is told", || watched.ends.len() == 1).await;
}

/// A small generator, so that an order that fails can be played again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Plays one order of pages, breaks and returns of both transports, and the end.
async fn play(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut stage = Stage::new();
    publish(&whole("r-1", "running", 0));
    if dice.roll(2) == 0 {
        script(r#"{"mode":"refuse"}"#);
    }
    let watched = Watched::mount(&mut stage, "r-1");
    let mut pages = 0;
    for _ in 0..8 + dice.roll(8) {
        match dice.roll(7) {
            0 => {
                script(r#"{"mode":"refuse"}"#);
                drop_connections(1012, "");
            }
            1 => script(r#"{"mode":"hub"}"#),
            2 => drop_streams(),
            3 => drop_connections(1006, ""),
            _ => {
                pages += 1;
                publish(&page("r-1", pages));
            }
        }
        for _ in 0..dice.roll(4) {
            gloo_timers::future::TimeoutFuture::new(1).await;
        }
    }
    pages += 1;
    publish(&format!("{}\n{}", page("r-1", pages), whole("r-1", "completed", pages)));
    if dice.roll(2) == 0 {
        drop_connections(1012, "");
    }
    script(r#"{"mode":"hub"}"#);
    until(&format!("seed {seed}: it ends"), || watched.ends.len() == 1).await;
    watched.until_live(Transport::WebSocket).await;
    until("the streams are closed", || streams_open() == 0).await;
    watched.until_pages(pages).await;
    settle().await;
    assert_eq!(watched.ends.all(), [ScrapePhase::Completed], "seed {seed}");
    each_once(&watched.pages(), pages);
    stage.unmount();
}

#[wasm_bindgen_test]
async fn in_two_hundred_interleavings_of_both_transports_the_end_is_told_once() {
    for seed in 1..=200 {
        play(seed).await;
    }
}
