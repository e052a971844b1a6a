//! Previews, which follow redirects and keep to the rules.

use serde_json::json;
use switchboard_crawler::{Extractor, PreviewError};

use crate::{
    fetcher, guarded, impatient,
    server::{Reply, Server, nobody},
};

#[tokio::test]
async fn a_preview_shows_the_page_at_the_end_of_the_redirects() {
    let other = Server::with(&[("/end", Reply::html("<title>End</title><p>one</p><p>two</p>"))]).await;
    let server = Server::with(&[
        ("/start", Reply::redirect("/middle")),
        ("/middle", Reply::redirect(other.url("/end").as_str())),
    ])
    .await;
    let extraction = json!({ "item": "p", "fields": [{ "name": "what" }] });
    let extractor = Extractor::new(&serde_json::from_value(extraction).unwrap()).unwrap();
    let fetched = fetcher().preview(&server.url("/start"), Some(&extractor)).await.unwrap();
    assert_eq!(
        (fetched.page.url.as_str(), fetched.page.title.as_deref()),
        (other.url("/end").as_str(), Some("End"))
    );
    assert_eq!((fetched.items.len(), fetched.redirect), (2, None));
    // The rules of each host are asked for, and once only.
    assert_eq!(server.paths(), ["/robots.txt", "/start", "/middle"]);
    assert_eq!(other.paths(), ["/robots.txt", "/end"]);
}

#[tokio::test]
async fn a_preview_of_a_page_with_an_error_status_shows_it() {
    let server = Server::with(&[]).await;
    assert_eq!(fetcher().preview(&server.url("/none"), None).await.unwrap().page.status, Some(404));
}

#[tokio::test]
async fn what_the_rules_forbid_is_not_previewed() {
    let rules = Reply::text("User-agent: *\nDisallow: /closed\n");
    let server = Server::with(&[("/robots.txt", rules), ("/open", Reply::redirect("/closed/x"))]).await;
    for path in ["/closed/x", "/open"] {
        let error = fetcher().preview(&server.url(path), None).await.unwrap_err();
        let (address, forbidden) = (server.address(), server.url("/closed/x"));
        assert_eq!(error.to_string(), format!("The robots.txt of {address} forbids “{forbidden}”."));
    }
    assert!(!server.paths().contains(&"/closed/x".to_owned()));
}

#[tokio::test]
async fn redirects_without_end_come_to_one() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => Reply::status("404 Not Found"),
        path => Reply::redirect(&format!("{path}x")),
    })
    .await;
    let error = fetcher().preview(&server.url("/"), None).await.unwrap_err();
    assert!(matches!(error, PreviewError::TooManyRedirects { .. }));
    assert!(error.to_string().contains("redirects more than 10 times"), "{error}");
    assert_eq!(server.paths().len(), 12);
}

#[tokio::test]
async fn a_preview_that_fails_says_why() {
    let private = Server::always(Reply::html("secret")).await;
    let error = guarded().preview(&private.url("/"), None).await.unwrap_err();
    assert!(matches!(error, PreviewError::Target(_)) && private.requests().is_empty(), "{error}");
    let error = fetcher().preview(&nobody().await, None).await.unwrap_err();
    assert!(matches!(error, PreviewError::Site(_)), "{error}");
    let broken = Server::with(&[(
        "/",
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nx"),
    )])
    .await;
    let error = fetcher().preview(&broken.url("/"), None).await.unwrap_err();
    assert!(error.to_string().contains("broke before the page was complete"), "{error}");
    let stalled = Server::with(&[("/", Reply::raw("").then_stall())]).await;
    let error = impatient().preview(&stalled.url("/"), None).await.unwrap_err();
    assert!(matches!(error, PreviewError::Failed(_)), "{error}");
}
