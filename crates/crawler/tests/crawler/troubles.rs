//! What servers do wrong, and what is said of it.

use std::{net::SocketAddr, time::Duration};

use switchboard_crawler::{Fetched, Retry, TargetError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use url::Url;

use crate::{
    fetcher, guarded, impatient,
    server::{Reply, Server, nobody},
};

/// What is said of a page that could not be read, and whether it is worth another try.
fn trouble(fetched: &Fetched) -> (String, bool) {
    let page = &fetched.page;
    assert!(page.is_failed() && page.duration_ms.is_some() && page.at.is_some(), "{page:?}");
    // Nothing of it is passed off as the page.
    assert!(fetched.links.is_empty() && page.links.is_none(), "{page:?}");
    assert!(page.title.is_none() && page.text_length.is_none(), "{page:?}");
    (page.error.clone().unwrap(), fetched.retry.is_some())
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_named() {
    let server = Server::always(Reply::raw("").then_stall()).await;
    let said = trouble(&impatient().fetch(&server.url("/"), None).await);
    assert_eq!(said, ("127.0.0.1 did not answer within 1 second.".into(), true));
}

#[tokio::test]
async fn a_server_that_trickles_is_left_when_the_time_is_over() {
    let reply =
        Reply::raw(format!("{HEAD}Content-Length: 1000000\r\n\r\n<title>Slow</title>")).then_trickle();
    let server = Server::always(reply).await;
    let fetched = impatient().fetch(&server.url("/"), None).await;
    assert!(fetched.page.bytes.unwrap() >= 19);
    assert_eq!(fetched.page.status, Some(200));
    let said = trouble(&fetched);
    assert_eq!(said, ("127.0.0.1 had not sent all of the page after 1 second.".into(), true));
    // A head that does not come to an end is the same.
    let server = Server::always(Reply::raw("HTTP/1.1 200 OK\r\nX: ").then_trickle()).await;
    let (said, retry) = trouble(&impatient().fetch(&server.url("/"), None).await);
    assert!(said.contains("did not answer within") && retry, "{said}");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_not_passed_off_as_the_page() {
    for rest in [
        "Content-Length: 1000\r\n\r\n<title>Part</title>",
        "Transfer-Encoding: chunked\r\n\r\n5\r\n<title\r\n",
    ] {
        let server = Server::always(Reply::raw(format!("{HEAD}{rest}"))).await;
        let (said, retry) = trouble(&fetcher().fetch(&server.url("/"), None).await);
        assert!(
            said.starts_with("The connection to 127.0.0.1 broke before the page was complete ("),
            "{said}"
        );
        assert!(retry);
    }
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_worth_another_try() {
    let server = Server::always(Reply::raw("")).await;
    let (said, retry) = trouble(&fetcher().fetch(&server.url("/"), None).await);
    assert!(said.starts_with("The connection to 127.0.0.1 broke before an answer came ("), "{said}");
    assert!(retry);
}

#[tokio::test]
async fn where_nobody_listens_is_worth_another_try() {
    let (said, retry) = trouble(&fetcher().fetch(&nobody().await, None).await);
    assert!(said.starts_with("127.0.0.1 could not be connected to (Connection refused"), "{said}");
    assert!(retry);
}

#[tokio::test]
async fn what_is_no_http_is_not_tried_again() {
    for garbage in ["SSH-2.0-OpenSSH_9.9\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
        let server = Server::always(Reply::raw(garbage)).await;
        let (said, retry) = trouble(&fetcher().fetch(&server.url("/"), None).await);
        assert!(said.starts_with("What 127.0.0.1 sent is not an answer in HTTP ("), "{said}");
        assert!(!retry);
    }
}

#[tokio::test]
async fn headers_without_measure_are_refused() {
    let many: Vec<_> = (0..1000).map(|number| format!("X-{number}: y\r\n")).collect();
    let large = format!("X: {}\r\n", "y".repeat(1_000_000));
    for headers in [many.concat(), large] {
        let server = Server::always(Reply::raw(format!("{HEAD}{headers}\r\n"))).await;
        let (said, retry) = trouble(&fetcher().fetch(&server.url("/"), None).await);
        assert!(said.starts_with("What 127.0.0.1 sent is not an answer in HTTP ("), "{said}");
        assert!(!retry);
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says_is_an_error() {
    for (encoding, reason) in [
        ("gzip", "What 127.0.0.1 sent is not the gzip that it said it was, or is not all of it."),
        ("br", "What 127.0.0.1 sent is not the Brotli that it said it was, or is not all of it."),
        ("deflate", "What 127.0.0.1 sent is not the deflate that it said it was, or is not all of it."),
        ("zstd", "127.0.0.1 sent the page in the encoding “zstd”, which was not asked for."),
    ] {
        let encoding = format!("Content-Encoding: {encoding}");
        let reply = Reply::new("200 OK", &["Content-Type: text/html", &encoding], "<title>Plain</title>");
        let server = Server::always(reply).await;
        assert_eq!(trouble(&fetcher().fetch(&server.url("/"), None).await), (reason.into(), false));
    }
}

#[tokio::test]
async fn what_is_no_text_is_read_all_the_same() {
    let server =
        Server::always(Reply::html(b"<title>a\0b\xff\xfe</title>\0\x80<a href='\xff'>x\xf0\x9f</a>")).await;
    let fetched = fetcher().fetch(&server.url("/"), None).await;
    assert_eq!(fetched.page.error, None);
    assert_eq!(fetched.page.title.as_deref(), Some("a\u{fffd}b\u{fffd}\u{fffd}"));
    assert_eq!(fetched.links, [server.url("/%EF%BF%BD")]);
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    for (status, header, after) in [
        ("429 Too Many Requests", "Retry-After: 7", Some(7)),
        ("503 Service Unavailable", "Retry-After: 99999", Some(120)),
        ("502 Bad Gateway", "X: y", None),
        ("504 Gateway Timeout", "Retry-After: never", None),
    ] {
        let server =
            Server::always(Reply::new(status, &["Content-Type: text/html", header], "<title>Busy</title>"))
                .await;
        let fetched = fetcher().fetch(&server.url("/"), None).await;
        assert!(fetched.page.is_failed() && fetched.page.error.is_none());
        assert_eq!(fetched.retry, Some(Retry { after: after.map(Duration::from_secs) }), "{status}");
    }
    let server = Server::always(Reply::status("500 Internal Server Error")).await;
    assert_eq!(fetcher().fetch(&server.url("/"), None).await.retry, None);
}

#[tokio::test]
async fn private_addresses_are_not_asked_at_all() {
    let server = Server::always(Reply::html("secret")).await;
    let port = server.address().port();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
        let (said, retry) = trouble(&guarded().fetch(&url, None).await);
        assert!(said.contains("is a private address (") && said.contains("--scrape-allow-private"), "{said}");
        assert!(!retry);
        assert!(matches!(guarded().check(&url).await, Err(TargetError::Private { .. })));
        assert_eq!(fetcher().check(&url).await, Ok(()));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    // A name this long exists nowhere, and no name server has to be asked for it.
    let host = format!("{}.invalid", "x".repeat(64));
    let url = Url::parse(&format!("http://{host}/")).unwrap();
    let (said, _) = trouble(&guarded().fetch(&url, None).await);
    assert!(said.starts_with(&format!("The host {host} was not found (")), "{said}");
    assert!(matches!(guarded().check(&url).await, Err(TargetError::Unresolvable { .. })));
}

#[tokio::test]
async fn other_protocols_are_refused() {
    let (said, retry) = trouble(&fetcher().fetch(&Url::parse("ftp://127.0.0.1/").unwrap(), None).await);
    assert_eq!(said, "“ftp://127.0.0.1/” cannot be scraped: only http and https addresses can.");
    assert!(!retry);
}

/// Runs a connection by hand, and gives the address at which it is awaited.
async fn by_hand<F: Future<Output = ()> + Send + 'static>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    address
}

#[tokio::test]
async fn a_server_without_tls_is_no_safe_connection_and_will_not_be_one_later() {
    let address = by_hand(async |mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    let (said, retry) = trouble(&fetcher().fetch(&url, None).await);
    assert!(said.starts_with("There is no safe connection to 127.0.0.1 ("), "{said}");
    assert!(!retry);
}

#[tokio::test]
async fn dropping_the_future_ends_the_request() {
    let (asked, was_asked) = oneshot::channel();
    let (left, was_left) = oneshot::channel();
    let address = by_hand(async |mut stream| {
        stream.read_u8().await.unwrap();
        asked.send(()).unwrap();
        // Until the client closes the connection.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        left.send(()).unwrap();
    })
    .await;
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let fetcher = fetcher();
    let request = tokio::spawn(async move { fetcher.fetch(&url, None).await });
    was_asked.await.unwrap();
    request.abort();
    was_left.await.unwrap();
}
