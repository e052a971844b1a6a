//! A polite fetcher: one page in, what it says out.
//!
//! It has no store, no queue over pages and no server. Who drives it decides which page is next; what is decided
//! here is whether a request may be made at all (`guard`, `robots`), how it is made and how much of the answer is
//! read (`transport`, `body`, `page`), and what the page says (`reading`, `html`, `extract`). Everything that a
//! server can do wrong ends in a sentence, and not in a panic or in waiting.

mod address;
mod body;
mod budget;
mod cause;
mod charset;
mod extract;
mod fetcher;
mod gate;
mod guard;
mod head;
mod html;
mod page;
mod preview;
mod reading;
mod robots;
mod site;
mod sitemap;
mod transport;
mod words;

pub use address::{TargetError, normalize, platform, target};
pub use extract::{Extractor, SelectorError};
pub use fetcher::{FetchOptions, Fetched, Fetcher, FetcherError, Retry};
pub use gate::{Gate, Pass};
pub use preview::PreviewError;
pub use site::{Site, SiteError};
