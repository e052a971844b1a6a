//! Redirects, which are told and not followed.

use crate::{
    fetcher,
    server::{Reply, Server},
};

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let reply =
            Reply::new(status, &["Location: ../b?c#d", "Content-Type: text/html"], "<a href=/x>x</a>");
        let server = Server::always(reply).await;
        let fetched = fetcher().fetch(&server.url("/dir/a"), None).await;
        assert_eq!(fetched.redirect, Some(server.url("/b?c")));
        assert_eq!(fetched.page.redirect.as_deref(), Some(server.url("/b?c").as_str()));
        assert_eq!((fetched.page.error, fetched.links.len(), fetched.retry), (None, 0, None));
        assert_eq!(server.paths(), ["/dir/a"]);
    }
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error_in_words() {
    for (header, said) in [
        ("X: y", "The server redirects without saying where to."),
        ("Location: http://", "The server redirects to “http://”, which is not an address."),
        (
            "Location: ftp://example.org/",
            "The server redirects to “ftp://example.org/”, which is not a web address.",
        ),
        (
            "Location: javascript:alert(1)",
            "The server redirects to “javascript:alert(1)”, which is not a web address.",
        ),
    ] {
        let server = Server::always(Reply::new("302 Found", &[header], "")).await;
        let fetched = fetcher().fetch(&server.url("/"), None).await;
        assert_eq!((fetched.page.error.as_deref(), fetched.page.status), (Some(said), Some(302)));
        assert!(fetched.redirect.is_none() && fetched.retry.is_none());
    }
}

#[tokio::test]
async fn a_choice_without_an_address_is_a_page() {
    let server =
        Server::always(Reply::new("300 Multiple Choices", &["Content-Type: text/html"], "<a href=/x>x</a>"))
            .await;
    let fetched = fetcher().fetch(&server.url("/"), None).await;
    assert_eq!((fetched.page.error, fetched.links), (None, vec![server.url("/x")]));
}
