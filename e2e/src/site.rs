//! Web sites to be scraped: several hosts of this machine, with what real sites have and what they do to crawlers.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::{net::TcpListener, sync::watch};

use crate::Journal;

/// A site on a host and a port of its own. It works until the test ends.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    holding: watch::Sender<bool>,
}

struct Shared {
    journal: Journal,
    pages: BTreeMap<String, SitePage>,
    hits: Mutex<BTreeMap<String, usize>>,
    held: watch::Receiver<bool>,
}

/// Pages by their paths.
pub type Pages = Vec<(String, SitePage)>;

/// One page of a site.
#[derive(Debug, Clone)]
pub struct SitePage {
    status: u16,
    content_type: &'static str,
    location: Option<String>,
    body: String,
    delay: Duration,
}

impl SitePage {
    /// A page with a title and links.
    pub fn linking<S: AsRef<str>>(title: &str, links: impl IntoIterator<Item = S>) -> Self {
        let mut body = format!("<title>{title}</title><h1>{title}</h1>");
        for link in links {
            let link = link.as_ref();
            let _ = write!(body, "<p><a href=\"{link}\">{link}</a></p>");
        }
        Self::html(body)
    }

    /// A page with this body.
    pub fn html(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            content_type: "text/html; charset=utf-8",
            location: None,
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// What is no page: a file.
    pub fn file(content_type: &'static str, body: impl Into<String>) -> Self {
        Self { content_type, ..Self::html(body) }
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self { status: 302, location: Some(to.to_owned()), ..Self::html("") }
    }

    /// A page with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A page that takes this long.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl Site {
    /// Serves `pages` by their paths on 127.0.0.`host`. What is not there is 404.
    pub async fn start(
        journal: &Journal,
        host: u8,
        pages: impl IntoIterator<Item = (String, SitePage)>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), 0)).await;
        let listener = listener.expect("every address of 127.0.0.0/8 can be listened on");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (holding, held) = watch::channel(false);
        let shared = Arc::new(Shared {
            journal: journal.clone(),
            pages: pages.into_iter().collect(),
            hits: Mutex::default(),
            held,
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the site is served");
        });
        Self { address, shared, holding }
    }

    /// `http://127.0.0.H:PORT` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What a hub calls it as a platform.
    pub fn platform(&self) -> String {
        self.address.to_string()
    }

    /// How often each path was asked for, `robots.txt` and sitemaps included.
    pub fn hits(&self) -> BTreeMap<String, usize> {
        self.shared.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many pages were asked for, each counted once.
    pub fn pages_asked_for(&self) -> usize {
        self.hits().keys().filter(|path| self.shared.pages.contains_key(*path)).count()
    }

    /// Keeps every answer back, until [`Site::release`].
    pub fn hold(&self) {
        self.holding.send_replace(true);
    }

    /// Answers what waits, and everything after it.
    pub fn release(&self) {
        self.holding.send_replace(false);
    }
}

async fn answer(State(site): State<Arc<Shared>>, OriginalUri(uri): OriginalUri) -> Response {
    let path = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    *site.hits.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_default() += 1;
    // Holding ends with the site's handle; whoever still waits is answered then.
    let _ = site.held.clone().wait_for(|held| !held).await;
    let missing = SitePage::html("<title>Not here</title>").with_status(404);
    let page = site.pages.get(&path).unwrap_or(&missing);
    tokio::time::sleep(page.delay).await;
    site.journal.note("site", format_args!("{} {path}", page.status));
    let mut response = Response::new(Body::from(page.body.clone()));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    if let Some(location) = page.location.as_deref().and_then(|to| HeaderValue::from_str(to).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A shop with everything that crawlers meet, and each address of it that a polite one fetches with its status.
pub fn shop() -> (Pages, Vec<(&'static str, u16)>) {
    let home = [
        "/about",
        "/products",
        "/moved",
        "/missing",
        "/broken",
        "/loop/1",
        "/slow",
        "/huge",
        "/price-list.pdf",
        "/members/secret",
        "/about#team",
        "mailto:shop@example.org",
        "https://example.org/elsewhere",
    ];
    let products = (1..=3).fold("<title>Products</title>".to_owned(), |mut page, number| {
        let _ = write!(
            page,
            "<article class=product><h2>Lamp {number}</h2><b class=price>{number}9.90</b>\
             <a href=\"/products/{number}\">Details</a></article>"
        );
        page
    });
    let huge = format!("<title>Huge</title><p>{}</p>", "all work and no play ".repeat(600_000));
    let pages = [
        (
            "/robots.txt",
            SitePage::file("text/plain", "User-agent: *\nDisallow: /members/\nSitemap: /sitemap.xml\n"),
        ),
        (
            "/sitemap.xml",
            SitePage::file(
                "application/xml",
                "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>/hidden-offer</loc></url></urlset>",
            ),
        ),
        ("/", SitePage::linking("The shop", home)),
        ("/about", SitePage::linking("About us", ["/", "/products"])),
        ("/products", SitePage::html(products)),
        ("/products/1", SitePage::linking("Lamp 1", ["/products"])),
        ("/products/2", SitePage::linking("Lamp 2", ["/products"])),
        ("/products/3", SitePage::linking("Lamp 3", ["/products"])),
        ("/moved", SitePage::redirect("/landing")),
        ("/landing", SitePage::linking("Landing", ["/"])),
        ("/broken", SitePage::html("<title>Broken</title>").with_status(500)),
        ("/loop/1", SitePage::linking("Loop 1", ["/loop/2"])),
        ("/loop/2", SitePage::linking("Loop 2", ["/loop/1"])),
        ("/slow", SitePage::linking("Slow", ["/"]).after(Duration::from_millis(700))),
        ("/huge", SitePage::html(huge)),
        ("/price-list.pdf", SitePage::file("application/pdf", "%PDF-1.4 prices")),
        ("/hidden-offer", SitePage::linking("Hidden offer", ["/"])),
        ("/members/secret", SitePage::linking("Secret", ["/"])),
    ];
    let fetched = vec![
        ("/", 200),
        ("/about", 200),
        ("/products", 200),
        ("/products/1", 200),
        ("/products/2", 200),
        ("/products/3", 200),
        ("/moved", 302),
        ("/landing", 200),
        ("/missing", 404),
        ("/broken", 500),
        ("/loop/1", 200),
        ("/loop/2", 200),
        ("/slow", 200),
        ("/huge", 200),
        ("/price-list.pdf", 200),
        ("/hidden-offer", 200),
    ];
    (pages.map(|(path, page)| (path.to_owned(), page)).into(), fetched)
}

/// A site of `count` pages, each of which takes `delay`: a home page, and pages that link to the next ten.
pub fn pages(count: usize, delay: Duration) -> Pages {
    let next = |number: usize| {
        (number + 1..=number + 10).filter(|next| *next < count).map(|next| format!("/page/{next}"))
    };
    (0..count)
        .map(|number| {
            let path = if number == 0 { "/".to_owned() } else { format!("/page/{number}") };
            (path, SitePage::linking(&format!("Page {number}"), next(number)).after(delay))
        })
        .collect()
}
