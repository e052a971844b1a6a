//! `switchboard serve` killed while it scrapes: the run ends well, and every page is there exactly once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::zombie_processes,
    missing_docs
)]

mod chat_support;
mod scrape_support;
mod serve_support;

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use chat_support::Calls;
use scrape_support::{Reply, Site, is_end, order, sorted, start_run, told_pages, until_ended};
use serde_json::{Value, json};
use serve_support::{Client, soon};
use switchboard_store::{Scrapes, SqliteOptions, SqliteStore, Upkeep};

const PAGES: usize = 500;

/// How many requests to one site there are at a time, as the order asks for.
const CONCURRENCY: usize = 4;

/// A hub as a process.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--scrape-allow-private", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("listening on http://").unwrap().1.parse().unwrap();
        Self { child, address }
    }

    fn calls(&self) -> Calls {
        Calls::at(&format!("http://{}", self.address))
    }

    /// Follows the log from its beginning.
    async fn replay(&self) -> Client {
        let epoch = Client::open(self.address, json!({"token": "stream"})).await.ack["epoch"].clone();
        let handshake = json!({"token": "stream", "resume": {"epoch": epoch, "seq": 0}});
        Client::open(self.address, handshake).await
    }

    async fn kill(mut self) {
        self.child.kill().unwrap();
        let ended = tokio::task::spawn_blocking(move || self.child.wait());
        soon("the hub's end", ended).await.unwrap().unwrap();
    }
}

/// The pages that a hub that is gone has left in its folder.
async fn durable(data: &Path, run: &str) -> BTreeSet<String> {
    let store = SqliteStore::open(data, SqliteOptions::default()).unwrap();
    let mut pages = BTreeSet::new();
    let mut after = 0;
    loop {
        let portion = store.scrape_pages_after("default".into(), run.into(), after, 1000).await.unwrap();
        let Some((last, _)) = portion.last() else { break };
        after = *last;
        for (_, page) in portion {
            assert!(pages.insert(page.url.clone()), "{} is there twice", page.url);
        }
    }
    store.close().await.unwrap();
    pages
}

/// Each page leads to three further ones, and back to the beginning.
fn tree(path: &str, _: usize) -> Reply {
    let Some(number) = path.strip_prefix("/p").and_then(|number| number.parse::<usize>().ok()) else {
        return Reply::Status(404);
    };
    let further = (number * 3 + 1..=number * 3 + 3).filter(|next| *next < PAGES);
    Reply::Links(further.map(|next| format!("/p{next}")).chain(["/p0".into()]).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_fetches_every_page_and_keeps_each_once() {
    let data = tempfile::tempdir().unwrap();
    let site = Site::start("127.0.0.2", tree).await;
    let mut hub = Process::start(data.path());
    let mut wanted = order(&[site.url("/p0")]);
    wanted["concurrency"] = json!(CONCURRENCY);
    let run = start_run(&hub.calls(), wanted).await;
    let mut done: BTreeSet<String> = BTreeSet::new();
    let kills = [30, 90, 200, 350];
    for asked in kills {
        site.asked(asked).await;
        hub.kill().await;
        let durable = durable(data.path(), &run).await;
        assert!(done.is_subset(&durable), "nothing that was there is lost");
        done = durable;
        let before: Vec<usize> = done.iter().map(|url| hits(&site, url)).collect();
        hub = Process::start(data.path());
        // Some of what it does then, so that the next look is at a hub that works.
        site.asked(asked + 10).await;
        let after: Vec<usize> = done.iter().map(|url| hits(&site, url)).collect();
        assert_eq!(before, after, "what is durable is not fetched again");
    }
    let mut client = hub.replay().await;
    let mut frames = until_ended(&mut client, &run).await;
    let end = frames.last().unwrap();
    assert_eq!(
        (&end["phase"], &end["current"], &end["total"]),
        (&json!("completed"), &json!(PAGES), &json!(PAGES))
    );
    assert_eq!(end["errors"], 0, "{end}");
    frames.extend(client.ping().await.0);
    assert_eq!(frames.iter().filter(|frame| is_end(frame, &run)).count(), 1, "it ends once");
    let expected = sorted((0..PAGES).map(|number| site.url(&format!("/p{number}"))).collect());
    assert_eq!(sorted(told_pages(&frames)), expected, "the log tells of each page once");
    let (_, kept) = hub.calls().get(&format!("/api/scrape/runs/{run}/pages?limit=1000")).await;
    let kept = kept["items"].as_array().unwrap().iter().map(|page| page["url"].as_str().unwrap().to_owned());
    assert_eq!(sorted(kept.collect()), expected, "and the store keeps each once");
    let again: usize = site.hits().values().map(|hits| hits - 1).sum();
    assert!(again <= kills.len() * CONCURRENCY, "{again} were fetched twice, more than were under way");
    assert_eq!(site.hits().len(), PAGES);
    hub.kill().await;
}

fn hits(site: &Site, url: &str) -> usize {
    site.hits_of(url.strip_prefix(&site.url("")).unwrap())
}

/// A page that costs each hub that fetches it is likelier to be the reason than the victim.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_outlives_no_hub_is_given_up_in_words() {
    let data = tempfile::tempdir().unwrap();
    let site = Site::start("127.0.0.2", |path, _| match path {
        "/" => Reply::Links(vec!["/deadly".into()]),
        "/deadly" => Reply::Hang,
        _ => Reply::Status(404),
    })
    .await;
    let mut hub = Process::start(data.path());
    let run = start_run(&hub.calls(), order(&[site.url("/")])).await;
    for _ in 0..3 {
        site.hanging(1).await;
        hub.kill().await;
        site.hanging(0).await;
        hub = Process::start(data.path());
    }
    let mut client = hub.replay().await;
    let frames = until_ended(&mut client, &run).await;
    let end: &Value = frames.last().unwrap();
    assert_eq!(
        (&end["phase"], &end["current"], &end["errors"]),
        (&json!("completed"), &json!(2), &json!(1)),
        "{end}"
    );
    let (_, kept) = hub.calls().get(&format!("/api/scrape/runs/{run}")).await;
    let given_up = scrape_support::page(&kept, &site.url("/deadly"));
    assert!(given_up["error"].as_str().unwrap().contains("3 times"), "{given_up}");
    assert_eq!(site.hits_of("/deadly"), 3);
    hub.kill().await;
}
