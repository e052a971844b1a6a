//! The typed HTTP client. Commands and snapshots travel by HTTP; the socket carries only what is live.

mod client;
mod error;
mod probe;
mod queries;

pub use client::{ApiClient, ConversationListQuery, ExecutionListQuery, ScrapeExport, ScrapeRunListQuery};
pub use error::ApiError;
pub(crate) use queries::page_is_gone;
pub use queries::{Queries, use_queries};
