//! The pages: a folder each.

mod agents;
mod chat;
mod execution;
mod executions;
mod not_found;
mod overview;
mod scrape_runs;
mod wire;

pub use agents::AgentsPage;
pub use chat::ChatPage;
pub use execution::ExecutionPage;
pub use executions::ExecutionsPage;
pub use not_found::NotFoundPage;
pub use overview::OverviewPage;
pub use scrape_runs::{ScrapeRunPage, ScrapeRunsPage};
pub use wire::WirePage;
