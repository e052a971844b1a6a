//! `robots.txt` and sitemaps.

use std::{io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use switchboard_crawler::{FetchOptions, Fetcher, SiteError};

use crate::{
    fetcher, guarded, impatient, options,
    server::{Reply, Server, nobody},
};

const CLOSED: &str = "User-agent: *\nDisallow: /closed\nCrawl-delay: 0.01\n";

#[tokio::test]
async fn the_rules_of_a_site_are_kept() {
    let server = Server::with(&[("/robots.txt", Reply::text(CLOSED))]).await;
    let site = fetcher().site(&server.url("/some/page?x")).await.unwrap();
    assert!(site.allows(&server.url("/open")) && !site.allows(&server.url("/closed/x")));
    assert_eq!(site.crawl_delay(), Some(Duration::from_millis(10)));
    assert_eq!(server.paths(), ["/robots.txt"]);
}

#[tokio::test]
async fn a_crawler_with_a_name_of_its_own_is_spoken_to_by_it() {
    let text = "User-agent: Switchboard\nDisallow: /a\n\nUser-agent: Shopper\nDisallow: /b\n";
    let server = Server::with(&[("/robots.txt", Reply::text(text))]).await;
    let site = fetcher().site(&server.url("/")).await.unwrap();
    assert!(!site.allows(&server.url("/a")) && site.allows(&server.url("/b")));
    let named = Fetcher::new(FetchOptions { user_agent: "shopper/2.0 (+x)".into(), ..options() }).unwrap();
    let site = named.site(&server.url("/")).await.unwrap();
    assert!(site.allows(&server.url("/a")) && !site.allows(&server.url("/b")));
}

#[tokio::test]
async fn without_rules_everything_is_allowed() {
    for reply in [
        Reply::status("404 Not Found"),
        Reply::status("403 Forbidden"),
        Reply::status("204 No Content"),
        Reply::redirect("ftp://example.org/robots.txt"),
        Reply::redirect("/robots.txt"),
        Reply::html("<html><body>We have no such page. Disallow: /</body></html>"),
    ] {
        let server = Server::always(reply).await;
        assert!(fetcher().site(&server.url("/")).await.unwrap().allows(&server.url("/x")));
    }
}

#[tokio::test]
async fn rules_elsewhere_are_followed_to() {
    let elsewhere = Server::with(&[("/rules", Reply::text(CLOSED))]).await;
    let server = Server::with(&[("/robots.txt", Reply::redirect(elsewhere.url("/rules").as_str()))]).await;
    let site = fetcher().site(&server.url("/")).await.unwrap();
    assert!(!site.allows(&server.url("/closed")));
}

#[tokio::test]
async fn where_the_rules_are_not_known_nothing_is_allowed() {
    let server = Server::always(Reply::status("503 Service Unavailable")).await;
    let error = fetcher().site(&server.url("/")).await.unwrap_err();
    assert!(matches!(error, SiteError::ServerError { status: 503, .. }));
    assert!(error.to_string().contains("nothing of the site may be fetched"), "{error}");
    let error = fetcher().site(&nobody().await).await.unwrap_err();
    assert!(
        matches!(error, SiteError::Unreachable { .. }) && error.to_string().contains("refused"),
        "{error}"
    );
    let stalled = Server::always(Reply::raw("").then_stall()).await;
    assert!(matches!(impatient().site(&stalled.url("/")).await, Err(SiteError::Unreachable { .. })));
    let half =
        Server::always(Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *\n")).await;
    assert!(matches!(fetcher().site(&half.url("/")).await, Err(SiteError::Unreachable { .. })));
}

#[tokio::test]
async fn private_hosts_are_not_asked_for_their_rules() {
    let server = Server::always(Reply::text(CLOSED)).await;
    assert!(matches!(guarded().site(&server.url("/")).await, Err(SiteError::Private(_))));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn rules_that_do_not_end_are_read_as_far_as_is_asked_of_a_crawler() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let server = Server::always(Reply::raw(format!("{head}{CLOSED}")).then_flood()).await;
    let site = fetcher().site(&server.url("/")).await.unwrap();
    assert!(!site.allows(&server.url("/closed")));
}

fn urlset(addresses: &[&str]) -> String {
    let list: Vec<_> = addresses.iter().map(|address| format!("<url><loc>{address}</loc></url>")).collect();
    let list = list.concat();
    format!(
        "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{list}</urlset>"
    )
}

fn index(addresses: &[&str]) -> Reply {
    let list: Vec<_> =
        addresses.iter().map(|address| format!("<sitemap><loc>{address}</loc></sitemap>")).collect();
    let list = list.concat();
    Reply::new("200 OK", &["Content-Type: application/xml"], format!("<sitemapindex>{list}</sitemapindex>"))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn sitemap(server: &Server, limit: usize) -> Vec<String> {
    let fetcher = fetcher();
    let site = fetcher.site(&server.url("/")).await.unwrap();
    let found = fetcher.sitemap(&site, limit).await;
    let start = server.url("/");
    found.iter().map(|url| url.as_str().strip_prefix(start.as_str()).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_sitemap_of_a_site_that_names_none_is_where_sitemaps_are() {
    let text = urlset(&["/a", "/b#part", "/a?", "https://other.example/x", "ftp://x/", "/c"]);
    let server =
        Server::with(&[("/sitemap.xml", Reply::new("200 OK", &["Content-Type: text/xml"], text))]).await;
    assert_eq!(sitemap(&server, 100).await, ["a", "b", "c"]);
    assert_eq!(sitemap(&server, 2).await, ["a", "b"]);
    let none = Server::with(&[]).await;
    assert!(sitemap(&none, 100).await.is_empty());
}

#[tokio::test]
async fn indexes_packed_sitemaps_and_lists_are_read_and_trouble_costs_itself_only() {
    let robots = "Sitemap: /index.xml\nSitemap: list.txt\nSitemap: ftp://x/\nSitemap: /moved.xml\n";
    let xml =
        |addresses: &[&str]| Reply::new("200 OK", &["Content-Type: application/xml"], urlset(addresses));
    let server = Server::start(move |request| match request.path.as_str() {
        "/robots.txt" => Reply::text(robots),
        "/index.xml" => {
            index(&["/packed.xml.gz", "/broken.xml", "/gone.xml", "/deeper.xml", "/index.xml", "/half.xml"])
        }
        "/packed.xml.gz" => {
            Reply::new("200 OK", &["Content-Type: application/gzip"], gzip(&urlset(&["/packed"])))
        }
        "/broken.xml" => Reply::text("<urlset><url><loc>/before</loc></url><url><loc>/after"),
        "/deeper.xml" => index(&["/second.xml", "/deepest.xml"]),
        "/second.xml" => xml(&["/second"]),
        "/deepest.xml" => index(&["/too-deep.xml"]),
        "/too-deep.xml" => xml(&["/too-deep"]),
        "/half.xml" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<urlset>"),
        "/list.txt" => {
            let host = request.headers["host"].clone();
            Reply::text(format!("http://{host}/listed\nnonsense\nhttp://{host}/packed\n"))
        }
        "/moved.xml" => Reply::redirect("/there.xml"),
        "/there.xml" => xml(&["/moved"]),
        _ => Reply::status("404 Not Found"),
    })
    .await;
    assert_eq!(sitemap(&server, 100).await, ["packed", "before", "second", "listed", "moved"]);
    let asked = server.paths();
    assert!(!asked.contains(&"/too-deep.xml".to_owned()), "{asked:?}");
    assert_eq!(asked.iter().filter(|path| *path == "/index.xml").count(), 1, "{asked:?}");
}

#[tokio::test]
async fn sitemaps_that_name_further_ones_for_ever_come_to_an_end() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => Reply::status("404 Not Found"),
        "/sitemap.xml" => {
            let names: Vec<String> = (0..1000).map(|number| format!("/{number}.xml")).collect();
            index(&names.iter().map(String::as_str).collect::<Vec<_>>())
        }
        path => Reply::new("200 OK", &["Content-Type: text/xml"], urlset(&[&format!("{path}/page")])),
    })
    .await;
    assert_eq!(sitemap(&server, 100_000).await.len(), 49);
}

/// A public site's `robots.txt` must not be a way to make the hub ask its own network.
#[tokio::test]
async fn sitemaps_on_private_hosts_are_not_asked() {
    let hidden = Server::always(Reply::text("secret")).await;
    let robots = format!("Sitemap: {}\n", hidden.url("/admin"));
    let server = Server::with(&[("/robots.txt", Reply::text(robots))]).await;
    let site = fetcher().site(&server.url("/")).await.unwrap();
    assert!(guarded().sitemap(&site, 10).await.is_empty());
    assert!(hidden.requests().is_empty());
}
