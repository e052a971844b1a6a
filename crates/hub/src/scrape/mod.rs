//! Scraping: runs come in, this hub's crawler works on them, and what it finds goes through the log to whoever watches.
//!
//! ```text
//! POST /api/scrape/runs ─→ rest ─→ store (run, frontier) ─→ scraper ─→ run ─→ platforms ─→ pages ─→ sites
//!                                    ↑                                  │                    │
//!                                    └── Scrapes: progress ─────────────┴── pages, items ────┘
//! ```
//!
//! * `args` and `config` are what it is started with, `rest` holds the calls.
//! * `scraper` takes runs from the store and keeps their leases; `run` sees one run to its end, a platform at a time and
//!   a page at a time.
//! * `sse` tells of runs by server-sent events, for clients that cannot have a WebSocket. It reads the same feed.
//!
//! What is fetched, and how politely, is `switchboard-crawler`'s. What is to be fetched, and what was, is the store's, so
//! that a run goes on where it was whatever happens to the hub.

mod args;
mod config;
pub mod rest;
mod run;
mod scraper;
pub mod sse;

pub use args::ScrapeArgs;
pub use config::{DEFAULT_SCRAPE_RUNS, ScrapeConfig};
pub use scraper::{Scraper, is_gone};
