//! How much is taken from a server that has much.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use switchboard_crawler::{Extractor, FetchOptions, Fetcher};

use crate::{
    fetcher, options,
    server::{Reply, Server},
};

/// A fetcher that takes 64 KiB of a page.
fn modest() -> Fetcher {
    Fetcher::new(FetchOptions { max_body_bytes: 64 * 1024, ..options() }).unwrap()
}

#[tokio::test]
async fn a_page_that_does_not_end_is_cut_noted_and_read() {
    let reply = Reply::raw(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Endless</title><a href=/x>x</a>",
    )
    .then_flood();
    let server = Server::always(reply).await;
    let fetched = modest().fetch(&server.url("/"), None).await;
    assert_eq!(fetched.page.note.as_deref(), Some("The page is larger than 64 KiB; the rest was not read."));
    assert_eq!((fetched.page.error, fetched.page.title.as_deref()), (None, Some("Endless")));
    assert_eq!(fetched.links, [server.url("/x")]);
}

/// A kilobyte on the way may be a megabyte of page: what counts is what it unpacks to.
#[tokio::test]
async fn a_bomb_is_unpacked_to_the_limit_only() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"<title>Bomb</title>").unwrap();
    for _ in 0..64 * 1024 {
        encoder.write_all(&[b'x'; 1024]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let server =
        Server::always(Reply::new("200 OK", &["Content-Type: text/html", "Content-Encoding: gzip"], bomb))
            .await;
    let page = modest().fetch(&server.url("/"), None).await.page;
    assert_eq!(page.note.as_deref(), Some("The page is larger than 64 KiB; the rest was not read."));
    assert_eq!((page.error, page.title.as_deref()), (None, Some("Bomb")));
    assert_eq!(page.text_length, Some(64 * 1024 - "<title>Bomb</title>".len() as u64));
}

#[tokio::test]
async fn a_page_of_exactly_the_limit_is_not_cut() {
    let body = "x".repeat(64 * 1024);
    let server = Server::always(Reply::html(&body)).await;
    let page = modest().fetch(&server.url("/"), None).await.page;
    assert_eq!((page.note, page.text_length), (None, Some(64 * 1024)));
    let server = Server::always(Reply::html(body + "x")).await;
    assert!(modest().fetch(&server.url("/"), None).await.page.note.is_some());
}

#[tokio::test]
async fn a_page_nested_a_hundred_thousand_deep_is_read() {
    let server = Server::always(Reply::html(format!("{}<a href=/x>x</a>", "<div>".repeat(100_000)))).await;
    let fetched = fetcher().fetch(&server.url("/"), None).await;
    assert_eq!((fetched.page.error, fetched.page.text_length), (None, Some(1)));
    assert_eq!(fetched.links, [server.url("/x")]);
}

#[tokio::test]
async fn no_more_items_are_taken_than_wanted() {
    let server = Server::always(Reply::html("<p>x</p>".repeat(12))).await;
    let frugal = Fetcher::new(FetchOptions { max_items: 10, ..options() }).unwrap();
    let extraction = json!({ "item": "p", "fields": [{ "name": "what" }] });
    let extractor = Extractor::new(&serde_json::from_value(extraction).unwrap()).unwrap();
    let fetched = frugal.fetch(&server.url("/"), Some(&extractor)).await;
    assert_eq!((fetched.page.items, fetched.items.len()), (Some(10), 10));
    assert_eq!(fetched.page.note.as_deref(), Some("The page has more than 10 items; the rest was left out."));
}

#[tokio::test]
async fn a_body_of_which_nothing_is_wanted_is_not_waited_for() {
    let reply =
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 999999999\r\n\r\nx")
            .then_trickle();
    let server = Server::always(reply).await;
    let page = fetcher().fetch(&server.url("/"), None).await.page;
    assert_eq!((page.error, page.bytes), (None, Some(999_999_999)));
}
