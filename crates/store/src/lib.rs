//! The hub's memory: one append-only log per organization, and what is derived from it.
//!
//! [`Log`] is the truth: a report is durable when [`Log::append`] returns, its sequence number is given in the
//! transaction that stores it, and live delivery, replay and a slow reader's catching up are the same
//! [`Log::read`]. [`Executions`] is a projection that the same transaction keeps, by the reducer of
//! `switchboard-model`, and [`Agents`] is another. [`Chat`] holds conversations and the queue of tasks, [`Scrapes`] scrape runs with
//! their pages, items and frontiers, and [`Search`] finds what was written. All are traits with one contract test suite
//! (the `contract` module, behind the feature of that name). [`SqliteStore`] is the embedded default.

use futures::future::BoxFuture;

mod agents;
mod chat;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod executions;
mod log;
mod scrapes;
mod search;
pub mod sqlite;
mod upkeep;

pub use agents::Agents;
pub use chat::{
    CLAIM_HISTORY, Chat, ChatCost, Claim, ConversationQuery, MAX_MESSAGES, MOST_ATTEMPTS, NewMessage,
    PostOutcome, Recovered,
};
pub use error::StoreError;
pub use executions::{ExecutionQuery, Executions, MAX_PAGE};
pub use log::{Appended, Bounds, Entry, Fold, Log, Report};
pub use scrapes::{
    Address, CancelOutcome, ClaimedScrape, Finished, Held, MAX_SCRAPE_ROWS, MOST_ADDRESSES,
    MOST_PAGE_ATTEMPTS, MOST_REPORTED_ROWS, NewAddress, NewScrape, PlatformNews, RowQuery, ScrapeClaim,
    ScrapeQuery, Scrapes, StartOutcome, Telling,
};
pub use search::{Found, FoundLine, Search};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use upkeep::{ENTRY_OVERHEAD_BYTES, Retention, Upkeep};

/// What storage answers with: boxed, because the hub holds its store as `dyn`.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// All that a hub asks of its storage.
pub trait Store: Log + Executions + Agents + Chat + Scrapes + Search + Upkeep {}

impl<T: Log + Executions + Agents + Chat + Scrapes + Search + Upkeep> Store for T {}
