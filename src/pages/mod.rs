//! The pages: a folder each.

mod execution;
mod executions;
mod not_found;
mod overview;

pub use execution::ExecutionPage;
pub use executions::ExecutionsPage;
pub use not_found::NotFoundPage;
pub use overview::OverviewPage;
