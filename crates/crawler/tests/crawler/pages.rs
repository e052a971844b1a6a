//! What is read out of pages.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use switchboard_crawler::{Extractor, FetchOptions, Fetcher};

use crate::{
    fetcher, options,
    server::{Reply, Server},
};

const PAGE: &str = "<title>Lamps</title><body><h1>Two lamps</h1><p>One</p><p>Two</p>\
                    <a href=/next>n</a><a href=//other.example/>o</a>";

#[tokio::test]
async fn a_page_is_told_in_numbers_with_its_links_and_items() {
    let server = Server::always(Reply::html(PAGE)).await;
    let extraction = json!({ "item": "p", "fields": [{ "name": "what" }] });
    let extractor = Extractor::new(&serde_json::from_value(extraction).unwrap()).unwrap();
    let url = server.url("/lamps?all");
    let fetched = fetcher().fetch(&url, Some(&extractor)).await;
    let page = &fetched.page;
    assert_eq!(page.url, url.as_str());
    assert_eq!((page.status, page.error.as_deref(), page.note.as_deref()), (Some(200), None, None));
    assert_eq!(page.title.as_deref(), Some("Lamps"));
    assert_eq!(page.text_length, Some("Two lamps One Two no".len() as u64));
    assert_eq!(page.bytes, Some(PAGE.len() as u64));
    assert_eq!(page.content_type.as_deref(), Some("text/html"));
    assert!(page.duration_ms.is_some() && page.at.is_some());
    assert!(page.platform.is_none() && page.depth.is_none() && page.redirect.is_none());
    assert_eq!(fetched.links, [server.url("/next"), "http://other.example/".parse().unwrap()]);
    assert_eq!(page.links, Some(2));
    let found: Vec<_> = fetched.items.iter().map(|item| item.fields.text()).collect();
    assert_eq!(found, [r#"{"what":"One"}"#, r#"{"what":"Two"}"#]);
    assert_eq!((page.items, fetched.items[0].url.as_deref()), (Some(2), Some(url.as_str())));
    assert!(fetched.retry.is_none() && fetched.redirect.is_none());
}

#[tokio::test]
async fn a_request_says_who_asks_and_carries_nothing_from_earlier_ones() {
    let server = Server::always(Reply::new(
        "200 OK",
        &["Content-Type: text/html", "Set-Cookie: a=b"],
        "<a href=/second>",
    ))
    .await;
    let fetcher = fetcher();
    fetcher.fetch(&server.url("/first#part"), None).await;
    fetcher.fetch(&server.url("/second"), None).await;
    let requests = server.requests();
    assert_eq!(server.paths(), ["/first", "/second"]);
    for request in requests {
        assert!(request.headers["user-agent"].starts_with("Switchboard/"), "{request:?}");
        assert!(request.headers["accept"].starts_with("text/html"), "{request:?}");
        assert_eq!(request.headers["accept-encoding"], "gzip, br, deflate");
        for absent in ["cookie", "referer", "authorization"] {
            assert!(!request.headers.contains_key(absent), "{request:?}");
        }
    }
    let named = Fetcher::new(FetchOptions { user_agent: "Other/1".into(), ..options() }).unwrap();
    named.fetch(&server.url("/"), None).await;
    assert_eq!(server.requests().last().unwrap().headers["user-agent"], "Other/1");
    assert!(Fetcher::new(FetchOptions { user_agent: "a\nb".into(), ..options() }).is_err());
}

#[tokio::test]
async fn a_packed_page_counts_what_came_over_the_network() {
    let page = format!("<title>Packed</title>{}", "<p>again</p>".repeat(1000));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(page.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut page.as_bytes(), &mut brotli, &brotli::enc::BrotliEncoderParams::default())
        .unwrap();
    for (encoding, packed) in [("gzip", gzip), ("br", brotli)] {
        let encoding = format!("Content-Encoding: {encoding}");
        let server =
            Server::always(Reply::new("200 OK", &["Content-Type: text/html", &encoding], &packed)).await;
        let page = fetcher().fetch(&server.url("/"), None).await.page;
        assert_eq!(page.error, None);
        assert_eq!((page.title.as_deref(), page.text_length), (Some("Packed"), Some(5999)));
        assert_eq!(page.bytes, Some(packed.len() as u64));
    }
}

#[tokio::test]
async fn characters_are_read_as_the_server_or_the_page_says() {
    let latin = b"<meta charset=iso-8859-1><title>na\xefve</title>";
    for (content_type, body) in [
        ("text/html; charset=ISO-8859-1", &b"<title>na\xefve</title>"[..]),
        ("text/html", &latin[..]),
        ("text/html", b"<title>na\xefve</title>"),
        ("text/html", "<title>naïve</title>".as_bytes()),
        ("text/html; charset=nonsense", "<title>naïve</title>".as_bytes()),
        ("text/html; charset=ISO-8859-1", "\u{feff}<title>naïve</title>".as_bytes()),
    ] {
        let server =
            Server::always(Reply::new("200 OK", &[&format!("Content-Type: {content_type}")], body)).await;
        let page = fetcher().fetch(&server.url("/"), None).await.page;
        assert_eq!(page.title.as_deref(), Some("naïve"), "{content_type}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_not_read_and_is_no_error() {
    for content_type in ["image/png", "application/pdf", "application/json", "application/xml", "audio/x;y=z"]
    {
        let reply =
            Reply::new("200 OK", &[&format!("Content-Type: {content_type}")], "<a href=/x>").then_stall();
        let server = Server::always(reply).await;
        let fetched = fetcher().fetch(&server.url("/"), None).await;
        let page = fetched.page;
        assert_eq!((page.error, page.note, page.status), (None, None, Some(200)), "{content_type}");
        assert_eq!(page.bytes, Some(11), "{content_type}");
        assert_eq!((page.text_length, page.links, fetched.links.len()), (None, None, 0), "{content_type}");
    }
}

#[tokio::test]
async fn plain_text_is_counted_and_links_nowhere() {
    let server = Server::always(Reply::text("one  two\n<a href=/x>")).await;
    let fetched = fetcher().fetch(&server.url("/"), None).await;
    assert_eq!(fetched.page.text_length, Some("one two <a href=/x>".len() as u64));
    assert_eq!((fetched.page.links, fetched.page.title), (None, None));
}

#[tokio::test]
async fn what_nobody_names_is_a_page_where_it_looks_like_one() {
    for (header, body, title) in [
        ("X: y", "\n <!doctype html><title>Seen</title>", Some("Seen")),
        ("Content-Type: nonsense", "<title>Seen</title>", Some("Seen")),
        ("X: y", "<?xml version='1.0'?><rss><title>Feed</title></rss>", None),
        ("X: y", "{\"title\": 1}", None),
        ("X: y", "", None),
    ] {
        let server = Server::always(Reply::new("200 OK", &[header], body)).await;
        let page = fetcher().fetch(&server.url("/"), None).await.page;
        assert_eq!((page.title.as_deref(), page.error, page.content_type), (title, None, None), "{body}");
    }
}

#[tokio::test]
async fn an_error_page_has_a_title_but_neither_links_nor_items() {
    let reply =
        Reply::new("404 Not Found", &["Content-Type: text/html"], "<title>Gone</title><a href=/home>x</a>");
    let server = Server::always(reply).await;
    let extraction = json!({ "item": "a", "fields": [{ "name": "what" }] });
    let extractor = Extractor::new(&serde_json::from_value(extraction).unwrap()).unwrap();
    let fetched = fetcher().fetch(&server.url("/"), Some(&extractor)).await;
    assert_eq!((fetched.page.status, fetched.page.title.as_deref()), (Some(404), Some("Gone")));
    assert!(fetched.page.is_failed() && fetched.retry.is_none());
    assert!(fetched.links.is_empty() && fetched.items.is_empty());
}

#[tokio::test]
async fn a_server_can_forbid_that_links_are_followed() {
    let headers = ["Content-Type: text/html", "X-Robots-Tag: noindex, nofollow"];
    let server = Server::always(Reply::new("200 OK", &headers, "<a href=/x>x</a>")).await;
    let fetched = fetcher().fetch(&server.url("/"), None).await;
    assert_eq!((fetched.page.links, fetched.links.len()), (Some(0), 0));
}

#[tokio::test]
async fn a_status_without_a_body_is_no_error() {
    for status in ["204 No Content", "304 Not Modified", "205 Reset Content"] {
        let server =
            Server::always(Reply::raw(format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\n\r\n"))).await;
        let page = fetcher().fetch(&server.url("/"), None).await.page;
        assert_eq!((page.error, page.bytes, page.title), (None, Some(0), None), "{status}");
    }
}

#[tokio::test]
async fn an_empty_page_is_a_page() {
    for headers in [&["Content-Type: text/html"][..], &["Content-Type: text/html", "Content-Encoding: gzip"]]
    {
        let server = Server::always(Reply::new("200 OK", headers, "")).await;
        let page = fetcher().fetch(&server.url("/"), None).await.page;
        assert_eq!((page.error, page.bytes, page.text_length, page.links), (None, Some(0), Some(0), Some(0)));
    }
}
