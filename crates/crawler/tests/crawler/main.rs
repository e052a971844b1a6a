//! The crawler against servers of every kind, on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod bounds;
mod pages;
mod previews;
mod redirects;
mod server;
mod sites;
mod troubles;

use std::time::Duration;

use switchboard_crawler::{FetchOptions, Fetcher};

/// Options for servers on loopback.
fn options() -> FetchOptions {
    FetchOptions { allow_private: true, ..FetchOptions::default() }
}

/// A fetcher that may connect to servers on loopback.
fn fetcher() -> Fetcher {
    Fetcher::new(options()).unwrap()
}

/// One that does not wait long. Servers that it meets never answer at all, so how long it is decides nothing.
fn impatient() -> Fetcher {
    Fetcher::new(FetchOptions { timeout: Duration::from_secs(1), ..options() }).unwrap()
}

/// One as it is by default.
fn guarded() -> Fetcher {
    Fetcher::new(FetchOptions::default()).unwrap()
}
